"""Alerts as entries of the log, and decisions on those that stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.twin.alerts.action import ProposedAction
from app.twin.log import TwinLog, opened_log
from grid.errors import InputError, nearest
from grid.twin.alerts.levels import AlertEvent
from grid.twin.learning.records import AlertRecord

if TYPE_CHECKING:
    from grid.twin.learning.records import DecisionRecord


def alert_records(events: Sequence[AlertEvent], action: ProposedAction | None) -> list[AlertRecord]:
    """What is said of alerts, with the action that was proposed, as entries of the log.

    Args:
        events: What is said.
        action: The action; None if none was sought. What it is to move is what each asset draws less [MWh].
    """
    parts = () if action is None else action.parts
    return [
        AlertRecord(
            event.identifier, event.time, event.what, event.level.name.lower(), event.risk.quantity,
            event.risk.element, event.risk.probability,
            None if action is None else action.probability(event.risk),
            {part.asset: part.less_mwh for part in parts}, {part.asset: part.what for part in parts},
            None if action is None else action.cost, None if action is None else action.carbon_kg,
        )
        for event in events
    ]  # fmt: skip


def log_alerts(place: str, events: Sequence[AlertEvent], action: ProposedAction | None) -> None:
    """Adds what is said of alerts to a log, which is made if need be; arguments as in `alert_records`.

    Raises:
        InputError: If the place is none of a log.
        StoreError: If it cannot be reached or is locked.
    """
    with opened_log(place) as log:
        log.add(alert_records(events, action))


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
