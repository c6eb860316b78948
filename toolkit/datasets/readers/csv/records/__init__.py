"""Text to records: finds the bad ones, repairs them, and never lets one spoil the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from toolkit.datasets.readers.csv.layout import Layout
from toolkit.datasets.readers.csv.records.rules import engine_dialect
from toolkit.datasets.readers.csv.records.splitter import Splitter
from toolkit.datasets.readers.csv.records.types import (
    BAD,
    BadRecordError,
    Block,
    EngineDialect,
    Fits,
    Kind,
    Limits,
    Places,
    Policy,
    Problem,
    Verdict,
    kinds_of,
)

__all__ = [
    "BAD",
    "BadRecordError",
    "Block",
    "EngineDialect",
    "Fits",
    "Kind",
    "Limits",
    "Places",
    "Policy",
    "Problem",
    "Verdict",
    "blocks",
    "engine_dialect",
    "verify",
]

BLOCK_SIZE = 1 << 21
"""With the bits of its characters a buffer of this size stays in a core's cache."""

LIMITS = Limits()


def blocks(
    parts: Iterable[bytes],
    layout: Layout,
    policy: Policy,
    fits: Fits | None = None,
    *,
    block_size: int = BLOCK_SIZE,
    limits: Limits = LIMITS,
    located: bool = False,
) -> Iterator[Block]:
    """The table's records as CSV for the engine, and everything that is not simply a row.

    ``parts`` is the text from its beginning as UTF-8 without a byte order mark, cut anywhere;
    blocks are of about ``block_size`` bytes. What comes out does not depend on either. Memory is
    bounded by them, by ``limits`` and by the longest line.

    Every byte of the text is in a record, in the header or in a problem. A damaged record never
    changes the rows after it: the reading that leaves following lines rows is preferred, then the
    one with the right number of fields, then the one that assumes least. A quote that stands where
    it must not is data of its cell. With ``"repair"`` and ``"skip"`` a row that repeats the header
    is dropped as "repeated header" (files put together), with ``"error"`` it is a row.

    ``located`` makes the blocks say where their records begin.

    Raises BadRecordError at the first bad record with ``"error"``, after the blocks before it.
    """
    return Splitter(
        parts,
        layout,
        policy,
        fits=fits,
        block_size=block_size,
        limits=limits,
        located=located,
        drops_headers=policy != "error",
    ).blocks()


def verify(
    parts: Iterable[bytes],
    layout: Layout,
    *,
    block_size: int = BLOCK_SIZE,
    limits: Limits = LIMITS,
) -> Verdict:
    """What ``blocks`` with ``"error"`` would meet if it went on, without making data."""
    records = 0
    first: Problem | None = None
    kinds: Counter[Kind] = Counter()
    splitter = Splitter(parts, layout, "repair", block_size=block_size, limits=limits, wanted=False)
    for block in splitter.blocks():
        records += block.records
        kinds.update(kinds_of(block.problems))
        if first is None:
            first = next((found for found in block.problems if found.kind in BAD), None)
    if first is not None:
        first = first._replace(action="")
    return Verdict(records, sum(kinds[kind] for kind in BAD), first, dict(kinds))
