"""Which days stand for a period, where they begin and what they weigh."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError
from optimizer.problem.problem import DispatchProblem

TO_BE_KEPT = 1e-2
"""How much more a sum that is off counts than a weight that is changed (ours)."""
FARTHEST = 4.0
"""By what factor a weight may at most differ from the size of its cluster (ours): none vanishes."""


@dataclass(frozen=True, eq=False)
class RepresentativeDays:
    """Days that stand for a period.

    Args:
        begin: Step of the day at which each of them begins.
        days: Places of the days, ascending, shape (D,).
        weights: Days that each stands for, shape (D,); they sum to the days of the period, but need not be whole.
        stands_for: For each day of the period, the place in `days` of the one that stands for it.
    """

    begin: int
    days: Ints
    weights: Floats
    stands_for: Ints


def representative_days(problem: DispatchProblem, n_days: int) -> RepresentativeDays:
    """Chooses days by clustering [1] of price, carbon intensity, fixed withdrawal and what assets would do unmanaged.

    Representatives are days that happened (medoids). The day of the highest withdrawal stands for itself, since it
    decides peaks; the others are clustered. The size of its cluster is where the weight of a day begins; a medoid is
    not the mean of its cluster, so the weights are then brought to where the sums of all series, and of what the
    withdrawal costs and emits, are those of the period, with as little change as that takes [2].

    Args:
        problem: A problem of whole days.
        n_days: Number of days.

    Raises:
        InputError: If the problem does not consist of whole days, or has fewer than asked for.

    References:
        [1] M. Hoffmann et al., "A review on time series aggregation methods for energy system models", Energies,
            vol. 13, 641, 2020; the tsam library.
        [2] K. Poncelet et al., "Selecting representative days for capturing the implications of integrating
            intermittent renewables in generation expansion planning problems", IEEE Trans. Power Syst., vol. 32, no. 3,
            pp. 1936-1948, 2017: weights by optimisation.
    """
    steps = problem.clock.steps_per_day
    total = problem.clock.n_steps // steps
    if total * steps != problem.clock.n_steps:
        raise InputError.single("problem.clock", f"must consist of whole days of {steps} steps", problem.clock.n_steps)
    if not 1 <= n_days <= total:
        raise InputError.single("n_days", f"must lie within 1..{total}", n_days)
    if n_days == total:
        every = np.arange(total)
        return RepresentativeDays(0, every, np.ones(total), every)
    unmanaged, begin = _unmanaged(problem), _calmest_step(problem)
    columns = {
        "price": problem.import_price_per_mwh,
        "ci": problem.import_ci_kg_per_mwh,
        "fixed": problem.p_fixed_mw.sum(axis=1),
        "assets": unmanaged[:, 1],
    }
    candidates = total - (begin > 0)
    within = slice(begin, begin + candidates * steps)
    by_day = {name: values[within].reshape(candidates, steps) for name, values in columns.items() if np.ptp(values) > 0}
    drawn = unmanaged.sum(axis=1)
    peak = int(np.argmax(drawn[within]) // steps)
    chosen = _clustered(problem, by_day, peak, n_days)
    stands_for_day = np.append(chosen, chosen[-1:])[:total]
    days, stands_for = np.unique(stands_for_day, return_inverse=True)
    series = np.array([*(columns[name] for name in by_day), drawn * columns["price"], drawn * columns["ci"]])
    sums = series[:, within].reshape(len(series), candidates, steps).sum(axis=2)[:, days]
    weights = _weights(sums, series, np.bincount(stands_for))
    return RepresentativeDays(begin, days, weights, stands_for)


def _calmest_step(problem: DispatchProblem) -> int:
    """Step of the day at whose beginning sessions under way have the least energy due, over all days."""
    under_way = np.zeros(problem.clock.n_steps + 1)
    for flexibility in problem.flexibilities:
        store = flexibility.reservoir
        if store is not None and not flexibility.lasts_throughout:
            due = np.maximum(store.e_end_mwh - store.e_start_mwh, 0.0)
            np.add.at(under_way, flexibility.start + 1, due)
            np.subtract.at(under_way, flexibility.stop, due)
    by_step = np.cumsum(under_way)[:-1].reshape(-1, problem.clock.steps_per_day).sum(axis=0)
    return int(np.argmin(np.round(by_step, 9)))


def _clustered(problem: DispatchProblem, by_day: dict[str, Floats], peak: int, n_days: int) -> Ints:
    """The day that stands for each candidate, of series by day, shape (candidates, steps); `peak` for itself."""
    import pandas as pd  # noqa: PLC0415  slow to import
    import tsam  # noqa: PLC0415  slow to import

    candidates, steps = next(iter(by_day.values()), np.zeros((1, 1))).shape
    chosen = np.full(max(candidates, 1), peak)
    others = np.delete(np.arange(candidates), peak)
    if not by_day or n_days == 1 or not others.size:
        return chosen
    index = pd.date_range("2001-01-01", periods=others.size * steps, freq=pd.Timedelta(problem.clock.step))
    table = pd.DataFrame({name: values[others].ravel() for name, values in by_day.items()}, index=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own rounding of medoids, which are not used as values
        found = tsam.aggregate(
            table, min(n_days - 1, others.size), period_duration=24, temporal_resolution=problem.clock.step_hours,
            preserve_column_means=False,
        )  # fmt: skip
    cluster = np.asarray(found.cluster_assignments, dtype=np.int64)
    centres = np.asarray(found.clustering.cluster_centers, dtype=np.int64)
    chosen[others] = others[centres[cluster]]
    return chosen


def _weights(sums: Floats, series: Floats, size: Ints) -> Floats:
    """Weights near the sizes of the clusters with which days sum to the period, shape (D,).

    Args:
        sums: Sum of each series over each representative day, shape (S, D).
        series: The series over the period, shape (S, T).
        size: Days that each stands for, shape (D,).
    """
    from scipy.optimize import lsq_linear  # noqa: PLC0415  slow to import

    whole, scale = series.sum(axis=1), np.maximum(np.abs(series).sum(axis=1), 1e-12) * TO_BE_KEPT
    near = np.diag(1 / np.sqrt(size * size.sum()))
    count = np.ones((1, size.size)) / (size.sum() * TO_BE_KEPT**2)
    matrix = np.concatenate([sums / scale[:, None], count, near])
    wanted = np.concatenate([whole / scale, [size.sum() * count[0, 0]], near @ size])
    found: Floats = lsq_linear(matrix, wanted, bounds=(size / FARTHEST, size * FARTHEST)).x
    weights: Floats = found * (size.sum() / found.sum())
    return weights


def _unmanaged(problem: DispatchProblem) -> Floats:
    """Fixed withdrawal, and what the assets would draw unmanaged, shape (T, 2) [MW]."""
    assets = np.zeros(problem.clock.n_steps)
    for flexibility in problem.flexibilities:
        assets += flexibility.by_step(flexibility.unmanaged_power())
    return np.column_stack([problem.p_fixed_mw.sum(axis=1), assets])
