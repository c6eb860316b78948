"""From a cell as IPython runs it to its statements, also those that magics run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from toolkit.notebook.capture.queries import parameters, tables
from toolkit.notebook.capture.statement import IScope, Statement
from toolkit.notebook.capture.statements import expose_aliases, read_statements

Transform = Callable[[str], str]
"""IPython's transformation of a cell to Python."""

_Magic: TypeAlias = tuple[str, str, str | None]

_RUNNING = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "debug", "python"})
"""Magics whose body is code of this notebook."""

_RUNS = frozenset({"run_line_magic", "run_cell_magic"})
_INTO = re.compile(r"^\s*(?:--?\S+\s+)*([A-Za-z_]\w*)\s*=?<<")


def statements(code: str, transform: Transform, scope: IScope) -> list[Statement]:
    """The statements of a transformed cell in their order; none of what is no Python."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = list(_unfold(tree.body, transform, scope))
    expose_aliases(found)
    return found


def _unfold(body: list[ast.stmt], transform: Transform, scope: IScope) -> Iterator[Statement]:
    for node in (part for each in body for part in _pairs(each)):
        call = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        magic = _magic(call)
        if magic is not None:
            for statement in _run(magic, transform, scope):
                statement.line = node.lineno
                statement.writes.update(dict.fromkeys(_targets(node)))
                yield statement
            continue
        for statement in read_statements([node], scope):
            # Magics within an if or a loop are a part of it.
            for inner in filter(None, map(_magic, tuple(statement.calls))):
                for part in _run(inner, transform, scope):
                    statement.take(part)
            yield statement


def _pairs(node: ast.stmt) -> Iterator[ast.stmt]:
    """``a, b = x, y`` as two statements, unless one of them reads what the other binds."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            read = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
            bound = [each.id for each in target.elts if isinstance(each, ast.Name)]
            if len(bound) == len(target.elts) == len(value.elts) and read.isdisjoint(bound):
                for one, its in zip(target.elts, value.elts, strict=True):
                    yield ast.copy_location(ast.Assign([one], its), node)
                return
    yield node


def _run(magic: _Magic, transform: Transform, scope: IScope) -> list[Statement]:
    name, line, cell = magic
    if name == "sql":
        return [_sql(line, cell)]
    if name not in _RUNNING:
        return []
    # Of a line magic the line is the code; of a cell magic it may be, as that of %%timeit.
    texts = [cell] if cell is not None and name != "timeit" else [line, cell or ""]
    codes = (transform(_without_options(text)) for text in texts)
    return [statement for code in codes for statement in statements(code, transform, scope)]


def _magic(call: ast.AST | None) -> _Magic | None:
    """Name, line and body of the magic that a call runs."""
    if not (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in _RUNS
        and len(call.args) >= 2
    ):
        return None
    texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
    if len(texts) != len(call.args) or not all(isinstance(text, str) for text in texts):
        return None
    name, line, *rest = (str(text) for text in texts)
    return name, line, rest[0] if rest else None


def _sql(line: str, cell: str | None) -> Statement:
    statement = Statement()
    into = _INTO.match(line)
    if into:
        statement.writes[into[1]] = None
        line = line[into.end() :]
    query = f"{line}\n{cell}" if cell is not None else line
    statement.queries.append(query)
    names = [name for name, is_file in tables(query) if not is_file]
    statement.reads.update(dict.fromkeys((*names, *parameters(query))))
    return statement


def _without_options(text: str) -> str:
    """The code of ``-n 10 -r 3 code``, as timeit takes it."""
    return re.sub(r"^\s*(?:-[a-zA-Z]+\s*(?:\d+\s+)?)+", "", text)


def _targets(node: ast.stmt) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else ():
        yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))
