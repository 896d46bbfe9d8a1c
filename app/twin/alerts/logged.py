"""Alerts as entries of the log, and decisions on those that stand in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.twin.alerts.action import ProposedAction
from app.twin.log import TwinLog
from grid.errors import InputError, nearest
from grid.twin.alerts.levels import AlertEvent
from grid.twin.learning.moves import predicted_mwh
from grid.twin.learning.records import AlertRecord

if TYPE_CHECKING:
    from grid.twin.learning.records import DecisionRecord


def alert_records(
    events: Sequence[AlertEvent], action: ProposedAction | None, corrected_by: Sequence[str] = ()
) -> list[AlertRecord]:
    """What is said of alerts, with the action that was proposed, as entries of the log, the most urgent first.

    Args:
        events: What is said.
        action: The action; None if none was sought. The first entry holds what it asks of each asset.
        corrected_by: What learned corrections changed, in words.
    """
    ordered = sorted(events, key=lambda event: (-event.level, -event.risk.probability, event.identifier))
    moves = () if action is None else action.moves
    name = f"action of {ordered[0].time:%Y-%m-%dT%H:%M:%SZ}" if ordered and moves else ""
    predicted = {move.asset: predicted_mwh(move) for move in moves}
    return [
        AlertRecord(
            event.identifier, event.time, event.what, event.level.name.lower(), event.risk.quantity,
            event.risk.element, event.risk.probability,
            None if action is None else action.probability(event.risk),
            predicted, {move.asset: move.kind for move in moves},
            None if action is None else action.cost, None if action is None else action.carbon_kg,
            side=event.risk.side, value=_known(event.risk.value), limit=_known(event.risk.limit),
            begins=event.risk.begins, ends=event.risk.ends, action=name, moves=moves if event is ordered[0] else (),
            corrected_by=tuple(corrected_by), others=event.risk.others,
            currency="" if action is None else action.currency,
        )
        for event in ordered
    ]  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def log_alerts(
    log: TwinLog, events: Sequence[AlertEvent], action: ProposedAction | None, corrected_by: Sequence[str] = ()
) -> None:
    """Adds what is said of alerts to a log; arguments as in `alert_records`.

    Raises:
        StoreError: If it cannot be reached or is locked.
    """
    log.add(alert_records(events, action, corrected_by))


def decide(log: TwinLog, decision: DecisionRecord) -> bool:
    """Adds a decision to the log.

    Args:
        log: The log.
        decision: What was decided.

    Returns:
        Whether it is new; the same decision again changes nothing.

    Raises:
        InputError: If the log has no such alert.
    """
    alerts = list(dict.fromkeys(record.alert for record in log.records("alert")))
    if decision.alert not in alerts:
        raise InputError.single("ALERT", "the log has no such alert", decision.alert, nearest(decision.alert, alerts))
    return log.add([decision]) == 1
