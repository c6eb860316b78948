"""Names completed while typing: datasets in calls of a workspace, and in the magics.

A matcher of IPython's completer. It never raises: a name that is not completed is no failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from toolkit.notebook.magics.restore import last_variables
from toolkit.notebook.session import NotebookSession

_VERBS = (
    "append|diff|drop|export|history|hold|lineage|load|optimize|path|profile|sample|save|tag|untag"
)
_CALL = re.compile(rf"([^\W\d]\w*)\.(?:{_VERBS})\((?:.*,\s*)?(?:\w+\s*=\s*)?[\"']([\w.@-]*)$")
_REF = re.compile(r"[\w.@-]*$")
_WORD = re.compile(r"[\w.]*$")
_MAGIC = re.compile(r"\s*(?:[\w., ]+=\s*)?(%{1,2})(sql|lineage|restore|datasets)\s(.*)", re.DOTALL)
_PARAMETER = re.compile(r"\$(\w*)$")


def register(ipython: Any, session: NotebookSession) -> Callable[[], None]:
    """Add the completion of names."""

    @context_matcher(priority=100, identifier="toolkit.dataset_matcher")  # type: ignore[untyped-decorator]
    def dataset_matcher(context: CompletionContext) -> SimpleMatcherResult:
        """Names of datasets, where a dataset is meant."""
        try:
            fragment, names = _candidates(session, context)
        except Exception:
            return SimpleMatcherResult(completions=[])
        found = [
            SimpleCompletion(text=name, type="dataset")
            for name in dict.fromkeys(names)
            if name.lower().startswith(fragment.lower())
        ]
        return SimpleMatcherResult(
            completions=found, matched_fragment=fragment, suppress=bool(found), ordered=True
        )

    matchers = ipython.Completer.custom_matchers
    matchers.append(dataset_matcher)

    def remove() -> None:
        if dataset_matcher in matchers:
            matchers.remove(dataset_matcher)

    return remove


def _candidates(session: NotebookSession, context: CompletionContext) -> tuple[str, Iterable[str]]:
    """What was typed of a name, and the names that it may become."""
    line = context.text_until_cursor
    before = "\n".join([*context.full_text.split("\n")[: context.cursor_line], line])
    if (magic := _MAGIC.fullmatch(before)) is not None and _reaches(magic, before):
        return _in_magic(session, magic[2], magic[3])
    called = _CALL.search(line)
    if called is not None:
        workspace = session.ipython.user_ns.get(called[1])
        if callable(getattr(workspace, "datasets", None)):
            return called[2], _references(workspace, called[2])
    return "", ()


def _reaches(magic: re.Match[str], before: str) -> bool:
    """Whether the cursor is in the magic's own text: that of a line magic ends with the line."""
    return magic[1] == "%%" or "\n" not in before


def _in_magic(session: NotebookSession, name: str, text: str) -> tuple[str, Iterable[str]]:
    workspace = session.workspace
    if name == "restore":
        return _last(_WORD, text), last_variables(session)
    if name != "sql":
        typed = _last(_REF, text)
        return typed, [*session.frames(), *_references(workspace, typed)]
    if (parameter := _PARAMETER.search(text)) is not None:
        return parameter[1], _variables(session)
    quoted = re.search(r'"([\w.@-]*)$', text)
    typed = quoted[1] if quoted else _last(_WORD, text)
    if not typed:
        return "", ()
    return typed, [*session.frames(), *_references(workspace, typed)]


def _variables(session: NotebookSession) -> list[str]:
    hidden = session.ipython.user_ns_hidden
    return [name for name in session.ipython.user_ns if name[0] != "_" and name not in hidden]


def _references(workspace: Any, typed: str) -> Sequence[str]:
    """Names of datasets; behind an ``@`` the versions and tags of one, newest first."""
    name, at, _rest = typed.partition("@")
    if not at:
        names: list[str] = workspace.datasets()["name"].to_list()
        return names
    history = workspace.history(name).reverse()
    tags = [tag for tags in history["tags"].to_list() for tag in tags or ()]
    return [f"{name}@{end}" for end in [*history["version"].to_list(), *tags]]


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
