"""What a lever is: a quantity that planners turn, and how it stands in the content of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.dashboard.builder.content import Content

Value = float | str | None
"""What a lever shows: a number in its unit, one of its choices, or nothing where the scenario does not say."""

OURS = "range: ours"


@dataclass(frozen=True)
class LeverChoice:
    """One of the values of a lever that is no number.

    Args:
        value: As the scenario holds it.
        label: What people read.
    """

    value: str
    label: str


@dataclass(frozen=True)
class Range:
    """The values that a lever offers; others can be typed, and are checked by the schema.

    Args:
        low: Least.
        high: Most.
        step: From one to the next.
        source: Where the range comes from, or what it is meant to span; `OURS` where it is our judgement.
    """

    low: float
    high: float
    step: float
    source: str = OURS


@dataclass(frozen=True)
class NetFacts:
    """What a lever needs to know of the net where it adds something.

    Args:
        bus: The bus at which the city hangs on the grid above, on its own side of the transformers.
    """

    bus: str


def everywhere(_content: Content) -> str:
    """Why a lever cannot be turned: it always can."""
    return ""


@dataclass(frozen=True)
class ScenarioLever:
    """A quantity that planners turn.

    Args:
        key: Its name in edits, addresses and sweeps.
        label: What people read.
        group: Heading that it stands under.
        unit: Unit of what it shows; ``{currency}`` stands for the scenario's.
        meaning: What it is, in a sentence.
        read: Its value in a content; None where the content does not say.
        write: The content with another value; what is absent is added. Takes content, value and the net.
        paths: Places in the scenario that it sets, for what is there in a content.
        range: The values it offers; None for choices and dates.
        choices: Its values where it is no number.
        kind: ``number``, ``choice`` or ``date``.
        whole: Whether its numbers are whole.
        factor: What it shows for 1 in the scenario; 100 for shares in per cent.
        hindrance: Why it cannot be turned in a content, in words; empty where it can.
        hint: What a planner should know of its value in a content; empty where there is nothing.
        shown: Whether it is offered for a content.
    """

    key: str
    label: str
    group: str
    unit: str
    meaning: str
    read: Callable[[Content], Value]
    write: Callable[[Content, Any, Callable[[], NetFacts]], Content]
    paths: Callable[[Content], tuple[str, ...]]
    range: Range | None = None
    choices: tuple[LeverChoice, ...] = ()
    kind: str = "number"
    whole: bool = False
    factor: float = 1.0
    hindrance: Callable[[Content], str] = everywhere
    hint: Callable[[Content], str] = everywhere
    shown: Callable[[Content], bool] = field(default=lambda _content: True)


def stored(lever_value: Any, factor: float) -> Any:
    """A value as the scenario holds it, from what a lever shows; texts that are no numbers stay as they are."""
    if isinstance(lever_value, bool) or not isinstance(lever_value, int | float):
        return lever_value
    return lever_value if factor == 1 else round(lever_value / factor, 12)


def as_shown(value: Any, factor: float) -> Any:
    """A value as a lever shows it, from what the scenario holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value if factor == 1 else round(value * factor, 9)
