"""Tag, hold and drop a version. What takes protection or data away is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from toolkit.notebook.display.interfaces import IViewedWorkspace
from toolkit.notebook.display.words import many, safe

Guard = Callable[[Callable[[], str]], None]
"""Runs an action, shows the sentence that it returns or the error that it raises in one line, and
then what has changed."""


class Actions:
    """The controls for one version at a time."""

    def __init__(self, workspace: IViewedWorkspace, guard: Guard) -> None:
        self._workspace = workspace
        self._guard = guard
        self._name, self._ref = "", ""
        self._pending: Callable[[], str] | None = None
        self._tag = _text("A tag, such as paper", self._add_tag)
        self._reason = _text("Why it has to stay", self._add_hold)
        self._tags = widgets.HBox()
        self._holds = widgets.HBox()
        self._drop = _button("Drop", self._ask_drop, style="danger")
        self._question = widgets.HTML()
        self._yes = _button("", self._confirmed, style="danger")
        no = _button("Cancel", self._cancel)
        self._ask = widgets.HBox([self._question, self._yes, no])
        self.widget = widgets.VBox(
            [
                widgets.HBox([self._tag, _button("Tag", self._add_tag), self._tags]),
                widgets.HBox([self._reason, _button("Hold", self._add_hold), self._holds]),
                widgets.HBox([self._drop]),
                self._ask,
            ]
        )
        self._cancel()

    def show(self, name: str, version: int, tags: list[str]) -> None:
        """Offer what can be done with a version that has these tags. Raises CatalogError."""
        self._name, self._ref = name, f"{name}@{version}"
        self._cancel()
        self._tag.value = self._reason.value = ""
        self._drop.description = f"Drop {self._ref}"
        self._drop.tooltip = f"Drop {self._ref}"
        self._drop.layout.width = "auto"
        self._tags.children = tuple(self._remove_tag(tag) for tag in tags)
        held = [hold for hold in self._workspace.holds() if hold.ref == self._ref]
        self._holds.children = tuple(self._release(hold.id, hold.reason) for hold in held)

    def _add_tag(self) -> None:
        tag, ref = self._tag.value.strip(), self._ref

        def act(*, move: bool = False) -> str:
            self._workspace.tag(ref, tag, move=move)
            return f"{ref} is tagged {tag}."

        history = self._workspace.history(self._name)
        others = history.filter(history["version"] != int(ref.rpartition("@")[2]))
        taken = others.filter(others["tags"].list.contains(tag))
        if taken.height:
            was = f"{self._name}@{taken.item(0, 'version')}"
            self._confirm(
                f"{was} is tagged {tag}: move the tag to {ref}?", "Move it", lambda: act(move=True)
            )
        else:
            self._guard(act)

    def _remove_tag(self, tag: str) -> Any:
        name, ref = self._name, self._ref

        def act() -> str:
            self._workspace.untag(name, tag)
            return f"{ref} is not tagged {tag} any more."

        text = f"Take the tag {tag} away? A version without tags and holds may be dropped."
        return _button(
            f"✕ {tag}",
            lambda: self._confirm(text, "Take it away", act),
            tooltip=f"Remove tag {tag}",
        )

    def _add_hold(self) -> None:
        ref, reason = self._ref, self._reason.value.strip()

        def act() -> str:
            self._workspace.hold(ref, reason)
            return f"{ref} is held."

        self._guard(act)

    def _release(self, hold_id: int, reason: str) -> Any:
        ref = self._ref

        def act() -> str:
            self._workspace.release(hold_id)
            return f"The hold on {ref} is released."

        text = f"Release the hold on {ref} ({reason or 'no reason given'})?"
        shown = reason or "hold"
        return _button(
            f"✕ {shown}", lambda: self._confirm(text, "Release it", act), tooltip=f"Release {shown}"
        )

    def _ask_drop(self) -> None:
        ref = self._ref

        def act() -> str:
            return f"{self._workspace.drop(ref)} is dropped."

        rows = self._workspace.history(self._name).height
        left = many(rows - 1, "other version") if rows > 1 else "no other version"
        self._confirm(
            f"Drop {ref}? It cannot be brought back; {left} of it will be left.", "Drop it", act
        )

    def _confirm(self, question: str, answer: str, action: Callable[[], str]) -> None:
        """Ask first; ``answer`` is what stands on the button that says yes."""
        self._pending = action
        self._yes.description = self._yes.tooltip = answer
        self._question.value = f"<b>{safe(question, 300)}</b>"
        self._ask.layout.display = "flex"

    def _confirmed(self) -> None:
        action = self._pending
        self._cancel()
        if action is not None:
            self._guard(action)

    def _cancel(self) -> None:
        self._pending = None
        self._ask.layout.display = "none"


def _text(placeholder: str, action: Callable[[], None]) -> Any:
    made = widgets.Text(placeholder=placeholder)

    def told(_text: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        # Enter does what the button beside does. ipywidgets' own callback for it is deprecated.
        if content.get("event") == "submit":
            action()

    made.on_msg(told)
    return made


def _button(
    text: str, action: Callable[[], None], *, style: str = "", tooltip: str | None = None
) -> Any:
    made = widgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style=style,
        layout=widgets.Layout(width="auto"),
    )
    made.on_click(lambda _button: action())
    return made
