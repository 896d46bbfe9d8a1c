"""A schedule that leaves nothing to decide: what it costs is what the AC power flow says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grid.arrays import Floats
from grid.powerflow.powerflow import power_flow
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Costs, Quality, Schedule
from optimizer.problem.totals import scheduled_withdrawal

AT_ONCE = 2000
"""Steps of which voltages are held at a time."""


NetImport = Callable[[DispatchProblem, Floats, Floats], Floats]
"""Given a problem and the withdrawal at every bus, shape (T, B) each [MW, MVAr]: the net import, shape (T,) [MW]."""


def fixed_schedule(problem: DispatchProblem, p_mw: dict[str, Floats], net_import: NetImport | None = None) -> Schedule:
    """The schedule of a problem in which every power is given; there are no prices and no limits to keep.

    Args:
        problem: The problem.
        p_mw: Power of every flexibility by slot, by name, shape (K,) each [MW].
        net_import: Finds the net import; by default `net_import_mw`.
    """
    withdrawal = scheduled_withdrawal(problem, Schedule(problem.clock, p_mw, lp_cost=0.0))
    net_mw = (net_import or net_import_mw)(problem, *withdrawal)
    known = np.nan_to_num(net_mw)
    imported, exported, h = np.maximum(known, 0.0), np.maximum(-known, 0.0), problem.clock.step_hours
    months = problem.clock.times.astype("datetime64[M]")
    fuel = value = own_kg = 0.0
    for flexibility in problem.flexibilities:
        power = p_mw[flexibility.name]
        fed, drawn = np.maximum(-power, 0.0), np.maximum(power, 0.0)
        fuel += h * float(fed @ flexibility.per_slot(flexibility.wear_cost_per_mwh))
        value -= h * float(drawn @ flexibility.per_slot(flexibility.value_per_mwh))
        own_kg += h * float(fed.sum()) * (flexibility.ci_kg_per_mwh or (0.0,))[0]
    costs = Costs(
        energy=h * float(imported @ problem.import_price_per_mwh - exported @ problem.export_price_per_mwh),
        carbon=problem.carbon_price_per_kg * (h * float(imported @ problem.import_ci_kg_per_mwh) + own_kg),
        wear_and_fuel=fuel,
        value=value,
        peak=problem.demand_charge_per_mw_month * sum(float(imported[months == m].max()) for m in np.unique(months)),
    )
    unsolved = "the power flow has no solution in some steps" if np.isnan(net_mw).any() else ""
    return Schedule(
        clock=problem.clock,
        p_mw=p_mw,
        lp_cost=costs.total,
        import_mw=np.maximum(net_mw, 0.0),
        export_mw=np.maximum(-net_mw, 0.0),
        costs=costs,
        quality=Quality(costs.total, costs.total, unsolved),
        decided_steps=problem.clock.n_steps,
        imbalance_mw=np.zeros(problem.clock.n_steps),
    )


def net_import_mw(problem: DispatchProblem, p_mw: Floats, q_mvar: Floats) -> Floats:
    """Net import by the AC power flow, shape (T,) [MW]; NaN where it has no solution.

    Args:
        problem: The problem; of it count the clock, the network and its loads that depend on voltage.
        p_mw: Withdrawal at every bus, shape (T, B) [MW].
        q_mvar: Reactive withdrawal, shape (T, B) [MVAr].
    """
    if not problem.alternating:
        fixed = problem.network.fixed_mva.real.sum() if problem.grid_limits else 0.0
        return np.asarray(p_mw.sum(axis=1) + fixed)
    net_mw = np.full(problem.clock.n_steps, np.nan)
    for first in range(0, problem.clock.n_steps, AT_ONCE):
        at = slice(first, min(first + AT_ONCE, problem.clock.n_steps))
        clock, loads_mva = problem.clock.window(at.start, at.stop), problem.loads_between(at.start, at.stop)
        flow = power_flow(problem.network, clock, p_mw[at], q_mvar[at], loads_mva=loads_mva)
        net_mw[at] = np.where(flow.failed, np.nan, flow.net_import_mw(p_mw[at]))
    return net_mw
