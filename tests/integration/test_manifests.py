"""Whatever is done to a workspace, every version stays what it was, through every face."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import toolkit as tk
from toolkit.datasets.fingerprint.tree import frame_fingerprint
from toolkit.datasets.frames.accept import accept
from toolkit.datasets.sharing import SharingPolicy

ROWS = 60
ALWAYS = SharingPolicy(min_bytes=0, max_files=4, min_gain=1)


def fingerprint(frame: pl.DataFrame | pa.Table) -> str:
    source = accept(frame)
    return frame_fingerprint(source.hash(), source.rows, source.extras.identity)


def faces(
    ws: tk.Workspace, ref: str, folder: Path
) -> Iterator[tuple[str, pl.DataFrame | pa.Table]]:
    """The version as every engine reads it."""
    lazy = ws.load(ref)
    yield "polars, eager", lazy.collect()
    yield "polars, streaming", lazy.collect(engine="streaming")
    yield (
        "polars, in batches",
        pl.concat(
            [lazy.clear().collect(), *lazy.collect_batches(chunk_size=7, maintain_order=True)]
        ),
    )
    yield (
        "polars, a column at a time",
        pl.concat(
            [lazy.select(name).collect() for name in lazy.collect_schema()], how="horizontal"
        ),
    )
    yield (
        "polars, rows in two halves",
        pl.concat([lazy.slice(0, 31).collect(), lazy.slice(31).collect()]),
    )
    yield "arrow", ws.load(ref, "arrow")
    batches = ws._services.datasets.batches(ref, 11)
    yield (
        "arrow, in batches",
        pa.Table.from_batches(list(batches), ws._services.datasets.schema(ref)),
    )
    yield "duckdb", ws.sql(f'SELECT * FROM "{ref}"').pl()
    yield "exported", pl.read_parquet(ws.export(ref, folder / "out.parquet"), glob=False)
    yield "plain file", pl.read_parquet(ws.path(ref), glob=False)


def base(seed: int) -> pl.DataFrame:
    chance = random.Random(seed)
    return pl.DataFrame(
        {
            "n": [chance.randrange(1 << 60) for _ in range(ROWS)],
            "t": [chance.choice(["", "ä", "text", None]) for _ in range(ROWS)],
            "x": [chance.choice([None, 0.0, -1.5, 1e300]) for _ in range(ROWS)],
            "flag": [chance.random() < 0.5 for _ in range(ROWS)],
        }
    )


DERIVE: dict[str, Callable[[pl.DataFrame, int], pl.DataFrame]] = {
    "add": lambda f, n: f.with_columns(((pl.row_index() * (n + 1)) % 17).alias(f"new_{n}")),
    "change": lambda f, n: f.with_columns(pl.col(f.columns[n % f.width]).reverse()),
    "rename": lambda f, n: f.rename({f.columns[n % f.width]: f"renamed_{n}"}),
    "drop column": lambda f, n: f.drop(f.columns[n % f.width]) if f.width > 1 else f,
    "reorder": lambda f, n: f.select(f.columns[::-1]),
    "copy": lambda f, n: f.with_columns(pl.col(f.columns[n % f.width]).alias(f"copy_{n}")),
    "longer": lambda f, n: pl.concat([f, f.head(n % 9 + 1)]),
    "filter": lambda f, n: f.filter(pl.row_index() % 3 != n % 3),
}
UPKEEP = ["append", "drop", "optimize", "optimize all", "gc"]
STEPS = st.lists(
    st.tuples(st.sampled_from([*DERIVE, *UPKEEP]), st.integers(0, 50)), min_size=3, max_size=14
)


@settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, seed=st.integers(0, 1000), lazy=st.booleans())
def test_any_sequence_of_steps_keeps_every_version(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], seed: int, lazy: bool
) -> None:
    folder = tmp_path_factory.mktemp("manifests")
    with tk.Workspace(folder / "workspace") as ws, pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.datasets.saving.STREAM_BUFFER", 0)
        patch.setattr("toolkit.datasets.upkeep.optimizing.OFTEN", 1)
        ws._services.datasets._saver._sharer.policy = ALWAYS
        expected = {ws.save(base(seed), "step").ref: base(seed)}
        for step, number in steps:
            if not expected:
                break
            ref = list(expected)[number % len(expected)]
            frame = expected[ref]
            if step in DERIVE:
                derived = DERIVE[step](frame, number)
                saved = ws.save(derived.lazy() if lazy else derived, "step", inputs=[ref])
                expected[saved.ref] = derived
            elif step == "append":
                newest = ws.save(frame, f"log_{number % 3}")
                expected[newest.ref] = frame
                saved = ws.append(newest.name, frame.head(5))
                expected[saved.ref] = pl.concat([frame, frame.head(5)])
            elif step == "drop":
                ws.drop(ref)
                del expected[ref]
            elif step == "optimize":
                ws.optimize(ref)
            elif step == "optimize all":
                ws.load(ref)
                ws.optimize(all=True)
            else:
                ws.gc(grace=timedelta(0))
        report = ws.check()
        assert report.ok, report.problems
        for ref, frame in expected.items():
            wanted = fingerprint(frame)
            for face, read in faces(ws, ref, folder):
                assert fingerprint(read) == wanted, (ref, face)


def test_several_steps_really_share_files(tmp_path: Path) -> None:
    with tk.Workspace(tmp_path / "workspace") as ws:
        ws._services.datasets._saver._sharer.policy = ALWAYS
        frame = base(1)
        for step in ("add", "rename", "longer", "copy", "drop column", "reorder"):
            frame = DERIVE[step](frame, 1)
            ws.save(frame, "step")
        assert ws.stats()["logical_bytes"].item() > 1.5 * ws.stats()["stored_bytes"].item()
