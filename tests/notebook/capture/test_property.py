"""Any sequence of cells against a model of what should be captured."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ("a", "b", "c")
ENGINES = ("pl", "pd")
DEFINITIONS = """
def is_frame(name):
    return hasattr(globals().get(name), "columns")
def set_first(frame, value):
    if isinstance(frame, pl.DataFrame):
        frame[0, "x"] = value
    else:
        frame.loc[0, "x"] = value
class Box: pass
kept = []
"""

_examples = count()

name = st.sampled_from(NAMES)
value = st.integers(0, 3)
frame = st.tuples(st.just("assign"), name, value, st.sampled_from(ENGINES))
mutation = st.tuples(
    st.just("mutate"), name, value, st.sampled_from(["call", "alias", "loop", "time"])
)
of_kept = st.tuples(st.just("mutate_kept"), value, st.sampled_from(["item", "loop", "alias"]))
keep = st.tuples(st.just("keep"), name)
operation = st.one_of(
    mutation,
    mutation,
    of_kept,
    keep,
    frame,
    st.tuples(st.just("derive"), name, name),
    st.tuples(st.just("alias"), name, name),
    st.tuples(st.sampled_from(["read", "touch", "delete", "other"]), name),
    st.just(("fail",)),
)
cell = st.lists(operation, min_size=1, max_size=2)
cells = st.tuples(
    st.tuples(
        *(
            st.tuples(st.just("assign"), st.just(each), value, st.sampled_from(ENGINES))
            for each in "ab"
        ),
        st.tuples(st.just("alias"), st.just("c"), name),
        *(st.tuples(st.just("keep"), st.just(each)) for each in "ab"),
    ),
    st.lists(st.one_of(cell, cell, cell, st.just("again")), min_size=4, max_size=8),
).map(lambda drawn: [drawn[0], *drawn[1]])
"""A cell that binds frames, and cells of some operations; or the one before once more."""


class Frame:
    """An object of the notebook, by what it has."""

    def __init__(self, content: list[int], engine: str) -> None:
        self.content = content
        self.engine = engine


@dataclass
class Model:
    """What is bound, and the contents of the versions that each name should have."""

    bound: dict[str, Frame] = field(default_factory=dict)
    versions: dict[str, list[list[int]]] = field(default_factory=dict)
    kept: list[Frame] = field(default_factory=list)
    """Frames in a list, which may have other names by now, or none."""
    captured: set[str] = field(default_factory=set)
    """Names that were bound to a frame after some cell."""

    def run(self, operations) -> tuple[str, bool]:
        """The code of a cell, and whether it succeeds."""
        code, succeeded = [], True
        for verb, *arguments in operations:
            if verb == "fail":
                code.append("1 / 0")
                succeeded = False
                continue
            line, effect = getattr(self, verb)(*arguments)
            code.append(line)
            if succeeded:
                effect()
        self._capture()
        return "\n".join(code), succeeded

    def _capture(self) -> None:
        for bound, frame in self.bound.items():
            versions = self.versions.setdefault(bound, [])
            if not versions or versions[-1] != frame.content:
                versions.append(list(frame.content))
            self.captured.add(bound)

    def assign(self, target, number, engine):
        def effect():
            self.bound[target] = Frame([number, number], engine)

        return f'{target} = {engine}.DataFrame({{"x": [{number}, {number}]}})', effect

    def derive(self, target, source):
        def effect():
            if source in self.bound:
                frame = self.bound[source]
                self.bound[target] = Frame([each + 10 for each in frame.content], frame.engine)

        return f"if is_frame({source!r}): {target} = {source} + 10", effect

    def alias(self, target, source):
        def effect():
            if source in self.bound:
                self.bound[target] = self.bound[source]

        return f"if is_frame({source!r}): {target} = {source}", effect

    def mutate(self, target, number, way):
        def effect():
            if target in self.bound:
                self.bound[target].content[0] = number

        guard = f"if is_frame({target!r}):"
        call = f"set_first({target}, {number})"
        ways = {
            "call": f"{guard} {call}",
            "alias": f"{guard}\n    _other = {target}; set_first(_other, {number})",
            "loop": f"{guard}\n    for _each in [{target}]: set_first(_each, {number})",
            "time": f"{guard}\n    get_ipython().run_line_magic('time', {call!r})",
        }
        return ways[way], effect

    def keep(self, target):
        def effect():
            if target in self.bound:
                self.kept.append(self.bound[target])

        return f"if is_frame({target!r}): kept.append({target})", effect

    def mutate_kept(self, number, way):
        def effect():
            for frame in self.kept if way == "loop" else self.kept[-1:]:
                frame.content[0] = number

        ways = {
            "item": f"if kept: set_first(kept[-1], {number})",
            "alias": f"if kept:\n    _kept = kept[-1]; set_first(_kept, {number})",
            "loop": f"for _each in kept: set_first(_each, {number})",
        }
        return ways[way], effect

    def read(self, target):
        return f'if "{target}" in globals(): len(str({target}))', lambda: None

    def touch(self, target):
        return f'if "{target}" in globals(): _box = Box(); _box.frame = {target}', lambda: None

    def delete(self, target):
        return f"globals().pop({target!r}, None)", lambda: self.bound.pop(target, None)

    def other(self, target):
        return f"{target} = 3", lambda: self.bound.pop(target, None)


@pytest.fixture
def shared(notebook):
    notebook.run(f"{DEFINITIONS}\n%toolkit keep 1000")
    return notebook


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=cells)
def test_what_is_captured_is_what_is_bound_after_each_cell(shared, sequence):
    book = f"book{next(_examples)}"
    for each in NAMES:
        shared.shell.user_ns.pop(each, None)
    shared.run("kept.clear()")
    shared.run(f"%toolkit name {book}")
    model, operations = Model(), [("read", "a")]
    for given_operations in sequence:
        operations = operations if given_operations == "again" else given_operations
        code, succeeded = model.run(operations)
        shown = shared.run(code)
        assert succeeded == ("ZeroDivisionError" not in shown), shown
        assert "not saved" not in shown
        assert "capture failed" not in shown
        for each, frame in model.bound.items():
            assert shared.shell.user_ns[each]["x"].to_list() == frame.content
    for each in NAMES:
        expected = model.versions.get(each, [])
        stored = shared.workspace.history(f"{book}.{each}")["version"].to_list() if expected else []
        contents = [shared.load(f"{book}.{each}@{n}")["x"].to_list() for n in stored]
        assert contents == expected
    last = {b.variable: b for b in shared.workspace.captures.last_session(book, "")}
    assert set(last) == model.captured
    for each in model.captured:
        newest = f"{book}.{each}@{len(model.versions[each])}" if each in model.bound else ""
        assert last[each].ref == newest
