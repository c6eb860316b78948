"""Functions that the notebook defines: what calling them reads, and if they change arguments."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from toolkit.notebook.capture.harmless import is_library
from toolkit.notebook.capture.statement import Names, Statement, parameters
from toolkit.notebook.capture.statements import read_function

MAIN = "__main__"


@dataclass(frozen=True, slots=True)
class Body:
    """What calling a function does."""

    statement: Statement
    parameters: tuple[str, ...]

    @property
    def own(self) -> frozenset[str]:
        """Names that are the function's own."""
        statement = self.statement
        return frozenset((*self.parameters, *statement.writes)) - frozenset(statement.declared)

    def outside(self, names: Names) -> Names:
        """Those of the names that are the notebook's."""
        own = self.own
        return {name: None for name in names if name not in own}

    @property
    def changes_arguments(self) -> bool:
        """Whether an argument may be changed in place."""
        changed = frozenset((*self.statement.exposed, *self.statement.within))
        return not changed.isdisjoint(self.own)


class Functions:
    """The scope of a notebook: its names, and the functions and classes among their values."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._bodies: WeakKeyDictionary[CodeType, Body] = WeakKeyDictionary()
        self._reading: set[CodeType] = set()
        self._defined: dict[str, ast.AST] = {}

    def value(self, name: str) -> Any:
        """The value of a name; None for one that is not bound."""
        found = self._namespace.get(name)
        return getattr(builtins, name, None) if found is None else found

    def define(self, statements: Iterable[Statement]) -> None:
        """Note functions that a cell defined: under some magics their source is kept nowhere."""
        for statement in statements:
            self._defined.update((function.name, function) for function in statement.functions)

    def leaves_arguments(self, function: Any) -> bool:
        """Whether calling an object, or its methods, leaves the arguments as they are."""
        if is_library(function):
            return True
        bodies = tuple(self.bodies(function))
        return bool(bodies) and not any(body.changes_arguments for body in bodies)

    def bodies(self, value: Any) -> Iterator[Body]:
        """The functions that a value is made of: itself, or the methods of its class."""
        for function in _functions(value):
            code = function.__code__
            if code in self._reading:
                continue
            if code not in self._bodies:
                self._reading.add(code)
                try:
                    self._bodies[code] = self._read(function)
                finally:
                    self._reading.discard(code)
            yield self._bodies[code]

    def _read(self, function: FunctionType) -> Body:
        node = _source(function) or self._defined.get(function.__name__)
        if node is not None:
            return Body(read_function(node, self), parameters(node))
        # Without a source: the names that its code asks for, and the worst of its arguments.
        names = dict.fromkeys(_names(function.__code__))
        count = function.__code__.co_argcount + function.__code__.co_kwonlyargcount
        arguments = function.__code__.co_varnames[:count]
        return Body(Statement(reads=names, exposed=dict.fromkeys(arguments)), arguments)


def _functions(value: Any) -> Iterator[FunctionType]:
    value = inspect.unwrap(value) if isinstance(value, FunctionType) else value
    # Objects of the person's are not asked for what they may not have: they may answer anything.
    value = value.__func__ if isinstance(value, MethodType) else value
    if isinstance(value, FunctionType):
        if value.__module__ == MAIN:
            yield value
        return
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__ == MAIN:
        for member in vars(kind).values():
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(function, FunctionType):
                yield function


def _source(function: FunctionType) -> ast.AST | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    kind = (
        ast.Lambda if function.__name__ == "<lambda>" else (ast.FunctionDef, ast.AsyncFunctionDef)
    )
    found = [node for node in ast.walk(tree) if isinstance(node, kind)]
    # Of several lambdas in a line nobody knows which it is.
    return found[0] if found and (kind is not ast.Lambda or len(found) == 1) else None


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
