"""Generation behind a limit of voltage feeds in all that the AC power flow admits, and no less: against bisection."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.arrays import Bools, Floats
from grid.powerflow.powerflow import power_flow
from optimizer import Clock, DispatchProblem, Schedule, city_of, dispatch, generation, problem_of
from optimizer.problem.totals import scheduled_withdrawal
from tests.examples import examples

pytestmark = pytest.mark.slow

HOURS = np.arange(24)
SUN = np.clip(np.sin((HOURS - 6) / 12 * np.pi), 0, None)
IMPORT, EXPORT = 60.0, 30.0


def feeder(lines: int, km: float, load_mw: float, vm_slack_pu: float = 1.02) -> Any:
    """A transformer and a line of equal sections; a load at every bus but the first."""
    net = pp.create_empty_network()
    hv = pp.create_bus(net, 110.0, name="HV")
    buses = [pp.create_bus(net, 20.0, name=f"B{k}") for k in range(lines + 1)]
    pp.create_ext_grid(net, hv, vm_pu=vm_slack_pu)
    pp.create_transformer(net, hv, buses[0], "25 MVA 110/20 kV", name="T")
    for k in range(lines):
        pp.create_line(net, buses[k], buses[k + 1], km, "NA2XS2Y 1x240 RM/25 12/20 kV", name=f"L{k}")
    for k in range(1, lines + 1):
        pp.create_load(net, buses[k], load_mw, 0.2 * load_mw, name=f"load {k}")
    return net


def with_parks(net: Any, parks: dict[str, Floats], vm_max_pu: float) -> DispatchProblem:
    """Parks at some buses, with what each could feed in."""
    n = len(next(iter(parks.values())))
    city = city_of(net, Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(hours=1), n))
    made = [generation(city, f"park at {bus}", bus, available) for bus, available in parks.items()]
    return problem_of(
        city, made, import_price_per_mwh=IMPORT, export_price_per_mwh=EXPORT, vm_max_pu=vm_max_pu, vm_min_pu=0.9
    )


def cost_of(net_import_mw: Floats) -> float:
    """Cost of a net import in each hour."""
    return float(IMPORT * np.maximum(net_import_mw, 0.0).sum() - EXPORT * np.maximum(-net_import_mw, 0.0).sum())


def state(problem: DispatchProblem, fed_mw: dict[str, Floats]) -> tuple[Bools, Floats]:
    """Whether the grid keeps its limits, and its net import, when so much is fed in at some buses, shape (N,) each."""
    n = len(next(iter(fed_mw.values())))
    p, q = (np.repeat(values[:1], n, axis=0) for values in (problem.p_fixed_mw, problem.q_fixed_mvar))
    for bus, fed in fed_mw.items():
        p[:, problem.network.buses.names.index(bus)] -= fed
    flow = power_flow(problem.network, replace(problem.clock, n_steps=n), p, q)
    within = (flow.vm_pu() <= problem.vm_max_pu).all(axis=1) & (np.nan_to_num(flow.loading_percent()) <= 100).all(
        axis=1
    )
    return within, flow.slack_mva().real.sum(axis=1)


def by_bisection(problem: DispatchProblem, bus: str, available_mw: Floats) -> tuple[Floats, float]:
    """What can be fed in at a bus in each hour [MW], and the cost, by AC power flows alone."""
    low, high = np.where(state(problem, {bus: available_mw})[0], available_mw, 0.0), available_mw
    for _ in range(40):
        middle = (low + high) / 2
        within = state(problem, {bus: middle})[0]
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low, cost_of(state(problem, {bus: low})[1])


@pytest.mark.parametrize(
    ("case", "peak_mw", "energy_mwh", "noon_mw"),
    [((3, 12.0, 0.3, 1.05), 9.0, 25.47, 2.315), ((3, 4.0, 0.5, 1.05), 12.0, 82.98, 9.56)],
)
def test_a_plant_at_the_end_of_a_feeder_feeds_in_what_its_voltage_admits(
    case: tuple[int, float, float, float], peak_mw: float, energy_mwh: float, noon_mw: float
) -> None:
    lines, km, load_mw, vm_max_pu = case
    problem = with_parks(feeder(lines, km, load_mw), {f"B{lines}": peak_mw * SUN}, vm_max_pu)
    schedule = dispatch(problem)
    fed_mw = -schedule.p_mw[f"park at B{lines}"]
    assert fed_mw.sum() == pytest.approx(energy_mwh, rel=2e-3)
    assert fed_mw[12] == pytest.approx(noon_mw, rel=5e-3)
    expected_mw, cost = by_bisection(problem, f"B{lines}", peak_mw * SUN)
    np.testing.assert_allclose(fed_mw, expected_mw, atol=0.01)
    assert schedule.quality.ac_cost == pytest.approx(cost, rel=1e-3)
    assert not schedule.shortfalls
    assert schedule.quality.gap is None
    assert "voltage from above" in schedule.quality.why_no_bound


@examples(10)
@given(
    km=st.floats(2.0, 14.0), peak_mw=st.floats(2.0, 14.0), vm_max_pu=st.floats(1.03, 1.08), load_mw=st.floats(0.1, 0.8)
)
def test_any_plant_feeds_in_what_bisection_finds(km: float, peak_mw: float, vm_max_pu: float, load_mw: float) -> None:
    available = peak_mw * np.array([0.2, 0.6, 1.0])
    problem = with_parks(feeder(2, km, load_mw), {"B2": available}, vm_max_pu)
    schedule = dispatch(problem)
    expected_mw, cost = by_bisection(problem, "B2", available)
    assert not schedule.shortfalls
    assert schedule.quality.ac_cost <= cost + 0.002 * abs(cost) + 0.5
    np.testing.assert_allclose(-schedule.p_mw["park at B2"], expected_mw, atol=0.02)


def test_two_plants_behind_one_limit_share_it_as_a_search_over_both_finds() -> None:
    available = {"B1": np.array([6.0]), "B3": np.array([6.0])}
    problem = with_parks(feeder(3, 8.0, 0.4), available, 1.05)
    schedule = dispatch(problem)
    one, other = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 6, 121), np.linspace(0, 6, 121)))
    within, net_import = state(problem, {"B1": one, "B3": other})
    best = min(cost_of(net_import[[k]]) for k in np.flatnonzero(within))
    assert schedule.quality.ac_cost <= best + 0.01 * abs(best), "the grid of the search is a twentieth of a megawatt"
    assert not schedule.shortfalls


def test_a_larger_plant_never_feeds_in_less_nor_costs_more() -> None:
    found: list[Schedule] = []
    for peak_mw in (2.0, 4.0, 8.0, 16.0, 30.0):
        problem = with_parks(feeder(3, 8.0, 0.4), {"B3": peak_mw * SUN[6:13]}, 1.05)
        found.append(dispatch(problem))
        assert not found[-1].shortfalls
    fed = [-s.p_mw["park at B3"].sum() for s in found]
    cost = [s.quality.ac_cost for s in found]
    assert (np.diff(fed) > 0).all()
    assert (np.diff(cost) < 0).all()


def test_every_row_that_binds_binds_in_the_power_flow() -> None:
    problem = with_parks(feeder(3, 8.0, 0.4), {"B2": 9 * SUN, "B3": 9 * SUN}, 1.05)
    schedule = dispatch(problem)
    vm = power_flow(problem.network, problem.clock, *scheduled_withdrawal(problem, schedule)).vm_pu()
    limits = [limit for limit in schedule.binding if limit.quantity == "vm_pu"]
    assert len(limits) >= 5
    for limit in limits:
        assert vm[limit.step, problem.network.buses.names.index(limit.element)] == pytest.approx(1.05, abs=1e-4)


def test_nodal_prices_at_a_binding_limit_are_what_a_little_more_withdrawal_costs() -> None:
    problem = with_parks(feeder(3, 8.0, 0.4), {"B3": np.full(2, 9.0)}, 1.05)
    price, step_mw = dispatch(problem).nodal_price_per_mwh, 0.02
    for bus in (1, 3, 4):
        costs = []
        for sign in (-1.0, 1.0):
            p_mw = problem.p_fixed_mw.copy()
            p_mw[0, bus] += sign * step_mw
            costs.append(dispatch(replace(problem, p_fixed_mw=p_mw)).quality.ac_cost)
        assert price[0, bus] == pytest.approx((costs[1] - costs[0]) / (2 * step_mw), rel=0.02, abs=0.1)
