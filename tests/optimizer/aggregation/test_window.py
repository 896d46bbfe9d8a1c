from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from optimizer._highs import Solver
from optimizer.aggregation.window import AggregatedSolver, AggregatedSolvers, can_aggregate, priced
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.window.programme import Window, state_window
from optimizer.window.roles import Roles
from optimizer.window.state import WindowState
from tests.optimizer.rolling_day import CLOCK, NETWORK, rolled
from tests.optimizer.small_cases import cost, final_energy, fleet

pytestmark = pytest.mark.slow


def window_of(problem: DispatchProblem) -> Window:
    roles = Roles.from_flexibilities(problem.flexibilities, extend=problem.extend)
    start = WindowState({f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None})
    n = problem.clock.n_steps
    return state_window(problem, roles, roles.compiled(n, problem.clock.step_hours), 0, n, start)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"horizon": 6, "look_ahead": 6},
        {"horizon": 1, "look_ahead": 8},
        {"loading_max_percent": np.array([20.0])},
        {"import_max_mw": 2.0},
        {"carbon_cap_kg": 13_500.0},
        {"demand_charge_per_mw_month": 400.0},
        {"grid_limits": False},
        {"import_price_per_mwh": 40 - 60 * (np.arange(24) % 7 == 0), "export_price_per_mwh": -30.0},
    ],
)
def test_aggregated_sessions_cost_what_they_cost_one_by_one_and_all_leave_with_their_energy(
    changes: dict[str, Any],
) -> None:
    problem = rolled(**changes)
    each, aggregated = dispatch(problem), dispatch(replace(problem, sessions="aggregated"))
    assert cost(problem, aggregated) == pytest.approx(cost(problem, each), rel=3e-4)
    assert aggregated.costs.total == pytest.approx(each.costs.total, rel=3e-4)
    cars = problem.flexibilities[1]
    assert cars.reservoir is not None
    np.testing.assert_allclose(final_energy(cars, aggregated.p_mw["cars"]), cars.reservoir.e_end_mwh, atol=1e-6)
    energy, low = cars.energy_mwh(aggregated.p_mw["cars"]), cars.reservoir.e_min_mwh[cars.device]
    assert (energy >= low - 1e-6).all()
    assert (energy <= cars.reservoir.e_max_mwh[cars.device] + 1e-6).all()


def test_the_programme_has_the_optimum_of_the_sessions_one_by_one() -> None:
    window = window_of(rolled(grid_limits=False))
    each, aggregated = super(AggregatedSolvers, AggregatedSolvers()).get(window), AggregatedSolver(window)
    x, y = each.solve(), aggregated.solve()
    assert x.shape == y.shape
    assert aggregated.objective == pytest.approx(each.objective, rel=1e-5)
    assert aggregated.n_rows < each.n_rows
    assert window.program.cost @ y == pytest.approx(each.objective, rel=1e-5)


def test_pricing_finds_the_cheapest_schedule_that_the_sessions_rows_allow() -> None:
    window = window_of(rolled(grid_limits=False))
    block, h = window.blocks[0], window.problem.clock.step_hours
    price = np.random.default_rng(1).uniform(-20, 100, block.slot.size)
    charge, discharge = priced(block).cheapest(price)
    found = h * float(price @ (charge - discharge))
    found += h * float(discharge @ block.flexibility.at_slots(block.flexibility.wear_cost_per_mwh, block.slot))
    fed = np.flatnonzero(block.with_feed_in)
    own = block.program.cost.copy()
    own[: block.slot.size] += h * price
    own[block.slot.size : block.slot.size + fed.size] -= h * price[fed]
    solver = Solver(replace(block.program, cost=own))
    solver.solve()
    assert found == pytest.approx(solver.objective, rel=1e-6)


def test_rows_that_are_added_later_hold_for_the_sessions() -> None:
    window = window_of(rolled())
    solver = AggregatedSolver(window)
    before = solver.solve()
    drawn = window.cells_of(window.schedule(before))
    cell = window.n_own + int(np.argmax(drawn[window.n_own :]))
    row = np.zeros((1, solver.n_row_columns))
    row[0, cell], row[0, window.compiled.columns["loading_excess_percent"][0]] = 1.0, -1.0
    limit = 0.5 * float(drawn[cell])
    assert limit > 0
    place = solver.add_rows(sparse.csr_array(row), np.array([-np.inf]), np.array([limit]))
    after = solver.solve()
    assert window.cells_of(window.schedule(after))[cell] <= limit + 1e-6
    assert solver.duals()[place[0]] <= 0
    solver.relax_rows(place)
    assert window.program.cost @ solver.solve() == pytest.approx(window.program.cost @ before, rel=1e-5)


def test_what_cannot_be_aggregated_is_stated_one_by_one() -> None:
    assert can_aggregate(window_of(rolled()))
    assert not can_aggregate(window_of(rolled(elastic=False)))
    assert not can_aggregate(window_of(rolled(extend=lambda _model: None)))
    cars = fleet(NETWORK, CLOCK, 5, n=20)
    assert cars.reservoir is not None
    leaking = replace(cars, reservoir=replace(cars.reservoir, retention_per_step=np.full(20, 0.99), exact_end=False))
    assert not can_aggregate(window_of(replace(rolled(), flexibilities=(leaking,))))
    problem = rolled(elastic=False)
    one, other = dispatch(problem), dispatch(replace(problem, sessions="aggregated"))
    np.testing.assert_array_equal(one.p_mw["cars"], other.p_mw["cars"])


def test_sessions_are_aggregated_by_themselves_where_there_are_many() -> None:
    window = window_of(rolled())
    slots = window.blocks[0].slot.size
    assert AggregatedSolvers(least_slots=slots).get(window).decomposed
    assert not AggregatedSolvers(least_slots=slots + 1).get(window).decomposed
    few = rolled()
    assert few.sessions == "auto"
    np.testing.assert_array_equal(dispatch(few).p_mw["cars"], dispatch(replace(few, sessions="each")).p_mw["cars"])


def test_the_value_of_a_programme_with_aggregated_sessions_is_no_bound() -> None:
    problem = rolled(horizon=24)
    assert dispatch(problem).quality.is_bound
    assert "aggregated" in dispatch(replace(problem, sessions="aggregated")).quality.why_no_bound


def test_groups_of_several_buses_have_the_same_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = rolled(loading_max_percent=np.array([20.0]))
    fine = AggregatedSolver(window_of(problem))
    monkeypatch.setattr("optimizer.aggregation.window.MOST_GROUPS", 1)
    coarse = AggregatedSolver(window_of(problem))
    assert fine.n_schedules == 2
    assert coarse.n_schedules == 1
    each = dispatch(replace(problem, sessions="each"))
    aggregated = dispatch(replace(problem, sessions="aggregated"))
    assert cost(problem, aggregated) == pytest.approx(cost(problem, each), rel=3e-4)


@pytest.mark.parametrize("least_slots", [0, 1_000_000])
def test_the_solver_of_a_window_with_sessions_is_released_when_the_next_begins(least_slots: int) -> None:
    solvers = AggregatedSolvers(least_slots)
    first = solvers.get(window_of(rolled()))
    assert first.highs.getNumCol() > 0
    second = solvers.get(window_of(rolled()))
    assert first.highs.getNumCol() == 0
    assert second.solve().size == second.n_columns
