"""Quantiles learned from what was measured: gradient-boosted trees, their bands corrected on days they did not see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import BANDS, LEVELS, without_crossing
from grid.twin.forecast.references import days_ahead, persistence

LEAST_DAYS = 28
"""Days of measurements from which a model is trained."""
CALIBRATION_SHARE = 0.25
"""Share of the days, the latest, on which bands are corrected and the trees are not trained."""
DAYS_OF_MEAN = 7
MOST_DAYS_AHEAD = 7
"""A model forecasts no further: one of its features is the value of a week before."""
TREES: dict[str, Any] = {
    "max_iter": 120, "learning_rate": 0.08, "max_leaf_nodes": 15, "min_samples_leaf": 20, "l2_regularization": 1.0,
}  # fmt: skip
"""Settings of the trees; ours, by what the backtests of docs/forecast.md gave."""


@dataclass(frozen=True, eq=False)
class QuantileModel:
    """Trained trees by day ahead and level, with the correction of their bands.

    Args:
        trees: Those of each day ahead, for each of `LEVELS`.
        widening: By how much each of `BANDS` is widened on either side, relative to its distance from the median, by
            day ahead; below 0 it is narrowed.
        trained_steps: Steps that the trees were trained on.
    """

    trees: tuple[tuple[Any, ...], ...]
    widening: tuple[dict[float, float], ...]
    trained_steps: int

    def predict(self, series: PowerHistory, origin: int, n_steps: int) -> Floats:
        """Quantiles of the steps ahead, shape (H, 5) [MW], of what is known when step `origin` begins.

        Raises:
            InputError: If it is asked for more days ahead than it was trained for.
        """
        lead, day = np.arange(n_steps), series.clock.steps_per_day
        ahead = days_ahead(lead, day)
        if ahead.max() > len(self.trees):
            raise InputError.single("forecast.n_steps", f"at most {len(self.trees)} days ahead", n_steps)
        known = series.before(origin)
        found = np.empty((n_steps, len(LEVELS)))
        for k, (trees, widening) in enumerate(zip(self.trees, self.widening, strict=True), start=1):
            at = ahead == k
            if at.any():
                steps = origin + lead[at]
                of_day = _raw(trees, features(known, steps, lead[at]), persistence(known, steps, lead[at]))
                found[at] = _widened(of_day, widening)
        return without_crossing(np.clip(found, series.least_mw, known.most_mw))


def features(series: PowerHistory, steps: Ints, lead: Ints) -> Floats:
    """What is known of some steps `lead` steps before each, shape (n, features); NaN where nothing was measured.

    Calendar; lag of the latest days of which the time is known, of one and two weeks, and their mean; the level of the
    last day and hour known against a day before; the lead; weather, measured or forecast, and its change since the lag.
    """
    day = series.clock.steps_per_day
    ahead = days_ahead(lead, day)
    latest, origin = steps - ahead * day, steps - lead
    lags = [series.at(latest), series.at(latest - day), series.at(steps - 7 * day), series.at(steps - 14 * day)]
    recent = np.stack([series.at(latest - k * day) for k in range(DAYS_OF_MEAN)])
    base = persistence(series, steps, lead)
    now = _mean_before(series, origin, max(1, day // 24))
    then = _mean_before(series, origin - day, max(1, day // 24))
    last_day, day_before = _mean_before(series, origin, day), _mean_before(series, origin - day, day)
    columns = [
        *series.calendar(steps).T, *(lag - base for lag in lags), base, _mean(recent) - base, now - then,
        last_day - day_before, lead.astype(np.float64),
    ]  # fmt: skip
    for values in series.weather.values():
        at, before = (values[np.clip(k, 0, values.size - 1)] for k in (steps, latest))
        columns += [at, at - before]
    return np.column_stack(columns)


def train(series: PowerHistory, n_steps: int, seed: int = 0) -> QuantileModel:
    """Trains a model on all that was measured; steps ahead up to `n_steps`.

    The trees learn the difference from the same time of the last day known. Their bands are then made to hold their
    share of the later days, which the trees have not seen, by split-conformal correction relative to the width [1, 2].
    It supposes that days to come are like those; how far they were is what the backtest says.

    Args:
        series: What was measured, at least `LEAST_DAYS`.
        n_steps: Most steps ahead.
        seed: Seed of the leads that each step is learned at.

    Raises:
        InputError: If fewer days were measured.

    References:
        [1] Y. Romano, E. Patterson, E. J. Candès, "Conformalized quantile regression", NeurIPS, vol. 32, 2019.
        [2] M. Sesia, E. J. Candès, "A comparison of some conformal quantile regression methods", Stat, vol. 9, e261,
            2020: the correction relative to the width, called CQR-r.
    """
    day = series.clock.steps_per_day
    days = series.clock.n_steps // day
    if days < LEAST_DAYS:
        raise InputError.single(series.name, f"must be measured for {LEAST_DAYS} days to train a model on", days)
    if n_steps > MOST_DAYS_AHEAD * day:
        raise InputError.single("forecast.n_steps", f"at most {MOST_DAYS_AHEAD} days ahead", n_steps)
    rng = np.random.default_rng(seed)
    calibrated = series.clock.n_steps - max(7, round(CALIBRATION_SHARE * days)) * day
    trees, widening = [], []
    for ahead in range(1, -(-n_steps // day) + 1):
        steps = np.arange((7 + ahead) * day, series.clock.n_steps)
        lead = (ahead - 1) * day + rng.integers(0, day, steps.size)
        x, base = features(series, steps, lead), persistence(series, steps, lead)
        known, early = np.isfinite(series.values_mw[steps]) & np.isfinite(base), steps < calibrated
        y = series.values_mw[steps]
        of_day = _fitted(x[known & early], (y - base)[known & early], seed)
        late = known & ~early
        trees.append(of_day)
        widening.append(_widening(y[late], _raw(of_day, x[late], base[late]), series))
    return QuantileModel(tuple(trees), tuple(widening), calibrated)


def _fitted(x: Floats, y: Floats, seed: int) -> tuple[Any, ...]:
    """Trees of each level."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415  slow to import

    with _one_thread():
        return tuple(
            HistGradientBoostingRegressor(
                loss="quantile", quantile=level, early_stopping=False, random_state=seed, **TREES
            ).fit(x, y)
            for level in LEVELS
        )


