"""What the statements of a cell read, write and may change in place, from their syntax."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from toolkit.notebook.capture.harmless import READING, is_of_result
from toolkit.notebook.frames import kind_of

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


Statements = Sequence["Statement"]

_IN_PLACE = frozenset({"inplace", "in_place"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


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
    aliases: list[tuple[str, str]] = field(default_factory=list)
    """A name that was bound to another one's object, and that other one."""
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
        ):
            mine.update(others)
        self.aliases += other.aliases
        self.calls += other.calls
        self.queries += other.queries
        self.functions += other.functions


def read_statements(body: Iterable[ast.stmt], scope: IScope) -> Iterator[Statement]:
    """A statement each; of a ``with`` its head and then what is in it."""
    for node in body:
        if isinstance(node, ast.With | ast.AsyncWith):
            head = Statement(node.lineno)
            visitor = _Visitor(head, scope)
            for item in node.items:
                visitor.visit(item)
            yield head
            yield from read_statements(node.body, scope)
        else:
            statement = Statement(node.lineno)
            _Visitor(statement, scope).visit(node)
            yield statement


def read_function(node: ast.AST, scope: IScope) -> Statement:
    """A function's body, as what calling it does; its own names are among those of the result."""
    statement = Statement(getattr(node, "lineno", 0))
    visitor = _Visitor(statement, scope, within=True)
    body = node.body if isinstance(node, _SCOPES) else [node]
    for child in body if isinstance(body, list) else [body]:
        visitor.visit(child)
    expose_aliases([statement])
    return statement


def expose_aliases(statements: Iterable[Statement]) -> None:
    """Expose what a name that is exposed was another name for, in whatever order."""
    each = list(statements)
    while True:
        exposed = {name for statement in each for name in statement.exposed}
        missing = [
            (statement, original)
            for statement in each
            for alias, original in statement.aliases
            if alias in exposed and original not in exposed
        ]
        if not missing:
            return
        for statement, original in missing:
            statement.exposed[original] = None


def parameters(node: ast.AST) -> tuple[str, ...]:
    """Names of a function's parameters, in order."""
    if not isinstance(node, _SCOPES):
        return ()
    given = node.args
    named = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return (*named, *(each.arg for each in (given.vararg, given.kwarg) if each))


def root_name(node: ast.AST) -> str | None:
    """The name that a chain of attributes, items and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


class _Visitor(ast.NodeVisitor):
    def __init__(self, statement: Statement, scope: IScope, *, within: bool = False) -> None:
        self._to = statement
        self._scope = scope
        self._within = within
        """In the body of a function, whose own functions are called as well."""
        self._local: list[frozenset[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        self._name(node, exposed=True)

    def _name(self, node: ast.Name, *, exposed: bool) -> None:
        if any(node.id in names for names in self._local):
            return
        if not isinstance(node.ctx, ast.Load):
            self._to.writes[node.id] = None
            return
        self._to.reads[node.id] = None
        if exposed:
            self._to.exposed[node.id] = None

    def _quietly(self, *nodes: ast.AST | None) -> None:
        """Visit what reads a name and cannot change its object."""
        for node in nodes:
            if isinstance(node, ast.Name):
                self._name(node, exposed=False)
            elif node is not None:
                self.visit(node)

    def _elements(self, node: ast.AST) -> None:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            for element in node.elts:
                self._elements(element)
        elif isinstance(node, ast.Dict):
            for value in (*node.keys, *node.values):
                if value is not None:
                    self._elements(value)
        elif isinstance(node, ast.Starred):
            self._elements(node.value)
        else:
            self._quietly(node)

    def _touch(self, node: ast.AST) -> None:
        name = root_name(node)
        if name is not None and not any(name in names for names in self._local):
            self._to.reads[name] = None
            self._to.touches[name] = None
            self._to.exposed[name] = None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._touch(node)
        if isinstance(node.value, ast.Name):
            self._name(node.value, exposed=node.attr not in READING)
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._touch(node)
        self._quietly(node.value, node.slice)

    def visit_Call(self, node: ast.Call) -> None:
        self._to.calls.append(node)
        function = node.func
        name = root_name(function)
        callee = self._scope.value(name) if name is not None else None
        # A frame's method, or that of some result such as a query's, leaves them as they are.
        method = function.attr if isinstance(function, ast.Attribute) else ""
        unknown = callee is None and name is not None
        harmless = method in READING or (not unknown and self._scope.leaves_arguments(callee))
        # Functions that are passed are called: map(change, frames).
        passed = (self._scope.value(each.id) for each in node.args if isinstance(each, ast.Name))
        harmless &= all(self._scope.leaves_arguments(each) for each in passed if callable(each))
        self._quietly(function)
        of_result = kind_of(callee) is not None and is_of_result(function)
        if isinstance(function, ast.Attribute) and method not in READING and not of_result:
            self._touch(function)
        if any(_is_in_place(keyword) for keyword in node.keywords):
            self._touch(function)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if harmless:
                self._elements(argument)
            else:
                self.visit(argument)
                if isinstance(argument, ast.Name):
                    self._touch(argument)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.visit(target)
        if isinstance(node.value, ast.Name):
            # Another name for an object does nothing to it by itself.
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            self._to.aliases += [(name, node.value.id) for name in names]
            self._name(node.value, exposed=len(names) < len(node.targets))
        else:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._touch(node.target)
        self.visit(node.target)
        self._quietly(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        self._quietly(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        self._quietly(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._quietly(node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._quietly(node.operand)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._quietly(node.left, *node.comparators)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self._quietly(node.value, node.format_spec)

    def visit_Global(self, node: ast.Global) -> None:
        self._to.declared.update(dict.fromkeys(node.names))

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        self._to.writes.update(dict.fromkeys(names))

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._quietly(*node.args.defaults, *node.args.kw_defaults)
        self._in_scope(parameters(node), node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # What its body does, it does when it is called.
        self._to.writes[node.name] = None
        self._to.functions.append(node)
        self._quietly(*node.decorator_list, *node.args.defaults, *node.args.kw_defaults)
        if self._within:
            self._in_scope(parameters(node), *node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._to.writes[node.name] = None
        self._quietly(*node.decorator_list, *node.bases)
        if self._within:
            self._in_scope((), *node.body)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        names = {
            each.id
            for generator in node.generators
            for each in ast.walk(generator.target)
            if isinstance(each, ast.Name)
        }
        for generator in node.generators:
            self._in_scope(names, generator.iter, *generator.ifs)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        self._in_scope(names, *parts)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815

    def _in_scope(self, names: Iterable[str], *nodes: ast.AST) -> None:
        self._local.append(frozenset(names))
        try:
            for node in nodes:
                self.visit(node)
        finally:
            self._local.pop()


def _is_in_place(keyword: ast.keyword) -> bool:
    constant = keyword.value
    return keyword.arg in _IN_PLACE and not (
        isinstance(constant, ast.Constant) and constant.value is False
    )
