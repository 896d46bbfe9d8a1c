"""A year by a few of its days, for planners in a hurry: chosen and weighted by tsam, with the error stated.

Each day is dispatched by itself: stores end it with what they began with, and a session that lasts beyond it owes the
share of its energy that falls into the day.
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
BY_DEVICE = (
    *("p_min_mw", "p_max_mw", "p_unmanaged_mw", "p_min_on_mw", "ramp_mw_per_h", "q_max_mvar"),
    *("wear_cost_per_mwh", "value_per_mwh"),
)
"""What a flexibility holds by device or by slot."""


@dataclass(frozen=True, eq=False)
class RepresentativeDays:
    """Days that stand for a period.

    Args:
        days: Places of the days, ascending, shape (D,).
        weights: Days that each stands for, shape (D,); they sum to the days of the period, but need not be whole.
        stands_for: For each day of the period, the place in `days` of the one that stands for it.
    """

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
    import pandas as pd  # noqa: PLC0415  slow to import
    import tsam  # noqa: PLC0415  slow to import

    steps = problem.clock.steps_per_day
    total = problem.clock.n_steps // steps
    if total * steps != problem.clock.n_steps:
        raise InputError.of("problem.clock", f"must consist of whole days of {steps} steps", problem.clock.n_steps)
    if not 1 <= n_days <= total:
        raise InputError.of("n_days", f"must lie within 1..{total}", n_days)
    unmanaged = _unmanaged(problem)
    peak = int(np.argmax(unmanaged.sum(axis=1)) // steps)
    if n_days == total:
        every = np.arange(total)
        return RepresentativeDays(every, np.ones(total), every)
    columns = {
        "price": problem.import_price_per_mwh,
        "ci": problem.import_ci_kg_per_mwh,
        "fixed": problem.p_fixed_mw.sum(axis=1),
        "assets": unmanaged[:, 1],
    }
    others = np.delete(np.arange(total), peak)
    index = pd.date_range("2001-01-01", periods=others.size * steps, freq=pd.Timedelta(problem.clock.step))
    moving = {name: values for name, values in columns.items() if np.ptp(values) > 0}
    chosen = np.full(total, peak)
    if moving and n_days > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its own rounding of medoids, which are not used as values
            found = tsam.aggregate(
                pd.DataFrame({name: values.reshape(total, steps)[others].ravel() for name, values in moving.items()},
                             index=index), n_days - 1, period_duration=24,
                temporal_resolution=problem.clock.step_hours, preserve_column_means=False,
            )  # fmt: skip
        cluster = np.asarray(found.cluster_assignments, dtype=np.int64)
        centres = np.asarray(found.clustering.cluster_centers, dtype=np.int64)
        chosen[others] = others[centres[cluster]]
    days, stands_for = np.unique(chosen, return_inverse=True)
    drawn = unmanaged.sum(axis=1)
    sums = [*moving.values(), drawn * columns["price"], drawn * columns["ci"]]
    weights = _weights(np.array([values.reshape(total, steps).sum(axis=1) for values in sums]), days, stands_for)
    return RepresentativeDays(days, weights, stands_for)


def _weights(sums: Floats, days: Ints, stands_for: Ints) -> Floats:
    """Weights near the sizes of the clusters with which days sum to the period, shape (D,).

    Args:
        sums: Sum of each series over each day of the period, shape (S, days).
        days: Representative days, shape (D,).
        stands_for: Place of the one that stands for each day of the period.
    """
    from scipy.optimize import lsq_linear  # noqa: PLC0415  slow to import

    size = np.bincount(stands_for, minlength=days.size).astype(np.float64)
    whole = sums.sum(axis=1)
    scale = np.maximum(np.abs(sums).sum(axis=1), 1e-12) * TO_BE_KEPT
    near = np.diag(1 / np.sqrt(size * size.sum()))
    count = np.ones((1, days.size)) / (size.sum() * TO_BE_KEPT**2)
    matrix = np.concatenate([sums[:, days] / scale[:, None], count, near])
    wanted = np.concatenate([whole / scale, [size.sum() * count[0, 0]], near @ size])
    found: Floats = lsq_linear(matrix, wanted, bounds=(0.0, np.inf)).x
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
        single = day_problem(problem, int(day))
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


def day_problem(problem: DispatchProblem, day: int) -> DispatchProblem:
    """One day of a problem by itself, without a demand charge.

    Raises:
        InputError: If there is no such day.
    """
    steps = problem.clock.steps_per_day
    first, stop = day * steps, (day + 1) * steps
    if not 0 <= first < stop <= problem.clock.n_steps:
        raise InputError.of("day", f"must lie within 0..{problem.clock.n_steps // steps - 1}", day)
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
