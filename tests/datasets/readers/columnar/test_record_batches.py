"""Arrow IPC and ORC: every face, the columns that are asked for, and files that lie."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import orc

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.columnar.arrow_views import require_sound_views

COLUMNS = {
    "i": pl.Series([1, None, -128], dtype=pl.Int8),
    "f": pl.Series([1.5, float("nan"), None]),
    "b": [True, None, False],
    "s": ["é", "", None],
    "long": ["x" * 40, None, "y" * 40],
    "bytes": [b"\0", b"", None],
    "decimal": pl.Series([Decimal("1.20"), None, Decimal("-3.45")], dtype=pl.Decimal(12, 2)),
    "date": [dt.date(2020, 1, 1), None, dt.date(1960, 2, 29)],
    "list": [[1, None], [], None],
    "object": [{"a": 1, "b": ["x"]}, {"a": None, "b": None}, None],
}
ARROW_ONLY = {
    "u": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    "enum": pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a", "unused"])),
    "category": pl.Series(["x", "y", None], dtype=pl.Categorical),
    "time": [dt.time(1, 2, 3), None, dt.time(0)],
    "duration": [dt.timedelta(seconds=1), None, dt.timedelta(days=-1)],
    "zone": pl.Series([1, None, 3], dtype=pl.Datetime("ms", "Europe/Rome")),
    "array": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "null": pl.Series([None, None, None], dtype=pl.Null),
}


def ipc(frame, **options):
    buffer = io.BytesIO()
    frame.write_ipc(buffer, **options)
    return buffer.getvalue()


def stream(frame):
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


def orc_file(frame, **options):
    buffer = io.BytesIO()
    orc.write_table(frame.to_arrow(), buffer, **options)
    return buffer.getvalue()


FORMATS = {
    "t.arrow": ipc,
    "t.feather": lambda frame: ipc(frame, compression="zstd"),
    "t.arrows": stream,
    "t.orc": orc_file,
}


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize("name", FORMATS)
def test_faces_agree(place, name, tmp_path, memory, factory, assert_faces_agree):
    frame = pl.DataFrame(COLUMNS if name == "t.orc" else COLUMNS | ARROW_ONLY)
    data = FORMATS[name](frame)
    (tmp_path / name).write_bytes(data)
    (tmp_path / "plain").write_bytes(data)
    sources = [tmp_path / name, tmp_path / "plain"] if place == "local" else [memory(name, data)]
    for source in sources:
        assert_faces_agree(factory.reader(source), frame)


@pytest.mark.parametrize("name", FORMATS)
def test_files_follow_each_other_with_their_partitions(name, tmp_path, factory):
    for year in (2020, 2021):
        folder = tmp_path / f"year={year}"
        folder.mkdir()
        (folder / name).write_bytes(FORMATS[name](pl.DataFrame({"v": [year, 1], "s": ["x", "y"]})))
    reader = factory.reader(tmp_path)
    assert reader.polars().select("v", "year").collect().rows() == [
        (2020, 2020),
        (1, 2020),
        (2021, 2021),
        (1, 2021),
    ]
    assert reader.polars().filter(pl.col("year") == 2021).collect()["v"].to_list() == [2021, 1]
    assert reader.polars().filter(pl.col("v") == 1).select("s").head(3).collect().height == 2
    assert reader.head(3)["v"].to_list() == [2020, 1, 2021]


@pytest.mark.parametrize("name", FORMATS)
def test_frames_without_rows_or_columns_are_fine(name, factory, assert_faces_agree):
    frame = pl.DataFrame(schema={"a": pl.Int64, "s": pl.String})
    assert_faces_agree(factory.reader(FORMATS[name](frame)), frame)


def test_rows_without_columns_are_counted(factory):
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, pa.schema([])) as writer:
        writer.write_batch(pa.record_batch([pa.array([1, 2])], ["a"]).select([]))
    assert factory.reader(buffer.getvalue()).count() == 2


@pytest.mark.parametrize("name", ["t.arrow", "t.orc"])
def test_a_projection_fetches_its_columns_only(name, memory, factory, traffic):
    values = np.random.default_rng(1).integers(0, 2**62, (50, 4000))
    frame = pl.DataFrame({f"c{index}": column for index, column in enumerate(values)})
    data = FORMATS[name](frame)
    reader = factory.reader(memory(name, data))
    assert traffic.opened == []
    assert reader.polars().select("c7", "c9").collect().equals(frame.select("c7", "c9"))
    assert 0 < traffic.read < len(data) * 2 / 50 + 80_000


def test_the_first_rows_fetch_the_first_batches_only(memory, factory, traffic):
    buffer = io.BytesIO()
    rows = pa.table({"v": np.random.default_rng(1).integers(0, 2**62, 100_000)})
    with pa.ipc.new_file(buffer, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=1000)
    reader = factory.reader(memory("t.arrow", buffer.getvalue()))
    assert reader.head(1001)["v"].to_list() == rows["v"][:1001].to_pylist()
    assert traffic.read < len(buffer.getvalue()) / 10


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "could not be read"),
        (b"FEA1" + bytes(100), "Feather V1"),
        (b"ARROW1\0\0" + bytes(100), "could not be read"),
        (ipc(pl.DataFrame(COLUMNS))[:-9], "could not be read"),
        (stream(pl.DataFrame(COLUMNS))[:-50], "could not be read"),
    ],
)
def test_what_is_no_arrow_is_a_source_error(data, message, factory):
    reader = factory.reader(data, "arrow")
    with pytest.raises(SourceError, match=message):
        reader.count()
    with pytest.raises(SourceError, match=message):
        reader.polars().collect()


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a", "a"], "several columns of the name 'a'"), (["a\0", "b"], "zero byte")],
)
def test_names_that_no_frame_has_are_refused(names, message, factory):
    buffer = io.BytesIO()
    table = pa.table([pa.array([1]), pa.array([2])], names=names)
    with pa.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(SourceError, match=message):
        factory.reader(buffer.getvalue()).polars()


def views(sizes, buffers, offsets, *, validity):
    """An array of texts whose views are as they are written here."""
    made = np.zeros((len(sizes), 4), dtype=np.int32)
    made[:, 0], made[:, 2], made[:, 3] = sizes, buffers, offsets
    parts = [pa.py_buffer(bytes([validity])), pa.py_buffer(made.tobytes()), pa.py_buffer(b"z" * 40)]
    return pa.Array.from_buffers(pa.string_view(), len(sizes), parts)


@pytest.mark.parametrize(
    ("sizes", "buffers", "offsets"),
    [([3, -1], [0, 0], [0, 0]), ([3, 20], [0, 1], [0, 0]), ([3, 20], [0, 0], [0, 30])],
    ids=["length", "buffer", "offset"],
)
def test_views_of_nulls_must_be_sound_too(sizes, buffers, offsets):
    wrong = views(sizes, buffers, offsets, validity=0b01)
    for nested in (
        wrong,
        pa.StructArray.from_arrays([wrong], ["x"]),
        pa.ListArray.from_arrays([0, 2], wrong),
        pa.DictionaryArray.from_arrays(pa.array([0]), wrong, safe=False),
    ):
        with pytest.raises(OSError, match="a text in it"):
            require_sound_views(nested)
    require_sound_views(views([3, 20], [0, 0], [0, 20], validity=0b01))


MUTATE = """
import io, random, resource, sys
import polars as pl
from pyarrow import orc
from toolkit.core.errors import ToolkitError
from toolkit.datasets.readers.factory import DatasetReaderFactory

resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
rows = range(120)
frame = pl.DataFrame({
    "a": rows,
    "s": [f"x{i}" if i % 3 else None for i in rows],
    "l": [["long text " * 2, None]] * 120,
    "t": [{"q": i, "r": "z"} for i in rows],
})
kinds = {kind: io.BytesIO() for kind in ("file", "packed", "stream", "orc")}
frame.write_ipc(kinds["file"])
frame.write_ipc(kinds["packed"], compression="lz4")
frame.write_ipc_stream(kinds["stream"])
orc.write_table(frame.to_arrow(), kinds["orc"], compression="zlib")
factory = DatasetReaderFactory()
refused = 0
for kind, file in kinds.items():
    data, chance = file.getvalue(), random.Random(kind)
    for number in range(60):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 3))):
            at = chance.randrange(len(changed))
            how = chance.randrange(4)
            if how == 0:
                changed[at] ^= 1 << chance.randrange(8)
            elif how == 1:
                changed[at : at + 4] = chance.choice((b"\\0\\0\\0\\x7f", b"\\xff" * 4, bytes(4)))
            elif how == 2:
                del changed[max(8, at) :]
            else:
                changed[at:at] = changed[: chance.randrange(1, 40)]
        print(kind, number, file=sys.stderr, flush=True)
        for face in ("polars", "count", "batches"):
            try:
                reader = factory.reader(bytes(changed), "orc" if kind == "orc" else "arrow")
                if face == "polars":
                    assert reader.polars().collect().schema == reader.polars().collect_schema()
                else:
                    reader.count() if face == "count" else list(reader.batches(50))
            except ToolkitError:
                refused += 1
print(refused)
"""


def test_mutated_files_are_refused_or_read_and_never_crash():
    done = subprocess.run(
        [sys.executable, "-c", MUTATE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 250
