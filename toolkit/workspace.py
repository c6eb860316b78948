"""Workspace: what a person holds. It delegates, and holds no logic of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from toolkit.core import dependencies
from toolkit.core.durations import in_seconds
from toolkit.core.errors import InvalidArgumentError
from toolkit.core.hold import Hold
from toolkit.core.parameters import query_arguments
from toolkit.core.per_process import PerProcess
from toolkit.core.places import find_workspace, storage_place
from toolkit.core.types import Artifact, CheckReport, Event, GcReport, HoldRecord, OptimizeReport

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

    from toolkit.analysis.profile import Profile
    from toolkit.core.dependencies import Services
    from toolkit.datasets.capturing import Capturer
    from toolkit.datasets.interfaces import IDatasetReader, IDatasetReaderFactory
    from toolkit.datasets.manifests.version_reader import VersionReader

    ByName = Mapping[str, Any] | None

DEFAULT_GRACE = timedelta(hours=24)


class Workspace:
    """One folder that remembers every frame: a catalog and a store.

    ``path`` is the folder (``.home``). Without it: ``$TOOLKIT_HOME``, else ``.toolkit/`` in the
    current folder or the nearest parent that has one, else a new ``.toolkit/`` here, made at the
    first use. ``storage`` puts the files elsewhere, in a folder or at any fsspec URL
    (``s3://bucket/prefix``); it is remembered. ``storage_options`` go to fsspec and are never
    stored. ``timeout`` is how many seconds to wait while another process uses the catalog.

    References to data are ``"name"`` (newest version), ``"name@3"``, ``"name@tag"``, or the
    Artifact that a save returned. A workspace may be used as a context manager, shared between
    threads, opened many times by many processes, and pickled for a worker, which opens it by path.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        storage: str | os.PathLike[str] | None = None,
        storage_options: Mapping[str, Any] | None = None,
        timeout: float = dependencies.DEFAULT_TIMEOUT,
    ) -> None:
        self.home = find_workspace(path)
        self._storage = None if storage is None else storage_place(storage)
        self._storage_options = dict(storage_options or {})
        self._timeout = in_seconds(timeout, "timeout")
        self._parts = PerProcess(self._assemble)

    def __repr__(self) -> str:
        return f"Workspace({str(self.home)!r})"

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Workspace], tuple[Any, ...]]:
        return _reopen, (str(self.home), self._storage, self._storage_options, self._timeout)

    def close(self) -> None:
        """Give the catalog back. Idempotent; using the workspace again opens it again."""
        if (built := self._parts.take()) is not None:
            built.reads.flush()
            built.query.close()
            built.catalog.close()

    def read(self, source: Any, format: str | None = None, **options: Any) -> pl.LazyFrame:
        """Read Parquet, CSV, JSON lines, Arrow IPC or ORC lazily: a path, glob, folder, URL, bytes,
        an open file, or a list of them. ``storage_options`` are what fsspec is told of its store.
        A frame derived from it knows its source: saving it records the lineage.

        Raises SourceNotFoundError, SourceError."""
        return self._services.datasets.read(source, format, **options)

    def reader(self, source: Any, format: str | None = None, **options: Any) -> IDatasetReader:
        """The reader of a source: schema, count, head, batches, polars and Arrow faces."""
        return self._services.datasets.reader(source, format, **options)

    @cached_property
    def readers(self) -> IDatasetReaderFactory:
        """What ``read`` chooses from: ``readers.register(…)`` adds a format, as long as this object
        lives. One that is pickled for a worker leaves it behind."""
        return dependencies.get_readers(self._storage_options)

    def save(
        self, frame: Any, name: str, *, inputs: Sequence[Any] | None = None, how: str = ""
    ) -> Artifact:
        """Save a frame of any engine as the newest version of ``name``.

        Content that is stored already, under whatever name and from whatever engine, is not written
        again; the newest version of the very name is returned as it is. ``inputs`` (references,
        artifacts, paths) are recorded as lineage, beside those that a lazy frame or a relation of
        ``sql`` shows by itself; ``how`` says what was done. When this returns the frame is durable;
        when it raises nothing was saved (Ctrl-C at the very commit may come after it).

        Raises InvalidNameError, FrameError, UnsupportedTypeError, StorageError and
        CatalogBusyError."""
        return self._services.datasets.save(frame, name, inputs=inputs, how=how)

    def append(self, name: str, frame: Any, *, inputs: Sequence[Any] | None = None) -> Artifact:
        """Save the newest version of ``name`` with the frame's rows behind it, as a new version.

        Only the new rows are written; the earlier files are shared. Appends at once follow each
        other and lose nothing; a large stream that was overtaken raises ConflictError.
        Raises DatasetNotFoundError, SchemaMismatchError, and what ``save`` raises."""
        return self._services.datasets.append(name, frame, inputs=inputs)

    def add(self, source: Any, name: str, *, inputs: Sequence[Any] | None = None) -> Artifact:
        """Keep any file byte for byte: a path, a URL, bytes, or a file opened in binary mode."""
        return self._services.datasets.add(source, name, inputs=inputs)

    @overload
    def load(self, ref: str | Artifact, engine: Literal["polars"] = ...) -> pl.LazyFrame: ...
    @overload
    def load(self, ref: str | Artifact, engine: Literal["arrow"]) -> pa.Table: ...
    @overload
    def load(self, ref: str | Artifact, engine: Literal["pandas"]) -> Any: ...
    @overload
    def load(self, ref: str | Artifact, engine: Literal["reader"]) -> VersionReader: ...

    def load(self, ref: str | Artifact, engine: str = "polars") -> Any:
        """A version as a polars LazyFrame, pyarrow Table, pandas DataFrame, or as a reader.

        The LazyFrame scans the stored files, and nothing is read before it is collected; the reader
        (``count``, ``head``, ``batches``, ``arrow(columns, where)``, any Arrow consumer) streams.
        The others are in memory, with the types (pandas: and the index) that were saved.
        Raises DatasetNotFoundError, FileMissingError, FileChangedError."""
        datasets = self._services.datasets
        engines: Mapping[str, Callable[[str], Any]] = {
            "polars": datasets.scan,
            "arrow": datasets.table,
            "pandas": datasets.pandas,
            "reader": datasets.version_reader,
        }
        if engine not in engines:
            raise InvalidArgumentError(
                f"{engine!r} is not an engine to load with: pass one of {', '.join(engines)}."
            )
        return engines[engine](_ref(ref))

    def sql(
        self, query: str, params: ByName = None, frames: ByName = None, /, **named: object
    ) -> duckdb.DuckDBPyRelation:
        """Run a query over the datasets, and over ``catalog.*``, in DuckDB.

        ``$name`` in the query is bound to ``params["name"]`` or the keyword ``name``, whatever the
        name; a mapping that is passed as ``params=`` has the values. ``frames`` (or a mapping
        passed as ``frames=``) are further tables, which come before datasets of the same name:
        frames of polars, pandas and pyarrow. See ``QueryService.sql``. Raises QueryError."""
        return self._services.query.sql(query, *query_arguments(params, frames, named))

    def interrupt(self) -> None:
        """Stop the queries of ``sql`` that run now: from another thread, or a signal handler."""
        self._services.query.interrupt()

    def sample(
        self,
        ref: str | Artifact,
        *,
        n: int | None = None,
        fraction: float | None = None,
        seed: int = 0,
        by: str | Sequence[str] = (),
        name: str | None = None,
    ) -> Artifact:
        """Save a random sample of a version as a dataset (``<name>_sample``), with lineage: by the
        same seed the same rows; ``by`` stratifies. One pass, bounded memory."""
        return self._services.sampling.sample(
            _ref(ref), n=n, fraction=fraction, seed=seed, by=by, name=name
        )

    def profile(
        self, ref: str | Artifact, *, name: str | None = None, bins: int = 20, top: int = 10
    ) -> Profile:
        """Describe every column of a version: nulls, distinct, quantiles, top values, histogram, as
        HTML in a notebook; ``.frame`` has the figures, saved as ``<name>_profile``."""
        return self._services.profiles.profile(_ref(ref), name=name, bins=bins, top=top)

    def datasets(self) -> pl.DataFrame:
        """A row a dataset: name, kind, versions, newest version, rows, columns, size, tags."""
        return self._services.datasets.datasets()

    def history(self, name: str) -> pl.DataFrame:
        """A row a version of a dataset, oldest first."""
        return self._services.datasets.history(name)

    def diff(self, before: str | Artifact, after: str | Artifact) -> pl.DataFrame:
        """Compare two versions by the digests of their columns: no data is read. A row a column;
        ``status`` is same, changed, renamed, added or removed."""
        return self._services.datasets.diff(_ref(before), _ref(after))

    def lineage(self, ref: str | Artifact) -> pl.DataFrame:
        """What a version was derived from, and that from what: an edge a row, nearest first."""
        return self._services.datasets.lineage(_ref(ref))

    def export(
        self, ref: str | Artifact, path: str | os.PathLike[str], *, overwrite: bool = True
    ) -> Path:
        """Write a version to a ``.parquet`` or ``.csv`` file, complete or not at all."""
        return self._services.datasets.export(_ref(ref), Path(path), overwrite=overwrite)

    def export_sql(
        self, path: str | os.PathLike[str], *, overwrite: bool = True
    ) -> tuple[str, ...]:
        """Write a small DuckDB file with a view per dataset; returns the names of the views."""
        return self._services.query.export_sql(Path(path), overwrite=overwrite)

    def tag(self, ref: str | Artifact, tag: str, *, move: bool = False) -> None:
        """Name a version: ``name@tag`` finds it, and it cannot be dropped while it is tagged. A tag
        that another version has is moved only with ``move=True`` (else HeldError)."""
        self._services.versions.tag(_ref(ref), tag, move=move)

    def untag(self, name: str, tag: str) -> bool:
        """Take a tag away; False when the dataset has no such tag."""
        return self._services.versions.untag(name, tag)

    def hold(self, ref: str | Artifact, reason: str) -> Hold:
        """Protect a version from being dropped, until the hold is released."""
        return self._services.versions.hold(_ref(ref), reason)

    def holds(self) -> tuple[HoldRecord, ...]:
        """Every hold, also those of other processes."""
        return self._services.versions.holds()

    def release(self, hold_id: int) -> bool:
        """Release a hold by its number; False when there is none."""
        return self._services.versions.release(hold_id)

    def drop(self, ref: str | Artifact) -> str:
        """Drop one version and return its reference; its files become garbage when nothing else
        uses them. Raises HeldError while it is tagged or held."""
        return self._services.versions.drop(_ref(ref))

    def gc(self, *, grace: timedelta | float = DEFAULT_GRACE, dry_run: bool = False) -> GcReport:
        """Delete files that no version or hold uses since longer than ``grace``: a timedelta, or
        seconds. Raises InvalidArgumentError for what is no length of time."""
        return self._services.collector.collect(grace=grace, dry_run=dry_run)

    def optimize(
        self, ref: str | Artifact | None = None, *, all: bool = False, budget: int | None = None
    ) -> OptimizeReport:
        """Rewrite a version that lies in several files into one, so that it reads as fast as any
        file. With ``all=True``: the versions that are read often, the most read first, and files
        of which most columns are unused, as long as at most ``budget`` bytes are written.

        The content stays the same, which is proven before anything is changed; files without use
        become garbage. Raises FrameError for a raw file, FileChangedError for changed content."""
        return self._services.datasets.optimize(
            None if ref is None else _ref(ref), all=all, budget=budget
        )

    def path(self, ref: str | Artifact) -> Path:
        """A local file with the version's content, for tools that know nothing of the toolkit.

        The stored file itself where there is one that has exactly the version, else a copy in
        ``cache/``, which keeps the copies that were asked for last (10 GB). Do not change it."""
        return self._services.datasets.path(_ref(ref))

    def du(self) -> pl.DataFrame:
        """A row a dataset: the bytes that only its versions use (dropping them frees these), and
        those that they share with other datasets."""
        return self._services.datasets.du()

    def check(self, *, rehash: bool = True) -> CheckReport:
        """Recount every reference and, with ``rehash``, read every byte. ``.ok`` tells."""
        return self._services.checker.check(rehash=rehash)

    def stats(self) -> pl.DataFrame:
        """One row: datasets, versions, files, bytes stored, bytes that the versions refer to."""
        return self._services.catalog.listing("stats")

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` with every event of this process on this folder, after its commit;
        returns the function that ends it."""
        return self._services.catalog.events.subscribe(listener)

    @property
    def captures(self) -> Capturer:
        """What was captured, for the notebook extension."""
        return self._services.datasets.captures

    @property
    def _services(self) -> Services:
        return self._parts.get()

    def _assemble(self) -> Services:
        return dependencies.assemble(
            self.home,
            storage=self._storage,
            storage_options=self._storage_options,
            readers=self.readers,
            timeout=self._timeout,
        )


def _ref(ref: str | Artifact) -> str:
    return ref.ref if isinstance(ref, Artifact) else ref


def _reopen(
    path: str, storage: str | None, storage_options: Mapping[str, Any], timeout: float
) -> Workspace:
    return Workspace(path, storage=storage, storage_options=storage_options, timeout=timeout)
