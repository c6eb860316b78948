"""Chooses the delimiter, the quote, the escape and what ends a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolkit.datasets.readers.csv.detection.sample import UNSET, Given
from toolkit.datasets.readers.csv.detection.scoring import Score, score, score_one_column
from toolkit.datasets.readers.csv.detection.spanning import read_records
from toolkit.datasets.readers.csv.detection.splitting import Rules, split_lines, split_records
from toolkit.datasets.readers.csv.layout import Newline

_SCORED_BYTES = 1 << 15
"""What dialects are compared on. More changes no verdict and costs milliseconds."""
_SCORED_LINES = 1000
_FEW_LINES = 4
_DELIMITERS = (",", ";", "\t", "|", " ", ":", "^", "~", "\x1f")
_QUOTES = ('"', "'")
_UNLIKELY = "\0"
"""Splits nothing: the delimiter of one column while dialects are compared."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The dialect that explains a sample best."""

    rules: Rules
    newline: Newline
    width: int
    """Fields of most records of the sample; 1 for one column."""


def choose(head: bytes, given: Given, *, complete: bool) -> Chosen:
    """The dialect of a text from its beginning, or all of it; what is given stays as it is."""
    sample = _cut(head)
    newline = likely_newline(sample)
    texts = split_lines(sample, newline).texts
    lines = texts[:_SCORED_LINES]
    cut = not complete or len(sample) < len(head) or len(lines) < len(texts)
    rules, width, sound = _choose_rules(lines, given, cut=cut)
    if cut and not sound and _is_open(lines):
        longer = split_lines(head, newline).texts
        found = _choose_rules(longer, given, cut=not complete)
        if found[2]:
            (rules, width, _), lines, sample, cut = found, longer, head, not complete
    rules = _with_quote(lines, rules, given)
    rules = _with_doubling(lines, rules, width, given, cut=cut)
    if newline == "any":
        newline = _settle_newline(sample, rules, width)
    return Chosen(rules, newline, width)


def likely_newline(sample: bytes) -> Newline:
    """What ends lines by the mere characters: "any" where more than one thing might."""
    if b"\r" not in sample:
        return "\n"
    feeds = sample.count(b"\n")
    pairs = sample.count(b"\r\n")
    returns = sample.count(b"\r") - pairs
    if feeds == 0:
        return "\r"
    return "any" if returns else "\n"


def _settle_newline(sample: bytes, rules: Rules, width: int) -> Newline:
    """Which of the characters that could end records do: those that leave them alike."""
    if rules.quote is not None:
        loose = {"\n": 0, "\r": 0}
        for end in _record_ends(sample, rules):
            loose[end] += 1
        within = {
            "\n": sample.count(b"\n") - loose["\n"],
            "\r": sample.count(b"\r") - sample.count(b"\r\n") - loose["\r"],
        }
        # One that is rather found within quotes is text where a damaged quote sets it free.
        if not loose["\r"] or (within["\r"] > loose["\r"] and loose["\r"] < loose["\n"]):
            return "\n"
        if not loose["\n"] or (within["\n"] > loose["\n"] and loose["\n"] < loose["\r"]):
            return "\r"
    best: tuple[float, Newline] = (-1.0, "any")
    newlines: tuple[Newline, ...] = ("any", "\n", "\r")
    for newline in newlines:
        records = read_records(split_lines(sample, newline).texts, rules, cut=False).records
        filled = [r for r in records if len(r.cells) > 1 or r.cells[0].strip()]
        right = sum(len(r.cells) == width for r in filled)
        # As many good records as possible, and few others.
        value = right - 0.5 * (len(filled) - right) if filled else 0.0
        if value > best[0]:
            best = (value, newline)
    return best[1]


def _record_ends(sample: bytes, rules: Rules) -> Iterator[str]:
    """What ends each record that is not the last: a line feed (perhaps with a return), or a
    return alone."""
    split = split_lines(sample, "any")
    for record in read_records(split.texts, rules, cut=False).records:
        end = split.offsets[record.line + record.lines]
        if end == len(sample):
            return
        yield "\n" if sample[end - 1 : end] == b"\n" else "\r"


def _is_open(lines: list[str]) -> bool:
    """Whether a quoted field may be open from one of the first lines on to the last, so that there
    is little else to compare dialects on."""
    odd = [index for index, line in enumerate(lines) if line.count('"') % 2]
    return len(odd) == 1 and odd[0] < _FEW_LINES


