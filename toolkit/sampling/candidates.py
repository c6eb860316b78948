"""The rows of a stream that may still belong to its sample: bottom-k sampling in bounded memory.

A sample of k rows is the k rows with the smallest random keys (bottom-k sampling: Cohen and Kaplan,
Summarizing Data using Bottom-k Sketches, PODC 2007): uniform, without replacement, and independent
of the order in which rows arrive. A stratified sample is the bottom-k of every stratum with the
stratum's quota as k.

The quotas are known only at the end of the stream. What is known before is the sampling rate f: of
a stratum of m rows about f·m are taken, and these have keys near or below f (as fractions of the
key space). Rows with keys above a limit u can be dropped at once:

    P(fewer than f·m of m uniform keys are below u) ≤ exp(-m (u - f)² / 2u)        (Chernoff)

which is exp(-slack) for u = f + s + sqrt(s² + 2 f s), s = slack / m. The limit falls while a
stratum grows, so all rows below the last limit are there at the end, and whether they fill the
quota is checked, not trusted: should they ever not (a chance of about e⁻⁴⁰ a stratum), the
selection says so and the stream is read once more with more slack. The result is the exact bottom-k
either way.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.sampling.strata import allocate

DEFAULT_SLACK = 40.0

_MAX_PARTS = 64
_MIN_PENDING = 1024
_BELOW_ONE = 1.0 - 2.0**-53


class Candidates:
    """Rows of a stream below the key limits of their strata, in the order of the stream.

    Memory: for a sample of n rows from S strata the candidates number at most about
    n + sqrt(80·n·S) + 80·S, and twice that before a pruning, plus one batch.
    """

    def __init__(self, schema: pa.Schema, rate: float, *, slack: float = DEFAULT_SLACK):
        """``schema`` is that of the batches, as ``layout.keepable`` makes it; ``rate`` the sample's
        share of the rows."""
        self._schema = schema
        self._rate = rate
        self._slack = slack
        self._sizes = np.zeros(0, np.int64)
        self._tables: list[pa.Table] = []
        self._keys: list[NDArray[np.uint64]] = []
        self._codes: list[NDArray[np.int64]] = []
        self._held = 0
        self._settled = 0

    @property
    def held(self) -> int:
        """Rows in memory."""
        return self._held

    def add(
        self, batch: pa.RecordBatch, keys: NDArray[np.uint64], codes: NDArray[np.int64]
    ) -> None:
        """Take the rows of the next batch; ``keys`` and ``codes`` have an element a row."""
        counts = np.bincount(codes, minlength=self._sizes.size)
        counts[: self._sizes.size] += self._sizes
        self._sizes = counts
        chosen = np.flatnonzero(keys <= self._limits()[codes])
        if not chosen.size:
            return
        rows = pa.Table.from_batches([batch]).take(pa.array(chosen))
        self._append(rows, keys[chosen], codes[chosen])
        if self._held > 2 * self._settled + _MIN_PENDING or len(self._tables) > _MAX_PARTS:
            self._prune()

    def select(self, n: int) -> pa.Table | None:
        """The sample: ``n`` rows, or all when there are fewer, in the order of the stream.

        None when rows that belong to it may have been dropped: repeat with more slack."""
        self._prune()
        quotas = allocate(self._sizes, min(n, int(self._sizes.sum())))
        if not self._tables:
            return None if quotas.any() else self._schema.empty_table()
        (table,), (keys,), (codes,) = self._tables, self._keys, self._codes
        present = np.bincount(codes, minlength=quotas.size)
        if (present < quotas).any():
            return None
        order = np.lexsort((keys, codes))
        starts = np.cumsum(present) - present
        rank = np.arange(order.size) - starts[codes[order]]
        chosen = np.sort(order[rank < quotas[codes[order]]])
        return table.take(pa.array(chosen))

    def _limits(self) -> NDArray[np.uint64]:
        share = self._slack / np.maximum(self._sizes, 1)
        limit = self._rate + share + np.sqrt(share * (share + 2 * self._rate))
        scaled = (np.minimum(limit, _BELOW_ONE) * 2.0**64).astype(np.uint64)
        return np.where(limit < 1, scaled, np.uint64(2**64 - 1))

    def _append(self, rows: pa.Table, keys: NDArray[np.uint64], codes: NDArray[np.int64]) -> None:
        self._tables.append(rows)
        self._keys.append(keys)
        self._codes.append(codes)
        self._held += rows.num_rows

    def _prune(self) -> None:
        if not self._tables:
            return
        table = pa.concat_tables(self._tables)
        keys, codes = np.concatenate(self._keys), np.concatenate(self._codes)
        self._tables, self._keys, self._codes, self._held = [], [], [], 0
        kept = np.flatnonzero(keys <= self._limits()[codes])
        table = table.take(pa.array(kept)).combine_chunks()
        self._append(table, keys[kept], codes[kept])
        self._settled = self._held
