"""What a schedule comes to in the AC power flow: energy, cost and carbon of a whole problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, frozen
from grid.flexibility.flexibility import Flexibility
from grid.powerflow.grid_flow import GridFlow
from grid.powerflow.powerflow import power_flow
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule


@dataclass(frozen=True)
class ScheduleTotals:
    """A schedule as realised, penalties left out.

    Args:
        cost: Imports less exports, demand charge, wear, fuel, less the value of valued demand; without a price of
            carbon [currency].
        emissions_kg: Carbon of imports and of generation with emissions of its own [kg].
        import_mwh: Imported energy [MWh].
        export_mwh: Exported energy [MWh].
        peak_import_mw: Highest import [MW].
        failed_steps: Steps without an AC solution, which count with their demand and without losses: totals of a
            schedule with any are no basis for a comparison.
    """

    cost: float
    emissions_kg: float
    import_mwh: float
    export_mwh: float
    peak_import_mw: float
    failed_steps: float = 0.0


def scheduled_withdrawal(problem: DispatchProblem, schedule: Schedule) -> tuple[Floats, Floats]:
    """Active and reactive withdrawal at every bus with a schedule, shape (T, B) each [MW, MVAr]."""
    fixed = problem.p_fixed_mw, problem.q_fixed_mvar
    return withdrawal_with(fixed, problem.flexibilities, schedule.p_mw, schedule.q_mvar)


def withdrawal_with(
    fixed: tuple[Floats, Floats],
    flexibilities: Iterable[Flexibility],
    p_mw: Mapping[str, Floats],
    q_mvar: Mapping[str, Floats],
) -> tuple[Floats, Floats]:
    """Withdrawal at every bus, shape (T, B) each [MW, MVAr], with what flexible assets draw.

    Args:
        fixed: That of all else, shape (T, B) each [MW, MVAr].
        flexibilities: The assets.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        q_mvar: Reactive withdrawal of those that draw any, by name, shape (K,) each [MVAr].
    """
    drawn, reactive = fixed[0].copy(), fixed[1].copy()
    for flexibility in flexibilities:
        drawn += flexibility.at_buses(p_mw[flexibility.name])
        if flexibility.name in q_mvar:
            reactive += flexibility.at_buses(q_mvar[flexibility.name])
    return frozen(drawn), frozen(reactive)


def scheduled_flow(problem: DispatchProblem, schedule: Schedule) -> GridFlow:
    """The AC power flow of a schedule, in three phases where the problem has its phases apart."""
    network, clock, phases = problem.network, problem.clock, problem.phases
    if phases is None:
        loads_mva = problem.loads_between(0, clock.n_steps)
        return power_flow(network, clock, *scheduled_withdrawal(problem, schedule), loads_mva=loads_mva)
    drawn = np.zeros((clock.n_steps, phases.wye.n_buses), dtype=complex)
    for flexibility in problem.flexibilities:
        for unit, powers in ((1, schedule.p_mw), (1j, schedule.q_mvar)):
            if flexibility.name in powers:
                drawn += unit * flexibility.at_buses(powers[flexibility.name], phases.shares[flexibility.name])
    return phases.flow(network, clock, 0, problem.p_fixed_mw + 1j * problem.q_fixed_mvar, drawn)


def schedule_totals(problem: DispatchProblem, schedule: Schedule) -> ScheduleTotals:
    """The totals of a schedule; a step without an AC solution counts what is drawn, without losses."""
    p_mw, _ = scheduled_withdrawal(problem, schedule)
    flow = scheduled_flow(problem, schedule)
    drawn = p_mw[:, problem.network.buses.node >= 0].sum(axis=1) + problem.network.fixed_mva.real.sum()
    slack = np.where(flow.failed, drawn, flow.net_import_mw(p_mw))
    h = problem.clock.step_hours
    bought, sold = h * np.maximum(slack, 0.0), h * np.maximum(-slack, 0.0)
    months = problem.clock.times.astype("datetime64[M]")
    peaks = sum(float(bought[months == month].max()) / h for month in np.unique(months))
    own = [_own(flexibility, schedule.p_mw[flexibility.name]) for flexibility in problem.flexibilities]
    return ScheduleTotals(
        cost=float(bought @ problem.import_price_per_mwh - sold @ problem.export_price_per_mwh)
        + problem.demand_charge_per_mw_month * peaks
        + sum(cost for cost, _ in own),
        emissions_kg=float(bought @ problem.import_ci_kg_per_mwh) + sum(kg for _, kg in own),
        import_mwh=float(bought.sum()),
        export_mwh=float(sold.sum()),
        peak_import_mw=float(bought.max()) / h,
        failed_steps=float(flow.failed.sum()),
    )


def _own(flexibility: Flexibility, p_mw: Floats) -> tuple[float, float]:
    """Cost of wear and fuel less the value of demand [currency], and own emissions [kg], of one asset."""
    h, fed = flexibility.clock.step_hours, np.maximum(-p_mw, 0.0)
    wear = (fed * flexibility.per_slot(flexibility.wear_cost_per_mwh)).sum()
    value = (np.maximum(p_mw, 0.0) * flexibility.per_slot(flexibility.value_per_mwh)).sum()
    ci = 0.0 if flexibility.ci_kg_per_mwh is None else flexibility.ci_kg_per_mwh[0]
    return float(h * (wear - value)), float(h * fed.sum() * ci)
