"""What the names that a cell bound were derived from: its statements, followed in their order.

A name that a statement binds is derived from all that the statement reads; one that it may change
in place, from that as well. A name that is bound twice has two generations, so that what was read
before is not what was read after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from toolkit.notebook.capture.functions import Body, Functions
from toolkit.notebook.capture.harmless import library_of
from toolkit.notebook.capture.queries import tables
from toolkit.notebook.capture.sources import Source, files_of, query_of, sources_of, value_of
from toolkit.notebook.capture.statement import Names, Statement

OWN = "toolkit"


@dataclass(frozen=True, slots=True)
class Made:
    """What a name was bound to in this cell, by which of its bindings."""

    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class Known:
    """A reference or path that was known before the cell, of a name that the cell reads."""

    input: Source


@dataclass(frozen=True, slots=True)
class Told:
    """A reference or path that the text of the cell has."""

    input: Source


Item: TypeAlias = "Made | Known | Told"


@dataclass(slots=True)
class _Effects:
    """A statement with what the functions do that it calls."""

    reads: Names = field(default_factory=dict)
    writes: Names = field(default_factory=dict)
    touches: Names = field(default_factory=dict)
    exposed: Names = field(default_factory=dict)
    within: Names = field(default_factory=dict)
    told: dict[Item, None] = field(default_factory=dict)


class Flow:
    """Follows the statements of one cell."""

    def __init__(
        self,
        statements: Sequence[Statement],
        scope: Functions,
        known: Callable[[str], Iterable[Source]],
        dataset: Callable[[str], str | None],
    ) -> None:
        """``known`` tells the inputs of a name before the cell; ``dataset`` the name of the dataset
        that SQL calls so, if there is one."""
        self._scope = scope
        self._known = known
        self._dataset = dataset
        self._made: dict[Made, dict[Item, None]] = {}
        self._last: dict[str, int] = {}
        self._position: dict[str, int] = {}
        self._readers: dict[str, dict[Item, None]] = {}
        self._within: Names = {}
        self._all: dict[Item, None] = {}
        for position, statement in enumerate(statements):
            self._follow(position, self._effects(statement))

    @property
    def exposed(self) -> frozenset[str]:
        """Names whose objects the cell may have changed in place."""
        return frozenset(self._readers)

    @property
    def within(self) -> Iterable[str]:
        """Names of containers whose elements the cell may have changed in place."""
        return self._within

    @property
    def bound(self) -> Iterable[str]:
        """Names that the cell bound, or whose objects may hold more than before."""
        return self._last

    def position(self, name: str) -> int:
        """Sorts names by when they were last bound; first, what no statement explains, such as
        frames that were there before the extension."""
        return self._position.get(name, -1)

    def inputs(
        self, name: str, now: Callable[[str], str | None], *, told: bool = True
    ) -> tuple[Source, ...]:
        """What the object was derived from that the name has after the cell.

        ``now`` tells the version of another name that the cell bound, where it was captured; else
        its own inputs count. ``told=False`` leaves out what only the cell's text tells."""
        start = Made(name, self._last[name]) if name in self._last else None
        items = [start] if start is not None else [*self._readers.get(name, self._all)]
        found = self._resolve(items, name, now)
        return tuple(
            dict.fromkeys(item.input for item in found if told or not isinstance(item, Told))
        )

    def _resolve(
        self, items: Iterable[Item], name: str, now: Callable[[str], str | None]
    ) -> Iterator[Known | Told]:
        seen: set[Item] = set()
        left = list(reversed([*items]))
        while left:
            item = left.pop()
            if item in seen:
                continue
            seen.add(item)
            if not isinstance(item, Made):
                yield item
                continue
            final = item.name != name and item.generation == self._last.get(item.name, 0)
            ref = now(item.name) if final else None
            if ref is not None:
                yield Known(ref)
            else:
                left.extend(reversed(self._made.get(item, {})))

    def _follow(self, position: int, effects: _Effects) -> None:
        self._within.update(effects.within)
        items: dict[Item, None] = {}
        for name in effects.reads:
            items.update(dict.fromkeys(self._before(name)))
        items.update(effects.told)
        self._all.update(items)
        for name in effects.exposed:
            self._readers.setdefault(name, {}).update(items)
            # What a later statement may have changed is saved when it was changed for certain, so
            # that what was derived from it then has this version.
            self._position.setdefault(name, position)
        touched = [name for name in effects.touches if self._flows_into(name)]
        for name in (*effects.writes, *(name for name in touched if name not in effects.writes)):
            made = dict(items)
            if name not in effects.writes:
                made = {**dict.fromkeys(self._before(name)), **items}
            self._last[name] = self._last.get(name, 0) + 1
            self._made[Made(name, self._last[name])] = made
            self._position[name] = position

    def _before(self, name: str) -> Iterator[Item]:
        if name in self._last:
            yield Made(name, self._last[name])
            return
        known: list[Item] = [Known(each) for each in self._known(name)]
        yield from known or [Made(name, 0)]

    def _flows_into(self, name: str) -> bool:
        """Modules, functions and workspaces do not hold what they are passed."""
        value = self._scope.value(name)
        kinds = ModuleType | type | FunctionType | BuiltinFunctionType | MethodType
        return not isinstance(value, kinds) and library_of(value) != OWN

    def _effects(self, statement: Statement) -> _Effects:
        effects = _Effects(
            dict(statement.reads),
            dict(statement.writes),
            dict(statement.touches),
            dict(statement.exposed),
            dict(statement.within),
        )
        self._tell(effects, statement, {})
        called: set[int] = set()
        for name in statement.reads:
            self._call(effects, name, self._arguments(statement, name), called)
        return effects

    def _call(
        self, effects: _Effects, name: str, arguments: Sequence[Any], called: set[int]
    ) -> None:
        for body in self._scope.bodies(self._scope.value(name)):
            if id(body) in called:
                continue
            called.add(id(body))
            inner = body.statement
            effects.reads.update(body.outside(inner.reads))
            effects.touches.update(body.outside(inner.touches))
            effects.exposed.update(body.outside(inner.exposed))
            effects.within.update(body.outside(inner.within))
            effects.writes.update(inner.declared)
            given = dict(zip(body.parameters, arguments, strict=False))
            self._tell(effects, inner, given, body)
            for other in body.outside(inner.reads):
                self._call(effects, other, self._arguments(inner, other, given), called)

    def _arguments(
        self, statement: Statement, name: str, given: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """Values of what a function is passed by position, as far as they are known."""
        for call in statement.calls:
            if getattr(call.func, "id", None) == name:
                return [value_of(each, self._look_up(given or {})) for each in call.args]
        return ()

    def _tell(
        self,
        effects: _Effects,
        statement: Statement,
        given: Mapping[str, Any],
        body: Body | None = None,
    ) -> None:
        look_up = self._look_up(given, body.own if body else frozenset())
        sources: list[Source] = []
        for call in statement.calls:
            sources += sources_of(call, look_up, _is_workspace)
            query = query_of(call, look_up)
            if query is not None:
                self._query(effects, query, sources)
        for query in statement.queries:
            self._query(effects, query, sources)
        effects.told.update(dict.fromkeys(map(Told, sources)))

    def _query(self, effects: _Effects, query: str, sources: list[Source]) -> None:
        sources += files_of(query)
        for name in (name for name, is_file in tables(query) if not is_file):
            # The notebook's names come first, as in %%sql and in DuckDB's own search.
            if self._scope.value(name) is not None:
                effects.reads[name] = None
            elif (dataset := self._dataset(name)) is not None:
                sources.append(dataset)

    def _look_up(
        self, given: Mapping[str, Any], own: frozenset[str] = frozenset()
    ) -> Callable[[str], Any]:
        def look_up(name: str) -> Any:
            if name in given:
                return given[name]
            return None if name in own else self._scope.value(name)

        return look_up


def _is_workspace(value: Any) -> bool:
    return library_of(value) == OWN and hasattr(value, "load")
