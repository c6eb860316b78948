"""Writing Parquet: zstd level 1, statistics, row groups of 131,072 rows, in one streaming pass."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, TypedDict

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.core.errors import StorageError, ToolkitError
from toolkit.core.io_sources import Request, lazy_frame
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS
from toolkit.datasets.frames.blocks import arrow_fields

_PANDAS = "pandas"
_ARROW_SCHEMA = "ARROW:schema"
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


Target: TypeAlias = "Path | BinaryIO"
"""Where a file is written: a path, or a binary file that is written from its beginning."""


class _Options(TypedDict):
    compression: Literal["zstd"]
    compression_level: int
    row_group_size: int
    statistics: bool


_OPTIONS: _Options = {
    "compression": "zstd",
    "compression_level": 1,
    "row_group_size": BLOCK_ROWS,
    "statistics": True,
}


def write_polars(frame: pl.DataFrame, target: Target, pandas: str) -> None:
    """Write a DataFrame; ``pandas`` is pandas' description of it, kept as file metadata."""
    with _writing(target):
        frame.write_parquet(target, **_OPTIONS, metadata=_metadata(frame.schema, pandas))


def write_polars_blocks(schema: pl.Schema, blocks: Iterator[pl.DataFrame], target: Target) -> None:
    """Write frames of BLOCK_ROWS rows as they come. An error of theirs is raised as it was."""
    failure: list[BaseException] = []

    def source(_: Request) -> Iterator[pl.DataFrame]:
        # A sink asks for all of it.
        try:
            yield from blocks
        except GeneratorExit:
            # The engine gave up for a reason of its own (an interrupt, a full disk): raise that.
            raise
        except BaseException as error:
            failure.append(error)
            raise

    try:
        with _writing(target):
            lazy_frame(source, schema, name="blocks").sink_parquet(
                target, **_OPTIONS, maintain_order=True, engine="streaming"
            )
    except BaseException:
        if failure:
            raise failure[0] from failure[0].__cause__
        raise


def sink_polars(frame: pl.LazyFrame, target: Target, pandas: str = "") -> None:
    """Write a lazy frame in bounded memory; ``pandas`` as in ``write_polars``."""
    metadata = _metadata(frame.collect_schema(), pandas) if pandas else None
    with _writing(target):
        frame.sink_parquet(
            target, **_OPTIONS, maintain_order=True, engine="streaming", metadata=metadata
        )


def _metadata(schema: pl.Schema, pandas: str) -> dict[str, str] | None:
    """File metadata that pandas understands: it looks into the Arrow schema where there is one, and
    polars writes one. This is the same schema with the description in it."""
    if not pandas:
        return None
    arrow = pa.schema(arrow_fields(schema)).with_metadata({_PANDAS: pandas})
    return {
        _PANDAS: pandas,
        _ARROW_SCHEMA: base64.b64encode(arrow.serialize().to_pybytes()).decode(),
    }


def column_sizes(path: Path, names: Sequence[str]) -> list[int]:
    """Bytes of each column's chunks in a file that has exactly these columns, nested ones with all
    that is in them. pyarrow cannot open files with 128-bit integers: their bytes are shared out
    evenly."""
    sizes = dict.fromkeys(names, 0)
    try:
        footer = pq.read_metadata(path)
    except pa.ArrowNotImplementedError:
        return [path.stat().st_size // len(names)] * len(names)
    leaves = [footer.schema.column(i).path for i in range(footer.num_columns)]
    owners = [leaf if leaf in sizes else leaf.partition(".")[0] for leaf in leaves]
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for index, name in enumerate(owners):
            if name in sizes:
                sizes[name] += group.column(index).total_compressed_size
    return list(sizes.values())


def write_arrow(schema: pa.Schema, blocks: Iterable[pa.Table], target: Target, pandas: str) -> None:
    """Write tables whose types only Arrow has."""
    if pandas:
        schema = schema.with_metadata({_PANDAS: pandas})
    options = {"compression": "zstd", "compression_level": 1, "write_statistics": True}
    with _writing(target), pq.ParquetWriter(target, schema, **options) as writer:
        for block in blocks:
            writer.write_table(block.replace_schema_metadata(schema.metadata), BLOCK_ROWS)


@contextmanager
def _writing(target: Target) -> Iterator[None]:
    """Raise StorageError where the medium fails; polars hides its errno in the message. A binary
    file reports for itself."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        hidden = _OS_ERROR.search(str(error))
        known = isinstance(error, OSError) or hidden
        if isinstance(error, ToolkitError) or not known or not isinstance(target, Path):
            raise
        number = int(hidden[1]) if hidden else getattr(error, "errno", None)
        message = (
            f"The frame could not be written to {str(target.parent)!r}: {error}. Nothing was "
            "saved. Free space there or check its permissions, then save again."
        )
        failure = StorageError(message)
        failure.errno = number
        raise failure from error
