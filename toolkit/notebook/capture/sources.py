"""Versions and files that calls name: ``ws.load("x")``, ``read_csv("x.csv")``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from toolkit.notebook.capture.queries import tables
from toolkit.notebook.capture.statement import LookUp, root_name

Source = str | PurePath
"""A reference or URL (text), or a path."""

_FORMATS = (
    "avro csv csv_batched delta excel feather fwf html iceberg ipc ipc_stream json lines ndjson "
    "ods orc parquet pickle pyarrow_dataset sas spss stata table xml "
)
_READERS = frozenset({"read", "reader"})
_FILES = _READERS.union(*({f"read_{form}", f"scan_{form}"} for form in _FORMATS.split()))
_VERSIONS = frozenset({"load"})
_QUERIES = frozenset({"sql", "query", "execute", "from_query"})
_GLOBS = frozenset({"glob", "rglob"})
_PATHS = frozenset({"Path", "PurePath", "str"}) | _GLOBS


def call_name(call: ast.Call) -> str:
    """The last name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def sources_of(
    call: ast.Call, look_up: LookUp, is_workspace: Callable[[Any], bool]
) -> Iterator[Source]:
    """References and paths that a call reads."""
    name = call_name(call)
    known = _FILES | _VERSIONS
    if name not in known or not (call.args or call.keywords):
        return
    receiver = root_name(call.func)
    ours = receiver is None or is_workspace(look_up(receiver)) or name not in _VERSIONS
    argument = call.args[0] if call.args else call.keywords[0].value
    for value in _several(value_of(argument, look_up)):
        if name in _VERSIONS:
            if ours and isinstance(value, str):
                yield value
        elif receiver is None or name not in _READERS or is_workspace(look_up(receiver)):
            yield as_path(value)


def query_of(call: ast.Call, look_up: LookUp) -> str | None:
    """The SQL that a call runs, where its text is known."""
    if call_name(call) not in _QUERIES or not call.args:
        return None
    text = value_of(call.args[0], look_up)
    return text if isinstance(text, str) else None


def files_of(query: str) -> Iterator[Source]:
    """Files that SQL names by their path."""
    return (as_path(name) for name, is_file in tables(query) if is_file)


def as_path(value: str | PurePath) -> Source:
    """A path, or the URL that a text is."""
    return value if isinstance(value, PurePath) or "://" in value else Path(value)


def value_of(node: ast.AST, look_up: LookUp) -> Any:
    """The value of an expression of constants, names, paths and texts; None for any other."""
    for kind, evaluate in _EVALUATIONS.items():
        if isinstance(node, kind):
            return evaluate(node, look_up)
    return None


def _constant(node: Any, _look_up: LookUp) -> Any:
    return node.value if isinstance(node.value, str | int) else None


def _variable(node: Any, look_up: LookUp) -> Any:
    value = look_up(node.id)
    return value if isinstance(value, str | PurePath | int | list | tuple) else None


def _list(node: Any, look_up: LookUp) -> Any:
    return [value_of(each, look_up) for each in node.elts]


def _operation(node: Any, look_up: LookUp) -> Any:
    if not isinstance(node.op, ast.Div | ast.Add):
        return None
    left, right = value_of(node.left, look_up), value_of(node.right, look_up)
    return _joined(left, right, isinstance(node.op, ast.Div))


def _made_path(node: Any, look_up: LookUp) -> Any:
    name = call_name(node)
    if name not in _PATHS or len(node.args) != 1:
        return None
    value = value_of(node.args[0], look_up)
    if name in _GLOBS and isinstance(node.func, ast.Attribute):
        return _joined(value_of(node.func.value, look_up), value, True)
    return Path(value) if isinstance(value, str) else value


def _joined(left: Any, right: Any, as_paths: bool) -> Any:
    if as_paths:
        both = isinstance(left, PurePath | str) and isinstance(right, PurePath | str)
        return Path(left) / right if both else None
    both = isinstance(left, str) and isinstance(right, str)
    return left + right if both else None


def _formatted(node: Any, look_up: LookUp) -> str | None:
    parts = []
    for part in node.values:
        plain = part.value if isinstance(part, ast.FormattedValue) else part
        value = value_of(plain, look_up)
        if value is None or (isinstance(part, ast.FormattedValue) and part.format_spec):
            return None
        parts.append(str(value))
    return "".join(parts)


def _several(value: Any) -> Iterator[str | PurePath]:
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, str | PurePath):
            yield each


_EVALUATIONS: Mapping[type[ast.AST], Callable[[Any, LookUp], Any]] = {
    ast.Constant: _constant,
    ast.Name: _variable,
    ast.BinOp: _operation,
    ast.JoinedStr: _formatted,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Call: _made_path,
}
