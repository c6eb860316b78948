"""The sampling service: random samples of datasets, saved as datasets with their lineage."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from toolkit.core.errors import InvalidArgumentError, did_you_mean
from toolkit.core.interfaces import IDatasetService
from toolkit.core.names import derived_name
from toolkit.core.types import Artifact
from toolkit.sampling.candidates import DEFAULT_SLACK, Candidates
from toolkit.sampling.keys import MAX_SEED, row_keys
from toolkit.sampling.layout import keepable
from toolkit.sampling.strata import Strata

BATCH_ROWS = 65_536
_MORE_SLACK = 4


class SamplingService:
    """Draws random samples of datasets without replacement, in one streaming pass."""

    def __init__(
        self,
        datasets: IDatasetService,
        *,
        batch_rows: int = BATCH_ROWS,
        slack: float = DEFAULT_SLACK,
    ):
        """``slack`` trades memory for the (tiny) chance of a second pass; see ``candidates.py``.
        Neither it nor ``batch_rows`` changes which rows a sample has."""
        self._datasets = datasets
        self._batch_rows = batch_rows
        self._slack = slack

    def sample(
        self,
        ref: str,
        *,
        n: int | None = None,
        fraction: float | None = None,
        seed: int = 0,
        by: str | Sequence[str] = (),
        name: str | None = None,
    ) -> Artifact:
        """Save a random sample of a dataset as the dataset ``name`` (``<table>_sample``).

        Exactly one of ``n`` (rows; all of them when there are fewer) and ``fraction`` (in (0, 1];
        exactly ``round(fraction * rows)`` rows) says how many. Every set of that many rows is
        equally likely; the rows keep the dataset's order, columns and types. The same version,
        seed and size give the same rows, on every machine and in every run.

        ``by`` names columns to stratify by: each combination of their values gets its
        proportional share (largest remainders), so that the total is the same as without.

        Memory is bounded by the sample (plus about 80 rows a stratum) and a batch, never by the
        dataset. Lineage: the version that was read, and how.

        Raises InvalidArgumentError for a size, seed or column that cannot be meant, for more than
        100,000 strata and for a version that is not a frame; DatasetNotFoundError;
        InvalidNameError.
        """
        seed = _seed(seed)
        columns = tuple(dict.fromkeys((by,) if isinstance(by, str) else by))
        how = _how(n, fraction, seed, columns)
        wanted = _size(n, fraction)
        version = self._datasets.resolve(ref)
        if version.kind != "frame":
            raise InvalidArgumentError(
                f'Cannot sample "{version.ref}": it is a raw file, not a frame. '
                "Read it and save the frame first."
            )
        rows = wanted if isinstance(wanted, int) else round(wanted * version.rows)
        schema = self._datasets.schema(version.ref)
        _require_columns(version.ref, schema, columns)
        count = min(rows, version.rows)
        sample = (
            self._draw(version.ref, schema, count, version.rows, seed=seed, by=columns)
            if schema.names
            else _without_columns(count)
        )
        target = name if name is not None else derived_name(version.dataset, "_sample")
        return self._datasets.save(sample, target, inputs=[version.ref], how=how)

    def _draw(
        self, ref: str, schema: pa.Schema, n: int, rows: int, *, seed: int, by: tuple[str, ...]
    ) -> pa.Table:
        schema = keepable(schema)
        slack = self._slack
        while True:
            candidates = Candidates(schema, n / rows if rows else 1.0, slack=slack)
            strata = Strata(by, schema)
            position = 0
            for batch in self._datasets.batches(ref, self._batch_rows):
                rows_of_batch = batch.cast(schema)
                keys = row_keys(seed, position, batch.num_rows)
                candidates.add(rows_of_batch, keys, strata.codes(rows_of_batch))
                position += batch.num_rows
            sample = candidates.select(n)
            if sample is not None:
                return sample
            slack *= _MORE_SLACK


def _without_columns(rows: int) -> Any:
    """A frame of rows without columns, which Arrow cannot count."""
    import polars as pl

    return pl.DataFrame(height=rows)


def _seed(seed: Any) -> int:
    value = _integer(seed, "seed")
    if not 0 <= value <= MAX_SEED:
        raise InvalidArgumentError(f"seed is {value}: pass an integer from 0 to 2**64 - 1.")
    return value


def _size(n: Any, fraction: Any) -> int | float:
    """The number of rows as an int, or their fraction as a float."""
    if (n is None) == (fraction is None):
        raise InvalidArgumentError(
            "A sample needs exactly one of n and fraction: pass n=1000 or fraction=0.01."
        )
    if n is not None:
        rows = _integer(n, "n")
        if rows < 0:
            raise InvalidArgumentError(f"n is {rows}: pass the number of rows, 0 or more.")
        return rows
    try:
        share = math.nan if isinstance(fraction, bool) else float(fraction)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 < share <= 1:
        raise InvalidArgumentError(
            f"fraction is {fraction!r}: pass a number above 0 and up to 1, such as 0.01."
        )
    return share


def _integer(value: Any, name: str) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise InvalidArgumentError(f"{name} is {value!r}: pass an integer.") from None


def _require_columns(ref: str, schema: pa.Schema, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in schema.names:
            raise InvalidArgumentError(
                f'Cannot stratify by {column!r}: "{ref}" has no such column. '
                + did_you_mean(str(column), schema.names, noun="columns")
            )


def _how(n: Any, fraction: Any, seed: int, by: Sequence[str]) -> str:
    size = f"n={n}" if n is not None else f"fraction={fraction}"
    return f"sample({size}, seed={seed}" + (f", by={list(by)}" if by else "") + ")"