def _choose_rules(lines: list[str], given: Given, *, cut: bool) -> tuple[Rules, int, bool]:
    """The rules that explain lines best, the width of most records, and whether they are sure."""
    text = "\n".join(lines)
    best: tuple[Score, Rules] | None = None
    sound = False
    for rules in _candidates(text, given):
        reading = read_records(lines, rules, cut=cut)
        found = score(reading.records, rules)
        if best is None or (reading.sound, found.value) > (sound, best[0].value):
            best, sound = (found, rules), reading.sound
    if sound and best is not None:
        return best[1], best[0].width, True
    if given.delimiter is not None and best is not None and best[0].value > 0:
        return best[1], best[0].width, False
    alone = _one_column(lines, text, given, cut=cut)
    if best is None or alone[0].value >= best[0].value:
        return alone[1], 1, False
    return best[1], best[0].width, False


def _with_quote(lines: list[str], rules: Rules, given: Given) -> Rules:
    """The usual quote in place of none, unless many fields begin with one and are not quoted.

    A stray quote or two are damage to be told of; further down fields may well be quoted."""
    if rules.quote is not None or rules.escape is not None or given.quote is not UNSET:
        return rules
    records = split_records(lines, rules)
    opened = sum(cell.startswith('"') for record in records for cell in record.cells)
    few = opened <= 1 + len(records) // 20
    return Rules(rules.delimiter, '"', '"') if few else rules


def _with_doubling(lines: list[str], rules: Rules, width: int, given: Given, *, cut: bool) -> Rules:
    """Doubled quotes in place of backslashes where they leave no record bad: backslashes are
    common in texts (paths, patterns), where they take the meaning from nothing."""
    if rules.quote is None or rules.escape != "\\" or given.escape is not UNSET:
        return rules
    doubled = Rules(rules.delimiter, rules.quote, rules.quote)
    records = read_records(lines, doubled, cut=cut).records
    whole = all(len(r.cells) == width and not r.strays for r in records if any(r.cells))
    return doubled if whole else rules


def _one_column(lines: list[str], text: str, given: Given, *, cut: bool) -> tuple[Score, Rules]:
    best: tuple[Score, Rules] | None = None
    for rules in _candidates(text, given, (_UNLIKELY,)):
        found = score_one_column(read_records(lines, rules, cut=cut).records)
        if best is None or found.value > best[0].value:
            best = found, rules
    assert best is not None
    rules = best[1]
    delimiter = given.delimiter or next(
        (d for d in (",", "\t", "|", ";", "\x1f") if _absent(lines, d, rules)), ","
    )
    return best[0], Rules(delimiter, rules.quote, rules.escape)


def _absent(lines: list[str], delimiter: str, rules: Rules) -> bool:
    records = split_records(lines, Rules(delimiter, rules.quote, rules.escape))
    return all(len(record.cells) == 1 for record in records)


def _candidates(
    text: str, given: Given, delimiters: Sequence[str] | None = None
) -> Iterator[Rules]:
    if delimiters is None:
        delimiters = [given.delimiter] if given.delimiter is not None else _delimiters(text)
    for delimiter in delimiters:
        for quote in _quotes(text, given):
            escapes = _escapes(text, quote, delimiter, given)
            yield from (Rules(delimiter, quote, escape) for escape in escapes)


def _delimiters(text: str) -> list[str]:
    counts = Counter({delimiter: text.count(delimiter) for delimiter in _DELIMITERS})
    found = [delimiter for delimiter in _DELIMITERS if counts[delimiter]]
    spaced = (d for d in (",", ";", "|") if counts[d] and text.count(d + " ") * 2 >= counts[d])
    return [*found, *(delimiter + " " for delimiter in spaced)]


def _quotes(text: str, given: Given) -> list[str | None]:
    if given.quote is not UNSET:
        return [given.quote]
    found: list[str | None] = [quote for quote in _QUOTES if quote in text]
    if not found:
        return ['"', None] if "\\" in text else ['"']
    if '"' in found:
        return [*found, None]
    return ['"', *found]


def _escapes(text: str, quote: str | None, delimiter: str, given: Given) -> list[str | None]:
    if given.escape is not UNSET:
        return [given.escape]
    escaped = "\\" + delimiter[0] in text
    if quote is None:
        return [None, "\\"] if escaped else [None]
    return [quote, "\\"] if quote in text and (escaped or "\\" + quote in text) else [quote]


def _cut(head: bytes) -> bytes:
    if len(head) <= _SCORED_BYTES:
        return head
    part = head[:_SCORED_BYTES]
    end = max(part.rfind(b"\n"), part.rfind(b"\r"))
    return part[: end + 1] if end > 0 else part
