"""When a risk becomes an alert, of which level, and when it is over: levels with hysteresis and times to hold.

State and time go in, state and what is to be said come out: the same predictions give the same alerts, also after a
restart from a stored state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from grid.errors import Fault, raise_if_any
from grid.twin.alerts.risks import Risk

Key = tuple[str, str, str]
"""Quantity, element and side: what an alert is about."""


class AlertLevel(IntEnum):
    """How urgent an alert is."""

    NONE = 0
    INFORMATION = 1
    WARNING = 2
    ALARM = 3


@dataclass(frozen=True)
class AlertRules:
    """When what is said. The numbers are ours, and a control room's to set.

    Args:
        information: Probability from which there is an information [1].
        warning: That of a warning [1].
        alarm: That of an alarm [1].
        hysteresis: Share of its threshold by which the probability must fall below it before a level is left.
        clear_after_s: How long it must stay there [s].
        hold_s: Least time between two changes of one alert; an alarm does not wait for it [s].
    """

    information: float = 0.1
    warning: float = 0.3
    alarm: float = 0.7
    hysteresis: float = 0.25
    clear_after_s: float = 1800.0
    hold_s: float = 900.0

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the rules of alerts")

    def _faults(self) -> Iterator[Fault]:
        if not 0 < self.information <= self.warning <= self.alarm <= 1:
            thresholds = (self.information, self.warning, self.alarm)
            yield Fault("information, warning, alarm", "must rise, above 0 and up to 1", thresholds)
        if not 0 <= self.hysteresis < 1:
            yield Fault("hysteresis", "must lie within 0..1, below 1", self.hysteresis)
        for name in ("clear_after_s", "hold_s"):
            if not getattr(self, name) >= 0:
                yield Fault(name, "must be at least 0", getattr(self, name))

    def level(self, probability: float) -> AlertLevel:
        """The level that a probability reaches."""
        thresholds = (self.information, self.warning, self.alarm)
        return AlertLevel(sum(probability >= threshold for threshold in thresholds))

    def holds(self, level: AlertLevel, probability: float) -> bool:
        """Whether a probability still bears out a level."""
        thresholds = (0.0, self.information, self.warning, self.alarm)
        return probability >= thresholds[level] * (1 - self.hysteresis)


@dataclass(frozen=True)
class AlertState:
    """An alert as it stands.

    Args:
        identifier: Its name: quantity, side of the limit, the worst place and the moment when it was raised; no other
            alert has it. Empty before it ever was.
        level: Its level.
        since: When that level was reached or left.
        below_since: Since when what is predicted no longer bears out the level; None while it does.
        risk: What was predicted last that bore it out.
    """

    identifier: str
    level: AlertLevel
    since: datetime
    below_since: datetime | None
    risk: Risk


@dataclass(frozen=True)
class AlertEvent:
    """Something to be said.

    Args:
        time: When.
        identifier: Name of the alert.
        what: ``raised``, ``escalated``, ``lowered`` or ``cleared``.
        level: Its level from now on.
        risk: What is predicted.
    """

    time: datetime
    identifier: str
    what: str
    level: AlertLevel
    risk: Risk


def advance(
    states: Mapping[Key, AlertState], risks: Iterable[Risk], now: datetime, rules: AlertRules | None = None
) -> tuple[dict[Key, AlertState], tuple[AlertEvent, ...]]:
    """Alerts after a new prediction, and what is to be said of them.

    Args:
        states: Alerts before it.
        risks: What is predicted now; what is missing has become impossible.
        now: When it is predicted.
        rules: When what is said.

    Returns:
        The alerts that stand or were cleared less than `AlertRules.hold_s` ago, and what is to be said, in order.
    """
    rules = rules or AlertRules()
    predicted = {risk.key: risk for risk in risks}
    found: dict[Key, AlertState] = {}
    events = []
    for key in sorted({*states, *predicted}):
        before, risk = states.get(key), predicted.get(key)
        after, event = _one(before, risk, now, rules)
        if after is not None:
            found[key] = after
        if event is not None:
            events.append(event)
    return found, tuple(events)


def _one(
    before: AlertState | None, risk: Risk | None, now: datetime, rules: AlertRules
) -> tuple[AlertState | None, AlertEvent | None]:
    """One alert after a prediction; None where nothing needs to be remembered of it."""
    probability = 0.0 if risk is None else risk.probability
    level = AlertLevel.NONE if before is None else before.level
    reached = rules.level(probability)
    rested = before is None or now - before.since >= timedelta(seconds=rules.hold_s)
    if risk is not None and reached > level:
        urgent = rested or reached == AlertLevel.ALARM
        return _risen(before, risk, reached, now) if urgent else (before, None)
    if before is None or level == AlertLevel.NONE:
        return (None if rested else before), None
    latest = replace(before, risk=before.risk if risk is None else risk)
    if rules.holds(level, probability):
        return replace(latest, below_since=None), None
    below = before.below_since or now
    if not rested or now - below < timedelta(seconds=rules.clear_after_s):
        return replace(latest, below_since=below), None
    fallen = replace(latest, level=reached, since=now, below_since=None)
    what = "cleared" if reached == AlertLevel.NONE else "lowered"
    return fallen, AlertEvent(now, before.identifier, what, reached, latest.risk)


def _risen(before: AlertState | None, risk: Risk, level: AlertLevel, now: datetime) -> tuple[AlertState, AlertEvent]:
    """An alert that is raised, or rises."""
    new = before is None or before.level == AlertLevel.NONE
    identifier = f"{risk.quantity} {risk.side} {risk.element} {now:%Y-%m-%dT%H:%M:%SZ}"
    if before is not None and not new:
        identifier = before.identifier
    state = AlertState(identifier, level, now, None, risk)
    return state, AlertEvent(now, identifier, "raised" if new else "escalated", level, risk)
