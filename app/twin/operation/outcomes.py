"""What came of alerts whose time is over: whether the limit was passed, how far, and what actions did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from grid.network.tolerances import IMPORT_TOLERANCE, LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from grid.time.clock import Clock
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.moves import move_effect
from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord, OutcomeRecord, PlannedMove
from grid.twin.measurements import USABLE, measured_series

SURE: Final = 1.645
"""Standard deviations of a measurement by which it must pass a limit to count: an error of 5 % on one side."""
Estimated = Callable[[AlertRecord, float], tuple[bool | None, float | None]]
"""Of an alert and the tolerance of its limit: whether it was exceeded, and the worst value; None each if not known."""
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
        if self.alert.ends is None or self.alert.limit is None:
            return None
        moves = self.action.moves if self.action is not None and self.shares else ()
        return max([self.alert.ends, *(_end(move) for move in moves)])


def decided_shares(action: AlertRecord, decision: DecisionRecord) -> dict[str, float]:
    """Which share of each asset's move a changed action has; 0 of assets that are not named."""
    planned = action.predicted_mwh
    return {
        move.asset: decision.changed_mwh.get(move.asset, 0.0) / planned[move.asset] if planned.get(move.asset) else 0.0
        for move in action.moves
    }


def outcomes_due(
    records: Sequence[LogRecord], marked: pl.DataFrame, now: datetime, supply: Sequence[str],
    estimated: Estimated | None = None,
) -> list[OutcomeRecord]:  # fmt: skip
    """Outcomes of alerts whose time is over and that have none yet.

    Args:
        records: The log, in its order.
        marked: Measurements with `MEASUREMENT_COLUMNS`, marked.
        now: When.
        supply: Names of the buses with the external grid, whose withdrawal is the import with the other sign.
        estimated: Says of an alert what the estimate does, where nothing is metered; None without one.
    """
    return [outcome(case, marked, now, supply, estimated) for case in cases_due(records, now)]


def cases_due(records: Sequence[LogRecord], now: datetime) -> list[AlertCase]:
    """Alerts whose time is over and that have no outcome yet; arguments as in `outcomes_due`."""
    done = {record.alert for record in records if isinstance(record, OutcomeRecord)}
    cases = (case for case in alert_cases(records) if case.alert.alert not in done)
    return [case for case in cases if case.due is not None and case.due <= now]


def alert_cases(records: Iterable[LogRecord]) -> list[AlertCase]:
    """The alerts of a log, each with its last action on which something was decided, else with its last one."""
    raised: dict[str, AlertRecord] = {}
    offered: dict[str, AlertRecord] = {}
    by_action: dict[str, AlertRecord] = {}
    taken: dict[str, tuple[AlertRecord, DecisionRecord]] = {}
    for record in records:
        if isinstance(record, AlertRecord) and record.what in _RAISED:
            raised[record.alert] = record
            if record.moves:
                offered[record.alert] = by_action[record.action] = record
        elif isinstance(record, DecisionRecord) and record.alert in raised:
            action = by_action.get(raised[record.alert].action)
            if action is not None:
                taken[action.alert] = (action, record)
    return [
        AlertCase(alert, *taken.get(name, (offered.get(name), None)))
        for name, alert in raised.items()
    ]  # fmt: skip


def outcome(
    case: AlertCase, marked: pl.DataFrame, now: datetime, supply: Sequence[str], estimated: Estimated | None = None
) -> OutcomeRecord:
    """What came of an alert; arguments as in `outcomes_due`."""
    exceeded, worst = _exceeded(case.alert, marked, supply)
    metered = exceeded is not None
    if not metered and estimated is not None:
        exceeded, worst = estimated(case.alert, _tolerance(case.alert))
    effects = () if case.action is None else tuple(_effects(case.action.moves, case.shares, marked))
    by_estimate = exceeded is not None and not metered
    return OutcomeRecord(case.alert.alert, now, exceeded, effects, worst, by_estimate)


def _effects(moves: Sequence[PlannedMove], shares: Mapping[str, float], marked: pl.DataFrame) -> Iterator[ActionEffect]:
    for move in moves:
        if not shares.get(move.asset):
            continue
        clock = Clock(move.begins, timedelta(seconds=move.step_s), len(move.with_mw))
        measured, _ = measured_series(marked, clock).select("asset", "p_mw", [move.asset])
        effect = move_effect(move, measured[:, 0], shares[move.asset])
        if effect is not None:
            yield effect


def _exceeded(alert: AlertRecord, marked: pl.DataFrame, supply: Sequence[str]) -> tuple[bool | None, float | None]:
    """Whether a limit was passed for sure while it was predicted, and the worst value; None each if not measured."""
    limit, high = alert.limit or 0.0, alert.side == "high"
    names = supply if alert.quantity == "import_mw" else [alert.element]
    quantity = "p_mw" if alert.quantity == "import_mw" else alert.quantity
    rows = marked.filter(
        pl.col("quality").is_in(USABLE), pl.col("value").is_not_null(), pl.col("quantity") == quantity,
        pl.col("element").is_in(list(names)), pl.col("time") >= alert.begins, pl.col("time") < alert.ends,
    )  # fmt: skip
    if quantity == "p_mw":
        rows = rows.filter(pl.col("element_kind") == "bus").group_by("time", maintain_order=True).agg(
            -pl.col("value").sum(), (pl.col("standard_deviation") ** 2).sum().sqrt())  # fmt: skip
    if rows.is_empty():
        return None, None
    sign = 1.0 if high else -1.0
    values, sigma = (rows[name].to_numpy() for name in ("value", "standard_deviation"))
    tolerance = _tolerance(alert)
    beyond = sign * (values - limit)
    worst = int(np.argmax(beyond))
    return bool((beyond > tolerance + SURE * sigma).any()), float(round(values[worst], 9))


def _tolerance(alert: AlertRecord) -> float:
    """By how much the limit of an alert may be passed."""
    of_quantity = {"vm_pu": VOLTAGE_TOLERANCE_PU, "import_mw": IMPORT_TOLERANCE * (alert.limit or 0.0)}
    return of_quantity.get(alert.quantity, LOADING_TOLERANCE_PERCENT)


def _end(move: PlannedMove) -> datetime:
    return move.begins + timedelta(seconds=move.step_s) * len(move.with_mw)
