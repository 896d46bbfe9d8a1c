"""A dispatch in three phases keeps the limits of each phase, as pandapower's three-phase power flow confirms."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from grid._pandapower import network_of
from grid.arrays import Floats
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.network.sequence_network import PHASES
from grid.three_phase import PhasePowerFlow, sequences_of
from grid.time.clock import Clock
from optimizer.horizon.rolling import dispatch
from optimizer.horizon.spans import Spans, dispatch_in_spans
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import schedule_totals, scheduled_flow
from optimizer.window.diagnosis import InfeasibleDispatchError
from tests.grid.three_phase.test_three_phase import by_pandapower, street
from tests.optimizer.small_cases import clock_of, problem_on

pytestmark = pytest.mark.slow

CLOCK = clock_of(6)
PRICE = np.array([60.0, 40.0, 30.0, 35.0, 45.0, 70.0, 80.0])
N_BUSES, NEED_MWH, MOST_MW = 8, 0.03, 0.022
BUSES, ON_PHASE = np.array([4, 4, 6, 6, 7, 7, 7]), np.array([0, 0, 0, 1, 0, 1, 2])
"""Cars, most of them on phase a."""


@pytest.fixture(scope="module")
def net() -> Any:
    return street(bus__name=[f"B{bus}" for bus in range(N_BUSES)], line__name=[f"L{line}" for line in range(6)])


@pytest.fixture(scope="module")
def network(net: Any) -> Network:
    return network_of(net)


@pytest.fixture(scope="module")
def problem(network: Network) -> DispatchProblem:
    """Cars that stay throughout; all limits balanced."""
    return charging(network, CLOCK)


@pytest.fixture(scope="module")
def sessions(network: Network) -> DispatchProblem:
    """Cars that leave before the last step, in three phases."""
    return in_phases(charging(network, clock_of(7)), unbalance=1.2)


def charging(network: Network, clock: Clock) -> DispatchProblem:
    """Cars that only charge, in six steps, beside loads that are the same in all phases."""
    cars = Flexibility(
        name="cars", kind="ev_fleet", clock=clock, shares=one_hot(BUSES, N_BUSES), start=np.zeros(7, np.int64),
        stop=np.full(7, 6), p_min_mw=np.zeros(7), p_max_mw=np.full(7, MOST_MW), element="storage",
        reservoir=Reservoir(
            e_start_mwh=np.zeros(7), e_end_mwh=np.full(7, NEED_MWH), e_min_mwh=np.zeros(7),
            e_max_mwh=np.full(7, NEED_MWH), eta_charge=np.ones(7), eta_discharge=np.ones(7),
            retention_per_step=np.ones(7), owner=np.arange(7),
        ),
    )  # fmt: skip
    fixed = np.zeros(N_BUSES)
    fixed[[3, 5, 6]] = 0.012
    return problem_on(
        network, clock, [cars], fixed, import_price_per_mwh=PRICE[: clock.n_steps], export_price_per_mwh=0.0,
        loading_max_percent=np.full(len(network.branches), 65.0), vm_min_pu=np.full(N_BUSES, 0.935),
    )  # fmt: skip


def in_phases(problem: DispatchProblem, on_phase: Floats | None = None, unbalance: float = np.inf) -> DispatchProblem:
    """The same with each car on its phase, or shares of each phase, shape (N, 3)."""
    share = np.eye(3)[ON_PHASE] if on_phase is None else on_phase
    by_phase = sparse.hstack([problem.flexibilities[0].shares.multiply(share[:, [phase]]) for phase in range(3)])
    thirds = [np.tile(part / 3, 3) for part in (problem.p_fixed_mw, problem.q_fixed_mvar)]
    nothing = np.zeros_like(thirds[0])
    phases = PhaseConnections(
        sequences_of(problem.network), Injections.dense(*thirds), Injections.dense(nothing, nothing),
        {"cars": sparse.csr_array(by_phase)}, unbalance,
    )  # fmt: skip
    return replace(problem, phases=phases)


def drawn_mva(problem: DispatchProblem, schedule: Schedule) -> Complexes:
    """Withdrawal by phase and bus, shape (T, 3, B) [MW + j MVAr]."""
    assert problem.phases is not None
    fixed = (problem.p_fixed_mw + 1j * problem.q_fixed_mvar)[:, None] / 3
    cars = problem.flexibilities[0].at_buses(schedule.p_mw["cars"], problem.phases.shares["cars"])
    return fixed + cars.reshape(CLOCK.n_steps, 3, N_BUSES)


@pytest.fixture(scope="module")
def balanced(problem: DispatchProblem) -> Schedule:
    schedule = dispatch(problem)
    assert not schedule.shortfalls
    return schedule


@pytest.fixture(scope="module")
def three(problem: DispatchProblem) -> tuple[DispatchProblem, Schedule]:
    limited = in_phases(problem, unbalance=1.2)
    return limited, dispatch(limited)


def extremes(net: Any, problem: DispatchProblem, schedule: Schedule) -> tuple[float, float, float]:
    """Lowest voltage [pu], highest loading [%] and unbalance [%] by pandapower's runpp_3ph in the steps that matter."""
    drawn = drawn_mva(problem, schedule)
    steps = np.argsort(-drawn.real.max(axis=1).sum(axis=1))[:4]
    found = [by_pandapower(net, drawn[step], 0 * drawn[step]) for step in steps]
    vm = [solved.res_bus_3ph[[f"vm_{name}_pu" for name in PHASES]].to_numpy().min() for solved in found]
    names = [f"loading_{name}_percent" for name in PHASES]
    loading = [solved.res_line_3ph[names].to_numpy().max() for solved in found]
    unbalance = [np.nanmax(solved.res_bus_3ph.unbalance_percent) for solved in found]
    return min(vm), max(loading), max(unbalance)


