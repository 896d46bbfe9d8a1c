"""How good a way to forecast would have been: day after day from what was known then, against what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.model import LEAST_DAYS, train
from grid.twin.forecast.quantiles import LEVELS, coverage, normal_scores, pinball_loss
from grid.twin.forecast.references import REFERENCES, reference_quantiles

MODEL = "trained model"
LEAST_REFERENCE_DAYS = 3
"""Days of measurements that persistence needs to know its spread at all."""


@dataclass(frozen=True)
class Score:
    """How good a method was.

    Args:
        pinball_mw: Mean pinball loss over the levels [MW]; the less, the better.
        mae_mw: Mean error of its median, either way [MW].
        coverage_80: Share of what came that its band of 80 % held.
        coverage_90: That of its band of 90 %.
    """

    pinball_mw: float
    mae_mw: float
    coverage_80: float
    coverage_90: float


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts of the past, each from what was known when it was made; O origins, H steps.

    Args:
        origins: First step of each forecast, shape (O,).
        scores: How good each method was, by name; without the model where there was too little to train one on.
        quantiles_mw: What each forecast, by name, shape (O, H, 5) [MW].
        values_mw: What came, shape (O, H) [MW]; NaN where it is not known.
        trainings: How often the model was trained anew.
    """

    origins: Ints
    scores: Mapping[str, Score]
    quantiles_mw: Mapping[str, Floats]
    values_mw: Floats
    trainings: int

    @property
    def best(self) -> str:
        """The method of least pinball loss."""
        return min(self.scores, key=lambda name: self.scores[name].pinball_mw)

    @property
    def worse_than_persistence(self) -> bool:
        """Whether the trained model did worse than persistence."""
        scores = self.scores
        return MODEL in scores and scores[MODEL].pinball_mw >= scores["persistence"].pinball_mw

    def scores_of(self, method: str) -> Floats:
        """Where what came lay among the quantiles of a method, as normal scores, shape (O, H)."""
        return normal_scores(self.values_mw, self.quantiles_mw[method])


def backtest(
    series: PowerHistory, n_steps: int, *, days: int = 28, every_days: int = 1, trained_every: int = 14, seed: int = 0
) -> Backtest:
    """Forecasts the past again, day after day, and scores it (rolling origin [1]).

    Args:
        series: What was measured.
        n_steps: Steps ahead H.
        days: Days before the end on which forecasts begin, at the time of day at which the series ends.
        every_days: Days between two of them.
        trained_every: Forecasts after which the model is trained anew, on all that is known by then.
        seed: See `grid.twin.forecast.model.train`.

    Raises:
        InputError: If too little was measured to forecast anything of it.

    References:
        [1] L. J. Tashman, "Out-of-sample tests of forecasting accuracy: an analysis and review", International Journal
            of Forecasting, vol. 16, no. 4, pp. 437-450, 2000.
    """
    origins = _origins(series, n_steps, days, every_days)
    lead, day = np.arange(n_steps), series.clock.steps_per_day
    values = series.at(origins[:, None] + lead)
    found = {
        name: np.stack([reference_quantiles(name, series, int(k), n_steps) for k in origins]) for name in REFERENCES
    }
    trainings, model = 0, None
    learned = np.full((origins.size, n_steps, len(LEVELS)), np.nan)
    if origins[0] >= LEAST_DAYS * day:
        for place, origin in enumerate(origins.tolist()):
            if model is None or place % trained_every == 0:
                model, trainings = train(series.before(origin), n_steps, seed), trainings + 1
            learned[place] = model.predict(series, origin, n_steps)
        found = {MODEL: learned, **found}
    scores = {name: _score(values, quantiles) for name, quantiles in found.items()}
    return Backtest(origins, scores, found, values, trainings)


def _origins(series: PowerHistory, n_steps: int, days: int, every_days: int) -> Ints:
    """First steps of the forecasts of the past, ascending: all of what they forecast is over."""
    day, n = series.clock.steps_per_day, series.clock.n_steps
    last = n - n_steps - (-n_steps) % day
    least = LEAST_DAYS * day if last - LEAST_DAYS * day >= 3 * day else (LEAST_REFERENCE_DAYS * day)
    first = max(last - (days - 1) * day, least + (last - least) % day)
    if last < least:
        rule = f"must be measured for {LEAST_REFERENCE_DAYS + -(-n_steps // day)} days at least to forecast it"
        raise InputError.single(series.name, rule, f"{n / day:.3g} days")
    return np.arange(last, first - 1, -every_days * day)[::-1].copy()


def _score(values: Floats, quantiles: Floats) -> Score:
    known = np.isfinite(values) & np.isfinite(quantiles).all(axis=-1)
    if not known.any():
        return Score(np.inf, np.inf, np.nan, np.nan)
    came, forecast = values[known], quantiles[known]
    return Score(
        pinball_mw=float(pinball_loss(came, forecast).mean()),
        mae_mw=float(np.abs(came - forecast[:, LEVELS.index(0.5)]).mean()),
        coverage_80=coverage(came, forecast, 0.8),
        coverage_90=coverage(came, forecast, 0.9),
    )
