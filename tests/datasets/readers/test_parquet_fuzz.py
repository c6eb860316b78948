"""A thousand files with damage of every kind, the same in every run: an error of ours or rows of
the announced schema, from every face; never a crash, a hang or memory without bounds."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.datasets.readers.children import verdicts

FILES = 1_000
LARGE = 250
"""Files that are also read as large ones are, by polars."""

ROWS = 400
FRAME = pa.table(
    {
        "i": pa.array([i if i % 7 else None for i in range(ROWS)], pa.int64()),
        "s": [f"text {i % 30}" for i in range(ROWS)],
        "f": np.random.default_rng(0).normal(size=ROWS),
        "b": [bool(i % 3) if i % 5 else None for i in range(ROWS)],
        "x": pa.array([i.to_bytes(4, "big") for i in range(ROWS)], pa.binary(4)),
        "d": pa.array([Decimal(i) for i in range(ROWS)], pa.decimal128(20, 2)),
        "t": pa.array(range(ROWS), pa.timestamp("us", "UTC")),
    }
)
NESTED = pa.table(
    {
        "l": [[i, None] if i % 4 else None for i in range(ROWS)],
        "m": pa.array(
            [[("k", i)] if i % 3 else [] for i in range(ROWS)], pa.map_(pa.string(), pa.int32())
        ),
        "n": [[{"a": [i], "b": "x"}, None] if i % 5 else [] for i in range(ROWS)],
        "c": pa.array([str(i % 9) for i in range(ROWS)]).dictionary_encode(),
    }
)


def _encoded(encoding: str, *names: str) -> dict[str, object]:
    return {"use_dictionary": False, "column_encoding": dict.fromkeys(names, encoding)}


BASES = [
    (FRAME, {}),
    (FRAME, {"compression": "none", "data_page_version": "2.0"}),
    (FRAME, {"compression": "zstd", "row_group_size": 100}),
    (FRAME, {"compression": "lz4", "use_dictionary": False}),
    (FRAME, {"compression": "gzip", "write_statistics": False}),
    (FRAME, {"compression": "brotli", "data_page_version": "2.0"}),
    (FRAME, {"compression": "none", "data_page_size": 64, "write_page_index": True}),
    (FRAME, {"bloom_filter_options": {"s": {"ndv": 30}}, "store_schema": False}),
    (FRAME, _encoded("DELTA_BINARY_PACKED", "i") | {"compression": "none"}),
    (FRAME, _encoded("DELTA_LENGTH_BYTE_ARRAY", "s") | {"compression": "none"}),
    (FRAME, _encoded("DELTA_BYTE_ARRAY", "s") | {"compression": "none"}),
    (FRAME, _encoded("BYTE_STREAM_SPLIT", "i", "f")),
    (FRAME, _encoded("RLE", "b") | {"data_page_version": "2.0"}),
    (FRAME, {"use_deprecated_int96_timestamps": True, "compression": "none"}),
    (NESTED, {}),
    (NESTED, {"compression": "none"}),
    (NESTED, {"data_page_version": "2.0", "store_schema": False}),
]

Damage = Callable[[bytearray, int, random.Random], None]
LARGE_NUMBERS = (
    b"\xfe\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x0f",
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80\x80\x80\x80\x08",
    b"\x80\x80\x80\x80\x80\x20",
)


def flip_bits(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    for _ in range(choose.choice([1, 1, 2, 5, 20])):
        data[choose.randrange(begin, end)] ^= 1 << choose.randrange(8)


def set_bytes(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    for _ in range(choose.choice([1, 3, 10])):
        data[choose.randrange(begin, end)] = choose.choice([0, 1, 127, 128, 255])


def blow_up(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    """A number becomes a huge one; the length of the footer goes along."""
    at, number = choose.randrange(begin, end), choose.choice(LARGE_NUMBERS)
    inside = at >= len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    data[at : at + 1] = number
    if inside:
        length = int.from_bytes(data[-8:-4], "little") + len(number) - 1
        data[-8:-4] = length.to_bytes(4, "little")


def splice(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    size = choose.randrange(1, 200)
    here, there = choose.randrange(begin, end), choose.randrange(4, len(data))
    data[here : here + size] = data[there : there + size]


def cut(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    del data[choose.randrange(len(data)) :]


def lie_about_the_footer(data: bytearray, begin: int, end: int, choose: random.Random) -> None:
    length = int.from_bytes(data[-8:-4], "little")
    lies = [0, 1, length - 1, length + 1, 2**31 - 1, 2**32 - 1, len(data)]
    data[-8:-4] = choose.choice(lies).to_bytes(4, "little")


INSIDE = (flip_bits, set_bytes, blow_up, splice)
WHOLE = (cut, lie_about_the_footer)


def damaged(seed: int, bases: list[bytes]) -> bytes:
    choose = random.Random(seed)
    data = bytearray(bases[seed % len(bases)])
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    how = choose.choice([*INSIDE, *INSIDE, *INSIDE, *WHOLE])
    place = choose.choice([(footer, len(data) - 8), (4, footer), (4, min(footer, 400))])
    how(data, *place, choose)
    return bytes(data)


def bases() -> list[bytes]:
    made = []
    for table, how in BASES:
        pq.write_table(table, buffer := io.BytesIO(), **how)
        made.append(buffer.getvalue())
    return made


def write(folder, count: int) -> None:
    whole = bases()
    for seed in range(count):
        (folder / f"{seed:04}.parquet").write_bytes(damaged(seed, whole))


def test_a_thousand_damaged_files_are_read_or_refused(tmp_path):
    write(tmp_path, FILES)
    told = verdicts(tmp_path, "polars arrow count", "small")
    assert len(told) == FILES
    seen = Counter()
    for file, verdict in told.items():
        polars, arrow, count = (verdict[face] for face in ("polars", "arrow", "count"))
        for found in (polars, count):
            assert found == "SourceError" or found.isdecimal(), (file, verdict)
        assert arrow in ("SourceError", "engine") or arrow.isdecimal(), (file, verdict)
        assert not verdict["panics"], (file, verdict)
        # Whoever gives rows gives as many as were announced.
        assert polars in ("SourceError", count), (file, verdict)
        seen["read" if polars.isdecimal() else "refused"] += 1
    assert seen["read"] > FILES / 10
    assert seen["refused"] > FILES / 2


def test_damage_in_large_files_is_one_error_and_ends_no_process(tmp_path):
    write(tmp_path, LARGE)
    told = verdicts(tmp_path, "polars batches count", "large")
    assert len(told) == LARGE
    for file, verdict in told.items():
        assert verdict["polars"] in ("SourceError", verdict["count"]), (file, verdict)
        assert verdict["batches"] in ("SourceError", verdict["count"]), (file, verdict)
