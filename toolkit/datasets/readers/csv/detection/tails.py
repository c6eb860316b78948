"""Looks for a footer at the end of a file whose middle nobody has read."""

from __future__ import annotations

from toolkit.datasets.readers.csv.detection.columns import profile
from toolkit.datasets.readers.csv.detection.dialects import Chosen
from toolkit.datasets.readers.csv.detection.ends import is_bad_row, is_note
from toolkit.datasets.readers.csv.detection.mending import Mender
from toolkit.datasets.readers.csv.detection.sample import Sample
from toolkit.datasets.readers.csv.detection.spanning import first_record, read_records
from toolkit.datasets.readers.csv.detection.splitting import (
    Lines,
    split_lines,
)
from toolkit.datasets.readers.csv.layout import Layout, Note

_LOOKED_AT = 1 << 13
"""Bytes: footers are short."""
_KNOWN, _KNOWN_LINES = 120, 1000
"""Records that tell what the columns are like, and lines that these take."""


def end_in_tail(
    sample: Sample, layout: Layout, chosen: Chosen, lines: Lines
) -> tuple[int | None, tuple[Note, ...]]:
    """Where the table ends, when the last lines of the file are not rows of it; else None.

    The number of lines above is not known: the note says 0 for its line.
    """
    width = len(layout.names)
    if width < 2:
        return None, ()
    cut = max(0, len(sample.tail) - _LOOKED_AT)
    tail = split_lines(sample.tail[cut:], chosen.newline)
    rules = chosen.rules
    # The tail may begin within a quoted field.
    begun = 1 + first_record(tail.texts[1:], rules)
    texts = tail.texts[begun:]
    split = read_records(texts, rules, cut=False).records
    records = [r for r in split if any(c.strip() for c in r.cells)]
    known_lines = lines.texts[layout.start_line :][:_KNOWN_LINES]
    known = read_records(known_lines, rules, cut=True).records[:_KNOWN]
    columns = profile([r.cells for r in known][layout.header_rows :], width)
    mend = Mender(Lines(texts, tail.offsets[begun:]), rules).cells
    last = len(records)
    while last > 0 and len(records[last - 1].cells) != width:
        last -= 1
    for index in range(max(1, last - 20), last):
        if is_note(records[index], columns, width):
            last = index
            break
    if last == 0 or last == len(records):
        # No row at all can be seen, or the last record is one.
        return None, ()
    while last < len(records):
        record = records[last]
        gap = record.line > records[last - 1].line + records[last - 1].lines
        if not is_bad_row(record, columns, width, mend, after_gap=gap):
            break
        last += 1
    if last == len(records):
        return None, ()
    line = records[last].line
    end = sample.tail_offset + cut + tail.offsets[begun + line]
    text = "\n".join(texts[line:])[:200].encode("latin-1").decode("utf-8", "replace")
    return end, (Note("footer", 0, len(texts) - line, text),)
