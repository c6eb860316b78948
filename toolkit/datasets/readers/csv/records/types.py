"""What the splitter of records takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal, NamedTuple, Protocol, TypeAlias, overload, runtime_checkable

import polars as pl

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.records.bits import Index

Policy: TypeAlias = Literal["error", "repair", "skip"]
"""What happens to bad records: the first raises, each is mended, each is left out."""

Fits: TypeAlias = Callable[[int, str], bool]
"""Whether a text could be a value of the column at an index, going by its type."""


@runtime_checkable
class ManyFits(Protocol):
    """A ``Fits`` that also tells it of many texts at once."""

    def __call__(self, index: int, text: str, /) -> bool: ...

    def takes_all(self, index: int) -> bool:
        """Whether every text could be one."""
        ...

    def many(self, index: int, texts: pl.Series) -> pl.Series:
        """The same as for each text by itself; without nulls."""
        ...


Kind: TypeAlias = Literal[
    "too few fields",
    "too many fields",
    "unclosed quote",
    "misplaced quote",
    "stray quote",
    "not UTF-8",
    "blank line",
    "comment",
    "repeated header",
    "preamble",
    "footer",
    "other table",
]

BAD: frozenset[Kind] = frozenset(
    {"too few fields", "too many fields", "unclosed quote", "misplaced quote", "not UTF-8"}
)
"""The kinds that make a record bad. A stray quote, within text that no quote opens, is simply data;
the others were never rows of the table."""


class Problem(NamedTuple):
    """A place where the text is not simply the next row of the table."""

    line: int
    """The physical line on which it begins, from 1, counted from the beginning of the text."""
    offset: int
    """Where that is in the text as UTF-8, in bytes."""
    kind: Kind
    expected: int
    """Fields of a row of the table."""
    found: int
    """Fields that were there; 0 for what is no record."""
    text: str
    """All of the raw text, without its last line end."""
    action: str
    """What became of it: "padded with nulls", "skipped"; empty when it raised."""


class Finding(NamedTuple):
    """What stands at a place. Without a kind it is a good row."""

    end: int
    """Where its text ends, without the line end."""
    after: int
    """Where reading goes on."""
    cells: Sequence[str | None] | None
    """One for each column; None where there is no row."""
    kind: Kind | None = None
    found: int = 0
    action: str = ""
    data: bytes | None = None
    """The row on a line of its own as the engine's CSV, in place of its cells."""


class Places(NamedTuple):
    """Where records begin: one element for each."""

    lines: Index
    """Physical lines, from 1, counted from the beginning of the text."""
    offsets: Index
    """Bytes of the text as UTF-8 before the record."""


class Told(NamedTuple):
    """Some problems of a buffer, an element for each; see ``Problem``."""

    lines: Index
    offsets: Index
    kinds: Sequence[Kind]
    expected: int
    found: Sequence[int]
    texts: Callable[[], Sequence[str]]
    actions: Sequence[str]

    def problems(self) -> Iterator[Problem]:
        return map(
            Problem._make,
            zip(
                self.lines.tolist(),
                self.offsets.tolist(),
                self.kinds,
                repeat(self.expected),
                self.found,
                self.texts(),
                self.actions,
            ),
        )


class Problems(Sequence[Problem]):
    """Problems that are made when they are looked at: most readers ask for none, or count them."""

    def __init__(self, parts: Sequence[Problem | Told]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return sum(len(part.kinds) if isinstance(part, Told) else 1 for part in self._parts)

    def __iter__(self) -> Iterator[Problem]:
        return chain.from_iterable(
            part.problems() if isinstance(part, Told) else (part,) for part in self._parts
        )

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Problem, ...]: ...
    def __getitem__(self, index: int | slice) -> Problem | tuple[Problem, ...]:
        return tuple(self)[index]

    def kinds(self) -> Iterator[Kind]:
        """Of each, without making them."""
        return chain.from_iterable(
            part.kinds if isinstance(part, Told) else (part.kind,) for part in self._parts
        )


def kinds_of(problems: Sequence[Problem]) -> Iterator[Kind]:
    """The kind of each."""
    if isinstance(problems, Problems):
        return problems.kinds()
    return (problem.kind for problem in problems)


@dataclass(frozen=True, slots=True)
class Block:
    """Some successive records of a table as CSV for the engine."""

    data: bytes
    """Every record ends in a line feed and has all fields; ``EngineDialect`` says how to read it.
    An unquoted empty field is null, a quoted one an empty text. It may begin as what polars takes
    for something else, see ``engine_text``."""
    records: int
    problems: Sequence[Problem]
    """In the order of the text."""
    places: Places | None = None
    """Where its records begin, if that was asked for."""


@dataclass(frozen=True, slots=True)
class EngineDialect:
    """What ``polars.read_csv`` must be told of ``Block.data``."""

    separator: str
    quote: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a quoted field may reach.

    Without a bound one quote too many swallows the rest of a file. Fields of a megabyte or of a
    thousand lines occur (documents, JSON); beyond that, a quote that closes is a coincidence, but
    where all quotes stand where they must and the lines between are no rows.
    """

    bytes: int = 1 << 20
    lines: int = 1000
    most: int = 1 << 24
    """Bytes that a record may have in any case."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reading a table would meet."""

    records: int
    """Good and bad."""
    bad: int
    first: Problem | None
    """The first bad record."""
    by_kind: Mapping[Kind, int] = field(default_factory=dict)
    """How many problems there are of each kind, those that are no bad records included."""

    @property
    def dropped(self) -> int:
        """Blank lines and comments within the table, which are no records."""
        return self.by_kind.get("blank line", 0) + self.by_kind.get("comment", 0)


class BadRecordError(SourceError):
    """A record is not one of the table, and the policy is to raise.

    ``problem`` says which; the message names the line, not the file, which only the caller knows.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        fields = f"{problem.found} field{'s' * (problem.found != 1)}"
        super().__init__(
            f"line {problem.line}: {problem.kind}: expected {problem.expected}, found {fields}. "
            'Pass on_bad_rows="repair" or "skip" to read on.'
        )
