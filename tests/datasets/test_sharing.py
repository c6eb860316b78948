"""What a save writes and what it shares, read back file by file without the reading code."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from toolkit.core.dependencies import (
    get_artifact_producer,
    get_catalog,
    get_dataset_service,
    get_storage_backend,
)
from toolkit.core.interfaces import ICatalog
from toolkit.core.types import Artifact
from toolkit.datasets import saving
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS
from toolkit.datasets.service import DatasetService
from toolkit.datasets.sharing import SharingPolicy
from toolkit.storage.services.stored_files import StoredFiles

ALWAYS = SharingPolicy(min_bytes=0, max_files=8, min_gain=1)


class Shop:
    """A dataset service with a policy of its own, and a look below it."""

    def __init__(self, home: Path, policy: SharingPolicy) -> None:
        home.mkdir(exist_ok=True)
        self.catalog: ICatalog = get_catalog(home)
        backend = get_storage_backend(home, catalog=self.catalog)
        reading = get_dataset_service(home, catalog=self.catalog, backend=backend)
        self.backend = backend
        self.service = DatasetService(
            self.catalog,
            StoredFiles(backend, self.catalog),
            reading._readers,
            get_artifact_producer(home, catalog=self.catalog, backend=backend),
            sharing=policy,
        )

    def save(self, frame: object, name: str, **options: object) -> Artifact:
        return self.service.save(frame, name, **options)  # type: ignore[arg-type]

    def fragments(self, artifact: Artifact) -> list[tuple[int, list[tuple[str, ...] | None]]]:
        """Row count and the columns of each file, for every fragment."""
        with self.catalog.transaction() as tx:
            manifest = tx.versions.manifest(artifact.id)
        return [(part.rows, [file.columns for file in part.files]) for part in manifest]

    def read(self, artifact: Artifact) -> pl.DataFrame:
        """The version, put together from its files one by one."""
        with self.catalog.transaction() as tx:
            manifest = tx.versions.manifest(artifact.id)
        parts = []
        for fragment in manifest:
            columns: dict[str, pl.Series] = {}
            for part in fragment.files:
                frame = pl.read_parquet(self.backend.locate(part.file.key).path, glob=False)
                if part.offset is None:
                    assert frame.height == fragment.rows
                frame = frame.slice(part.offset or 0, fragment.rows)
                if part.columns is None:
                    assert frame.columns == list(artifact.columns)
                for name, held in zip(
                    artifact.columns, part.columns or artifact.columns, strict=True
                ):
                    if held is not None:
                        assert name not in columns
                        columns[name] = frame[held].alias(name)
            parts.append(pl.DataFrame([columns[name] for name in artifact.columns]))
        return pl.concat(parts)

    def check(self) -> None:
        with self.catalog.transaction() as tx:
            counts = {file.id: file.ref_count for file in tx.files.all()}
            assert counts == tx.files.recount()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", ALWAYS)
    yield made
    made.check()
    made.catalog.close()


ROWS = 1000
BASE = pl.DataFrame(
    {
        "a": range(ROWS),
        "b": [f"text {i % 7}" for i in range(ROWS)],
        "c": [None if i % 3 == 0 else i / 7 for i in range(ROWS)],
    }
)


@pytest.fixture
def base(shop: Shop) -> Artifact:
    return shop.save(BASE, "base")


DERIVED: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], list[str]]] = {
    "a column added": (lambda f: f.with_columns(d=pl.col("a") * 2), ["d"]),
    "a column changed": (lambda f: f.with_columns(a=pl.col("a") + 1), ["a"]),
    "a column renamed": (lambda f: f.rename({"a": "z"}), []),
    "a column dropped": (lambda f: f.drop("b"), []),
    "a column copied": (lambda f: f.with_columns(copy=pl.col("b")), []),
    "columns reordered": (lambda f: f.select("c", "a", "b"), []),
    "names swapped": (lambda f: f.rename({"a": "b", "b": "a"}), []),
    "a column of another type": (lambda f: f.with_columns(pl.col("a").cast(pl.Int32)), ["a"]),
    "everything new": (lambda f: f.select(pl.all().reverse()), ["a", "b", "c"]),
}


@pytest.mark.parametrize("case", DERIVED)
@pytest.mark.parametrize("form", ["polars", "arrow", "stream", "arrow stream"])
def test_only_columns_that_are_new_are_written(
    shop: Shop, base: Artifact, case: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", 0)
    derive, new = DERIVED[case]
    frame = derive(BASE)
    forms: dict[str, Callable[[], object]] = {
        "polars": lambda: frame,
        "arrow": frame.to_arrow,
        "stream": frame.lazy,
        "arrow stream": lambda: frame.to_arrow().to_reader(),
    }
    saved = shop.save(forms[form](), "derived")
    assert shop.read(saved).equals(frame)
    own = [file for file in saved.files if not file.deduplicated]
    assert len(own) == bool(new)
    for file in own:
        assert pl.read_parquet_schema(file.uri).names() == new
    assert saved.new_bytes == sum(file.byte_size for file in own)
    assert saved.deduplicated == (not new)
    assert saved.fingerprint == shop.save(frame, "derived").fingerprint


def test_a_chain_of_derivations_finds_columns_wherever_they_lie(shop: Shop, base: Artifact) -> None:
    frame = BASE
    for step in range(6):
        frame = frame.with_columns((pl.col("a") * (step + 2)).alias(f"n{step}"))
        saved = shop.save(frame, "chain")
        assert [len(columns) for _, columns in shop.fragments(saved)] == [step + 2]
    assert shop.read(saved).equals(frame)


def test_a_frame_over_too_many_files_is_written_whole(shop: Shop, base: Artifact) -> None:
    frame = BASE
    counts = []
    for step in range(9):
        frame = frame.with_columns((pl.col("a") * (step + 2)).alias(f"n{step}"))
        saved = shop.save(frame, "chain")
        counts.append(len(saved.files))
    assert counts == [2, 3, 4, 5, 6, 7, 8, 1, 2]
    assert shop.read(saved).equals(frame)


def test_small_frames_are_written_whole(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", SharingPolicy(min_gain=1))
    shop.save(BASE, "base")
    saved = shop.save(BASE.with_columns(d=pl.col("a") * 2), "derived")
    assert shop.fragments(saved) == [(ROWS, [None])]
    shop.catalog.close()


def test_a_column_that_saves_next_to_nothing_is_written_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", SharingPolicy(min_bytes=0, min_gain=2_000))
    rows = 100_000
    frame = pl.DataFrame({"constant": [7] * rows, "busy": range(rows)})
    shop.save(frame, "base")
    alone = shop.save(frame.select("constant", busy=pl.col("busy").reverse()), "derived")
    assert shop.fragments(alone) == [(rows, [None])]
    together = shop.save(frame.with_columns(new=pl.col("busy").reverse() * 2), "both")
    assert len(together.files) == 2
    shop.catalog.close()


@pytest.mark.parametrize("known", [500, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 700])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_frame_that_begins_with_a_stored_version_costs_its_new_rows(
    shop: Shop, known: int, lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "STREAM_BUFFER", 0)
    rows = known + 900
    whole = pl.DataFrame({"a": range(rows), "b": [i % 11 for i in range(rows)]})
    old = shop.save(whole.head(known), "old")
    saved = shop.save(whole.lazy() if lazy else whole, "longer", inputs=[old])
    assert [count for count, _ in shop.fragments(saved)] == [known, 900]
    assert shop.read(saved).equals(whole)
    (own,) = (file for file in saved.files if not file.deduplicated)
    assert pl.read_parquet(own.uri).equals(whole.tail(900))


def test_the_newest_version_of_the_name_is_found_without_being_told(shop: Shop) -> None:
    shop.save(BASE.head(600), "log")
    shop.save(BASE.head(800), "log")
    saved = shop.save(BASE, "log")
    assert [count for count, _ in shop.fragments(saved)] == [600, 200, 200]
    assert shop.read(saved).equals(BASE)


def test_rows_that_only_look_like_the_beginning_are_written(shop: Shop) -> None:
    old = shop.save(BASE.head(600), "old")
    other = BASE.with_columns(a=pl.when(pl.col("a") == 599).then(-1).otherwise(pl.col("a")))
    saved = shop.save(other, "other", inputs=[old])
    assert [count for count, _ in shop.fragments(saved)] == [ROWS]
    assert shop.read(saved).equals(other)


def test_columns_and_rows_are_shared_at_once(shop: Shop) -> None:
    appended = shop.service.append(shop.save(BASE.head(600), "log").name, BASE.tail(400))
    derived = shop.save(BASE.with_columns(d=pl.col("a") * 2), "derived")
    assert [count for count, _ in shop.fragments(derived)] == [600, 400]
    assert shop.read(derived).equals(BASE.with_columns(d=pl.col("a") * 2))
    (own,) = (file for file in derived.files if not file.deduplicated)
    assert pl.read_parquet(own.uri).columns == ["d"]
    longer = pl.concat([BASE.with_columns(d=pl.col("a") * 2)] * 2)
    assert shop.read(shop.save(longer, "longer", inputs=[derived])).equals(longer)
    assert appended.rows == ROWS


def test_types_that_only_arrow_has_are_written_whole(shop: Shop) -> None:
    table = pa.table({"t": pa.array([1, 2], pa.time32("s")), "x": [1, 2]})
    shop.save(table, "base")
    saved = shop.save(table.append_column("y", [[3, 4]]), "derived")
    assert all(columns == [None] for _, columns in shop.fragments(saved))


def test_a_file_that_is_gone_is_not_shared(shop: Shop, base: Artifact) -> None:
    Path(base.files[0].uri).unlink()
    frame = BASE.with_columns(d=pl.col("a") * 2)
    saved = shop.save(frame, "derived")
    assert shop.read(saved).equals(frame)


def test_a_version_with_lost_files_is_mended_by_saving_its_content_again(shop: Shop) -> None:
    shop.save(BASE.head(600), "log")
    appended = shop.service.append("log", BASE.tail(400))
    held = shop.save(BASE.with_columns(d=pl.col("a") * 2), "derived")
    Path(appended.files[0].uri).unlink()
    again = shop.save(BASE, "log")
    assert (again.ref, again.deduplicated, again.new_bytes > 0) == ("log@2", False, True)
    assert shop.read(again).equals(BASE)
    shop.check()
    mended = shop.save(BASE.with_columns(d=pl.col("a") * 2), "derived")
    assert mended.ref == held.ref
    assert shop.read(mended).equals(BASE.with_columns(d=pl.col("a") * 2))


def test_a_file_collected_between_the_look_and_the_save_is_written_again(
    shop: Shop, base: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = saving.Sharer.plan

    def overtaken(self: saving.Sharer, *arguments: object) -> object:
        planned = plan(self, *arguments)  # type: ignore[arg-type]
        with shop.catalog.transaction() as tx:
            tx.versions.drop(base.id)
            (file,) = tx.files.unreferenced()
            tx.query("UPDATE files SET state = 'deleting' WHERE id = ?", (file.id,))
        return planned

    monkeypatch.setattr(saving.Sharer, "plan", overtaken)
    frame = BASE.with_columns(d=pl.col("a") * 2)
    saved = shop.save(frame, "derived")
    assert shop.fragments(saved) == [(ROWS, [None])]
    assert shop.read(saved).equals(frame)
    assert saved.new_bytes == saved.byte_size


def test_an_empty_version_leaves_no_reference_behind_when_rows_are_appended(shop: Shop) -> None:
    shop.save(BASE.clear(), "log")
    saved = shop.service.append("log", BASE)
    assert shop.fragments(saved) == [(ROWS, [None])]
    assert shop.read(saved).equals(BASE)


STEP = st.sampled_from(["add", "change", "rename", "drop", "reorder", "copy", "concat", "filter"])


@settings(deadline=None, max_examples=15)
@given(st.lists(STEP, min_size=1, max_size=8), st.booleans())
def test_any_chain_of_steps_reads_back_as_it_was(steps: list[str], lazy: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "STREAM_BUFFER", 0)
        shop = Shop(Path(folder) / "shop", ALWAYS)
        frame = BASE.head(50)
        before = shop.save(frame, "step")
        for number, step in enumerate(steps):
            first, last = frame.columns[0], frame.columns[-1]
            frame = {
                "add": lambda f, n=number: f.with_columns((pl.row_index() * n).alias(f"n{n}")),
                "change": lambda f, c=first: f.with_columns(pl.col(c).reverse()),
                "rename": lambda f, c=first, n=number: f.rename({c: f"r{n}"}),
                "drop": lambda f, c=last: f.drop(c) if f.width > 1 else f,
                "reorder": lambda f: f.select(f.columns[::-1]),
                "copy": lambda f, c=first, n=number: f.with_columns(pl.col(c).alias(f"c{n}")),
                "concat": lambda f: pl.concat([f, f.head(5)]),
                "filter": lambda f: f.filter(pl.row_index() % 2 == 0),
            }[step](frame)
            before = shop.save(frame.lazy() if lazy else frame, "step", inputs=[before])
            assert shop.read(before).equals(frame)
        shop.check()
        shop.catalog.close()


def test_two_workspaces_objects_see_each_others_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": range(300_000), "y": [i * 7919 % 300_007 for i in range(300_000)]})
    with tk.Workspace(tmp_path / "w") as one, tk.Workspace(tmp_path / "w") as two:
        one.save(frame, "base")
        derived = two.save(frame.with_columns(z=pl.col("y") * 3), "derived")
        assert derived.new_bytes < derived.byte_size / 2


def test_128_bit_integers_are_shared_like_other_columns(shop: Shop) -> None:
    frame = pl.DataFrame({"wide": [2**100 + i for i in range(ROWS)]}, schema={"wide": pl.Int128})
    shop.save(frame, "base")
    derived = frame.with_columns(narrow=pl.row_index())
    saved = shop.save(derived, "derived")
    assert len(saved.files) == 2
    assert shop.read(saved).equals(derived)
