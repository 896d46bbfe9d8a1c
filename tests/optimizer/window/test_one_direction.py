from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimizer.horizon import rolling
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.window import one_direction
from optimizer.window.one_direction import Pairs
from optimizer.window.solve import WindowSolution, solve_window
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, import_mw, problem_on

pytestmark = pytest.mark.slow


def surplus_problem(store: dict[str, Any], export_max_mw: float, **changes: Any) -> DispatchProblem:
    """Four hours of sun that must be exported, stored or burnt, then two of demand; exports pay, so burning costs."""
    clock, network = clock_of(6), feeder()
    p_mw = np.zeros((6, 3))
    p_mw[:, 2] = [-1.0, -1.0, -1.0, -1.0, 0.5, 0.5]
    return problem_on(
        network, clock, [battery(network, clock, 2, name="store", **store)], p_mw, import_price_per_mwh=60.0,
        export_max_mw=export_max_mw, **changes,
    )  # fmt: skip


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[WindowSolution]:
    """Collects the answers of all windows."""
    seen: list[WindowSolution] = []

    def recorded(*given: Any) -> WindowSolution:
        seen.append(solve_window(*given))
        return seen[-1]

    monkeypatch.setattr(rolling, "solve_window", recorded)
    return seen


STORES = [({"e_mwh": 2.0, "e_start": 1.0}, 0.7), ({"e_mwh": 1.0, "e_start": 0.9}, 0.9)]


@pytest.mark.parametrize("grid_limits", [True, False])
@pytest.mark.parametrize(("store", "export_max_mw"), STORES)
def test_a_full_export_is_not_relieved_by_burning_energy(
    store: dict[str, Any], export_max_mw: float, grid_limits: bool, answers: list[WindowSolution]
) -> None:
    problem = surplus_problem(store, export_max_mw, grid_limits=grid_limits)
    schedule = dispatch(problem)
    (answer,) = answers
    assert not Pairs.from_window(answer.window).both(answer.x).size
    over = [s.step for s in schedule.shortfalls if s.quantity == "export_mw"]
    if grid_limits:
        np.testing.assert_allclose(
            answer.values("loss_mw").sum(), answer.flow.injected_mw().sum(), rtol=0.05
        )  # nor by losses that the grid has not
        exported = np.maximum(-import_mw(problem, schedule), 0.0)
        np.testing.assert_array_equal(np.flatnonzero(exported > export_max_mw + 2e-3), over)
    assert over, "what the store cannot take must be named"
    assert not schedule.quality.is_bound


def test_what_cannot_be_exported_is_named_instead_of_no_answer() -> None:
    schedule = dispatch(surplus_problem({"e_mwh": 0.1, "e_start": 0.05}, 0.3))
    by_step = {s.step: s.value for s in schedule.shortfalls if s.element == "export"}
    assert set(by_step) == {0, 1, 2, 3}
    assert sum(by_step.values()) < 4 * 1.0, "charging in one hour and discharging in another burns what it can"
    assert {limit.element for limit in schedule.binding} == {"export"}


def test_at_a_negative_price_a_battery_fills_and_does_not_churn(answers: list[WindowSolution]) -> None:
    clock, network = clock_of(6), feeder()
    price = np.array([-80.0, -80.0, -80.0, 40.0, 60.0, 40.0])
    devices = [battery(network, clock, 2, e_mwh=2.0, e_start=1.0), fleet(network, clock, 4, n=8)]
    problem = problem_on(network, clock, devices, 0.5, import_price_per_mwh=price, export_price_per_mwh=price - 10)
    schedule = dispatch(problem)  # with a load where the grid is fed, which is imported too
    (answer,) = answers
    assert not Pairs.from_window(answer.window).both(answer.x).size
    assert schedule.quality.deviation == pytest.approx(0.0, abs=5e-3)


def test_a_cap_on_carbon_that_cannot_be_kept_is_named() -> None:
    problem = surplus_problem({"e_mwh": 0.5, "e_start": 0.1}, np.inf, carbon_cap_kg=1.0)
    schedule = dispatch(problem)
    (shortfall,) = (s for s in schedule.shortfalls if s.element == "carbon")
    assert shortfall.value == pytest.approx(float(schedule.import_mw @ problem.import_ci_kg_per_mwh), rel=0.01)
    assert shortfall.limit == 1.0


@pytest.mark.parametrize(("most", "worst_mw"), [(0, 0.25), (30, 0.20)])
def test_many_at_once_go_the_way_in_which_they_move_more(
    most: int, worst_mw: float, answers: list[WindowSolution], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_direction, "MOST_BINARIES", most)
    schedule = dispatch(surplus_problem({"e_mwh": 1.0, "e_start": 0.9}, 0.9))
    (answer,) = answers
    assert not Pairs.from_window(answer.window).both(answer.x).size
    assert abs(schedule.quality.deviation) < 2e-3
    assert sum(s.value - s.limit for s in schedule.shortfalls) < worst_mw
