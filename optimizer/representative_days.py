"""A year by a few of its days, for planners in a hurry: chosen and weighted by tsam, with the error stated.

Each day is dispatched by itself: stores end it with what they began with, and a session that lasts beyond it owes the
share of its energy that falls into the day. So days begin when the fewest sessions are cut, for cars that charge at
home overnight about noon: what must be charged by midnight could not wait for the cheap hours after it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import sparse

from grid.errors import InputError
from grid.flexibility import Flexibility, Reservoir
from grid.series import Floats, Ints
from optimizer.problem import DispatchProblem, Schedule
from optimizer.rolling import dispatch
from optimizer.totals import Totals, totals

Dispatch = Callable[[DispatchProblem], Schedule]
TO_BE_KEPT = 1e-2
"""How much more a sum that is off counts than a weight that is changed (ours)."""
FARTHEST = 4.0
"""By what factor a weight may at most differ from the size of its cluster (ours): none vanishes."""
BY_DEVICE = (
    *("p_min_mw", "p_max_mw", "p_unmanaged_mw", "p_min_on_mw", "ramp_mw_per_h", "q_max_mvar"),
    *("wear_cost_per_mwh", "value_per_mwh"),
)
"""What a flexibility holds by device or by slot."""


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


@dataclass(frozen=True)
class Estimate:
    """A period by its representative days.

    Args:
        totals: Estimated totals of the period.
        days: Days dispatched.
        error: Estimate less the full period, relative to it, by the name of each total; None if it was not run.
    """

    totals: Totals
    days: RepresentativeDays
    error: dict[str, float] | None = None


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
        raise InputError.of("problem.clock", f"must consist of whole days of {steps} steps", problem.clock.n_steps)
    if not 1 <= n_days <= total:
        raise InputError.of("n_days", f"must lie within 1..{total}", n_days)
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


def dispatch_representative(
    problem: DispatchProblem, n_days: int, *, against_full: bool = False, solve: Dispatch = dispatch
) -> Estimate:
    """Estimates the totals of a period from a few of its days.

    Args:
        problem: The problem.
        n_days: Days to dispatch.
        against_full: Whether to dispatch the whole period too, and state the error.
        solve: What dispatches a problem.
    """
    chosen = representative_days(problem, n_days)
    parts = []
    for day in chosen.days:
        single = day_problem(problem, int(day), chosen.begin)
        parts.append(totals(single, solve(single)))
    names = [field.name for field in fields(Totals)]
    sums = {
        name: float(sum(w * getattr(p, name) for w, p in zip(chosen.weights, parts, strict=True))) for name in names
    }
    sums["peak_import_mw"] = max(part.peak_import_mw for part in parts)
    sums["cost"] += _demand_charge(problem, chosen, parts)
    estimate = Totals(**sums)
    if not against_full:
        return Estimate(estimate, chosen)
    whole = totals(problem, solve(problem))
    error = {name: _relative(getattr(estimate, name), getattr(whole, name)) for name in names}
    return Estimate(estimate, chosen, error)


def day_problem(problem: DispatchProblem, day: int, begin: int = 0) -> DispatchProblem:
    """One day of a problem by itself, without a demand charge.

    Args:
        problem: The problem.
        day: Which day.
        begin: Step of the day at which it begins; the end is at the same time of the next.

    Raises:
        InputError: If there is no such day.
    """
    steps = problem.clock.steps_per_day
    first, stop = day * steps + begin, (day + 1) * steps + begin
    if not 0 <= first < stop <= problem.clock.n_steps:
        raise InputError.of("day", f"must lie within 0..{(problem.clock.n_steps - begin) // steps - 1}", day)
    at, marginal = slice(first, stop), problem.import_marginal_ci_kg_per_mwh
    cut = [_on_day(flexibility, first, stop) for flexibility in problem.flexibilities]
    return replace(
        problem,
        clock=problem.clock.window(first, stop),
        p_fixed_mw=problem.p_fixed_mw[at],
        q_fixed_mvar=problem.q_fixed_mvar[at],
        flexibilities=tuple(flexibility for flexibility in cut if flexibility is not None),
        import_price_per_mwh=problem.import_price_per_mwh[at],
        export_price_per_mwh=problem.export_price_per_mwh[at],
        import_ci_kg_per_mwh=problem.import_ci_kg_per_mwh[at],
        import_marginal_ci_kg_per_mwh=None if marginal is None else marginal[at],
        demand_charge_per_mw_month=0.0,
        horizon_steps=steps,
        look_ahead_steps=0,
    )


def _on_day(flexibility: Flexibility, first: int, stop: int) -> Flexibility | None:
    """What of an asset falls into the steps `first` to `stop` - 1; None if nothing does."""
    device = np.flatnonzero((flexibility.start < stop) & (flexibility.stop > first))
    if not device.size:
        return None
    begin, end = np.maximum(flexibility.start[device], first), np.minimum(flexibility.stop[device], stop)
    slots = _slots(flexibility, device, begin, end)
    own: dict[str, Any] = {
        name: _cut(getattr(flexibility, name), flexibility, device, slots)
        for name in BY_DEVICE
        if getattr(flexibility, name) is not None
    }
    return replace(
        flexibility,
        clock=flexibility.clock.window(first, stop),
        shares=sparse.csr_array(flexibility.shares[device]),
        start=begin - first,
        stop=end - first,
        reservoir=None if flexibility.reservoir is None else _reservoir(flexibility, device, slots, begin, end),
        vehicle_class=None if flexibility.vehicle_class is None else flexibility.vehicle_class.of(device),
        **own,
    )


def _reservoir(flexibility: Flexibility, device: Ints, slots: Ints, begin: Ints, end: Ints) -> Reservoir | None:
    """The store of a day: what lasts throughout ends as it began, a stay owes its share of the energy."""
    store = flexibility.reservoir
    if store is None:
        return None
    length = flexibility.stop[device] - flexibility.start[device]
    start, due = store.e_start_mwh[device], store.e_end_mwh[device]
    lasting = length == flexibility.clock.n_steps
    at_begin = np.where(lasting, start, start + (due - start) * (begin - flexibility.start[device]) / length)
    at_end = np.where(lasting, start, start + (due - start) * (end - flexibility.start[device]) / length)
    return replace(
        store,
        e_start_mwh=at_begin,
        e_end_mwh=at_end,
        e_min_mwh=np.minimum(store.e_min_mwh[device], at_begin),
        e_max_mwh=np.maximum(store.e_max_mwh[device], at_end),
        eta_charge=_cut(store.eta_charge, flexibility, device, slots),
        eta_discharge=_cut(store.eta_discharge, flexibility, device, slots),
        retention_per_step=store.retention_per_step[device],
        owner=np.unique(store.owner[device], return_inverse=True)[1],
        mwh_per_km=None if store.mwh_per_km is None else store.mwh_per_km[device],
        drain_mwh=None if store.drain_mwh is None else store.drain_mwh[slots],
    )


def _slots(flexibility: Flexibility, device: Ints, begin: Ints, end: Ints) -> Ints:
    """Slots of devices between two steps, device after device."""
    length = end - begin
    rank = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return np.asarray(np.repeat(flexibility.offsets[device] + begin - flexibility.start[device], length) + rank)


def _cut(values: Floats, flexibility: Flexibility, device: Ints, slots: Ints) -> Floats:
    """Values by slot or by device, or one for all, of the devices and slots of a day."""
    if values.size == 1:
        return values
    by_slot = values.size == flexibility.n_slots and flexibility.n_slots != flexibility.n_devices
    return values[slots] if by_slot else values[device]


def _unmanaged(problem: DispatchProblem) -> Floats:
    """Fixed withdrawal, and what the assets would draw unmanaged, shape (T, 2) [MW]."""
    assets = np.zeros(problem.clock.n_steps)
    for flexibility in problem.flexibilities:
        assets += flexibility.by_step(flexibility.unmanaged_power())
    return np.column_stack([problem.p_fixed_mw.sum(axis=1), assets])


def _demand_charge(problem: DispatchProblem, chosen: RepresentativeDays, parts: list[Totals]) -> float:
    """The demand charge of every month, by the highest of the days that stand for its days."""
    days = problem.clock.times[:: problem.clock.steps_per_day].astype("datetime64[M]")
    peak = np.array([part.peak_import_mw for part in parts])[chosen.stands_for]
    return problem.demand_charge_per_mw_month * float(sum(peak[days == month].max() for month in np.unique(days)))


def _relative(estimate: float, full: float) -> float:
    return (estimate - full) / abs(full) if full else 0.0
