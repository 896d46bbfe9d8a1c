"""A draft: a scenario that is being built, with its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.dashboard.builder.content import Content
from grid.errors import InputError

MOST_STEPS = 100
"""Steps of the history that are kept."""


@dataclass(frozen=True)
class Step:
    """A state of a scenario, and what led to it.

    Args:
        content: The scenario's.
        words: What was done, such as ``Carbon price``.
    """

    content: Content
    words: str


@dataclass(frozen=True)
class Draft:
    """A scenario that is being built.

    Args:
        id: Its name in addresses.
        revision: Counts every change, undo and redo included.
        template: What it was made from: ``shipped:<name>``, ``result:<name>`` or ``file:<name>``.
        template_label: The same as people read it.
        base: The template's content.
        steps: Its history, the oldest first; at least one.
        position: The step that it stands at.
        gesture: What made the last step; another change by the same gesture takes its place.
    """

    id: str
    revision: int
    template: str
    template_label: str
    base: Content
    steps: tuple[Step, ...]
    position: int = 0
    gesture: str = ""

    @property
    def content(self) -> Content:
        """The scenario as it stands."""
        return self.steps[self.position].content

    @property
    def name(self) -> str:
        """The scenario's name, as people read it."""
        name = self.content.get("name")
        return name if isinstance(name, str) and name else "(no name)"

    @property
    def undo_words(self) -> str:
        """What an undo takes back; empty where there is nothing."""
        return self.steps[self.position].words if self.position else ""

    @property
    def redo_words(self) -> str:
        """What a redo does again; empty where there is nothing."""
        return self.steps[self.position + 1].words if self.position + 1 < len(self.steps) else ""

    def edited(self, content: Content, words: str, gesture: str = "") -> Draft:
        """The draft after a change; what was undone before is given up, and a change that changes nothing is none.

        Args:
            content: The scenario after it.
            words: What was done.
            gesture: Changes of one gesture, such as the pull of a slider, are one step.
        """
        if content == self.content:
            return self
        kept = self.steps[: self.position + 1]
        if gesture and gesture == self.gesture and self.position:
            kept = kept[:-1]
        steps = (*kept, Step(content, words))[-MOST_STEPS:]
        return replace(self, revision=self.revision + 1, steps=steps, position=len(steps) - 1, gesture=gesture)

    def moved(self, by: int) -> Draft:
        """The draft after an undo (-1) or a redo (+1); the same where there is none."""
        position = self.position + by
        if not 0 <= position < len(self.steps):
            return self
        return replace(self, revision=self.revision + 1, position=position, gesture="")

    def as_json(self) -> dict[str, Any]:
        """The draft as its file holds it."""
        steps = [{"words": step.words, "content": step.content} for step in self.steps]
        return {
            "format": 1, "id": self.id, "revision": self.revision, "template": self.template,
            "template_label": self.template_label, "base": self.base, "steps": steps, "position": self.position,
            "gesture": self.gesture,
        }  # fmt: skip


def draft_from_json(stored: Mapping[str, Any]) -> Draft:
    """The draft that a file holds.

    Raises:
        InputError: If it is no draft.
    """
    try:
        steps = tuple(Step(dict(step["content"]), str(step["words"])) for step in stored["steps"])
        draft = Draft(
            str(stored["id"]), int(stored["revision"]), str(stored["template"]), str(stored["template_label"]),
            dict(stored["base"]), steps, int(stored["position"]), str(stored.get("gesture", "")),
        )  # fmt: skip
        _ = draft.steps[draft.position]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError.single("draft", "its file is damaged; begin a new one from the same template") from error
    return draft
