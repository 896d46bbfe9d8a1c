from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer import dispatch
from optimizer.horizon.carbon_budget import CarbonBudget
from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on

pytestmark = pytest.mark.slow


def winter_and_summer() -> DispatchProblem:
    """Two windows of which the first draws four times as much as the second; a battery can move some of it."""
    clock, network = clock_of(16), feeder()
    store = battery(network, clock, 1)
    ci = np.tile([300.0, 300.0, 300.0, 300.0, 500.0, 500.0, 500.0, 500.0], 2)
    problem = problem_on(network, clock, [store], 0.5, import_ci_kg_per_mwh=ci, horizon_steps=8, look_ahead_steps=8)
    return replace(problem, p_fixed_mw=problem.p_fixed_mw * np.repeat([4.0, 1.0], 8)[:, None])


def test_windows_share_a_cap_by_what_would_be_emitted() -> None:
    problem = replace(winter_and_summer(), carbon_cap_kg=1000.0)
    budget = CarbonBudget.from_problem(problem)
    assert budget.share_kg(0, 16, 0.0) == pytest.approx(1000)
    assert budget.share_kg(0, 8, 0.0) == pytest.approx(800)
    assert budget.share_kg(8, 16, 700.0) == pytest.approx(300)
    nothing = replace(problem, p_fixed_mw=0 * problem.p_fixed_mw)
    assert CarbonBudget.from_problem(nothing).share_kg(0, 8, 0.0) == pytest.approx(500)
    assert CarbonBudget.from_problem(replace(problem, carbon_cap_kg=np.inf)).share_kg(0, 8, 0.0) == np.inf


def test_a_cap_that_the_cleanest_dispatch_keeps_is_kept_in_every_season() -> None:
    problem = winter_and_summer()
    free = dispatch(problem)
    emitted_kg = float(free.import_mw @ problem.import_ci_kg_per_mwh) * problem.clock.step_hours
    cap_kg = 0.99 * emitted_kg
    capped = dispatch(replace(problem, carbon_cap_kg=cap_kg))
    assert not capped.shortfalls
    assert capped.import_mw @ problem.import_ci_kg_per_mwh * problem.clock.step_hours <= cap_kg * (1 + 1e-5)
    assert min(capped.carbon_cap_price_per_kg) > 0
