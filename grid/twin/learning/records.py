"""What a log holds: alerts as they were said, decisions on them, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from grid.errors import Fault, nearest, raise_if_any
from grid.twin.learning.effect import ActionEffect

RecordKind = Literal["alert", "decision", "outcome"]
RECORD_KINDS: Final[tuple[RecordKind, ...]] = ("alert", "decision", "outcome")
DECISIONS: Final = ("accepted", "changed", "rejected")
"""What can be decided about a proposed action."""


@dataclass(frozen=True)
class LogRecord:
    """What all entries of a log have.

    Args:
        alert: Name of the alert that it belongs to.
        time: When it was said, decided or measured, with time zone; kept in UTC.
    """

    alert: str
    time: datetime

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the entry of the log")
        object.__setattr__(self, "time", self.time.astimezone(UTC))

    def _faults(self) -> Iterator[Fault]:
        if not self.alert:
            yield Fault("alert", "must not be empty")
        if self.time.tzinfo is None:
            yield Fault("time", "must have a time zone", self.time.isoformat())


@dataclass(frozen=True)
class AlertRecord(LogRecord):
    """An alert as it was said.

    Args:
        what: ``raised``, ``escalated``, ``lowered`` or ``cleared``.
        level: Its level from then on.
        quantity: What may exceed its limit.
        element: Where.
        probability: How likely that was said to be.
        probability_with_action: The same with the proposed action; None without one.
        predicted_mwh: What the action is to move, by asset [MWh].
        kinds: What kind of action each asset was to do.
        cost: What the action was to cost [currency]; None without one.
        carbon_kg: Carbon of the action [kg]; None without one.
    """

    what: str = "raised"
    level: str = "warning"
    quantity: str = ""
    element: str = ""
    probability: float = 0.0
    probability_with_action: float | None = None
    predicted_mwh: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    cost: float | None = None
    carbon_kg: float | None = None

    def _faults(self) -> Iterator[Fault]:
        yield from super()._faults()
        if not 0 <= self.probability <= 1:
            yield Fault("probability", "must lie within 0..1", self.probability)


@dataclass(frozen=True)
class DecisionRecord(LogRecord):
    """What was decided about the action that an alert proposed.

    Args:
        decision: One of `DECISIONS`.
        by: Who decided.
        reason: Why; needed unless it was accepted.
        changed_mwh: What is moved instead, by asset [MWh].
    """

    decision: str = "accepted"
    by: str = ""
    reason: str = ""
    changed_mwh: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def _faults(self) -> Iterator[Fault]:
        yield from super()._faults()
        if self.decision not in DECISIONS:
            yield Fault("decision", f"must be one of {', '.join(DECISIONS)}", self.decision,
                        nearest(self.decision, DECISIONS))  # fmt: skip
        elif self.decision != "accepted" and not self.reason.strip():
            yield Fault("reason", f"must be given where an action is {self.decision}")
        if (self.decision == "changed") != bool(self.changed_mwh):
            yield Fault("changed_mwh", "must say what is moved instead where an action is changed, and only there")
        if not self.by:
            yield Fault("by", "must not be empty")


@dataclass(frozen=True)
class OutcomeRecord(LogRecord):
    """What came of an alert.

    Args:
        exceeded: Whether the limit was exceeded in the time of the alert; None where nothing was measured.
        effects: What each asset was to do and did; empty where no action was taken.
    """

    exceeded: bool | None = None
    effects: tuple[ActionEffect, ...] = ()


def plain_record(record: LogRecord) -> dict[str, Any]:
    """An entry without name and time of its alert, as JSON has it."""
    content = {name: value for name, value in vars(record).items() if name not in {"alert", "time"}}
    if isinstance(record, OutcomeRecord):
        content["effects"] = [vars(effect) for effect in record.effects]
    return {name: _plain(value) for name, value in content.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in sorted(value.items())}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def record_of(kind: str, alert: str, time: datetime, content: Mapping[str, Any]) -> LogRecord:
    """The entry that `plain_record` made plain."""
    if kind == "outcome":
        effects = tuple(ActionEffect(**effect) for effect in content["effects"])
        return OutcomeRecord(alert, time, content["exceeded"], effects)
    return (AlertRecord if kind == "alert" else DecisionRecord)(alert, time, **content)


def kind_of(record: LogRecord) -> RecordKind:
    """Which kind of entry it is."""
    if isinstance(record, AlertRecord):
        return "alert"
    return "decision" if isinstance(record, DecisionRecord) else "outcome"
