"""Alerts that wait for their outcome, with what was decided on their actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord, OutcomeRecord, PlannedMove

_RAISED: Final = ("raised", "escalated")


@dataclass(frozen=True, eq=False)
class AlertCase:
    """An alert that was raised.

    Args:
        alert: What was said of it last while it rose.
        action: The action that it holds, with its moves; None without one.
        decision: What was decided on that action; None if nothing was.
    """

    alert: AlertRecord
    action: AlertRecord | None
    decision: DecisionRecord | None

    @property
    def shares(self) -> Mapping[str, float]:
        """Which share of each asset's move was decided; empty where the action was not taken."""
        if self.action is None or self.decision is None or self.decision.decision == "rejected":
            return {}
        if self.decision.decision == "accepted":
            return {move.asset: 1.0 for move in self.action.moves}
        return decided_shares(self.action, self.decision)

    @property
    def due(self) -> datetime | None:
        """When it is over, together with what was decided; None of what has no time."""
        if not _has_time(self.alert):
            return None
        moves = self.action.moves if self.action is not None and self.shares else ()
        return max(end for end in (self.alert.ends, *map(_end, moves)) if end is not None)


def decided_shares(action: AlertRecord, decision: DecisionRecord) -> dict[str, float]:
    """Which share of each asset's move a changed action has; 0 of assets that are not named."""
    planned = action.predicted_mwh
    return {
        move.asset: decision.changed_mwh.get(move.asset, 0.0) / planned[move.asset] if planned.get(move.asset) else 0.0
        for move in action.moves
    }


@dataclass
class _Waiting:
    """An alert of the log, as far as its entries were read.

    Args:
        first: Number of the first entry that is needed of it.
        alert: What was said of it last while it rose.
        offered: The last entry of it that holds an action.
        taken: The action on which something was decided last, and the decision.
        over: Whether it has its outcome.
    """

    first: int
    alert: AlertRecord
    offered: AlertRecord | None = None
    taken: tuple[AlertRecord, DecisionRecord] | None = None
    over: bool = False


class OpenCases:
    """Alerts of a log that have no outcome yet, told entry after entry.

    What is kept is bounded by the alerts that wait: an alert is forgotten with its outcome, unless another shares an
    action with it on which something may still be decided. So the entries from `first` on give the same again.

    Args:
        has_outcome: Says whether the log has an outcome of an alert; asked of one that rises and is not known, which
            has either been forgotten or had no time.
    """

    def __init__(self, has_outcome: Callable[[str], bool]) -> None:
        self._has_outcome = has_outcome
        self._alerts: dict[str, _Waiting] = {}
        self._actions: dict[str, AlertRecord] = {}

    @property
    def first(self) -> int | None:
        """Number of the first entry that is still needed; None if none is."""
        return min((each.first for each in self._alerts.values()), default=None)

    def __len__(self) -> int:
        """How many alerts are kept."""
        return len(self._alerts)

    def take(self, number: int, record: LogRecord) -> None:
        """Takes the next entry of the log, with its number."""
        if isinstance(record, AlertRecord):
            self._rise(number, record)
        elif isinstance(record, DecisionRecord):
            self._decide(record)
        elif isinstance(record, OutcomeRecord) and record.alert in self._alerts:
            self._alerts[record.alert].over = True
            self._forget()

    def due(self, now: datetime) -> list[AlertCase]:
        """The alerts whose time is over, in the order in which they were raised.

        Each with its last action on which something was decided, else with its last one.
        """
        waiting = [each for each in self._alerts.values() if not each.over]
        cases = [AlertCase(each.alert, *(each.taken or (each.offered, None))) for each in waiting]
        return [case for case in cases if case.due is not None and case.due <= now]

    def _rise(self, number: int, record: AlertRecord) -> None:
        if record.what not in _RAISED or not _has_time(record):
            return
        known = self._alerts.get(record.alert)
        if known is None:
            over = record.what != "raised" and self._has_outcome(record.alert)
            known = self._alerts[record.alert] = _Waiting(number, record, over=over)
        known.alert = record
        if known.over:
            self._forget()
        elif record.moves:
            known.offered = self._actions[record.action] = record

    def _decide(self, record: DecisionRecord) -> None:
        known = self._alerts.get(record.alert)
        action = None if known is None else self._actions.get(known.alert.action)
        if action is not None:
            self._alerts[action.alert].taken = (action, record)

    def _forget(self) -> None:
        """Forgets alerts that are over, but for those that share the action of one that is not."""
        self._actions = {name: each for name, each in self._actions.items() if not self._alerts[each.alert].over}
        self._alerts = {
            name: each for name, each in self._alerts.items() if not each.over or each.alert.action in self._actions
        }


def _has_time(record: AlertRecord) -> bool:
    return record.ends is not None and record.limit is not None


def _end(move: PlannedMove) -> datetime:
    return move.begins + timedelta(seconds=move.step_s) * len(move.with_mw)
