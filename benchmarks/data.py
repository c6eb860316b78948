"""The frames and files that are measured: realistic, and the same in every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

_CARRIERS = ("UA", "AA", "DL", "B6", "WN", "EV", "MQ", "9E", "US", "FL", "VX", "AS")
_START = 1_735_689_600_000_000
"""2025-01-01 in microseconds since 1970."""

_CHUNK = 1 << 24


def mixed_frame(rows: int, seed: int = 0) -> pl.DataFrame:
    """Nine columns of the kinds that events and orders have; some values are null."""
    random = np.random.default_rng(seed)
    nulls = random.random(rows) < 0.03
    users = random.integers(0, max(rows // 4, 1), rows)
    return pl.DataFrame(
        {
            "id": np.arange(rows, dtype=np.int64) + seed * 1_000_000_000,
            "at": _START + np.arange(rows) * 4_000_000 + random.integers(0, 3_000_000, rows),
            "quantity": random.integers(-(2**40), 2**40, rows),
            "price": np.round(random.lognormal(3.0, 1.0, rows), 2),
            "score": random.standard_normal(rows),
            "ratio": random.random(rows),
            "carrier": random.integers(0, len(_CARRIERS), rows),
            "user": users,
            "delivered": random.random(rows) < 0.9,
        }
    ).select(
        "id",
        pl.col("at").cast(pl.Datetime("us")),
        "quantity",
        "price",
        pl.when(pl.lit(pl.Series(nulls))).then(None).otherwise(pl.col("score")).alias("score"),
        "ratio",
        pl.col("carrier").replace_strict(dict(enumerate(_CARRIERS)), return_dtype=pl.String),
        pl.when(pl.col("user") % 31 != 0)
        .then(pl.format("user-{}", pl.col("user").cast(pl.String).str.zfill(8)))
        .alias("user"),
        "delivered",
    )


def small_frame(seed: int, rows: int = 1_000) -> pl.DataFrame:
    """Ten columns of numbers, texts and truths."""
    random = np.random.default_rng(seed)
    numbers = {f"x{i}": random.standard_normal(rows) for i in range(5)}
    counts = {f"n{i}": random.integers(0, 10_000, rows) for i in range(3)}
    return pl.DataFrame(numbers | counts).with_columns(
        carrier=pl.Series(random.choice(_CARRIERS, rows)), late=pl.col("x0") > 0
    )


def write_events(path: Path, rows: int) -> None:
    """A Parquet file of ``rows`` events, written in parts so that memory stays small."""
    part = 1_000_000
    lazy = pl.concat(
        [
            pl.LazyFrame({"number": [start]})
            .select(pl.int_range(start, min(start + part, rows), dtype=pl.Int64).alias("id"))
            .with_columns(
                value=(pl.col("id").hash(seed=7) % 1_000_003).cast(pl.Float64) / 97,
                carrier=(pl.col("id") * 7919 % len(_CARRIERS)).cast(pl.Int32),
                delay=(pl.col("id").hash(seed=11) % 5_000).cast(pl.Int32),
            )
            for start in range(0, rows, part)
        ]
    )
    lazy.sink_parquet(path, row_group_size=131_072)


def write_noise(path: Path, size: int) -> None:
    """A file of ``size`` bytes that do not compress."""
    random = np.random.default_rng(5)
    with path.open("wb") as file:
        while size > 0:
            file.write(random.bytes(min(size, _CHUNK)))
            size -= _CHUNK
