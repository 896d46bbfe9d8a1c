"""What a log teaches: how much of each kind of action comes, how reliably, and whether knowing it helps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeGuard

import numpy as np
import polars as pl

from app.twin.log.store import TwinLog
from grid.errors import InputError
from grid.twin.learning.backtest import FIRST_DAYS, CorrectionTest, forecast_test, response_test
from grid.twin.learning.corrections import (
    ActionReliability,
    ForecastCorrection,
    ResponseRate,
    action_reliability,
    forecast_correction,
    response_rate,
)
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.records import ForecastRecord, LogRecord, OutcomeRecord, RecordKind

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
        forecasts: How forecasts of each kind of power are corrected.
        forecast_tests: Whether that is better on days that it was not learned from.
    """

    responses: Mapping[str, ResponseRate]
    reliabilities: Mapping[str, ActionReliability]
    tests: Mapping[str, CorrectionTest]
    forecasts: Mapping[str, ForecastCorrection] = field(default_factory=dict)
    forecast_tests: Mapping[str, CorrectionTest] = field(default_factory=dict)

    def rate(self, kind: str) -> float:
        """What of a kind of action is to be expected, where knowing that has proved better; else 1."""
        return self.responses[kind].rate if _helps(self.tests.get(kind)) else 1.0

    def correction(self, kind: str) -> ForecastCorrection | None:
        """How the forecast of a kind of power is corrected; None unless that has proved better."""
        return self.forecasts[kind] if _helps(self.forecast_tests.get(kind)) else None

    def words(self, forecasts: Sequence[str], actions: Sequence[str]) -> tuple[str, ...]:
        """What corrects a prediction, and what does not although something is known.

        Args:
            forecasts: Kinds of power that it rests on.
            actions: Kinds of action in it.
        """
        return (*self._of_forecasts(forecasts), *self._of_actions(actions))

    def _of_forecasts(self, kinds: Sequence[str]) -> Iterator[str]:
        for kind in dict.fromkeys(kinds):
            test, known = self.forecast_tests.get(kind), self.forecasts.get(kind)
            if _helps(test) and known is not None:
                yield (
                    f"corrected by the forecasts of {kind} of {test.days + FIRST_DAYS} days: bias "
                    f"{known.bias.min():+.3g} to {known.bias.max():+.3g} MW, spread times {known.spread.min():.3g} to "
                    f"{known.spread.max():.3g}"
                )
            elif test is not None:
                yield f"forecast of {kind} not corrected: {test.verdict} in {test.days} days that were tried"

    def _of_actions(self, kinds: Sequence[str]) -> Iterator[str]:
        for kind in dict.fromkeys(kinds):
            test, known = self.tests.get(kind), self.responses.get(kind)
            if known is None:
                continue
            sure = self.reliabilities[kind]
            did = f"did what it should with {sure.probability:.0%} ({sure.low:.0%} to {sure.high:.0%})"
            if _helps(test):
                yield f"corrected by the response to {kind!r}: {known.rate:.0%} of {known.cases} cases; it {did}"
            else:
                why = "too few days" if test is None else test.verdict
                yield f"{kind!r} not corrected ({why}); it {did} in {known.cases} cases"

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


NOTHING: Final = Lessons({}, {}, {})
"""What an empty log teaches."""


def lessons_of(log: TwinLog, until: datetime | None = None) -> Lessons:
    """What the outcomes of a log teach.

    Args:
        log: The log.
        until: Moment after which entries do not count; None: all count.
    """

    def of_kind(kind: RecordKind) -> list[LogRecord]:
        return [each for each in log.records(kind) if until is None or each.time <= until]

    effects, days = _by_kind(of_kind("outcome"))
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
        **_of_forecasts(of_kind("forecast")),
    )


def _helps(test: CorrectionTest | None) -> TypeGuard[CorrectionTest]:
    """Whether a correction has proved better: only then it is applied."""
    return test is not None and test.verdict == "better"


def _of_forecasts(found: Sequence[LogRecord]) -> dict[str, Any]:
    """Corrections of forecasts by kind, and what became of them on other days."""
    forecasts: dict[str, ForecastCorrection] = {}
    tests: dict[str, CorrectionTest] = {}
    by_kind = defaultdict[str, list[ForecastRecord]](list)
    for record in sorted(found, key=lambda each: each.time):
        if isinstance(record, ForecastRecord) and record.hours:
            by_kind[record.kind].append(record)
    for kind, records in sorted(by_kind.items()):
        values = np.concatenate([np.array(record.values_mw, dtype=np.float64) for record in records])
        quantiles = np.concatenate([np.array(record.quantiles_mw) for record in records])
        hours = np.concatenate([np.array(record.hours, dtype=np.int64) for record in records])
        days = np.repeat([record.time.toordinal() for record in records], [len(record.hours) for record in records])
        forecasts[kind] = forecast_correction(values, quantiles, hours)
        with suppress(InputError):  # too few days
            tests[kind] = forecast_test(f"forecast of {kind}", values, quantiles, hours, days,
                                        np.random.default_rng(SEED))  # fmt: skip
    return {"forecasts": forecasts, "forecast_tests": tests}


def _by_kind(records: Sequence[LogRecord]) -> tuple[dict[str, list[ActionEffect]], dict[str, list[int]]]:
    """Effects by kind of action in order of time, and the day of each."""
    effects, days = defaultdict[str, list[ActionEffect]](list), defaultdict[str, list[int]](list)
    for record in sorted(records, key=lambda each: each.time):
        if isinstance(record, OutcomeRecord):
            for effect in record.effects:
                effects[effect.kind].append(effect)
                days[effect.kind].append(record.time.toordinal())
    return dict(sorted(effects.items())), days
