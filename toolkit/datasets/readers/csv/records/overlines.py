"""Tells records that go on beyond the limits of a damaged one from rows that a quote swallows."""

from __future__ import annotations

from toolkit.datasets.readers.csv.records.rules import Rules


def goes_on(text: bytes, start: int, rules: Rules) -> bool:
    """Whether a record whose quotes are well, and that is longer than ``Limits`` let a damaged one
    be, is a record still: most of its lines are no rows by themselves.

    Only lines up to the limits are looked at, so that the answer is that for any longer text."""
    limits = rules.limits
    window = text[start : start + limits.bytes]
    newline = rules.dialect.newline
    ended = window.splitlines() if newline == "any" else window.split(newline.encode())
    lines = ended[1:-1][: limits.lines]
    rows = sum(line.count(rules.delimiter) + 1 == rules.width for line in lines)
    return rows * 2 < len(lines)
