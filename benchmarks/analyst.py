"""What an analyst does in a morning: 22 frames of a notebook, each saved under a name.

The steps are written against a desk, which is a workspace, or a folder of plain Parquet files. Most
frames are lazy and begin with what was saved under a name. Some are eager, as they are in
notebooks: those know no inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from benchmarks import data

Frame = Any
"""A polars DataFrame or LazyFrame, or a pandas DataFrame."""

_CARRIERS = pl.DataFrame(
    {
        "carrier": ["UA", "AA", "DL", "B6", "WN", "EV", "MQ", "9E", "US", "FL", "VX", "AS"],
        "carrier_name": [
            *("United", "American", "Delta", "JetBlue", "Southwest", "ExpressJet"),
            *("Envoy", "Endeavor", "US Airways", "AirTran", "Virgin America", "Alaska"),
        ],
        "alliance": [
            *("Star", "oneworld", "SkyTeam", "none", "none", "Star"),
            *("oneworld", "SkyTeam", "oneworld", "none", "none", "oneworld"),
        ],
    }
)


class Desk(Protocol):
    """Where frames are read from and kept."""

    def read(self, source: Any, /) -> pl.LazyFrame: ...

    def load(self, ref: str, /) -> pl.LazyFrame:
        """The newest frame of a name."""

    def save(self, frame: Any, name: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that the analyst starts from."""

    orders: Path
    late: Path
    """The 1 % of rows that come in later."""

    @classmethod
    def write(cls, folder: Path, rows: int) -> Sources:
        sources = cls(folder / "orders.parquet", folder / "late.parquet")
        data.mixed_frame(rows).write_parquet(sources.orders)
        data.mixed_frame(rows // 100, seed=1).write_parquet(sources.late)
        return sources


@dataclass(frozen=True, slots=True)
class Step:
    """One cell: a frame, and the name that it is saved under."""

    name: str
    what: str
    derive: Callable[[Desk, Sources], Frame]
    again: str = ""
    """For a cell that is run again: what its first run was. The frame is the very same."""
    appends: bool = False
    """The frame is what the name had, with rows behind it."""


@dataclass(slots=True)
class PlainFiles:
    """A desk without a workspace: every frame is a Parquet file of its own, with polars' defaults
    for writing, and a name means the file that it was last written to."""

    folder: Path
    written: list[tuple[str, Path]] = field(default_factory=list)
    """Every save in its order."""

    def read(self, source: Any, /) -> pl.LazyFrame:
        return pl.scan_parquet(source)

    def load(self, ref: str, /) -> pl.LazyFrame:
        return pl.scan_parquet(dict(self.written)[ref])

    def save(self, frame: Any, name: str, /) -> Path:
        path = self.folder / f"{len(self.written):02}-{name}.parquet"
        _eager(frame).write_parquet(path)
        self.written.append((name, path))
        return path


def _eager(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    return frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)


def _gross(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(gross=(pl.col("price") * 1.19).round(2))


def _renamed(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.rename({"at": "ordered_at", "user": "customer"})


def _append(desk: Desk, sources: Sources) -> pl.DataFrame:
    late = _renamed(_gross(desk.read(sources.late)))
    return pl.concat([desk.load("orders").collect(), late.collect()])


def _delivered(desk: Desk, _: Sources) -> pl.LazyFrame:
    return desk.load("orders").filter("delivered")


def _by_customer(desk: Desk, _: Sources) -> pl.LazyFrame:
    return desk.load("orders").sort("customer", "ordered_at", "id")


def _with_carriers(desk: Desk, _: Sources) -> pl.LazyFrame:
    orders = desk.load("delivered")
    return orders.join(_CARRIERS.lazy(), on="carrier", how="left", maintain_order="left")


def _monthly(desk: Desk, _: Sources) -> pl.LazyFrame:
    months = desk.load("with_carriers").group_by(
        "alliance", pl.col("ordered_at").dt.truncate("1mo")
    )
    return months.agg(pl.len(), pl.col("gross").sum().round(2)).sort("alliance", "ordered_at")


def _features(desk: Desk, _: Sources) -> pl.LazyFrame:
    hour = pl.col("ordered_at").dt.hour()
    return desk.load("with_carriers").with_columns(hour=hour, log_price=pl.col("price").log1p())


def _customers(desk: Desk, _: Sources) -> pl.LazyFrame:
    orders = desk.load("features").drop_nulls("customer").group_by("customer")
    return orders.agg(orders=pl.len(), spent=pl.col("gross").sum().round(2)).sort("customer")


def _with_customers(desk: Desk, _: Sources) -> pl.LazyFrame:
    frame, customers = desk.load("features"), desk.load("customers")
    return frame.join(customers, on="customer", how="left", maintain_order="left")


STEPS = (
    Step("orders", "read the source", lambda desk, src: desk.read(src.orders)),
    Step("orders", "add a column", lambda desk, _: _gross(desk.load("orders"))),
    Step("orders", "rename two columns", lambda desk, _: _renamed(desk.load("orders"))),
    Step("orders", "append 1 % of rows", _append, appends=True),
    Step(
        "orders",
        "change a column: no missing scores",
        lambda desk, _: desk.load("orders").with_columns(pl.col("score").fill_null(0.0)),
    ),
    Step("delivered", "filter: 90 % of the rows", _delivered),
    Step("by_customer", "sort", _by_customer),
    Step(
        "slim",
        "drop three columns",
        lambda desk, _: desk.load("delivered").drop("quantity", "ratio", "delivered"),
    ),
    Step("with_carriers", "join a dimension table: two columns", _with_carriers),
    Step("monthly", "group", _monthly),
    Step("delivered", "run again after a restart", _delivered, again="filter: 90 % of the rows"),
    Step("by_customer", "run again", _by_customer, again="sort"),
    Step(
        "with_carriers",
        "run again",
        _with_carriers,
        again="join a dimension table: two columns",
    ),
    Step(
        "with_carriers_pandas",
        "the same frame, through pandas",
        lambda desk, _: desk.load("with_carriers").collect().to_pandas(),
    ),
    Step(
        "sampled",
        "sample 10 %",
        lambda desk, _: desk.load("with_carriers").collect().sample(fraction=0.1, seed=1),
    ),
    Step(
        "ordered",
        "reorder the columns",
        lambda desk, _: desk.load("with_carriers").select(
            "customer", "id", pl.exclude("customer", "id")
        ),
    ),
    Step("features", "add two columns", _features),
    Step(
        "features",
        "change a column: clip prices",
        lambda desk, _: desk.load("features").with_columns(pl.col("price").clip(1, 200)),
    ),
    Step(
        "large",
        "filter: half of the rows",
        lambda desk, _: desk.load("features").filter(pl.col("price") > 20),
    ),
    Step("customers", "group by a quarter of the rows", _customers),
    Step("with_customers", "join the groups back: two columns", _with_customers),
    Step(
        "final",
        "keep and name what the report needs",
        lambda desk, _: desk.load("with_customers").select(
            *("id", "customer", "ordered_at", "gross", "alliance", "orders", "spent"),
            carrier="carrier_name",
        ),
    ),
)
"""22 frames, in their order."""
