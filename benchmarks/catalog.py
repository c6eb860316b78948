"""A catalog that names a million files, against an empty one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import toolkit as tk
from benchmarks import data
from benchmarks.report import Figure
from benchmarks.sizes import Sizes
from benchmarks.timing import Action, Pair, interleaved, pairs, timed
from toolkit.core.dependencies import CATALOG_FILE, get_catalog

_DATASETS = 10_000
_COLUMNS = 2
_SAMPLED = "catalog_sample"

# Every statement draws from the catalog's own sequences: saves that follow get free numbers.
_FILL = (
    """
    INSERT INTO files
    SELECT nextval('file_ids'), 'blake3:' || sha256('file' || i), 'objects/' || sha256('key' || i),
        1000 + i % 5000, 'application/vnd.apache.parquet', CASE WHEN i % 100 = 0 THEN 0 ELSE 1 END,
        'ready', '', now() - INTERVAL 30 DAY,
        CASE WHEN i % 100 = 0 THEN now() - INTERVAL 2 DAY END
    FROM range({files}) AS numbers(i)
    """,
    """
    INSERT INTO datasets
    SELECT nextval('dataset_ids'), 'dataset_' || i, 'dataset_' || i, {files} // {datasets}, now()
    FROM range({datasets}) AS numbers(i)
    """,
    """
    INSERT INTO versions
    SELECT nextval('version_ids'), d.id, n.number + 1, 'frame',
        sha256(d.name || '@' || n.number), 1000, 1000, ''::BLOB, '{{}}', '', now(), 1000
    FROM datasets d, range({files} // {datasets}) AS n(number) WHERE d.name LIKE 'dataset_%'
    """,
    """
    INSERT INTO version_files (version_id, fragment, rows, file_id)
    SELECT v.id, 0, 1000, f.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM versions) v
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM files WHERE ref_count > 0) f
    USING (place)
    """,
    """
    INSERT INTO columns
        (version_id, ordinal, name, type, digest, null_count, block_digests, byte_size)
    SELECT v.id, c.ordinal, 'column_' || c.ordinal, 'int64',
        unhex(sha256(v.id || '/' || c.ordinal)), 0, ''::BLOB, 100
    FROM versions v, range({columns}) AS c(ordinal)
    """,
)


def measure(sizes: Sizes, folder: Path) -> Iterator[Figure]:
    """Every figure of this group.

    ``gc`` is a dry run; the rows have no objects behind them, so that listing the store, whose
    cost is the file system's, takes no part in it.
    """
    empty = tk.Workspace(folder / "empty")
    full = tk.Workspace(folder / "full")
    for workspace in (empty, full):
        workspace.save(data.small_frame(0), _SAMPLED)
    _fill(full, sizes.catalog_files)
    for workspace in (empty, full):
        for number in range(5):
            workspace.save(data.small_frame(number), f"warm_{number}")
    what = f"catalog of {sizes.catalog_files:,} files"
    actions: dict[str, Callable[[tk.Workspace], Callable[[int], Action]]] = {
        "save": _save,
        "load": _load,
        "look-up": _look_up,
    }
    for name, action in actions.items():
        pair = pairs(action(empty), action(full), sizes.small_repeats, settle=False)
        yield Figure(f"{what}: {name}", pair.ratio, 1.5, "×", "an empty catalog", pair.text())
    yield _idle(empty, full, what)
    full.gc(dry_run=True)
    scan = min(timed(lambda: full.gc(dry_run=True)) for _ in range(sizes.repeats))
    size = (full.home / CATALOG_FILE).stat().st_size
    yield Figure(
        f"{what}: gc scan", scan, 1, "s", "dry run, 1 % garbage", f"{size / 2**20:.0f} MiB of file"
    )
    for workspace in (empty, full):
        workspace.close()


def _save(workspace: tk.Workspace) -> Callable[[int], Action]:
    def prepare(number: int) -> Action:
        frame = data.small_frame(1_000 + number)
        return lambda: workspace.save(frame, f"saved_{number}")

    return prepare


def _load(workspace: tk.Workspace) -> Callable[[int], Action]:
    return lambda _: lambda: workspace.load(_SAMPLED)


def _look_up(workspace: tk.Workspace) -> Callable[[int], Action]:
    (file,) = workspace.save(data.small_frame(0), _SAMPLED).files
    catalog = get_catalog(workspace.home)

    def look_up() -> None:
        with catalog.transaction() as transaction:
            if transaction.files.by_hash(file.content_hash) is None:
                raise AssertionError("The file that is looked up is not in the catalog.")

    return lambda _: look_up


def _idle(empty: tk.Workspace, full: tk.Workspace, what: str) -> Figure:
    """A load after a pause, in which the catalog was given back and must be opened again."""

    def after_pause(workspace: tk.Workspace) -> Callable[[int], Action]:
        def prepare(_: int) -> Action:
            time.sleep(0.2)
            return lambda: workspace.load(_SAMPLED)

        return prepare

    steps = {"base": after_pause(empty), "ours": after_pause(full)}
    seconds = interleaved(steps, 7, settle=False)
    pair = Pair(seconds["base"], seconds["ours"])
    against = "an empty catalog, both opened again after a pause"
    return Figure(f"{what}: load after a pause", pair.ratio, 1.5, "×", against, pair.text())


def _fill(workspace: tk.Workspace, files: int) -> None:
    values = {"files": files, "datasets": min(_DATASETS, files), "columns": _COLUMNS}
    with get_catalog(workspace.home).transaction() as transaction:
        for statement in _FILL:
            transaction.query(statement.format(**values))
