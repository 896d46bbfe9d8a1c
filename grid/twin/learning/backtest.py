"""Whether corrections are better on what they were not learned from: day by day, each with the days before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.twin.forecast.quantiles import coverage, pinball_loss
from grid.twin.learning.corrections import forecast_correction, response_rate
from grid.twin.learning.effect import ActionEffect

FIRST_DAYS: Final = 7
"""Days that are only learned from."""
DRAWS: Final = 2000
"""Of days, with replacement, by which the interval of the mean is found."""
Verdict = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True)
class CorrectionTest:
    """How predictions did without and with their correction, on days that it was not learned from.

    Args:
        what: What was corrected.
        measure: What the losses are, with unit.
        days: Days that were compared.
        without: Mean loss without the correction.
        corrected: Mean loss with it.
        low: Between this and `high` the mean difference, corrected less without, lies with a probability of 90 %.
        high: See `low`.
        coverage_without: Share of the values in the 90 % band; NaN where there is none.
        coverage_corrected: The same with the correction.
    """

    what: str
    measure: str
    days: int
    without: float
    corrected: float
    low: float
    high: float
    coverage_without: float = np.nan
    coverage_corrected: float = np.nan

    @property
    def verdict(self) -> Verdict:
        """Whether the correction helps: the interval of the difference decides."""
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "no difference shown"

    def __str__(self) -> str:
        """In a sentence that hides nothing."""
        change = (self.corrected / self.without - 1) if self.without else 0.0
        text = (
            f"{self.what}: {self.verdict} with the correction on {self.days} days that it was not learned from: "
            f"{self.measure} {self.without:.4g} without, {self.corrected:.4g} with it ({change:+.1%})"
        )
        if np.isfinite(self.coverage_corrected):
            text += f"; in the 90 % band {self.coverage_without:.1%} and {self.coverage_corrected:.1%}"
        return text


def forecast_test(
    what: str, values: Floats, quantiles: Floats, hours: Ints, days: Ints, rng: np.random.Generator, unit: str = "MW"
) -> CorrectionTest:
    """Tests the correction of forecasts by pinball loss: each day with what the days before it say.

    Args:
        what: What was forecast.
        values: What came, shape (N,); NaN where it is not known.
        quantiles: What was forecast at `LEVELS`, shape (N, 5).
        hours: Hour of the day that each was for, shape (N,).
        days: Day that each was for, shape (N,), ascending numbers.
        rng: Draws days.
        unit: Unit of the values.

    Raises:
        InputError: If there are no more than `FIRST_DAYS` days.
    """
    tested = _tested(days)
    corrected = np.full_like(quantiles, np.nan)
    for day in tested:
        before, now = days < day, days == day
        correction = forecast_correction(values[before], quantiles[before], hours[before])
        corrected[now] = correction.corrected(quantiles[now], hours[now])
    at = np.isin(days, tested) & np.isfinite(values)
    losses = pinball_loss(values[at], quantiles[at]), pinball_loss(values[at], corrected[at])
    without, with_it, low, high = _compared(*losses, days[at], rng)
    shares = (coverage(values[at], each[at], 0.9) for each in (quantiles, corrected))
    return CorrectionTest(
        what, f"mean pinball loss [{unit}]", np.unique(days[at]).size, without, with_it, low, high, *shares
    )


def response_test(what: str, effects: Sequence[ActionEffect], days: Ints, rng: np.random.Generator) -> CorrectionTest:
    """Tests the response rate of a kind of action by the error of the predicted effect: each day with those before it.

    Args:
        what: The kind of action.
        effects: What was predicted and measured, N of them.
        days: Day of each, shape (N,), ascending numbers.
        rng: Draws days.

    Raises:
        InputError: If there are no more than `FIRST_DAYS` days.
    """
    tested, without, with_it = _tested(days), [], []
    at = np.flatnonzero(np.isin(days, tested))
    for k in at.tolist():
        rate = response_rate([effect for effect, day in zip(effects, days, strict=True) if day < days[k]])
        predicted, measured = effects[k].predicted_mwh, effects[k].measured_mwh
        without.append(abs(measured - predicted))
        with_it.append(abs(measured - rate.corrected_mwh(predicted)))
    compared = _compared(np.array(without), np.array(with_it), days[at], rng)
    return CorrectionTest(what, "mean error of the effect [MWh]", len(tested), *compared)


def _tested(days: Ints) -> Ints:
    """Days after those that are only learned from."""
    found = np.unique(days)
    if found.size <= FIRST_DAYS:
        raise InputError.single("days", f"must be more than {FIRST_DAYS}, which are only learned from", int(found.size))
    return found[FIRST_DAYS:]


def _compared(
    without: Floats, corrected: Floats, days: Ints, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Mean losses, and the interval of their difference by drawing days, whose hours belong together."""
    each, place = np.unique(days, return_inverse=True)
    size = np.bincount(place)
    difference = np.bincount(place, weights=corrected - without)
    drawn = rng.integers(0, each.size, (DRAWS, each.size))
    means = difference[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.05, 0.95))
    return float(without.mean()), float(corrected.mean()), float(low), float(high)
