"""A file is cut into pieces between records, whatever stands in them."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.scanning import pieces
from toolkit.datasets.readers.csv.scanning.pieces import Piece, UncutError, each_piece


def text_of(piece: Piece) -> bytes:
    return piece.text


@contextmanager
def tiny():
    """Pieces of a few bytes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("_FIRST", 4), ("_LARGEST", 16), ("_LONGEST", 400), ("_WINDOW", 3)):
            patch.setattr(pieces, name, size)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("pieces") / "t.csv"


LINES = st.lists(
    st.sampled_from(['a,"b"', '"x\ny"', "1,2", "", '"\n\n\n"', "a much longer line", '"", ""']),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(LINES, st.booleans(), st.booleans(), st.booleans())
def test_pieces_are_the_file_and_begin_where_records_do(path, lines, ended, marked, limited):
    text = ("\n".join(lines) + "\n" * ended).encode()
    path.write_bytes(b"\xef\xbb\xbf" * marked + b"header\n" + text)
    with tiny():
        found = list(each_piece(str(path), len(b"header\n"), '"', text_of, limited=limited))
    assert b"".join(found) == text
    assert len(found) >= len(text) // 80
    for piece in found[:-1]:
        assert piece.count(b'"') % 2 == 0
        assert piece.endswith(b"\n")


def test_quotes_are_no_reason_to_cut_elsewhere_where_none_are_counted(path):
    path.write_bytes(b'5" x\n' * 20)
    with tiny():
        found = list(each_piece(str(path), 0, None, lambda piece: piece, limited=False))
    assert {piece.quotes for piece in found} == {0}
    assert max(len(piece.text) for piece in found) == 15


@pytest.mark.parametrize("text", [b'1,2\n"' + b"open\n" * 200, b"1,2\n" + b"x" * 1000 + b"\n"])
def test_a_record_that_seems_not_to_end_is_given_up(path, text):
    path.write_bytes(text)
    with tiny(), pytest.raises(UncutError):
        list(each_piece(str(path), 0, '"', text_of, limited=False))


def test_where_only_the_first_rows_are_wanted_no_piece_is_worked_on_before_it_is_taken(path):
    path.write_bytes(b"1,2\n" * 50)
    seen = []
    with tiny():
        found = each_piece(str(path), 0, '"', seen.append, limited=True)
        next(found)
        assert len(seen) == 1
        next(found)
        assert len(seen) == 2
        found.close()


def test_what_fails_on_one_piece_is_raised_after_those_before_it(path):
    path.write_bytes(b"1,2\n" * 9 + b"x,y\n" + b"3,4\n" * 9)

    def refuse(piece: Piece) -> int:
        if b"x" in piece.text:
            raise ValueError(piece.text)
        return piece.text.count(b"\n")

    rows = []
    with tiny(), pytest.raises(ValueError, match="x,y"):
        rows.extend(each_piece(str(path), 0, '"', refuse, limited=False))
    assert 5 <= sum(rows) <= 9


@pytest.mark.parametrize("threads", [1, 4, 64])
def test_pieces_of_many_threads_are_small_enough_for_memory(path, threads, monkeypatch):
    path.write_bytes(b"1,2\n" * 2000)
    monkeypatch.setattr(pl, "thread_pool_size", lambda: threads)
    monkeypatch.setattr(pieces, "_AT_ONCE", 1024)
    with tiny():
        found = list(each_piece(str(path), 0, '"', text_of, limited=False))
    assert max(map(len, found)) == max(4, min(16, 1024 // (2 * threads)))
    assert b"".join(found) == path.read_bytes()


def test_an_iteration_can_be_given_up_from_one_of_its_own_threads(path):
    path.write_bytes(b"1,2\n" * 500)
    taken, closed = threading.Event(), threading.Event()

    def close(piece: Piece) -> None:
        # The engine drops a query in any thread that has the interpreter.
        if len(piece.text) > 4:
            assert taken.wait(10)
            if not closed.is_set():
                found.close()
                closed.set()

    before = threading.active_count()
    with tiny():
        found = each_piece(str(path), 0, '"', close, limited=False)
        next(found)
        taken.set()
        assert closed.wait(10)
        for thread in threading.enumerate():
            if thread.name.startswith("toolkit-csv"):
                thread.join(10)
    assert threading.active_count() <= before
