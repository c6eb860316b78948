"""A statement of a cell: what it reads, writes and may change in place."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Names = dict[str, None]
"""An ordered set."""

LookUp = Callable[[str], Any]
"""The value of a name after the cell; None for one that is not bound."""


class IScope(Protocol):
    """What is known of the names in a cell."""

    def value(self, name: str) -> Any:
        """The value of a name after the cell; None for one that is not bound."""

    def leaves_arguments(self, function: Any) -> bool:
        """Whether calling an object, or its methods, leaves the arguments as they are."""


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(slots=True)
class Statement:
    """One statement at top level, or the body of one function."""

    line: int = 0
    reads: Names = field(default_factory=dict)
    writes: Names = field(default_factory=dict)
    """Bound anew, or deleted."""
    touches: Names = field(default_factory=dict)
    """Receivers of methods, targets of item assignments, arguments of functions that are no
    library's: what is read may flow into them."""
    exposed: Names = field(default_factory=dict)
    """Names whose object may be changed in place."""
    within: Names = field(default_factory=dict)
    """Names of containers whose elements may be changed in place."""
    aliases: list[tuple[str, str]] = field(default_factory=list)
    """A name that was bound to another one's object, and that other one."""
    elements: list[tuple[str, str]] = field(default_factory=list)
    """A name that was bound to an element of another one's object, and that other one."""
    calls: list[ast.Call] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    """SQL of magics."""
    declared: Names = field(default_factory=dict)
    """What a function declares as global."""
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=list)
    """What is defined here."""

    def take(self, other: Statement) -> None:
        """Add what another statement does, which is a part of this one."""
        for mine, others in (
            (self.reads, other.reads),
            (self.writes, other.writes),
            (self.touches, other.touches),
            (self.exposed, other.exposed),
            (self.within, other.within),
        ):
            mine.update(others)
        self.aliases += other.aliases
        self.elements += other.elements
        self.calls += other.calls
        self.queries += other.queries
        self.functions += other.functions


def parameters(node: ast.AST) -> tuple[str, ...]:
    """Names of a function's parameters, in order."""
    if not isinstance(node, SCOPES):
        return ()
    given = node.args
    named = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return (*named, *(each.arg for each in (given.vararg, given.kwarg) if each))


def root_name(node: ast.AST) -> str | None:
    """The name that a chain of attributes, items and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
