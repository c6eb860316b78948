"""What the statements of a cell read, write and may change in place, from their syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from toolkit.notebook.capture.statement import SCOPES, IScope, Names, Statement
from toolkit.notebook.capture.visitor import Visitor


def read_statements(body: Iterable[ast.stmt], scope: IScope) -> Iterator[Statement]:
    """A statement each; of a ``with`` its head and then what is in it."""
    for node in body:
        if isinstance(node, ast.With | ast.AsyncWith):
            head = Statement(node.lineno)
            visitor = Visitor(head, scope)
            for item in node.items:
                visitor.visit(item)
            yield head
            yield from read_statements(node.body, scope)
        else:
            statement = Statement(node.lineno)
            Visitor(statement, scope).visit(node)
            yield statement


def read_function(node: ast.AST, scope: IScope) -> Statement:
    """A function's body, as what calling it does; its own names are among those of the result."""
    statement = Statement(getattr(node, "lineno", 0))
    visitor = Visitor(statement, scope, in_function=True)
    body = node.body if isinstance(node, SCOPES) else [node]
    for child in body if isinstance(body, list) else [body]:
        visitor.visit(child)
    expose_aliases([statement])
    return statement


def expose_aliases(statements: Iterable[Statement]) -> None:
    """Expose what a name that is exposed was another name for, or an element of, in whatever
    order."""
    each = list(statements)
    while True:
        exposed = {name for statement in each for name in statement.exposed}
        within = {name for statement in each for name in statement.within}
        missing: list[tuple[Names, str]] = []
        for statement in each:
            for alias, original in statement.aliases:
                if alias in exposed and original not in exposed:
                    missing.append((statement.exposed, original))
                if alias in within and original not in within:
                    missing.append((statement.within, original))
            for element, container in statement.elements:
                if element in exposed | within and container not in within:
                    missing.append((statement.within, container))
        if not missing:
            return
        for names, name in missing:
            names[name] = None
