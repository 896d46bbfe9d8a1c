"""What a log teaches: how much of each kind of action comes, how reliably, and whether knowing it helps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from app.twin.log.store import TwinLog
from grid.errors import InputError
from grid.twin.learning.backtest import CorrectionTest, response_test
from grid.twin.learning.corrections import ActionReliability, ResponseRate, action_reliability, response_rate
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.records import LogRecord, OutcomeRecord

SEED: Final = 1
"""Of the drawing of days by which differences are judged."""


@dataclass(frozen=True)
class Lessons:
    """What a log says of each kind of action.

    Args:
        responses: How much comes of what it is predicted to do.
        reliabilities: How often it did what it should.
        tests: Whether correcting by the response is better on days that it was not learned from; of kinds with too few
            days there is none.
    """

    responses: Mapping[str, ResponseRate]
    reliabilities: Mapping[str, ActionReliability]
    tests: Mapping[str, CorrectionTest]

    def table(self) -> pl.DataFrame:
        """What is known of each kind of action.

        Returns:
            A row for each: ``action``, ``cases``, ``response_rate``, ``reliability`` with ``low`` and ``high``, and
            ``correction``: whether the corrected prediction is better, or that too few days are known.
        """
        rows = [
            {
                "action": kind, "cases": response.cases, "response_rate": response.rate,
                "reliability": self.reliabilities[kind].probability, "low": self.reliabilities[kind].low,
                "high": self.reliabilities[kind].high,
                "correction": self.tests[kind].verdict if kind in self.tests else "too few days",
            }
            for kind, response in self.responses.items()
        ]  # fmt: skip
        numbers = dict.fromkeys(("response_rate", "reliability", "low", "high"), pl.Float64)
        schema = {"action": pl.String, "cases": pl.Int64, **numbers, "correction": pl.String}
        return pl.DataFrame(rows, schema=schema)


def lessons_of(log: TwinLog) -> Lessons:
    """What the outcomes of a log teach."""
    effects, days = _by_kind(log.records("outcome"))
    tests = {}
    for kind in effects:
        try:
            tests[kind] = response_test(kind, effects[kind], np.array(days[kind]), np.random.default_rng(SEED))
        except InputError:
            continue  # too few days, which the table says
    return Lessons(
        responses={kind: response_rate(each) for kind, each in effects.items()},
        reliabilities={kind: action_reliability(each) for kind, each in effects.items()},
        tests=tests,
    )


def _by_kind(records: Sequence[LogRecord]) -> tuple[dict[str, list[ActionEffect]], dict[str, list[int]]]:
    """Effects by kind of action in order of time, and the day of each."""
    effects, days = defaultdict[str, list[ActionEffect]](list), defaultdict[str, list[int]](list)
    for record in sorted(records, key=lambda each: each.time):
        if isinstance(record, OutcomeRecord):
            for effect in record.effects:
                effects[effect.kind].append(effect)
                days[effect.kind].append(record.time.toordinal())
    return dict(sorted(effects.items())), days
