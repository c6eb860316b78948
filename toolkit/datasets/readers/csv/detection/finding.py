"""Puts detection together: dialect, comments, tables, header, and what lies around the table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection.comments import Comments, find_comments
from toolkit.datasets.readers.csv.detection.dialects import Chosen, choose
from toolkit.datasets.readers.csv.detection.ends import table_end
from toolkit.datasets.readers.csv.detection.following import next_header, next_table
from toolkit.datasets.readers.csv.detection.headers import (
    count_header_rows,
    names_of,
    unique_names,
    whole_header,
)
from toolkit.datasets.readers.csv.detection.mending import Mender
from toolkit.datasets.readers.csv.detection.notes import notes_above, notes_below
from toolkit.datasets.readers.csv.detection.one_column import one_column
from toolkit.datasets.readers.csv.detection.ragged import ragged_table
from toolkit.datasets.readers.csv.detection.sample import UNSET, Given, Sample
from toolkit.datasets.readers.csv.detection.spanning import read_records
from toolkit.datasets.readers.csv.detection.splitting import (
    Lines,
    Record,
    Rules,
    split_lines,
)
from toolkit.datasets.readers.csv.detection.starts import table_start
from toolkit.datasets.readers.csv.detection.tables import (
    find_runs,
    first_table,
    squeezed,
    with_parts,
)
from toolkit.datasets.readers.csv.detection.tails import end_in_tail
from toolkit.datasets.readers.csv.detection.uneven import uneven_table
from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.failures import LEAVE_OUT

_EXAMINED = 1 << 17
"""Bytes that are looked at of a file that is larger than its sample."""
_EXAMINED_LINES = 5000
_EMPTY = f"The file is empty: a CSV file has at least a header or a row. Mend it, or {LEAVE_OUT}."
_SEPARATOR_LINE = re.compile(rb'"?sep=([\x01-\x7f])"?\r?\n', re.IGNORECASE)
"""What spreadsheets take their delimiter from, and show nothing of."""


def detect(sample: Sample, given: Given) -> Layout:
    """How a text is written and where its table lies. What is given is not doubted.

    Raises SourceError for a text that has no line that is not blank.
    """
    if not sample.complete and len(sample.head) > _EXAMINED:
        sample = replace(sample, head=sample.head[:_EXAMINED])
    head = sample.head
    if not head.strip():
        raise SourceError(_EMPTY)
    skipped = _skip(head, given.skip_lines)
    said = _SEPARATOR_LINE.match(head)
    if said and given.skip_lines is None:
        skipped = said.end()
        if not head[skipped:].strip():
            raise SourceError(_EMPTY)
        if given.delimiter is None:
            given = replace(given, delimiter=said.group(1).decode("latin-1"))
    chosen = choose(head[skipped:], given, complete=sample.complete)
    lines = split_lines(head[skipped:], chosen.newline)
    skip = 0
    if skipped:
        above = split_lines(head[:skipped], "any")
        skip = len(above.texts)
        shifted = [skipped + offset for offset in lines.offsets[1:]]
        lines = Lines(above.texts + lines.texts, above.offsets + shifted)
    if not sample.complete and len(lines.texts) > skip + 1:
        # The last line may be cut.
        last = min(len(lines.texts) - 1, skip + _EXAMINED_LINES)
        lines = Lines(lines.texts[:last], lines.offsets[: last + 1])
    return _Finder(sample, given, chosen, lines, skip).layout()


class _Finder:
    """The steps of one detection."""

    def __init__(
        self, sample: Sample, given: Given, chosen: Chosen, lines: Lines, skip: int
    ) -> None:
        self._sample = sample
        self._given = given
        self._chosen = chosen
        self._lines = lines
        self._skip = skip
        self._mender = Mender(lines, chosen.rules)

    def layout(self) -> Layout:
        rules, lines = self._chosen.rules, self._lines
        width = self._chosen.width
        if self._given.names is not None:
            width = len(self._given.names)
        records = self._records(rules)
        if rules.delimiter == " " and (padded := squeezed(records)) is not None:
            records, width = padded
        comment, marked = self._comments(records, rules, width)
        if comment is not None:
            texts = lines.texts
            records = [
                r for r in records if not texts[r.line].startswith(comment) or r.line == marked
            ]
        filled = [r for r in records if len(r.cells) > 1 or r.cells[0].strip() or r.quoted]
        if not filled:
            raise SourceError(
                "The file has no row: every line is blank or a comment. "
                "Pass comment=None if lines that begin with the comment mark are data."
            )
        first, last, width = self._bounds(filled, records, width)
        table = filled[first:last]
        rows: list[Sequence[str]] = [r.cells for r in table]
        rows[0] = self._mender.cells(table[0], width)
        header_rows = self._header_rows(rows, width)
        if header_rows == 1 and self._given.names is None:
            # Rows may lack their last fields, as where these are all empty: no name is left out.
            rows[0] = whole_header(rows[0], width, rules.delimiter)
            width = max(width, len(rows[0]))
        unnamed = _has_row_names(table, lines, rules.quote, width)
        names = self._names(rows, header_rows, width, unnamed=unnamed)
        start = lines.offsets[table[0].line]
        dialect = self._dialect(rules, comment)
        layout = Layout(
            dialect,
            names,
            header_rows,
            start=start,
            start_line=table[0].line,
            marked=table[0].line == marked,
            notes=notes_above(lines, table[0].line, comment),
        )
        return self._with_end(layout, filled, last)

    def _records(self, rules: Rules) -> list[Record]:
        texts = self._lines.texts[self._skip :]
        records = read_records(texts, rules, cut=not self._sample.complete).records
        if self._skip:
            records = [r._replace(line=r.line + self._skip) for r in records]
        if not self._sample.complete and len(records) > 1 and records[-1].strays:
            # Perhaps a field that goes on beyond the sample.
            records.pop()
        return records

    def _comments(self, records: Sequence[Record], rules: Rules, width: int) -> Comments:
        if self._given.comment is not UNSET:
            return Comments(self._given.comment)
        return find_comments(self._lines.texts, records, rules, width)

    def _bounds(
        self, filled: Sequence[Record], records: Sequence[Record], width: int
    ) -> tuple[int, int, int]:
        """First record of the table, the one after its last, and its width."""
        gaps, mend = _gaps(filled, records), self._mender.cells
        run = None
        if width > 1 and self._given.names is None:
            cells = [r.cells for r in filled]
            runs = find_runs([len(row) for row in cells], gaps)
            run = ragged_table(cells) or first_table(runs, cells)
            run = uneven_table(cells, gaps, run) or run
        if run is None:
            told = self._given.names is not None or self._given.skip_lines is not None
            if width > 1 or told:
                return 0, len(filled), width
            first, last = one_column(filled, gaps)
            return first, last if self._sample.complete else len(filled), width
        run = with_parts(run, runs, cells)
        if self._given.skip_lines is not None:
            first = 0
        else:
            before = [r.end for r in runs if r.end <= run.start]
            first = table_start(filled, run, gaps, max(before, default=0), mend)
        after, run = next_table(filled, runs, run, gaps)
        last = table_end(filled, run, gaps, after, first, mend=mend)
        if after == len(filled) and not self._sample.complete:
            # What ends the sample does not end the file.
            last = after
        again = next_header(filled, run, gaps, first, last)
        if again is not None:
            whole = replace(run, end=again)
            last = table_end(filled, whole, gaps, again, first, mend=mend)
            while last > first + 1 and len(filled[last - 1].cells) == 1:
                last -= 1
        return first, last, run.width

    def _header_rows(self, rows: Sequence[Sequence[str]], width: int) -> int:
        given = self._given
        if given.header_rows is not None:
            return given.header_rows
        if given.has_header is False:
            return 0
        found = count_header_rows(rows, width)
        return max(1, found) if given.has_header else found

    def _names(
        self, rows: Sequence[Sequence[str]], header_rows: int, width: int, *, unnamed: bool
    ) -> tuple[str, ...]:
        if self._given.names is not None:
            return unique_names([name.strip() for name in self._given.names])
        if header_rows == 0:
            return tuple(f"column_{position}" for position in range(1, width + 1))
        return names_of(rows[:header_rows], width, unnamed=unnamed)

    def _dialect(self, rules: Rules, comment: str | None) -> Dialect:
        return Dialect(
            delimiter=rules.delimiter,
            quote=rules.quote,
            escape=rules.escape,
            newline=self._chosen.newline,
            comment=comment,
        )

    def _with_end(self, layout: Layout, filled: Sequence[Record], last: int) -> Layout:
        lines = self._lines
        if last < len(filled):
            line = filled[last].line
            below = notes_below(lines, line, layout, self._chosen.rules)
            return replace(layout, end=lines.offsets[line], notes=(*layout.notes, *below))
        if self._sample.complete or not self._sample.tail:
            return layout
        end, notes = end_in_tail(self._sample, layout, self._chosen, lines)
        return replace(layout, end=end, notes=(*layout.notes, *notes))


def _has_row_names(table: Sequence[Record], lines: Lines, quote: str | None, width: int) -> bool:
    """Whether the first column names the rows and has no name itself, as R writes tables: it quotes
    names and texts, and nothing else. Without quotes another name is missing."""
    header, body = table[0], [r for r in table[1:20] if len(r.cells) == width]
    if quote is None or not header.quoted == len(header.cells) == width - 1 or header.strays:
        return False
    named = all(lines.texts[r.line].startswith(quote) and r.quoted < width for r in body)
    first = {r.cells[0] for r in body}
    # Where the last column is empty, it has no name: each row ends in a delimiter.
    filled = any(r.cells[-1].strip() for r in body)
    return named and filled and len(first) == len(body) > 1


def _gaps(filled: Sequence[Record], records: Sequence[Record]) -> list[bool]:
    """Of each record, whether blank lines stand between it and the record before."""
    gaps = [False]
    for before, after in pairwise(filled):
        gaps.append(after.line > before.line + before.lines)
    # Comments are no gaps, but they are gone from both: a line that is missing from ``records``.
    present = {r.line for r in records}
    for index in range(1, len(filled)):
        if gaps[index]:
            between = range(filled[index - 1].line + filled[index - 1].lines, filled[index].line)
            gaps[index] = any(line in present for line in between)
    return gaps


def _skip(head: bytes, lines: int | None) -> int:
    """Where the text begins once some lines are skipped."""
    if not lines:
        return 0
    position = 0
    for count, line in enumerate(head.splitlines(keepends=True)):
        if count == lines:
            break
        position += len(line)
    if not head[position:].strip():
        raise SourceError(f"skip_lines={lines} leaves nothing to read: pass a smaller number.")
    return position
