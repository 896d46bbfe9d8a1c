"""A year by a few of its days, for planners in a hurry: chosen and weighted by tsam, with the error stated.

Each day is dispatched by itself: stores end it with what they began with, and a session that lasts beyond it owes the
share of its energy that it could gain at full power within the day. So days begin when the fewest sessions are cut, for
cars that charge at home overnight about noon: what must be charged by midnight could not wait for the cheap hours after
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import of_devices
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.slots import slots_between
from optimizer.problem.totals import ScheduleTotals, schedule_totals
from optimizer.studies.day_choice import RepresentativeDays, representative_days

Dispatch = Callable[[DispatchProblem], Schedule]
BY_DEVICE = (
    *("p_min_mw", "p_max_mw", "p_min_on_mw", "ramp_mw_per_h", "q_max_mvar"),
    *("wear_cost_per_mwh", "value_per_mwh"),
)
"""What a flexibility holds by device or by slot."""


@dataclass(frozen=True)
class Estimate:
    """A period by its representative days.

    Args:
        totals: Estimated totals of the period.
        days: Days dispatched.
        error: Estimate less the full period, relative to it, by the name of each total; None if it was not run.
    """

    totals: ScheduleTotals
    days: RepresentativeDays
    error: dict[str, float] | None = None


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
        parts.append(schedule_totals(single, solve(single)))
    names = [field.name for field in fields(ScheduleTotals)]
    sums = {
        name: float(sum(w * getattr(p, name) for w, p in zip(chosen.weights, parts, strict=True))) for name in names
    }
    sums["peak_import_mw"] = max(part.peak_import_mw for part in parts)
    sums["cost"] += _demand_charge(problem, chosen, parts)
    estimate = ScheduleTotals(**sums)
    if not against_full:
        return Estimate(estimate, chosen)
    whole = schedule_totals(problem, solve(problem))
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
        raise InputError.single("day", f"must lie within 0..{(problem.clock.n_steps - begin) // steps - 1}", day)
    at, marginal = slice(first, stop), problem.import_marginal_ci_kg_per_mwh
    there = {f.name: np.flatnonzero((f.start < stop) & (f.stop > first)) for f in problem.flexibilities}
    devices = {name: device for name, device in there.items() if device.size}
    of_day = (flexibility for flexibility in problem.flexibilities if flexibility.name in devices)
    return replace(
        problem,
        clock=problem.clock.window(first, stop),
        p_fixed_mw=problem.p_fixed_mw[at],
        q_fixed_mvar=problem.q_fixed_mvar[at],
        loads_mva=problem.loads_between(first, stop),
        phases=None if problem.phases is None else problem.phases.part(first, stop, devices),
        flexibilities=tuple(_on_day(flexibility, devices[flexibility.name], first, stop) for flexibility in of_day),
        import_price_per_mwh=problem.import_price_per_mwh[at],
        export_price_per_mwh=problem.export_price_per_mwh[at],
        import_ci_kg_per_mwh=problem.import_ci_kg_per_mwh[at],
        import_marginal_ci_kg_per_mwh=None if marginal is None else marginal[at],
        demand_charge_per_mw_month=0.0,
        horizon_steps=steps,
        look_ahead_steps=0,
    )


def _on_day(flexibility: Flexibility, device: Ints, first: int, stop: int) -> Flexibility:
    """What of an asset falls into the steps `first` to `stop` - 1, where these devices of it are there."""
    begin, end = np.maximum(flexibility.start[device], first), np.minimum(flexibility.stop[device], stop)
    _, _, slots = slots_between(flexibility, device, begin, end)
    own: dict[str, Any] = {
        name: of_devices(getattr(flexibility, name), device, slots)
        for name in BY_DEVICE
        if getattr(flexibility, name) is not None
    }
    unmanaged = flexibility.p_unmanaged_mw
    return replace(
        flexibility,
        clock=flexibility.clock.window(first, stop),
        shares=sparse.csr_array(flexibility.shares[device]),
        start=begin - first,
        stop=end - first,
        reservoir=None if flexibility.reservoir is None else _reservoir(flexibility, device, slots, begin, end),
        vehicle_class=None if flexibility.vehicle_class is None else flexibility.vehicle_class.select(device),
        p_unmanaged_mw=None if unmanaged is None else unmanaged[slots],
        **own,
    )


def _reservoir(flexibility: Flexibility, device: Ints, slots: Ints, begin: Ints, end: Ints) -> Reservoir | None:
    """The store of a day: what lasts throughout ends as it began, a stay owes its share of the energy."""
    store = flexibility.reservoir
    if store is None:
        return None
    start, due = store.e_start_mwh[device], store.e_end_mwh[device]
    lasting = flexibility.stop[device] - flexibility.start[device] == flexibility.clock.n_steps
    at_begin, at_end = (
        np.where(lasting, start, start + (due - start) * _share_by(flexibility, device, step)) for step in (begin, end)
    )
    return replace(
        store,
        e_start_mwh=at_begin,
        e_end_mwh=at_end,
        e_min_mwh=np.minimum(store.e_min_mwh[device], at_begin),
        e_max_mwh=np.maximum(store.e_max_mwh[device], at_end),
        eta_charge=of_devices(store.eta_charge, device, slots),
        eta_discharge=of_devices(store.eta_discharge, device, slots),
        retention_per_step=store.retention_per_step[device],
        owner=np.unique(store.owner[device], return_inverse=True)[1],
        mwh_per_km=None if store.mwh_per_km is None else store.mwh_per_km[device],
        e_before_mwh=None,
        owed_mwh=None,
        drain_mwh=None if store.drain_mwh is None else store.drain_mwh[slots],
        p_segments_mw=None if store.p_segments_mw is None else store.p_segments_mw[device],
    )


def _share_by(flexibility: Flexibility, device: Ints, step: Ints) -> Floats:
    """Share of its energy that a stay owes by a step, shape (J,): that of all it can gain which it can gain by then.

    Of constant power that is the share of its time; where power is fixed, as of unmanaged charging, what is charged.

    Args:
        flexibility: What has a reservoir.
        device: Its devices, shape (J,).
        step: A step within the stay of each, or the one after its last, shape (J,).
    """
    gained = np.append(0.0, np.cumsum(flexibility.gain_mwh(flexibility.per_slot(flexibility.p_max_mw))))
    before = flexibility.offsets[device]
    length, passed = flexibility.stop[device] - flexibility.start[device], step - flexibility.start[device]
    by_then, in_all = gained[before + passed] - gained[before], gained[before + length] - gained[before]
    return np.where(in_all > 0, by_then / np.where(in_all > 0, in_all, 1.0), passed / length)


def _demand_charge(problem: DispatchProblem, chosen: RepresentativeDays, parts: list[ScheduleTotals]) -> float:
    """The demand charge of every month, by the highest of the days that stand for its days."""
    days = problem.clock.times[:: problem.clock.steps_per_day].astype("datetime64[M]")
    peak = np.array([part.peak_import_mw for part in parts])[chosen.stands_for]
    return problem.demand_charge_per_mw_month * float(sum(peak[days == month].max() for month in np.unique(days)))


def _relative(estimate: float, full: float) -> float:
    return (estimate - full) / abs(full) if full else 0.0
