"""Limits that powers do not keep of which nothing is left to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grid.arrays import Floats
from grid.powerflow.powerflow import power_flow
from optimizer.network.dc import DCNetwork
from optimizer.network.network_limits import LimitedQuantity, limits_of
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule, Shortfall
from optimizer.problem.totals import scheduled_flow, scheduled_withdrawal
from optimizer.window.answers import RELATIVE_TOLERANCE, network_shortfalls

AT_ONCE = 2000
"""Steps of which voltages are held at a time."""


def with_shortfalls(problem: DispatchProblem, schedule: Schedule, emissions_kg: float, *, of_grid: bool) -> Schedule:
    """A schedule of given powers with the limits that it does not keep.

    Args:
        problem: The problem, in which no flexibility has any freedom.
        schedule: Its schedule.
        emissions_kg: Carbon of imports and own generation [kg].
        of_grid: Whether to look at branches and buses too, which solves the power flow.
    """
    found = [*_at_connections(problem, schedule), *_above_the_cap(problem, emissions_kg)]
    if of_grid and problem.grid_limits:
        found += _of_grid(problem, schedule)
    if not found:
        return schedule
    quality = schedule.quality
    why = quality.why_no_bound or "limits are exceeded"
    return replace(schedule, shortfalls=tuple(found), quality=replace(quality, why_no_bound=why))


def _at_connections(problem: DispatchProblem, schedule: Schedule) -> Iterator[Shortfall]:
    """Imports, exports, and powers behind shared connections."""
    behind: dict[str, Floats] = {}
    most = {f.connection: f.connection_max_mw for f in problem.flexibilities if f.connection}
    for flexibility in problem.flexibilities:
        if flexibility.connection:
            drawn = flexibility.by_step(schedule.p_mw[flexibility.name])
            behind[flexibility.connection] = behind.get(flexibility.connection, 0.0) + drawn
    limited = [
        ("import", "import_mw", schedule.import_mw, problem.import_max_mw),
        ("export", "export_mw", schedule.export_mw, problem.export_max_mw),
        *((name, "connection_mw", np.abs(drawn), most[name]) for name, drawn in behind.items()),
    ]
    for name, quantity, power, limit in limited:
        for step in np.flatnonzero(power > limit + RELATIVE_TOLERANCE):
            yield Shortfall(int(step), name, quantity, float(power[step]), limit)


def _above_the_cap(problem: DispatchProblem, emissions_kg: float) -> Iterator[Shortfall]:
    """The cap on carbon, which is known to be kept when the clock is over."""
    if emissions_kg > problem.carbon_cap_kg * (1 + RELATIVE_TOLERANCE) + RELATIVE_TOLERANCE:
        last = problem.clock.n_steps - 1
        yield Shortfall(last, "carbon", "emissions_kg", emissions_kg, problem.carbon_cap_kg)


def _of_grid(problem: DispatchProblem, schedule: Schedule) -> Iterator[Shortfall]:
    """Limits of branches and buses, and steps without a solution."""
    p_mw, q_mvar = scheduled_withdrawal(problem, schedule)
    if not problem.alternating:
        loading = DCNetwork.from_network(problem.network).loading_percent(p_mw)
        names, limit = problem.network.branches.names, problem.loading_max_percent
        yield from network_shortfalls(0, LimitedQuantity("loading_percent", "", names, loading, limit, 1.0))
        return
    limits, n = limits_of(problem), problem.clock.n_steps
    for first in range(0, n, AT_ONCE if problem.phases is None else n):
        stop = min(first + AT_ONCE, n) if problem.phases is None else n
        flow = scheduled_flow(problem, schedule) if problem.phases is not None else power_flow(
            problem.network, problem.clock.window(first, stop), p_mw[first:stop], q_mvar[first:stop],
            loads_mva=problem.loads_between(first, stop),
        )  # fmt: skip
        for step in np.flatnonzero(flow.failed):
            yield Shortfall(first + int(step), "city", "power_flow", float("nan"), float("nan"))
        for limited in limits.quantities(flow):
            yield from network_shortfalls(first, limited)