def _raw(trees: tuple[Any, ...], x: Floats, base: Floats) -> Floats:
    """Quantiles before any correction, shape (n, 5)."""
    with _one_thread():
        return without_crossing(np.column_stack([base + tree.predict(x) for tree in trees]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps the trees to one thread: on a few thousand rows several only wait for each other."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  of scikit-learn

    with threadpool_limits(limits=1, user_api="openmp"):
        yield


def _widening(values: Floats, quantiles: Floats, series: PowerHistory) -> dict[float, float]:
    """By how much each band is to be widened on either side, relative to its distance from the median."""
    found, n = {}, values.size
    for share, (low, high) in BANDS.items():
        level = min(1.0, np.ceil((n + 1) * share) / max(n, 1))
        median, within = quantiles[:, 2], np.clip(quantiles, series.least_mw, series.most_mw)
        scale = np.maximum(_to_ends(quantiles, low, high), _smallest(series))
        miss = np.maximum((within[:, low] - values) / scale[:, 0], (values - within[:, high]) / scale[:, 1])
        found[share] = float(np.quantile(miss, level, method="higher")) if median.size else 0.0
    return found


def _widened(quantiles: Floats, widening: dict[float, float]) -> Floats:
    """The quantiles with their bands corrected; the median stays, and no band ends on its other side."""
    found = quantiles.copy()
    for share, (low, high) in BANDS.items():
        scale = _to_ends(quantiles, low, high)
        found[:, low] = np.minimum(quantiles[:, low] - widening[share] * scale[:, 0], quantiles[:, 2])
        found[:, high] = np.maximum(quantiles[:, high] + widening[share] * scale[:, 1], quantiles[:, 2])
    return found


def _to_ends(quantiles: Floats, low: int, high: int) -> Floats:
    """Distance of the median from both ends of a band, shape (n, 2)."""
    median = quantiles[:, 2]
    return np.column_stack([median - quantiles[:, low], quantiles[:, high] - median])


def _smallest(series: PowerHistory) -> float:
    """A distance below which a miss counts as none to speak of [MW]: a thousandth of the span of the series."""
    return max(1e-3 * float(np.nanmax(series.values_mw) - np.nanmin(series.values_mw)), 1e-9)


def _mean_before(series: PowerHistory, origin: Ints, n_steps: int) -> Floats:
    """Mean of the `n_steps` before some steps, of what was measured [MW]; NaN where there is nothing."""
    known = np.isfinite(series.values_mw)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, series.values_mw, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    stop, start = np.clip(origin, 0, known.size), np.clip(origin - n_steps, 0, known.size)
    n = count[stop] - count[start]
    return np.where(n > 0, (total[stop] - total[start]) / np.maximum(n, 1), np.nan)


def _mean(values: Floats) -> Floats:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
