"""The rolling horizon: window after window, each handing its stored energies on to the next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grid.flexibility import Flexibility
from grid.series import Floats
from optimizer._highs import Compiled
from optimizer.problem import DispatchProblem, Schedule, Shortfall
from optimizer.programme import Roles, state_window
from optimizer.window import LOADING_TOLERANCE_PERCENT, Answer, solve_window

Progress = Callable[[int, int], None]
"""Told the steps decided and the steps in all."""


def dispatch(problem: DispatchProblem, progress: Progress | None = None) -> Schedule:
    """Decides what every flexible asset does.

    The horizon rolls: each window decides `horizon_steps` for good and sees `look_ahead_steps` beyond. In each,
    every store must be able to end with the energy it is due. Where nothing is left to decide, nothing is solved.

    Args:
        problem: The problem.
        progress: Called after each window.

    Raises:
        SolverError: If a window has no optimum; limits are elastic, so this is a defect, not a property of the city.
    """
    free = [f for f in problem.flexibilities if (f.per_slot(f.p_max_mw) - f.per_slot(f.p_min_mw) > 1e-12).any()]
    p_mw = {f.name: f.per_slot(f.p_min_mw).copy() for f in problem.flexibilities}
    if not free:
        return Schedule(problem.clock, p_mw, lp_cost=0.0)
    problem = _with_decided(problem, free, p_mw)
    roles = Roles.of(free)
    energy = {f.name: f.reservoir.e_start_mwh.copy() for f in free if f.reservoir is not None}
    compiled: dict[int, Compiled] = {}
    cost, peak, rounds, windows = 0.0, 0.0, 0, 0
    shortfalls: list[Shortfall] = []
    months = problem.clock.times.astype("datetime64[M]")
    for first in range(0, problem.clock.n_steps, problem.horizon_steps):
        decided = min(first + problem.horizon_steps, problem.clock.n_steps)
        stop = min(decided + problem.look_ahead_steps, problem.clock.n_steps)
        if stop - first not in compiled:
            compiled[stop - first] = roles.compiled(stop - first, problem.clock.step_hours)
        if first and months[first] != months[first - 1]:
            peak = 0.0
        window = state_window(problem, roles, compiled[stop - first], first, stop, energy, peak)
        answer = solve_window(window)
        for flexibility in free:
            slot, power = answer.p_mw[flexibility.name]
            mine = flexibility.step[slot] < decided
            p_mw[flexibility.name][slot[mine]] = power[mine]
            _advance(flexibility, p_mw[flexibility.name], energy, first, decided)
        n = decided - first
        cost += float(answer.cost[:n].sum())
        same_month = months[first:decided] == months[decided - 1]
        peak = float(max(peak if same_month.all() else 0.0, answer.import_mw[:n][same_month].max()))
        shortfalls += _shortfalls(problem, answer, first, n)
        rounds, windows = rounds + answer.rounds, windows + 1
        if progress is not None:
            progress(decided, problem.clock.n_steps)
    return Schedule(problem.clock, p_mw, cost, tuple(shortfalls), windows, rounds)


def _with_decided(problem: DispatchProblem, free: list[Flexibility], p_mw: dict[str, Floats]) -> DispatchProblem:
    """The problem with everything that has no freedom as fixed withdrawal."""
    from dataclasses import replace  # noqa: PLC0415

    fixed = problem.p_fixed_mw.copy()
    for flexibility in problem.flexibilities:
        if flexibility not in free:
            fixed += flexibility.at_buses(p_mw[flexibility.name])
    return replace(problem, p_fixed_mw=fixed, flexibilities=tuple(free))


def _advance(flexibility: Flexibility, p_mw: Floats, energy: dict[str, Floats], first: int, stop: int) -> None:
    """Carries the stored energy of every device from step `first` to step `stop`."""
    store = flexibility.reservoir
    if store is None:
        return
    e, gain = energy[flexibility.name], flexibility.gain_mwh(p_mw) - flexibility.drain_mwh
    live = np.flatnonzero((flexibility.start < stop) & (flexibility.stop > first))
    for step in range(first, stop):
        at = live[(flexibility.start[live] <= step) & (flexibility.stop[live] > step)]
        slot = flexibility.offsets[at] + step - flexibility.start[at]
        e[at] = store.retention_per_step[at] * e[at] + gain[slot]


def _shortfalls(problem: DispatchProblem, answer: Answer, first: int, n_steps: int) -> list[Shortfall]:
    """Limits that the decided steps of a window do not keep in AC."""
    found = [
        Shortfall(first + int(t), "import", "import_mw", float(answer.import_mw[t]), problem.import_max_mw)
        for t in np.flatnonzero(answer.import_excess_mw[:n_steps] > 1e-4)
    ]
    loading = answer.flow.loading_percent()[:n_steps]
    limit = problem.loading_max_percent
    over = np.nan_to_num(loading - limit, nan=-np.inf, neginf=-np.inf) > LOADING_TOLERANCE_PERCENT
    names = problem.network.branches.names
    return found + [
        Shortfall(first + int(t), names[b], "loading_percent", float(loading[t, b]), float(limit[b]))
        for t, b in np.argwhere(over)
    ]
