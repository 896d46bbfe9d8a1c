"""Corrections learned from a log: bias and spread of forecasts, how much of an action comes, how often it is enough.

All of them are drawn towards no correction where little is known: with n cases they count as n/(n + k) of what the
cases say alone. The numbers k are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.twin.forecast.quantiles import LEVELS, SCORES
from grid.twin.learning.effect import ActionEffect

FORECAST_CASES: Final = 10.0
"""Cases k at which a bias or spread counts half."""
RESPONSE_CASES: Final = 3.0
"""The same of what comes of an action."""
SPREAD_RANGE: Final = (0.2, 5.0)
"""Within which a band is narrowed or widened."""
HOURS: Final = 24
_MEDIAN: Final = LEVELS.index(0.5)
_NORMAL_MEDIAN: Final = float(special.ndtri(0.75))
"""Median of the size of a standard normal variable."""


@dataclass(frozen=True, eq=False)
class ForecastCorrection:
    """How a forecast is shifted and widened, by hour of the day.

    Args:
        bias: What is added, shape (24,), in the unit of the forecast.
        spread: What distances from the median are multiplied with, shape (24,).
        cases: What each hour was learned from, shape (24,).
    """

    bias: Floats
    spread: Floats
    cases: Ints

    def corrected(self, quantiles: Floats, hours: Ints) -> Floats:
        """Quantiles at `LEVELS` after the correction, shape (N, 5).

        Args:
            quantiles: Shape (N, 5), ascending.
            hours: Hour of the day that each is for, shape (N,), 0 to 23.
        """
        median = quantiles[:, _MEDIAN, None]
        return median + self.bias[hours, None] + self.spread[hours, None] * (quantiles - median)


def forecast_correction(values: Floats, quantiles: Floats, hours: Ints) -> ForecastCorrection:
    """What forecasts of the past say of the next ones.

    The bias of an hour is its median error; its spread, the median distance of the values from the median so shifted,
    against that which the forecast's own band leads one to expect of a normal distribution.

    Args:
        values: What came, shape (N,); NaN where it is not known.
        quantiles: What was forecast at `LEVELS`, shape (N, 5), ascending.
        hours: Hour of the day that each was for, shape (N,), 0 to 23.

    Raises:
        InputError: If shapes disagree, or hours are none.
    """
    _check(values, quantiles, hours)
    bias, spread, cases = np.zeros(HOURS), np.ones(HOURS), np.zeros(HOURS, dtype=np.int64)
    error = values - quantiles[:, _MEDIAN]
    expected = _NORMAL_MEDIAN * (quantiles[:, -1] - quantiles[:, 0]) / (SCORES[-1] - SCORES[0])
    for hour in range(HOURS):
        at = (hours == hour) & np.isfinite(error)
        cases[hour] = at.sum()
        if not cases[hour]:
            continue
        known = cases[hour] / (cases[hour] + FORECAST_CASES)
        bias[hour] = known * np.median(error[at])
        wide = at & (expected > 0)
        distance = np.median(np.abs(error[wide] - bias[hour]) / expected[wide]) if wide.any() else 1.0
        spread[hour] = np.clip(distance, *SPREAD_RANGE) ** known
    return ForecastCorrection(bias, spread, cases)


def _check(values: Floats, quantiles: Floats, hours: Ints) -> None:
    faults = []
    n = values.shape
    if values.ndim != 1 or quantiles.shape != (*n, len(LEVELS)) or hours.shape != n:
        shapes = (values.shape, quantiles.shape, hours.shape)
        faults.append(Fault("values, quantiles, hours", f"must have shapes (N,), (N, {len(LEVELS)}), (N,)", shapes))
    elif hours.size and (hours.min() < 0 or hours.max() >= HOURS):
        faults.append(Fault("hours", "must lie within 0..23", (int(hours.min()), int(hours.max()))))
    raise_if_any(faults, "the forecasts")


@dataclass(frozen=True)
class ResponseRate:
    """How much comes of what a kind of action is predicted to do.

    Args:
        rate: Measured per predicted effect, drawn towards 1.
        deviation: Standard deviation of what is measured about that, per predicted effect; NaN of fewer than two cases.
        cases: What it was learned from.
    """

    rate: float
    deviation: float
    cases: int

    def corrected_mwh(self, predicted_mwh: float) -> float:
        """What is to be expected of an effect that is predicted [MWh]."""
        return self.rate * predicted_mwh


def response_rate(effects: Sequence[ActionEffect]) -> ResponseRate:
    """Response to a kind of action: least squares of measured by predicted effects, drawn towards 1 as a ridge [1].

    Args:
        effects: Those of the past.

    References:
        [1] A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics,
            vol. 12, no. 1, pp. 55-67, 1970.
    """
    predicted = np.array([effect.predicted_mwh for effect in effects])
    measured = np.array([effect.measured_mwh for effect in effects])
    squares = float(predicted @ predicted)
    if not squares:
        return ResponseRate(1.0, np.nan, 0)
    prior = RESPONSE_CASES * squares / predicted.size
    rate = (float(predicted @ measured) + prior) / (squares + prior)
    if predicted.size == 1:
        return ResponseRate(rate, np.nan, 1)
    left = measured - rate * predicted
    deviation = float(np.sqrt(left @ left / (predicted.size - 1) / (squares / predicted.size)))
    return ResponseRate(rate, deviation, int(predicted.size))


@dataclass(frozen=True)
class ActionReliability:
    """How often a kind of action did what it should.

    Args:
        probability: That it does so the next time.
        low: Between this and `high` it lies with a probability of 90 %.
        high: See `low`.
        cases: What it was learned from.
    """

    probability: float
    low: float
    high: float
    cases: int


def action_reliability(effects: Sequence[ActionEffect]) -> ActionReliability:
    """Reliability of a kind of action, with Jeffreys' prior and interval [1].

    Args:
        effects: Those of the past.

    References:
        [1] L. D. Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Statistical Science,
            vol. 16, no. 2, pp. 101-133, 2001.
    """
    good = sum(effect.enough for effect in effects)
    a, b = good + 0.5, len(effects) - good + 0.5
    low, high = (float(special.betaincinv(a, b, share)) for share in (0.05, 0.95))
    return ActionReliability(a / (a + b), low, high, len(effects))
