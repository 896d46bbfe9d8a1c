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

RecordKind = Literal["alert", "decision", "outcome", "forecast"]
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
class PlannedMove:
    """What one asset is to do in an action, step by step, so that it can be compared with what is measured.

    Args:
        asset: Its name.
        kind: What kind of action it is, such as ``charging shifted``.
        begins: Beginning of the first step, with time zone.
        step_s: Length of a step [s].
        without_mw: Its withdrawal as planned without the action [MW].
        with_mw: The same with it.
    """

    asset: str
    kind: str
    begins: datetime
    step_s: float
    without_mw: tuple[float, ...]
    with_mw: tuple[float, ...]


@dataclass(frozen=True)
class AlertRecord(LogRecord):
    """An alert as it was said.

    Args:
        what: ``raised``, ``escalated``, ``lowered`` or ``cleared``; ``advised`` where only what to do is new.
        level: Its level from then on.
        quantity: What may exceed its limit.
        element: Where.
        probability: How likely that was said to be.
        probability_with_action: The same with the proposed action; None without one.
        predicted_mwh: What the action is to move, by asset [MWh].
        kinds: What kind of action each asset was to do.
        cost: What the action was to cost more than the plan [currency]; None without one.
        carbon_kg: Carbon of the action [kg]; None without one.
        side: ``high`` or ``low``: which limit.
        value: Value that one sample in ten passes in the likeliest step; None where there is none.
        limit: The limit; None where there is none.
        begins: When it is likely from, with time zone; None if that is not known.
        ends: Until when.
        action: Name of the action that is proposed, which alerts of the same moment share; empty without one.
        moves: What each asset is to do in it.
        corrected_by: What learned corrections changed in the prediction, in words.
        advice: What else is proposed, in words, such as what to switch after a fault.
        others: How many other places are about as likely by the same cause.
        currency: That of the cost; empty in entries that did not say it.
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
    side: str = "high"
    value: float | None = None
    limit: float | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    action: str = ""
    moves: tuple[PlannedMove, ...] = ()
    corrected_by: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    others: int = 0
    currency: str = ""

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
        exceeded: Whether the limit was exceeded in the time of the alert; None where nothing is known.
        effects: What each asset was to do and did; empty where no action was taken.
        worst: The value that was measured there farthest on the side of the limit; None where nothing was.
        estimated: Whether both are those of the estimate, as nothing is metered there.
    """

    exceeded: bool | None = None
    effects: tuple[ActionEffect, ...] = ()
    worst: float | None = None
    estimated: bool = False


@dataclass(frozen=True)
class ForecastRecord(LogRecord):
    """A forecast of a day as it was issued, without corrections, and what came; H steps. `alert` is its name.

    Args:
        kind: What was forecast, such as ``demand``.
        begins: Beginning of its first step, with time zone.
        step_s: Length of a step [s].
        hours: Local hour of the day of each step, 0 to 23, (H,).
        quantiles_mw: At `grid.twin.forecast.quantiles.LEVELS`, (H,) of (5,) [MW].
        values_mw: What came [MW], (H,); None where it was not measured.
    """

    kind: str = "demand"
    begins: datetime | None = None
    step_s: float = 3600.0
    hours: tuple[int, ...] = ()
    quantiles_mw: tuple[tuple[float, ...], ...] = ()
    values_mw: tuple[float | None, ...] = ()


_CLASSES: Final[Mapping[RecordKind, type[LogRecord]]] = {
    "alert": AlertRecord, "decision": DecisionRecord, "outcome": OutcomeRecord, "forecast": ForecastRecord,
}  # fmt: skip
_TIMES: Final = ("begins", "ends")


def plain_record(record: LogRecord) -> dict[str, Any]:
    """An entry without name and time of its alert, as JSON has it."""
    return {name: _plain(value) for name, value in vars(record).items() if name not in {"alert", "time"}}


def _plain(value: Any) -> Any:
    if isinstance(value, ActionEffect | PlannedMove):
        return {name: _plain(each) for name, each in vars(value).items()}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in sorted(value.items())}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def record_of(kind: str, alert: str, time: datetime, content: Mapping[str, Any]) -> LogRecord:
    """The entry that `plain_record` made plain."""
    given = {name: _read(name, value) for name, value in content.items()}
    if "effects" in given:
        given["effects"] = tuple(ActionEffect(**effect) for effect in given["effects"])
    if "moves" in given:
        given["moves"] = tuple(
            PlannedMove(**{name: _read(name, value) for name, value in move.items()}) for move in given["moves"]
        )
    return _CLASSES[kind](alert, time, **given)  # type: ignore[index]  # kinds are those of `_CLASSES`


def _read(name: str, value: Any) -> Any:
    """A value of JSON as the entry has it."""
    if name in _TIMES and isinstance(value, str):
        return datetime.fromisoformat(value)
    return tuple(_read("", each) for each in value) if isinstance(value, list) else value


def kind_of(record: LogRecord) -> RecordKind:
    """Which kind of entry it is."""
    return next(kind for kind, record_class in _CLASSES.items() if type(record) is record_class)
