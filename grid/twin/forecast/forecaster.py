"""A way to forecast that has proven itself in the past, ready to be asked again and again as measurements arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from grid.arrays import Floats, Ints, read_only
from grid.time.clock import Clock
from grid.twin.forecast.backtest import MODEL, Backtest, backtest
from grid.twin.forecast.history import PowerHistory, SeriesKind
from grid.twin.forecast.model import LEAST_DAYS, QuantileModel, train
from grid.twin.forecast.quantiles import LEVELS
from grid.twin.forecast.references import reference_quantiles

KEPT_FORECASTS: Final = 4
"""Forecasts that are kept of a forecaster: a look asks for each several times."""


@dataclass(frozen=True, eq=False)
class QuantileForecast:
    """What will be, with quantiles; H steps.

    Args:
        name: Name of the series.
        kind: What it is.
        clock: The steps ahead.
        quantiles_mw: At `LEVELS`, shape (H, 5) [MW], ascending.
        method: How it was made.
        statement: How good that was, and whether it is worse than persistence, in words.
    """

    name: str
    kind: SeriesKind
    clock: Clock
    quantiles_mw: Floats
    method: str
    statement: str

    @property
    def median_mw(self) -> Floats:
        """The median, shape (H,) [MW]."""
        return self.quantiles_mw[:, LEVELS.index(0.5)]


@dataclass(frozen=True, eq=False)
class Forecaster:
    """The method of least pinball loss in a backtest, trained on all that was measured.

    Args:
        series: What was measured when it was made.
        n_steps: Steps ahead H.
        method: The method that is used.
        model: The trained model, where that is the method.
        tested: How good all methods were.
        correction: Changes quantiles at `LEVELS`, shape (H, 5) [MW], by the local hour of each, shape (H,); None: none.
    """

    series: PowerHistory
    n_steps: int
    method: str
    model: QuantileModel | None
    tested: Backtest
    correction: Callable[[Floats, Ints], Floats] | None = None

    @property
    def statement(self) -> str:
        """How good the method was, and whether the trained model is worse than persistence, in words."""
        scores = self.tested.scores
        used, reference = scores[self.method], scores["persistence"]
        text = (
            f"{self.series.name}: {self.method}, pinball loss {used.pinball_mw:.4g} MW "
            f"(persistence {reference.pinball_mw:.4g}), bands of 80 and 90 % held {used.coverage_80:.0%} and "
            f"{used.coverage_90:.0%} in {self.tested.origins.size} forecasts of the past"
        )
        if MODEL not in scores:
            return f"{text}; fewer than {LEAST_DAYS} days before them, so no model was trained"
        if self.tested.worse_than_persistence:
            lost = scores[MODEL].pinball_mw
            return f"{text}; the trained model is worse than persistence ({lost:.4g} MW) and is not used"
        if self.method != MODEL:
            return f"{text}; the trained model is better than persistence ({scores[MODEL].pinball_mw:.4g} MW), not best"
        return text

    def issue(self, series: PowerHistory | None = None) -> QuantileForecast:
        """The forecast from the end of what was measured by now on; by default of what it was made with.

        Args:
            series: The same series with what has arrived since; its weather covers the steps ahead if there is any.
        """
        now = self.series if series is None else series
        key = (now.clock, now.values_mw.tobytes(), *((name, each.tobytes()) for name, each in now.weather.items()))
        found = self._issued.pop(key, None) or self._issue(now)
        self._issued[key] = found  # as the latest of them
        for oldest in list(self._issued)[:-KEPT_FORECASTS]:
            del self._issued[oldest]
        return found

    def _issue(self, now: PowerHistory) -> QuantileForecast:
        origin = now.clock.n_steps
        if self.model is None:
            quantiles = reference_quantiles(self.method, now, origin, self.n_steps)
        else:
            quantiles = self.model.predict(now, origin, self.n_steps)
        if self.correction is not None:
            hours = now.calendar(np.arange(origin, origin + self.n_steps))[:, 0].astype(np.int64)
            quantiles = np.clip(self.correction(quantiles, hours), now.least_mw, now.most_mw)
        ahead = Clock(now.clock.stop, now.clock.step, self.n_steps)
        return QuantileForecast(now.name, now.kind, ahead, read_only(quantiles), self.method, self.statement)

    @cached_property
    def _issued(self) -> dict[tuple[object, ...], QuantileForecast]:
        """The forecasts that were made last, by all of what they were made from that can differ."""
        return {}


def make_forecaster(
    series: PowerHistory, n_steps: int, *, days: int = 28, every_days: int = 1, trained_every: int = 14, seed: int = 0
) -> Forecaster:
    """Tests all methods on the past and takes the best; a model worse than persistence is never taken.

    Arguments and faults as in `grid.twin.forecast.backtest.backtest`.
    """
    tested = backtest(series, n_steps, days=days, every_days=every_days, trained_every=trained_every, seed=seed)
    method = tested.best
    return Forecaster(series, n_steps, method, train(series, n_steps, seed) if method == MODEL else None, tested)


def with_arrived(series: PowerHistory, values_mw: Floats) -> PowerHistory:
    """The series with the values of the steps after its last, shape (n,) [MW]."""
    clock = Clock(series.clock.start, series.clock.step, series.clock.n_steps + values_mw.size)
    return replace(series, clock=clock, values_mw=np.concatenate([series.values_mw, values_mw]))
