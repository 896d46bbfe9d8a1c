"""A schedule that leaves nothing to decide: what it costs is what the AC power flow says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, frozen
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot, values_of
from grid.kept_if_small import MOST_BYTES
from grid.powerflow.powerflow import power_flow
from grid.sharing import shared
from optimizer.horizon.given_limits import AT_ONCE, with_shortfalls
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Costs, Quality, Schedule
from optimizer.problem.totals import withdrawal_with

NetImport = Callable[[DispatchProblem, Floats, Floats], Floats]
"""Given a problem and the withdrawal at every bus, shape (T, B) each [MW, MVAr]: the net import, shape (T,) [MW]."""


@dataclass(frozen=True)
class OwnCost:
    """What flexibilities cost and emit by themselves, whatever energy and carbon cost.

    Args:
        fuel: Wear and fuel of what they feed in [currency].
        value: What users would pay for what they draw, negative [currency].
        emissions_kg: Emissions of what they feed in [kg].
    """

    fuel: float = 0.0
    value: float = 0.0
    emissions_kg: float = 0.0

    def at_price(self, carbon_price_per_kg: float) -> Costs:
        """It by kind, with its carbon at a price."""
        return Costs(carbon=carbon_price_per_kg * self.emissions_kg, wear_and_fuel=self.fuel, value=self.value)


def own_cost(flexibilities: Iterable[Flexibility], p_mw: Mapping[str, Floats], stop: int | None = None) -> OwnCost:
    """What flexibilities cost and emit by themselves in the steps before `stop`; in all if None.

    Args:
        flexibilities: The flexibilities.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        stop: Step after the last that counts.
    """
    fuel = value = own_kg = 0.0
    for flexibility in flexibilities:  # arrays of a year of a city's cars take half a gigabyte: none that says nothing
        power, h = p_mw[flexibility.name], flexibility.clock.step_hours
        feeds, wanted = power.min(initial=0.0) < 0.0, values_of(flexibility.value_per_mwh).any()
        if not (feeds or wanted):
            continue
        if stop is not None and stop < flexibility.clock.n_steps:
            power = np.where(flexibility.step < stop, power, 0.0)
        if feeds:
            part = np.maximum(-power, 0.0)
            fuel += h * float(part @ flexibility.per_slot(flexibility.wear_cost_per_mwh))
            own_kg += h * float(part.sum()) * (flexibility.ci_kg_per_mwh or (0.0,))[0]
        if wanted:
            value -= h * float(np.maximum(power, 0.0) @ flexibility.per_slot(flexibility.value_per_mwh))
    return OwnCost(fuel, value, own_kg)


@dataclass(frozen=True, eq=False)
class _GivenPowers:
    """What flexibilities do of which nothing is left to decide; no price of energy or carbon is in it.

    Args:
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        withdrawal: Withdrawal at every bus with them, shape (T, B) each [MW, MVAr].
        own: What they cost and emit by themselves.
    """

    p_mw: Mapping[str, Floats]
    withdrawal: tuple[Floats, Floats]
    own: OwnCost


@shared(latest=True)
def _given_powers(p_fixed_mw: Floats, q_fixed_mvar: Floats, flexibilities: tuple[Flexibility, ...]) -> _GivenPowers:
    """The powers of flexibilities beside what all else draws, shape (T, B) each [MW, MVAr]."""
    p_mw = {f.name: _fixed_power(f) for f in flexibilities}
    withdrawal = withdrawal_with((p_fixed_mw, q_fixed_mvar), flexibilities, p_mw, {})
    return _GivenPowers(p_mw, withdrawal, own_cost(flexibilities, p_mw))


def _fixed_power(flexibility: Flexibility) -> Floats:
    """The power that a flexibility is fixed to, shape (K,) [MW], read-only; of its own if it is small, see `frozen`."""
    power = flexibility.per_slot(flexibility.p_min_mw)
    is_given = isinstance(flexibility.p_min_mw, PerSlot)
    return power if is_given and power.nbytes > MOST_BYTES else frozen(power.copy() if is_given else power)


def fixed_schedule(problem: DispatchProblem, net_import: NetImport | None = None) -> Schedule:
    """The schedule of a problem in which every power is given; there are no prices.

    Args:
        problem: The problem, in which no flexibility has any freedom.
        net_import: Finds the net import, for who looks at the limits of branches and buses himself; by default
            `net_import_mw`, and these limits are looked at.
    """
    given = _given_powers(problem.p_fixed_mw, problem.q_fixed_mvar, problem.flexibilities)
    net_mw = (net_import or net_import_mw)(problem, *given.withdrawal)
    known = np.nan_to_num(net_mw)
    imported, exported, h = np.maximum(known, 0.0), np.maximum(-known, 0.0), problem.clock.step_hours
    months = problem.clock.times.astype("datetime64[M]")
    imported_kg = h * float(imported @ problem.import_ci_kg_per_mwh)
    costs = given.own.at_price(problem.carbon_price_per_kg) + Costs(
        energy=h * float(imported @ problem.import_price_per_mwh - exported @ problem.export_price_per_mwh),
        carbon=problem.carbon_price_per_kg * imported_kg,
        peak=problem.demand_charge_per_mw_month * sum(float(imported[months == m].max()) for m in np.unique(months)),
    )
    unsolved = "the power flow has no solution in some steps" if np.isnan(net_mw).any() else ""
    schedule = Schedule(
        clock=problem.clock,
        p_mw=dict(given.p_mw),
        lp_cost=costs.total,
        import_mw=np.maximum(net_mw, 0.0),
        export_mw=np.maximum(-net_mw, 0.0),
        costs=costs,
        quality=Quality(costs.total, costs.total, unsolved),
        decided_steps=problem.clock.n_steps,
        imbalance_mw=np.zeros(problem.clock.n_steps),
    )
    return with_shortfalls(problem, schedule, imported_kg + given.own.emissions_kg, of_grid=net_import is None)


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
