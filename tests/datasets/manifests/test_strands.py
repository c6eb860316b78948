"""A manifest turned by a quarter: which columns lie together, and in which pieces of files."""

from __future__ import annotations

from pathlib import Path

from toolkit.core.types import FileLocation, LocatedFile, LocatedFragment
from toolkit.datasets.manifests.strands import lay_out

ONE, TWO = (FileLocation(f"/{name}", Path(f"/{name}")) for name in ("one", "two"))


def pieces(*fragments: LocatedFragment) -> list[tuple[tuple[str, ...], list[tuple]]]:
    return [
        (strand.columns, [(p.location.uri, p.start, p.rows, p.offset) for p in strand.pieces])
        for strand in lay_out(["a", "b"], fragments).strands
    ]


def test_rows_that_go_on_in_a_file_are_one_piece() -> None:
    held = ("x", None)
    fragments = (
        LocatedFragment(5, (LocatedFile(ONE, held, 2), LocatedFile(TWO, (None, "b")))),
        LocatedFragment(3, (LocatedFile(ONE, held, 7), LocatedFile(TWO, (None, "b"), 1))),
    )
    assert pieces(*fragments) == [
        (("a",), [("/one", 0, 8, 2)]),
        (("b",), [("/two", 0, 5, None), ("/two", 5, 3, 1)]),
    ]


def test_other_columns_another_file_or_a_gap_begin_a_piece() -> None:
    first = LocatedFile(ONE, ("x", "y"), 0)
    for second in (
        LocatedFile(ONE, ("y", "x"), 5),
        LocatedFile(TWO, ("x", "y"), 5),
        LocatedFile(ONE, ("x", "y"), 6),
    ):
        fragments = (LocatedFragment(5, (first,)), LocatedFragment(3, (second,)))
        ((columns, found),) = pieces(*fragments)
        assert columns == ("a", "b")
        assert found == [("/one", 0, 5, 0), (second.location.uri, 5, 3, second.offset)]


def test_columns_that_part_anywhere_are_strands_of_their_own() -> None:
    fragments = (
        LocatedFragment(5, (LocatedFile(ONE, None),)),
        LocatedFragment(3, (LocatedFile(ONE, ("a", None), 1), LocatedFile(TWO, (None, "b")))),
    )
    assert pieces(*fragments) == [
        (("a",), [("/one", 0, 5, None), ("/one", 5, 3, 1)]),
        (("b",), [("/one", 0, 5, None), ("/two", 5, 3, None)]),
    ]


def test_a_window_cuts_pieces_and_files_without_rows_are_left_out() -> None:
    fragments = (
        LocatedFragment(0, (LocatedFile(TWO, None),)),
        LocatedFragment(5, (LocatedFile(ONE, None, 4),)),
        LocatedFragment(3, (LocatedFile(TWO, None),)),
    )
    layout = lay_out(["a", "b"], fragments)
    assert (layout.rows, layout.origin) == (8, 4)
    cut = layout.strands[0].window(2, 6)
    assert [(p.location.uri, p.start, p.rows, p.offset) for p in cut.pieces] == [
        ("/one", 2, 3, 6),
        ("/two", 5, 1, 0),
    ]


def test_row_numbers_have_a_name_of_their_own() -> None:
    held = LocatedFile(ONE, ("__toolkit_row___", "b"), 0)
    layout = lay_out(["__toolkit_row__", "b"], [LocatedFragment(1, (held,))])
    assert layout.row_name == "__toolkit_row____"
