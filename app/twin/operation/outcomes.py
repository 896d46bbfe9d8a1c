"""What came of alerts whose time is over: whether the limit was passed, how far, and what actions did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from app.twin.operation.background import BackgroundProcess
from app.twin.operation.cases import AlertCase
from app.twin.operation.estimated import DayEstimate, EstimationInputs, estimation_inputs
from grid.network.tolerances import IMPORT_TOLERANCE, LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from grid.time.clock import Clock
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.moves import move_effect
from grid.twin.learning.records import AlertRecord, OutcomeRecord, PlannedMove
from grid.twin.measurements import USABLE, measured_series
from grid.twin.quality import mark

SURE: Final = 1.645
"""Standard deviations of a measurement by which it must pass a limit to count: an error of 5 % on one side."""
Estimated = Callable[[AlertRecord, float], tuple[bool | None, float | None]]
"""Of an alert and the tolerance of its limit: whether it was exceeded, and the worst value; None each if not known."""


@dataclass(frozen=True, eq=False)
class OutcomeTask:
    """Determines outcomes that are due; it holds all that they follow from, so another process can run it.

    Args:
        city: The scenario file or the folder of the result of the city.
        clock: The steps of the day.
        cases: The alerts.
        frame: What had come in on the day, with `MEASUREMENT_COLUMNS`.
        now: When they are due.
        supply: Names of the buses with the external grid, whose withdrawal is the import with the other sign.
    """

    city: Path
    clock: Clock
    cases: tuple[AlertCase, ...]
    frame: pl.DataFrame
    now: datetime
    supply: tuple[str, ...]

    def run(self, known: EstimationInputs | None = None) -> list[OutcomeRecord]:
        """The outcomes, in the order of the alerts.

        Args:
            known: What the estimate rests on, where it is at hand; None: it is read where an estimate is needed.
        """
        marked, over = mark(self.frame), int((self.now - self.clock.start) // self.clock.step)

        @cache
        def estimate() -> DayEstimate:
            inputs, past = known or estimation_inputs(self.city, self.clock.start.date())
            return DayEstimate(inputs, marked, min(over, self.clock.n_steps), past)

        def estimated(alert: AlertRecord, tolerance: float) -> tuple[bool | None, float | None]:
            return estimate().exceeded(alert, tolerance)

        return [outcome(case, marked, self.now, self.supply, estimated) for case in self.cases]


@dataclass(frozen=True, eq=False)
class OutcomeComputation:
    """An `OutcomeTask` that runs.

    Args:
        task: The task.
        known: What an estimate rests on, for running it here; None where it is not at hand.
        process: The process that runs it; None: it runs where its result is asked for.
        number: By which the process knows it.
    """

    task: OutcomeTask
    known: EstimationInputs | None
    process: BackgroundProcess | None = None
    number: int = 0

    @classmethod
    def started(
        cls, task: OutcomeTask, known: EstimationInputs | None, process: BackgroundProcess | None
    ) -> OutcomeComputation:
        """Has the task run; arguments as of the class."""
        return cls(task, known, process, 0 if process is None else process.submit(task))

    def result(self) -> list[OutcomeRecord]:
        """The outcomes; waits for them, and determines them here where the process is no more."""
        outcomes = None if self.process is None else self.process.result(self.number)
        return self.task.run(self.known) if outcomes is None else outcomes


def outcome(
    case: AlertCase, marked: pl.DataFrame, now: datetime, supply: Sequence[str], estimated: Estimated | None = None
) -> OutcomeRecord:
    """What came of an alert.

    Args:
        case: The alert.
        marked: Measurements with `MEASUREMENT_COLUMNS`, marked.
        now: When.
        supply: As in `OutcomeTask`.
        estimated: Says of an alert what the estimate does, where nothing is metered; None without one.
    """
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
    """Whether a limit was passed for sure while it was predicted, and the worst value; None each if not measured.

    An import is measured where all buses with the external grid are, at the same time.
    """
    limit, high = alert.limit or 0.0, alert.side == "high"
    names = supply if alert.quantity == "import_mw" else [alert.element]
    quantity = "p_mw" if alert.quantity == "import_mw" else alert.quantity
    rows = marked.filter(
        pl.col("quality").is_in(USABLE), pl.col("value").is_not_null(), pl.col("quantity") == quantity,
        pl.col("element").is_in(list(names)), pl.col("time") >= alert.begins, pl.col("time") < alert.ends,
    )  # fmt: skip
    if quantity == "p_mw":
        rows = rows.filter(pl.col("element_kind") == "bus").group_by("time", maintain_order=True).agg(
            -pl.col("value").sum(), (pl.col("standard_deviation") ** 2).sum().sqrt(), pl.col("element").n_unique(),
        ).filter(pl.col("element") == len(set(names)))  # fmt: skip
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
