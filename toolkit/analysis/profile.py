"""The profile of a dataset, and the service that makes and saves it."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.analysis.html import render
from toolkit.analysis.sketches import FREQUENT_CAPACITY
from toolkit.analysis.statistics import block_rows, statistics
from toolkit.core.errors import InvalidArgumentError
from toolkit.core.interfaces import IDatasetService
from toolkit.core.names import derived_name
from toolkit.core.types import Artifact

MAX_BINS = 1_000
_REPR_COLUMNS = 30
_REPR_CELLS = ("column", "type", "nulls", "distinct", "min", "max")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Profile:
    """Statistics of every column of one version. Shows itself as a table in a notebook."""

    ref: str
    """``name@version`` that was profiled."""
    rows: int
    frame: pl.DataFrame
    """A row a column of the dataset; every column of it has one type:

    =============================  =================================================================
    ``column``, ``type``           name and Arrow type
    ``kind``                       integer, float, decimal, boolean, text, binary, date, datetime,
                                   time, duration, or other (only its nulls are counted)
    ``nulls``, ``null_fraction``   exact; the fraction is null for a dataset without rows
    ``nans``, ``infinities``       exact; null where they cannot occur
    ``distinct``                   different values, without nulls: exact below 4,096, else
                                   approximate with a standard error of 1.6 %
    ``min``, ``max``               exact, as text (256 characters at most), NaN aside; text and
                                   categories are ordered by their characters, binary is in hex
    ``mean``, ``std``              exact up to rounding, of the finite values; Float64
    ``q01`` … ``q99``              Float64; the value at that rank, NaN aside: exact up to 4,096
                                   values, else with a rank within 0.2 % of all values at a
                                   million rows, 0.5 % at a billion
    ``top``                        most frequent values as text, with counts: exact up to 4,096
                                   distinct values; else values of 0.025 % and more are never
                                   missed, and each count is a lower bound
    ``top_shortfall``              by how much counts in ``top`` may be too low; 0 when exact
    ``histogram``                  bins {low, high, count} of equal width over the finite values,
                                   low ≤ value < high (the last one ≤ high); a count has twice the
                                   rank error of the quantiles
    =============================  =================================================================

    ``mean``, ``std``, quantiles and bins of a date or datetime are in seconds since 1970-01-01
    (UTC; the wall clock where there is no time zone), those of a time in seconds since midnight,
    those of a duration in seconds; those of a boolean are the share of true (no quantiles).
    """
    artifact: Artifact
    """The dataset that ``frame`` was saved as."""

    def __repr__(self) -> str:
        lines = [f"Profile of {self.ref}: {self.rows:,} rows, {self.frame.height:,} columns"]
        shown = self.frame.head(_REPR_COLUMNS).select(_REPR_CELLS)
        cells = [list(_REPR_CELLS)] + [[_cell(v) for v in row] for row in shown.iter_rows()]
        widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
        for texts in cells:
            line = "  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True))
            lines.append(line.rstrip())
        if self.frame.height > shown.height:
            lines.append(f"… and {self.frame.height - shown.height:,} more columns: see .frame")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return render(self.ref, self.rows, self.frame)


class ProfileService:
    """Computes and saves profiles of datasets."""

    def __init__(self, datasets: IDatasetService):
        self._datasets = datasets

    def profile(
        self, ref: str, *, name: str | None = None, bins: int = 20, top: int = 10
    ) -> Profile:
        """Profile a dataset in one streaming pass and save the profile as the dataset ``name``
        (``<table>_profile``), with its lineage.

        ``bins`` (1 to 1,000) is the largest number of bins of a histogram, ``top`` (0 to 4,096)
        the number of frequent values. Memory is bounded by a block of rows and about 0.5 MB a
        column. The same version gives the same profile, however it is stored. ``Profile.frame``
        says what is exact and how exact the rest is.

        Raises InvalidArgumentError for such numbers and for a version that is not a frame;
        DatasetNotFoundError; InvalidNameError.
        """
        bins = _between(bins, "bins", 1, MAX_BINS)
        top = _between(top, "top", 0, FREQUENT_CAPACITY)
        version = self._datasets.resolve(ref)
        if version.kind != "frame":
            raise InvalidArgumentError(
                f'Cannot profile "{version.ref}": it is a raw file, not a frame. '
                "Read it and save the frame first."
            )
        schema = self._datasets.schema(version.ref)
        block = block_rows(len(schema))
        batches = self._datasets.batches(version.ref, block)
        frame = statistics(batches, schema, block=block, bins=bins, top=top)
        artifact = self._datasets.save(
            frame,
            name if name is not None else derived_name(version.dataset, "_profile"),
            inputs=[version.ref],
            how=f"profile(bins={bins}, top={top})",
        )
        return Profile(ref=version.ref, rows=version.rows, frame=frame, artifact=artifact)


def _between(value: Any, name: str, low: int, high: int) -> int:
    try:
        number = low - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise InvalidArgumentError(f"{name} is {value!r}: pass an integer from {low} to {high:,}.")
    return number


def _cell(value: Any) -> str:
    """A value on one line of at most 24 characters."""
    text = f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= 24 else text[:23] + "…"
