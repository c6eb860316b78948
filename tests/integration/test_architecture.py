"""The layout's rules: who may import whom, where catalog SQL stands, how long a module may be."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import toolkit

PACKAGE = Path(toolkit.__file__).parent
SLICES = frozenset({"analysis", "catalog", "datasets", "notebook", "query", "sampling", "storage"})
LONGEST = 320

Rule = Callable[[Path], list[str]]

SQL = re.compile(
    r"\b(SELECT\b.*?\bFROM|FROM|JOIN|INSERT\s+INTO|UPDATE|DELETE\s+FROM|CREATE\s+TABLE)\s+"
    r"(files|datasets|versions|version_files|columns|column_locations|inputs|runs|tags|holds|"
    r"events|settings|commits|schema_migrations)\b",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module of this package."""

    line: int
    module: str
    """Dotted, below the package: ``core.types``."""
    for_types: bool
    """Within ``if TYPE_CHECKING``, which never runs."""
    within: bool
    """Within a function: it runs when the function does."""


def modules(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def imports(path: Path, root: Path) -> Iterator[Import]:
    """Each import of this package in a module, relative ones too."""
    package = [root.name, *path.relative_to(root).parts[:-1]]

    def walk(node: ast.AST, for_types: bool, within: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            names: list[str] = []
            if isinstance(child, ast.Import):
                names = [name.name for name in child.names]
            elif isinstance(child, ast.ImportFrom):
                above = package[: len(package) - child.level + 1] if child.level else []
                base = ".".join([*above, *([child.module] if child.module else [])])
                names = [f"{base}.{name.name}" for name in child.names]
            for name in names:
                head, _, rest = name.partition(".")
                if head == root.name:
                    yield Import(child.lineno, rest, for_types, within)
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, for_types or _is_for_types(child), within or function)

    return walk(ast.parse(path.read_text()), False, False)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def part(module: str) -> str:
    return module.partition(".")[0]


def forbidden(root: Path, allowed: Callable[[str, Import], bool]) -> list[str]:
    """The imports that a rule does not allow, as ``module:line imports what``."""
    return [
        f"{path.relative_to(root)}:{found.line} imports {found.module}"
        for path in modules(root)
        for found in imports(path, root)
        if not allowed(path.relative_to(root).as_posix(), found)
    ]


def slices_import_only_core_and_themselves(root: Path) -> list[str]:
    def allowed(path: str, found: Import) -> bool:
        own = path.partition("/")[0]
        return own not in SLICES or part(found.module) in {"core", own}

    return forbidden(root, allowed)


def core_knows_slices_only_in_its_composition_root(root: Path) -> list[str]:
    def allowed(path: str, found: Import) -> bool:
        if not path.startswith("core/") or part(found.module) == "core":
            return True
        composing = path == "core/dependencies.py" and (found.within or found.for_types)
        return composing and part(found.module) in SLICES

    return forbidden(root, allowed)


def the_public_face_imports_only_core(root: Path) -> list[str]:
    def allowed(path: str, found: Import) -> bool:
        if path != "workspace.py" or part(found.module) == "core":
            return True
        return found.for_types and part(found.module) in SLICES

    return forbidden(root, allowed)


def catalog_sql_stands_in_the_catalog(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in modules(root)
        if path.relative_to(root).parts[0] != "catalog"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]


def modules_are_read_in_one_sitting(root: Path) -> list[str]:
    lengths = {path: len(path.read_text().splitlines()) for path in modules(root)}
    return [
        f"{path.relative_to(root)}: {length} lines"
        for path, length in lengths.items()
        if length > LONGEST
    ]


def every_folder_is_known(root: Path) -> list[str]:
    folders = {path.name for path in root.iterdir() if path.is_dir() and path.name[0] != "_"}
    return sorted(folders - SLICES - {"core"})


def every_module_says_what_it_is(root: Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in modules(root)
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]


BREACHES: dict[Rule, list[tuple[str, str]]] = {
    slices_import_only_core_and_themselves: [
        ("query/new.py", "from toolkit.datasets.service import DatasetService"),
        ("catalog/new.py", "from ..storage import interfaces"),
        ("storage/backends/new.py", "import toolkit.catalog.catalog"),
        ("sampling/new.py", "def late():\n    from toolkit.workspace import Workspace"),
        ("analysis/new.py", "from toolkit import query"),
    ],
    core_knows_slices_only_in_its_composition_root: [
        ("core/new.py", "def late():\n    from toolkit.catalog.catalog import Catalog"),
        ("core/types.py", "from ..workspace import Workspace"),
        ("core/dependencies.py", "from toolkit.catalog.catalog import Catalog"),
        ("core/dependencies.py", "def late():\n    from toolkit.workspace import Workspace"),
    ],
    the_public_face_imports_only_core: [
        ("workspace.py", "def late():\n    from toolkit.query.service import QueryService"),
        ("workspace.py", "import toolkit.datasets.service"),
    ],
    catalog_sql_stands_in_the_catalog: [
        ("datasets/new.py", 'QUERY = "SELECT id FROM versions"'),
        ("workspace.py", 'QUERY = f"UPDATE files SET ref_count = {1}"'),
    ],
    modules_are_read_in_one_sitting: [("query/new.py", "x = 1\n" * (LONGEST + 1))],
    every_folder_is_known: [("helpers/new.py", "")],
    every_module_says_what_it_is: [("query/new.py", "x = 1")],
}
"""For each rule what would break it: the end of a module, new or old."""


@pytest.mark.parametrize("rule", BREACHES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    assert len(modules(PACKAGE)) > 50
    assert rule(PACKAGE) == []


@pytest.mark.parametrize(
    ("rule", "module", "code"),
    [(rule, *breach) for rule, breaches in BREACHES.items() for breach in breaches],
)
def test_a_breach_of_the_rule_is_noticed(rule, module, code, tmp_path):
    copy = tmp_path / "toolkit"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / module
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"\n{code}\n")
    breaches = rule(copy)
    assert len(breaches) == 1
    assert breaches[0].startswith(module if path.stem != "new" or "." in breaches[0] else "helpers")
