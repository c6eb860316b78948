"""The reader protocols: one lazy view of a source, whatever its format and place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.dataset as pads


class IDatasetReader(Protocol):
    """A table in files, read when it is asked for.

    Guarantees of every reader:

    * Making one opens no file that has a known suffix; each method reads what it needs, again at
      each call. Schema and dialect are remembered: the files must not change under a reader.
    * All faces give the same columns, types and rows in the same order: files in the order of
      ``sources``, rows in the order of the file.
    * What is wrong with a source is a SourceError (SourceNotFoundError when it is gone) that names
      it. Footers, headers and the agreement of several files are checked when a method is called;
      damage further inside a file shows when the rows are read. A LazyFrame runs outside of the
      reader, so such damage reaches its user as the engine's own error.
    """

    @property
    def sources(self) -> tuple[str, ...]:
        """The files as absolute paths or full URLs, without credentials: what lineage records.

        An open file goes by the path that it was opened by; what has none is called by its kind,
        ``<bytes>``, of several ``<bytes #2>``."""

    def schema(self) -> pa.Schema:
        """The Arrow schema of every Arrow face. Reads footers, or the beginning of text files.

        Raises SourceError, also when a column has a type that Arrow does not have."""

    def polars(self) -> pl.LazyFrame:
        """A lazy scan. Projection, and predicates where the format has a use for them, reach the
        files. Raises SourceError."""

    def arrow(self) -> pads.Dataset | pa.RecordBatchReader:
        """A dataset where the format has random access, else a stream that can be read once.

        Raises SourceError."""

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """The rows in batches of at most ``size`` rows, in bounded memory.

        Raises InvalidArgumentError for a size below 1, SourceError."""

    def count(self) -> int:
        """Number of rows. Raises SourceError."""

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows. Raises InvalidArgumentError for a negative n, SourceError."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule stream: any Arrow consumer takes the reader as it is."""


class IDatasetReaderFactory(Protocol):
    """Chooses the reader for a source."""

    def reader(
        self,
        source: Any,
        format: str | None = None,
        *,
        storage_options: Mapping[str, Any] | None = None,
        max_unpacked: int | None = None,
        **options: Any,
    ) -> IDatasetReader:
        """A reader of a path, glob, folder, URL, bytes, an open file, or a list of them.

        A URL is any that fsspec knows: ``file://``, ``s3://``, ``gs://``, ``az://``, ``http(s)://``
        (a server needs neither ranges nor sizes; a URL that ends in "/" is a folder if its page has
        links), ``memory://``, or a chain such as ``zip://member.csv::s3://bucket/archive.zip``.

        Open files are read in binary mode from where they stand, as polars and pandas do; they are
        left there, never closed, and must stay open as long as the reader is used. One that cannot
        seek is copied to a temporary file at the first read. ``bytes`` are content, never a path.

        gzip, zstd, bzip2 and xz are unpacked, and so is a zip archive with one file that is data:
        by content, in bounded memory. Formats that need random access are unpacked to a temporary
        file.

        ``format`` is a registered name; None decides by suffix, else by content.
        ``storage_options`` go to fsspec, and are then all that it gets; in a chain they are those
        of its last URL.
        ``max_unpacked`` is how many bytes one packed file may unpack to: by default 1 GiB, or 250
        times its size where that is more. All other ``options`` are those of the format's reader.

        Raises SourceNotFoundError at once when there is nothing to read, with the nearest match;
        SourceError when the format cannot be told; InvalidArgumentError for an unknown format,
        option or URL protocol."""

    def register(
        self,
        name: str,
        suffixes: tuple[str, ...],
        sniff: Callable[[bytes], bool],
        cls: Callable[..., IDatasetReader],
    ) -> None:
        """Add a format, or replace the one of this name.

        ``suffixes`` are lower case with their dot; ``sniff`` tells from the first 4 KiB of a file,
        unpacked, whether it has the format; ``cls`` is called with the resolved source and the
        options of ``reader``. Later formats are asked first."""
