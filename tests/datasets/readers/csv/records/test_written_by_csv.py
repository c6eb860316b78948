"""Whatever Python's csv module writes comes back the same, however the text is cut."""

from __future__ import annotations

import csv
import io

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.datasets.readers.csv.layout import Dialect
from toolkit.datasets.readers.csv.records import verify

CELLS = st.text(st.sampled_from("ab1 ,;\t|\"'\\\n\r\x1f\x01é\ufeff#"), max_size=6)


@st.composite
def dialects(draw: st.DrawFn) -> tuple[Dialect, str, int]:
    """A dialect, the line terminator written and how fields are quoted."""
    terminator = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    newline = draw(st.sampled_from(["\r", "any"] if terminator == "\r" else ["\n", "any"]))
    quote = draw(st.sampled_from(['"', "'", None]))
    escape = draw(st.sampled_from(["\\", quote])) if quote else draw(st.sampled_from(["\\", None]))
    quoting = csv.QUOTE_NONE
    if quote is not None:
        quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", " ", ", "]))
    return Dialect(delimiter, quote, escape, newline), terminator, quoting


def written(rows: list[list[str]], dialect: Dialect, terminator: str, quoting: int) -> bytes:
    """The text that Python's csv module makes; a blank after each delimiter if it has two
    characters."""
    two = len(dialect.delimiter) == 2
    delimiter = "\x00" if two else dialect.delimiter
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=delimiter,
        quotechar=dialect.quote or '"',
        doublequote=dialect.escape != "\\",
        escapechar="\\" if dialect.escape == "\\" else None,
        lineterminator=terminator,
        quoting=quoting,
    )
    try:
        writer.writerows(rows)
    except csv.Error:
        # A cell that a dialect without quotes and escapes cannot have.
        assume(False)
    return buffer.getvalue().replace("\x00", dialect.delimiter).encode()


def representable(cell: str, dialect: Dialect, terminator: str, quoting: int) -> bool:
    """Whether the writer makes a text of a cell that says what the cell was."""
    if quoting in {csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC}:
        return True
    if len(dialect.delimiter) == 2 and ", " in cell:
        # It does not know that this is the delimiter.
        return False
    # It leaves a line end as it is when it is not in the terminator: it is data then, if it ends
    # no record and does not stand before what does.
    bare = {character for character in cell if character in "\r\n"} - set(terminator)
    return not bare or (dialect.newline != "any" and not cell.endswith("\r"))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), dialect=dialects())
def test_the_same_cells_come_back(data, dialect, read, cut, make_layout):
    width = data.draw(st.integers(1, 4))
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
    )
    assume(all(representable(cell, *dialect) for row in rows for cell in row))
    text = written(rows, *dialect)
    bare = text[: -len(dialect[1])]
    if data.draw(st.booleans()) and bare and not bare.endswith((b"\n", b"\r")):
        text = bare
    layout = make_layout(width, dialect[0])
    quoted = dialect[2] != csv.QUOTE_NONE and (dialect[2] != csv.QUOTE_MINIMAL)
    expected = [
        tuple(cell or ("" if quoted or (width == 1 and dialect[0].quote) else None) for cell in row)
        for row in rows
    ]
    if width == 1 and not quoted:
        expected = [row for row in expected if row != (None,)]
    sizes = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4))
    size = data.draw(st.sampled_from([1, 2, 7, 30, 1 << 20]))
    found = read(cut(text, sizes), layout, "error", block_size=size)
    assert found.rows == expected
    verdict = verify(cut(text, sizes), layout, block_size=size)
    assert (verdict.records, verdict.bad) == (len(expected), 0)