def test_limits_that_a_balanced_dispatch_breaks_in_a_phase_are_kept(
    net: Any, balanced: Schedule, three: tuple[DispatchProblem, Schedule]
) -> None:
    problem, schedule = three
    before, after = (extremes(net, problem, each) for each in (balanced, schedule))
    assert before[0] < 0.9
    assert before[1] > 100
    assert before[2] > 3
    assert not schedule.shortfalls
    assert after[0] >= 0.935 - 1e-4
    assert after[1] <= 65.2
    assert after[2] <= 1.2
    flow = scheduled_flow(problem, schedule)
    mine = flow.vm_pu().min(), np.nanmax(flow.loading_percent())
    np.testing.assert_allclose(mine, after[:2], rtol=1e-6)
    np.testing.assert_allclose(problem.flexibilities[0].energy_mwh(schedule.p_mw["cars"])[5::6], NEED_MWH, atol=1e-9)
    costs = [schedule_totals(problem, each).cost for each in (balanced, schedule)]
    assert costs[1] > costs[0]
    assert schedule.quality.ac_cost == pytest.approx(costs[1], rel=1e-9)


def test_what_binds_names_its_phase(three: tuple[DispatchProblem, Schedule]) -> None:
    _, schedule = three
    assert {limit.phase for limit in schedule.binding if limit.quantity != "unbalance"} <= {"a", "b"}
    assert {limit.quantity for limit in schedule.binding} & {"vm_pu", "loading_percent", "unbalance"}


def test_cars_on_all_phases_are_decided_as_in_a_balanced_dispatch(problem: DispatchProblem) -> None:
    limited = replace(problem, vm_min_pu=np.full(N_BUSES, 0.972))
    even = dispatch(in_phases(limited, np.full((7, 3), 1 / 3), unbalance=0.5))
    one = dispatch(limited)
    assert one.rounds > 1
    assert not even.shortfalls
    assert even.lp_cost == pytest.approx(one.lp_cost, rel=1e-5)
    np.testing.assert_allclose(even.import_mw, one.import_mw, atol=2e-4)
    np.testing.assert_allclose(even.nodal_price_per_mwh, one.nodal_price_per_mwh, rtol=1e-3)


def test_a_limit_that_no_programme_keeps_is_named_with_bus_phase_and_least_excess(problem: DispatchProblem) -> None:
    tight = in_phases(replace(problem, vm_min_pu=np.full(N_BUSES, 0.985)))
    schedule = dispatch(tight)
    assert {shortfall.quantity for shortfall in schedule.shortfalls} == {"vm_pu"}
    worst = min(schedule.shortfalls, key=lambda shortfall: shortfall.value)
    assert worst.phase == "a"
    assert worst.element in {"B4", "B7"}
    flow = scheduled_flow(tight, schedule)
    assert isinstance(flow, PhasePowerFlow)
    vm = flow.phase_vm_pu()
    assert vm[worst.step, 0, int(worst.element[1])] == pytest.approx(worst.value, abs=1e-9)


def test_an_inelastic_problem_says_which_limits_of_which_phase_are_in_conflict(problem: DispatchProblem) -> None:
    tight = in_phases(replace(problem, vm_min_pu=np.full(N_BUSES, 0.985)))
    with pytest.raises(InfeasibleDispatchError) as found:
        dispatch(replace(tight, elastic=False))
    text = str(found.value)
    assert re.search(r"voltage in phase [ab] of B[4-7] at 2030-03-04T0\d:00 UTC: at least 0.985 pu", text)
    assert re.search(r"(loading|voltage) in phase a of [LB]\d", text)


def test_aggregated_sessions_keep_the_limits_of_phases_too(sessions: DispatchProblem) -> None:
    schedule = dispatch(replace(sessions, sessions="aggregated"))
    assert not schedule.shortfalls
    flow = scheduled_flow(sessions, schedule)
    assert isinstance(flow, PhasePowerFlow)
    assert flow.phase_vm_pu().min() >= 0.935 - 1e-4
    assert np.nanmax(flow.loading_percent()) <= 65.2
    assert np.nanmax(flow.unbalance()) <= 0.012
    even = PRICE[:6].mean() * NEED_MWH * BUSES.size  # at every step alike, without losses
    of_fixed = PRICE @ sessions.p_fixed_mw.sum(axis=1)
    assert schedule.lp_cost < 1.06 * (even + of_fixed)


def test_windows_and_spans_know_the_phases_too(sessions: DispatchProblem) -> None:
    limited = replace(sessions, horizon_steps=3, look_ahead_steps=3)
    in_spans = dispatch_in_spans(limited, Spans(3, 3))
    assert not in_spans.shortfalls
    assert schedule_totals(limited, in_spans).cost == pytest.approx(in_spans.quality.ac_cost, rel=1e-9)


def test_phases_that_do_not_fit_are_refused_with_all_that_is_wrong(problem: DispatchProblem) -> None:
    right = in_phases(problem)
    assert right.phases is not None
    wrong = replace(
        right.phases, wye=right.phases.wye.window(0, 3), shares={"cars": 2 * right.phases.shares["cars"]},
        unbalance_max_percent=0.0,
    )  # fmt: skip
    with pytest.raises(InputError) as found:
        replace(problem, phases=wrong)
    places = {fault.place for fault in found.value.faults}
    assert places >= {"phases.wye", "phases.unbalance_max_percent", "phases.shares['cars']"}
    with pytest.raises(InputError, match="must be None for a linear power flow"):
        replace(right, network_model="dc")
