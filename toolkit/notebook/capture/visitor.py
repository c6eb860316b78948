"""Fills a statement from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from toolkit.notebook.capture.harmless import CONTAINER, READING, is_of_result
from toolkit.notebook.capture.statement import IScope, Statement, parameters, root_name
from toolkit.notebook.frames import kind_of

_IN_PLACE = frozenset({"inplace", "in_place"})


class Visitor(ast.NodeVisitor):
    """Adds what the nodes that it visits do to one statement."""

    def __init__(self, statement: Statement, scope: IScope, *, in_function: bool = False) -> None:
        self._to = statement
        self._scope = scope
        self._in_function = in_function
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

    def _touch(self, node: ast.AST, changed: ast.AST | None = None) -> None:
        """Visit what may change its root's object; where ``changed`` is more than a name, an
        element of it as well."""
        name = root_name(node)
        if name is not None and not any(name in names for names in self._local):
            self._to.reads[name] = None
            self._to.touches[name] = None
            self._to.exposed[name] = None
        if changed is not None and not isinstance(changed, ast.Name):
            self._reach_into(node)

    def _reach_into(self, node: ast.AST) -> None:
        """Visit what may change elements of its root's object, in whatever depth."""
        name = root_name(node)
        if name is not None and not any(name in names for names in self._local):
            self._to.within[name] = None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._touch(node, node.value)
        if isinstance(node.value, ast.Name):
            self._name(node.value, exposed=node.attr not in READING)
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._touch(node, node.value)
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
            self._touch(function, None if method in CONTAINER else function)
        if any(_is_in_place(keyword) for keyword in node.keywords):
            self._touch(function, function)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if harmless:
                self._elements(argument)
            else:
                self.visit(argument)
                if isinstance(argument, ast.Name):
                    self._touch(argument)
                self._reach_into(argument)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.visit(target)
        if isinstance(node.value, ast.Name):
            # Another name for an object does nothing to it by itself.
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            self._to.aliases += [(name, node.value.id) for name in names]
            self._name(node.value, exposed=len(names) < len(node.targets))
        else:
            self._element(node.targets, [node.value])
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._touch(node.target, node)
        self.visit(node.target)
        self._quietly(node.value)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._element([node.target], ast.walk(node.iter))
        self.generic_visit(node)

    visit_AsyncFor = visit_For  # noqa: N815

    def _element(self, targets: Sequence[ast.AST], values: Iterable[ast.AST]) -> None:
        """Note that names are bound to what may be an element of other names' objects."""
        bound = [each.id for to in targets for each in ast.walk(to) if isinstance(each, ast.Name)]
        roots = dict.fromkeys(filter(None, map(root_name, values)))
        self._to.elements += [(name, root) for name in bound for root in roots]

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
        if self._in_function:
            self._in_scope(parameters(node), *node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._to.writes[node.name] = None
        self._quietly(*node.decorator_list, *node.bases)
        if self._in_function:
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
