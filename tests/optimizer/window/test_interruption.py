"""A dispatch that is called off, or whose time runs out: the best schedule so far, and how good it is."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse

from grid.flexibility.flexibility import Flexibility
from optimizer._highs import InterruptedSolveError, LinearProgram, Solver, Watch, solver
from optimizer._highs.binaries import on_or_off
from optimizer.problem.problem import DispatchProblem
from optimizer.window.programme import state_window
from optimizer.window.roles import Roles
from optimizer.window.solve import WindowSolution, solve_window
from optimizer.window.state import WindowState
from tests.optimizer.small_cases import battery, clock_of, feeder, final_energy, fleet, problem_on, pv

pytestmark = pytest.mark.slow

CLOCK = clock_of(24)


def given() -> DispatchProblem:
    """A feeder with a battery, roofs and cars, and prices that move."""
    network = feeder()
    price = 50 + 30 * np.sin(np.arange(24) / 24 * 4 * np.pi)
    devices = [battery(network, CLOCK, 2), pv(network, CLOCK, 1, np.full(24, 0.3)), fleet(network, CLOCK, 7, 60)]
    return problem_on(network, CLOCK, devices, 0.5, import_price_per_mwh=price, export_price_per_mwh=price - 20)


def answer_of(problem: DispatchProblem, watch: Watch | None) -> WindowSolution:
    """The one window of a problem."""
    roles = Roles.from_flexibilities(problem.flexibilities)
    energy = {f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None}
    start = WindowState(energy)
    window = state_window(problem, roles, roles.compiled(24, 1.0), 0, 24, start)
    return solve_window(window, start, None, watch)


def delivered(problem: DispatchProblem, answer: WindowSolution) -> None:
    """Checks that every store and every car has its energy in the end."""
    for f in problem.flexibilities:
        if f.reservoir is not None:
            p_mw = np.zeros(f.n_slots)
            slot, power = answer.schedule.p_mw[f.name]
            p_mw[slot] = power
            assert (final_energy(f, p_mw) >= f.reservoir.e_end_mwh - 1e-6).all()


def asked(times: int) -> Callable[[], bool]:
    """Says yes so many times."""
    left = [times]

    def go_on() -> bool:
        left[0] -= 1
        return left[0] >= 0

    return go_on


def test_without_time_every_promise_is_kept_and_nothing_is_proven() -> None:
    problem = given()
    answer = answer_of(problem, Watch(until=time.monotonic()))
    assert answer.gap is not None
    delivered(problem, answer)
    best = answer_of(problem, None)
    cost = best.window.program.cost
    assert cost @ answer.x > cost @ best.x
    balance = answer.values("import_mw") - answer.values("export_mw")
    np.testing.assert_allclose(balance, answer.flow.slack_mva().real.sum(axis=1) + 0.5, atol=1e-9)


@pytest.mark.parametrize("times", [0, 5, 50, 100, 150, 200])
def test_called_off_anywhere_it_says_how_far_the_optimum_may_be(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "ASK_EVERY_S", -1.0)
    problem = given()
    best, answer = answer_of(problem, None), answer_of(problem, Watch(go_on=asked(times)))
    delivered(problem, answer)
    if answer.gap is None:
        np.testing.assert_allclose(answer.x, best.x, atol=1e-6)
        return
    cost = best.window.program.cost
    found = cost @ answer.x
    assert found - answer.gap * abs(found) <= cost @ best.x + 1e-6, "the optimum is within the gap"


def test_a_store_that_loses_energy_is_kept_as_full_as_it_is_due() -> None:
    network = feeder()
    leaking: Flexibility = battery(network, CLOCK, 2, retention=0.99)
    problem = problem_on(network, CLOCK, [leaking], 0.5)
    answer = answer_of(problem, Watch(until=time.monotonic()))
    assert leaking.reservoir is not None
    np.testing.assert_allclose(leaking.energy_mwh(answer.schedule.p_mw[leaking.name][1]), 2.0)


def test_branch_and_bound_is_called_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty devices of odd sizes that must sum to a value which hardly any choice meets: minutes of branching."""
    monkeypatch.setattr(solver, "ASK_EVERY_S", -1.0)
    rng = np.random.default_rng(1)
    sizes = rng.integers(10**5, 10**6, (4, 40)).astype(float)
    side = np.floor(sizes.sum(axis=1) / 2)
    program = LinearProgram(sparse.csr_array(sizes), side, side, np.zeros(40), np.ones(40), np.ones(40))
    begun, called = time.monotonic(), asked(50)
    relaxed = Solver(program)
    relaxed.watch = Watch(go_on=called)
    with pytest.raises(InterruptedSolveError):
        on_or_off(relaxed, np.arange(40), np.ones(40), np.ones(40), 1.0)
    assert not called()  # it was asked until it was told to stop
    assert time.monotonic() - begun < 60
