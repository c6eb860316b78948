"""Detection of anything at all: a layout that holds together, or an error of ours."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection import Given, Sample, detect, detect_encoding

PIECES = st.sampled_from(
    [b",", b";", b"\t", b"|", b" ", b"\n", b"\r\n", b"\r", b'"', b"'", b"\\", b"#", b"a", b"Name",
     b"1", b"2.5", b"2020-01-01", b"Source: x", "é".encode(), b"\xff", b"sep=;\n", b"=", b":"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=60).map(b"".join), st.booleans(), st.integers(0, 40))
def test_a_layout_holds_together(data, complete, tail):
    sample = Sample(data, complete, b"" if complete else data[len(data) - tail :], len(data))
    try:
        layout = detect(sample, Given())
    except SourceError:
        return
    assert layout.names
    assert all(layout.names)
    assert len(set(layout.names)) == len(layout.names)
    assert 0 <= layout.start < len(data)
    assert layout.end is None or layout.start < layout.end
    newline = b"\r" if layout.dialect.newline == "\r" else b"\n"
    if layout.dialect.newline == "any":
        assert len(data[: layout.start].splitlines()) == layout.start_line
    elif not data.startswith((b"sep=", b'"sep=')):
        assert data[: layout.start].count(newline) == layout.start_line
    assert layout.start == 0 or data[layout.start - 1 : layout.start] in b"\r\n"
    assert layout.dialect.delimiter != layout.dialect.quote


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_an_encoding_reads_what_it_was_found_for(data, complete):
    try:
        encoding = detect_encoding(data, complete=complete)
    except SourceError:
        return
    if complete and not encoding.startswith(("utf-16", "utf-32")):
        # Those may be cut within a character, which is for the decoder to say.
        data.decode(encoding)
