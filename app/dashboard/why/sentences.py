"""Answers in sentences: text, and links to the place and the time that the text speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.why.attributes import hyphened


@dataclass(frozen=True)
class PlaceLink:
    """A part of a sentence that leads to what it speaks of.

    Args:
        text: What is read.
        href: An address of the dashboard, from `View.link`.
    """

    text: str
    href: str


@dataclass(frozen=True)
class Sentence:
    """A sentence on a page.

    Args:
        parts: Text, and links within it, in order.
        key: A name for it, unique on its page, by which tests and links find it.
        why: Key figure or chart whose account the sentence rests on; empty if it stands for itself.
    """

    parts: tuple[str | PlaceLink, ...]
    key: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """The sentence as plain text."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)


def sentences(found: Sequence[Sentence], why: Sequence[Component | None]) -> Component:
    """Sentences at the top of a page, one below the other.

    Args:
        found: The sentences; none makes nothing visible.
        why: For each, what opens its account; None where there is none.
    """
    rows = [
        html.P(_parts(one, button), **hyphened(data_answer=one.key)) for one, button in zip(found, why, strict=True)
    ]
    return html.Div(rows, className="answers") if rows else html.Div(hidden=True)


def _parts(one: Sentence, button: Component | None) -> list[str | Component]:
    parts: list[str | Component] = [
        part if isinstance(part, str) else dcc.Link(part.text, href=part.href) for part in one.parts
    ]
    return parts if button is None else [*parts, " ", button]
