"""The first guess of a window: every session delivered, in its cheapest steps, at a vertex of the programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.flexibility.flexibility import Flexibility
from optimizer._highs import BASIC, Solver
from optimizer.window.first_guess import first_guess
from optimizer.window.programme import Window, state_window
from optimizer.window.roles import Roles
from optimizer.window.state import WindowSchedule, WindowState
from tests.examples import examples
from tests.optimizer.small_cases import battery, clock_of, feeder, final_energy, fleet, problem_on, pv

NETWORK = feeder(3)
PRICE = np.array([60.0, 40.0, 20.0, 90.0, 30.0, 80.0, 20.0, 50.0, 70.0, 55.0, 45.0, 35.0])


def window_of(fleets: list[Flexibility], first: int = 0, stop: int = 12) -> tuple[Window, WindowState]:
    """A window with fleets, a battery and roofs, and what it takes over."""
    clock = clock_of(12)
    devices = [battery(NETWORK, clock, 2), pv(NETWORK, clock, 1, np.full(12, 0.2)), *fleets]
    problem = problem_on(NETWORK, clock, devices, 0.5, import_price_per_mwh=PRICE, export_price_per_mwh=PRICE - 20)
    roles = Roles.from_flexibilities(problem.flexibilities)
    energy = {f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None}
    start = WindowState(energy)
    return state_window(problem, roles, roles.compiled(stop - first, 1.0), first, stop, start), start


@examples(30)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), v2g_share=st.sampled_from([0.0, 0.5, 1.0]))
def test_every_session_is_delivered_and_the_vertex_is_one(seed: int, n: int, v2g_share: float) -> None:
    cars = fleet(NETWORK, clock_of(12), seed, n, v2g_share)
    window, start = window_of([cars])
    guess = first_guess(window, start)
    slot, power = guess.schedule.p_mw["cars"]
    assert (power >= 0).all()
    assert (power <= cars.per_slot(cars.p_max_mw)[slot] + 1e-12).all()
    p_mw = np.zeros(cars.n_slots)
    p_mw[slot] = power
    assert cars.reservoir is not None
    np.testing.assert_allclose(final_energy(cars, p_mw), cars.reservoir.e_end_mwh, atol=1e-9)
    assert (guess.columns == BASIC).sum() + (guess.rows == BASIC).sum() == window.program.row_lower.size
    cold, warm = Solver(window.program), Solver(window.program)
    warm.start_from(guess.columns, guess.rows)
    cold.solve()
    warm.solve()
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)


def test_cars_that_only_charge_are_at_their_optimum_already() -> None:
    window, start = window_of([fleet(NETWORK, clock_of(12), 3, 40, 0.0)])
    guess = first_guess(window, start)
    cold, warm = Solver(window.program), Solver(window.program)
    warm.start_from(guess.columns, guess.rows)
    cold.solve()
    warm.solve()
    assert warm.iterations < cold.iterations / 4


def test_steps_already_seen_are_as_they_were_seen() -> None:
    cars = fleet(NETWORK, clock_of(12), 5, 12, 0.0)
    window, start = window_of([cars], 4, 12)
    blind = first_guess(window, start).schedule
    slot, power = blind.p_mw["cars"]
    step = cars.step[slot]
    seen = {name: (slots, values + 0.01) for name, (slots, values) in blind.p_mw.items()}
    early = step < 8
    seen["cars"] = (slot[early][::-1], power[early][::-1] + 0.01)
    knowing = first_guess(window, WindowState(start.e_now_mwh, ahead=WindowSchedule(seen, {}))).schedule
    np.testing.assert_allclose(knowing.p_mw["cars"][1], power + 0.01 * early)
