"""A version in one file, and the same one however it lies in several: SQL tells no difference."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.core.errors import QueryError
from toolkit.query.service import QueryService

NAMES = ("a", "b", "A", "k", "s", "file_row_number", "f0", "n", "A_1")
QUERIES = (
    "FROM {d}",
    "FROM {d} LIMIT 3 OFFSET 1",
    "SELECT count(*) FROM {d}",
    "SELECT a, b FROM {d} WHERE k > 1",
    "SELECT k FROM {d} WHERE b IS NOT NULL",
    "SELECT s.x, k + 1 AS b FROM {d}",
    "SELECT k, count(b), max(s.y) FROM {d} GROUP BY k ORDER BY ALL",
    "SELECT a_1, file_row_number FROM {d}",
    "SELECT f0, n FROM {d}",
    "SELECT t FROM {d} AS t",
    "SELECT * EXCLUDE (b) FROM {d}",
    "SELECT p FROM {d} AS t(p)",
    "SELECT l.b, r.k FROM {d} l POSITIONAL JOIN {d} r",
    "SELECT k, title FROM {d} JOIN (SELECT 1 AS k, 'one' AS title) USING (k) ORDER BY ALL",
    "SELECT column_name, column_type FROM (DESCRIBE {d})",
    "SELECT COLUMNS('^[ab]') FROM {d}",
    "SELECT row_number() OVER () AS i, a FROM {d} QUALIFY i > 1",
)


def values(count: int, seed: int) -> dict[str, pa.Array]:
    numbers = [(i * 7 + seed) % 5 if (i + seed) % 6 else None for i in range(count)]
    return {
        "a": pa.array(range(count), pa.int64()),
        "b": pa.array(numbers, pa.int32()),
        "A": pa.array([f"A{i}" for i in range(count)]),
        "k": pa.array([i % 4 for i in range(count)], pa.int8()),
        "s": pa.array([{"x": i, "y": [i, None]} for i in range(count)]).cast(
            pa.struct([("x", pa.int64()), ("y", pa.list_(pa.int64()))])
        ),
        "file_row_number": pa.array([-i for i in range(count)], pa.int64()),
        "f0": pa.array([f"f{i}" for i in range(count)]).dictionary_encode(),
        "n": pa.nulls(count, pa.string()),
        "A_1": pa.array([i / 2 for i in range(count)]),
    }


@st.composite
def layouts(draw: st.DrawFn) -> tuple[pa.Table, list, int]:
    """A table, its fragments as ``(count, [(columns, before, after, others)])``, a group size."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    counts = draw(st.lists(st.sampled_from((0, 1, 2, 5, 30, 3000)), min_size=1, max_size=3))
    table = pa.table(values(sum(counts), draw(st.integers(0, 5)))).select(names)
    fragments = []
    for count in counts:
        place = [draw(st.integers(0, 2)) for _ in names]
        parts: list[tuple] = []
        for number in sorted(set(place)):
            held = [n for n, at in zip(names, place, strict=True) if at == number]
            renamed = draw(st.booleans())
            free = st.sampled_from([*NAMES, "x", "X", "z"])
            inside = (
                draw(st.lists(free, min_size=len(held), max_size=len(held), unique=True))
                if renamed
                else held
            )
            more = draw(st.lists(st.sampled_from(("X", "a", "more")), max_size=2, unique=True))
            others = {name: -1 for name in more if name not in inside}
            before = draw(st.none() | st.sampled_from((0, 1, 7, 2500)))
            after = draw(st.sampled_from((0, 3))) if before is not None else 0
            whole = set(place) == {number} and not renamed and before is None and not others
            columns = None if whole else dict(zip(held, inside, strict=True))
            parts.append((columns, before, after, others))
        fragments.append((count, parts))
    return table, fragments, draw(st.sampled_from((400, 131_072)))


def answer(service: QueryService, query: str, name: str) -> pa.Table | str:
    try:
        return service.sql(query.format(d=name)).to_arrow_table()
    except QueryError as error:
        return str(error).replace(name, "…")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layout=layouts(), queries=st.lists(st.sampled_from(QUERIES), min_size=5, max_size=5))
def test_every_layout_answers_as_one_file(make_store, layout, queries):
    table, fragments, group = layout
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(folder)
        store.row_group_size = group
        store.add("whole", table)
        rows = [
            store.Rows(count, tuple(store.Part(*part) for part in parts))
            for count, parts in fragments
        ]
        store.add_split("split", table, *rows)
        service = QueryService(store, allowed_root=str(Path(folder)))
        for query in queries:
            expected, found = (answer(service, query, name) for name in ("whole", "split"))
            assert found == expected, query
        service.close()
