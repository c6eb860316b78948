"""What comes out depends neither on how the text is cut nor on what was damaged elsewhere; memory
is bounded; every byte of the text is accounted for."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records import BAD, BadRecordError, Limits, blocks, verify

SMALL = Limits(bytes=60, lines=4)
TOKENS = [
    b"a",
    b"1",
    b",",
    b";",
    b", ",
    b'"',
    b'""',
    b"\\",
    b"\n",
    b"\r\n",
    b"\r",
    b'",',
    b',"',
    b" ",
]
ODDITIES = [
    b"#",
    b"\xc3\xa9",
    b"\xe9",
    b"\x01",
    b"\x1f",
    b"\xef\xbb\xbf",
    b"\0",
    b"x,y\n",
    b'"x","y"\n',
]
SOUP = st.lists(st.sampled_from(TOKENS + ODDITIES), max_size=60).map(b"".join)
DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", ", "]),
    quote=st.sampled_from(['"', None]),
    escape=st.sampled_from(['"', "\\", None]),
    newline=st.sampled_from(["\n", "\r", "any"]),
    comment=st.sampled_from([None, "#"]),
).filter(lambda dialect: dialect.quote is not None or dialect.escape != '"')


@settings(max_examples=300, deadline=None)
@given(data=st.data(), text=SOUP, dialect=DIALECTS, width=st.integers(1, 3))
def test_any_text_is_read_the_same_however_it_is_cut(data, text, dialect, width, read, cut):
    layout = Layout(dialect, tuple(f"c{i}" for i in range(width)), data.draw(st.integers(0, 1)))
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    size = data.draw(st.sampled_from([1, 3, 16, 64]))
    for policy in ("repair", "skip"):
        whole = read(text, layout, policy, limits=SMALL)
        parts = read(cut(text, sizes), layout, policy, limits=SMALL, block_size=size)
        assert parts == whole
    verdict = verify(cut(text, sizes), layout, limits=SMALL, block_size=size)
    if verdict.first is None:
        assert verdict.records == len(read(text, layout, "error", limits=SMALL).rows)
        return
    with pytest.raises(BadRecordError) as caught:
        read(text, layout, "error", limits=SMALL)
    where = caught.value.problem.line, caught.value.problem.offset
    assert where == (verdict.first.line, verdict.first.offset)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), text=SOUP, dialect=DIALECTS, policy=st.sampled_from(["repair", "skip"]))
def test_each_record_and_problem_begins_at_a_place_of_its_own(data, text, dialect, policy, cut):
    layout = Layout(dialect, ("a", "b"), 0)
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    how = {"limits": SMALL, "block_size": data.draw(st.sampled_from([3, 64]))}
    found = list(blocks(cut(text, sizes), layout, policy, located=True, **how))
    assert [len(block.places.lines) for block in found] == [block.records for block in found]
    places = [place for block in found for place in zip(*block.places, strict=True)]
    problems = [(p.line, p.offset) for block in found for p in block.problems]
    together = sorted({*places, *problems})
    assert [offset for _, offset in together] == sorted({offset for _, offset in together})
    ends = {"\n": "\n", "\r": "\r", "any": "\r\n|\r|\n"}[dialect.newline].encode()
    for line, offset in together:
        assert line == len(re.findall(ends, text[:offset])) + 1
    assert not text or [offset for _, offset in together][:1] == [0]


def test_places_are_those_of_the_rows_in_spite_of_what_is_between(make_layout):
    text = b'x,1\n"a\nb",2\n\nlost\ny,"3" \nz,4\n'
    (block,) = blocks([text], make_layout(2), "repair", located=True)
    assert block.places.lines.tolist() == [1, 2, 5, 6, 7]
    begins = [text.index(start) for start in (b"x", b'"a', b"lost", b"y", b"z")]
    assert block.places.offsets.tolist() == begins


@settings(max_examples=150, deadline=None)
@given(text=SOUP, dialect=DIALECTS, width=st.integers(2, 3))
def test_no_line_is_lost(text, dialect, width, read):
    """All lines of a text without quotes are rows or problems, one each."""
    assume(b'"' not in text and b"\\" not in text)
    # A line end of another kind may end a row, too.
    other = {"\n": b"\r", "\r": b"\n"}.get(dialect.newline)
    text = text.replace(other, b"") if other else text
    layout = Layout(dialect, tuple(f"c{i}" for i in range(width)), 0)
    found = read(text, layout, "skip")
    ends = {"\n": [b"\n"], "\r": [b"\r"], "any": [b"\r\n", b"\r", b"\n"]}[dialect.newline]
    for end in ends:
        text = text.replace(end, b"\xff")
    lines = text.split(b"\xff")
    lines = lines[:-1] if lines[-1] == b"" else lines
    assert len(found.rows) + len(found.problems) == len(lines)
    assert [problem.line for problem in found.problems] == sorted(
        {problem.line for problem in found.problems}
    )


def test_an_unclosed_quote_swallows_nothing_and_memory_stays_bounded():
    line = b"1,some text of the row,2.5\n"
    rows = 2_000_000

    def parts() -> Iterator[bytes]:
        yield b'0,"never closed,0\n'
        for _ in range(rows // 20_000):
            yield line * 20_000

    layout = Layout(Dialect(), ("a", "b", "c"), 0)
    tracemalloc.start()
    try:
        records = problems = 0
        for block in blocks(parts(), layout, "repair"):
            records += block.records
            problems += len(block.problems)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (records, problems) == (rows + 1, 1)
    assert peak < 40 << 20


def test_an_unclosed_quote_in_every_row_costs_no_more_than_the_rows(read, make_layout):
    text = b'1,"never closed,2\n' * 3000
    found = read(text, make_layout(3))
    assert found.rows == [("1", '"never closed', "2")] * 3000
    assert set(found.kinds) == {"unclosed quote"}


def test_a_quoted_field_may_span_lines_up_to_the_limit(read, make_layout):
    layout = make_layout(2)
    inside = b"\n".join([b"text, and more"] * 4)
    text = b"1,a\n" + b'2,"' + inside + b'"\n3,c\n'
    found = read(text, layout, limits=Limits(bytes=1000, lines=4), block_size=16)
    assert found.rows == [("1", "a"), ("2", inside.decode()), ("3", "c")]
    assert found.problems == ()
    found = read(text, layout, limits=Limits(bytes=1000, lines=3), block_size=16)
    assert found.rows[0] == ("1", "a")
    assert found.rows[-1] == ("3", "c")
    assert set(found.kinds) <= {*BAD, "stray quote"}
    assert found.problems
    assert read(text, layout, limits=Limits(bytes=50, lines=9)).problems


def test_a_line_may_be_longer_than_a_block(read, make_layout):
    long = "x" * 5000
    text = f'1,"{long}"\n2,{long}\n3,{long},\n'.encode()
    found = read(text, make_layout(2), limits=Limits(bytes=100, lines=3), block_size=64)
    assert found.rows == [("1", long), ("2", long), ("3", long)]
    assert found.kinds == ["too many fields"]


def test_a_longer_field_is_one_where_its_lines_are_no_rows(read, make_layout):
    layout, how = make_layout(3), {"limits": Limits(bytes=60, lines=3, most=500), "block_size": 16}
    inside = "\n".join(["Dear all,", "nothing new", "", "so far"] * 9)
    found = read(f'1,a,1\n2,"{inside}",2\n3,c,3\n'.encode(), layout, **how)
    assert found.rows == [("1", "a", "1"), ("2", inside, "2"), ("3", "c", "3")]
    assert found.problems == ()
    found = read(f'1,a,1\n2,"{inside * 2}",2\n3,c,3\n'.encode(), layout, **how)
    assert found.problems[0].line == 2
    assert found.rows[-1] == ("3", "c", "3")
    found = read(b'1,a,1\n2,"b,2\n' + b"3,c,3\n" * 9 + b'4,d",4\n5,e,5\n', layout, **how)
    assert found.rows[2:11] == [("3", "c", "3")] * 9
