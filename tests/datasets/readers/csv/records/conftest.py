"""The cells that polars finds in blocks, and texts cut into parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from toolkit.datasets.readers.csv.engine_text import engine_text
from toolkit.datasets.readers.csv.layout import Dialect, Layout
from toolkit.datasets.readers.csv.records import Block, Problem, blocks, engine_dialect

PLAIN = Dialect()
Rows = list[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a text."""

    rows: Rows
    problems: tuple[Problem, ...]

    @property
    def kinds(self) -> list[str]:
        return [problem.kind for problem in self.problems]


def cells(block: Block, layout: Layout) -> Rows:
    """The cells of a block as polars parses them."""
    engine = engine_dialect(layout.dialect)
    if not block.data:
        assert block.records == 0
        return []
    assert block.data.endswith(b"\n")
    frame = pl.read_csv(
        engine_text(block.data),
        has_header=False,
        schema=dict.fromkeys(layout.names, pl.String),
        separator=engine.separator,
        quote_char=engine.quote,
    )
    assert frame.height == block.records
    return frame.rows()


def layout_of(width: int, dialect: Dialect = PLAIN, **more: Any) -> Layout:
    names = tuple(f"c{i}" for i in range(width))
    return Layout(dialect, names, **{"header_rows": 0, **more})


@pytest.fixture(scope="session")
def make_layout() -> Callable[..., Layout]:
    return layout_of


@pytest.fixture(scope="session")
def read() -> Callable[..., Read]:
    """Reads a text, or its parts, and parses the blocks."""

    def reading(
        text: bytes | Iterable[bytes],
        layout: Layout,
        policy: str = "repair",
        *args: Any,
        **more: Any,
    ) -> Read:
        parts = [text] if isinstance(text, bytes) else text
        rows: Rows = []
        problems: list[Problem] = []
        for block in blocks(parts, layout, policy, *args, **more):
            rows += cells(block, layout)
            problems += block.problems
        return Read(rows, tuple(problems))

    return reading


@pytest.fixture(scope="session")
def cut() -> Callable[[bytes, Sequence[int]], Iterator[bytes]]:
    """A text in parts of the given sizes, over and over."""

    def parts(text: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
        position = turn = 0
        while position < len(text):
            size = sizes[turn % len(sizes)]
            yield text[position : position + size]
            position, turn = position + size, turn + 1

    return parts
