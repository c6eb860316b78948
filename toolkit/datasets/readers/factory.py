"""Chooses the reader class for a source: a mapping from suffix or content to format."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.datasets.interfaces import IDatasetReader
from toolkit.datasets.readers.columnar.arrow_files import ArrowDatasetReader, looks_like_arrow
from toolkit.datasets.readers.columnar.orc import ORCDatasetReader, looks_like_orc
from toolkit.datasets.readers.csv.reader import CSVDatasetReader, looks_like_csv
from toolkit.datasets.readers.failures import reading
from toolkit.datasets.readers.json_lines import JSONLinesDatasetReader, looks_like_json_lines
from toolkit.datasets.readers.packing.codecs import MAGIC_BYTES, codec_of
from toolkit.datasets.readers.packing.limits import UnpackLimits
from toolkit.datasets.readers.packing.text import first_bytes, prefix
from toolkit.datasets.readers.packing.unpacking import unpacked
from toolkit.datasets.readers.parquet import ParquetDatasetReader, looks_like_parquet
from toolkit.datasets.readers.sources import ResolvedSource, resolve
from toolkit.datasets.readers.sources.places import StorageOptions
from toolkit.datasets.readers.sources.spooling import SpoolingFileSystem
from toolkit.datasets.readers.sources.web import web_name
from toolkit.datasets.readers.unsupported import unsupported_kind

SNIFF_BYTES = 4096
_PACKED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz", ".zip")
_RANDOM_ACCESS = frozenset({"arrow", "orc", "parquet"})
"""Formats that are not read in order: packed files of them are unpacked to a temporary file."""


@dataclass(frozen=True, slots=True)
class ReaderFormat:
    """A format that the factory knows."""

    name: str
    suffixes: tuple[str, ...]
    """Lower case, with their dot."""
    sniff: Callable[[bytes], bool]
    """Tells from the first bytes of a file, unpacked, whether it has the format."""
    cls: Callable[..., IDatasetReader]
    """Called with the resolved source and the options of ``reader``."""


class DatasetReaderFactory:
    """See IDatasetReaderFactory. ``storage_options`` go to fsspec for the URLs of every store that
    is read without options of its own; never to web servers."""

    def __init__(self, storage_options: Mapping[str, Any] | None = None) -> None:
        self._storage_options = dict(storage_options or {})
        self._formats: dict[str, ReaderFormat] = {}
        # Text is what is left when nothing more specific answers: later formats are asked first.
        self.register(
            "csv", (".csv", ".tsv", ".tab", ".psv", ".txt"), looks_like_csv, CSVDatasetReader
        )
        self.register(
            "jsonl", (".jsonl", ".ndjson", ".json"), looks_like_json_lines, JSONLinesDatasetReader
        )
        self.register("orc", (".orc",), looks_like_orc, ORCDatasetReader)
        self.register(
            "arrow", (".arrow", ".arrows", ".ipc", ".feather"), looks_like_arrow, ArrowDatasetReader
        )
        self.register(
            "parquet", (".parquet", ".parq", ".pq"), looks_like_parquet, ParquetDatasetReader
        )

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of the formats, in the order of their registration."""
        return tuple(self._formats)

    def register(
        self,
        name: str,
        suffixes: tuple[str, ...],
        sniff: Callable[[bytes], bool],
        cls: Callable[..., IDatasetReader],
    ) -> None:
        self._formats.pop(name, None)
        self._formats[name] = ReaderFormat(name, tuple(suffixes), sniff, cls)

    def reader(
        self,
        source: Any,
        format: str | None = None,
        *,
        storage_options: Mapping[str, Any] | None = None,
        max_unpacked: int | None = None,
        **options: Any,
    ) -> IDatasetReader:
        if not isinstance(storage_options, Mapping | None):
            # They may be a secret, which no message shows.
            raise InvalidArgumentError(
                f"storage_options is a {type(storage_options).__name__}: pass a mapping of what "
                "fsspec is told of the place, {'key': value}."
            )
        chosen = None if format is None else self._named(format)
        resolved = resolve(
            source,
            StorageOptions(storage_options, self._storage_options),
            select=partial(self._select, chosen=chosen),
            limits=UnpackLimits(max_unpacked),
        )
        found = chosen or self._by_suffix(resolved) or self._by_content(resolved)
        _require_options(found, options)
        if found.name in _RANDOM_ACCESS and self._packed(resolved):
            resolved = _unpacked(resolved)
        return found.cls(resolved, **options)

    def _named(self, name: str) -> ReaderFormat:
        try:
            return self._formats[name]
        except KeyError:
            raise InvalidArgumentError(
                f"format={name!r} is not a format. Known formats: {', '.join(self._formats)}."
            ) from None

    def _select(self, paths: Sequence[str], *, chosen: ReaderFormat | None) -> Sequence[str]:
        """The data files of a folder: those with a suffix of the format, or of any format."""
        if chosen is None:
            return [path for path in paths if self._of_suffix(path)]
        return [path for path in paths if self._of_suffix(path) is chosen] or paths

    def _of_suffix(self, path: str) -> ReaderFormat | None:
        name = web_name(path).lower()
        for packed in _PACKED:
            name = name.removesuffix(packed)
        return next(
            (found for found in self._formats.values() if name.endswith(found.suffixes)), None
        )

    def _packed(self, source: ResolvedSource) -> bool:
        """Whether files are packed: by their suffix, or by content where it does not tell."""
        for path, url in zip(source.paths, source.urls, strict=True):
            if web_name(path).lower().endswith(_PACKED):
                return True
            if self._of_suffix(path) is None:
                with reading(url, "Pass it unpacked.", remote=source.remote):
                    if codec_of(first_bytes(source, path, MAGIC_BYTES)) is not None:
                        return True
        return False

    def _by_suffix(self, source: ResolvedSource) -> ReaderFormat | None:
        found = {known.name for path in source.paths if (known := self._of_suffix(path))}
        if len(found) > 1:
            raise SourceError(
                f"{source.given} holds files of several formats: {', '.join(sorted(found))}. "
                "Pass format=… for the files of one of them in a folder, or a glob such as *.csv."
            )
        # Files without a suffix of their own go along with the others.
        return self._formats[found.pop()] if found else None

    def _by_content(self, source: ResolvedSource) -> ReaderFormat:
        path, url = source.paths[0], source.urls[0]
        with reading(url, "Pass format=… to say what it is.", remote=source.remote):
            head = prefix(source, path, SNIFF_BYTES)
        for known in reversed(self._formats.values()):
            if known.sniff(head):
                return known
        unsupported = unsupported_kind(head, url)
        if unsupported is not None:
            raise SourceError(f"{url} is {unsupported}.")
        raise SourceError(
            f"{url} is empty or has no known format. Pass format=… as one of "
            f"{', '.join(self._formats)} if it is one of them."
        )


def _unpacked(source: ResolvedSource) -> ResolvedSource:
    """The source with random access to the content of packed files."""

    def opened(path: str) -> Any:
        return filesystem.open(path, cache_type="none")

    filesystem = SpoolingFileSystem(partial(unpacked, source), opened)
    return replace(source, filesystem=filesystem)


def _require_options(found: ReaderFormat, options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(found.cls).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    known = [*list(parameters)[1:], "storage_options", "max_unpacked"]
    for name in options:
        if name not in known:
            raise InvalidArgumentError(
                f"The {found.name} format has no option {name!r}{_instead(found, name, known)} "
                f"Its options: {', '.join(known)}."
            )


def _instead(found: ReaderFormat, name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an option that is none."""
    elsewhere = getattr(found.cls, "other_names", {}).get(name)
    if elsewhere is not None:
        return f": {elsewhere}."
    near = difflib.get_close_matches(name, known, n=1)
    return f". Did you mean {near[0]!r}?" if near else "."
