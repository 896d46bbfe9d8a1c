from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot
from optimizer.horizon.rolling import dispatch
from tests.optimizer.rolling_day import NETWORK, rolled
from tests.optimizer.small_cases import battery, clock_of, cost, final_energy, fleet, import_mw, problem_on

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("horizon", [1, 5, 12])
def test_windows_that_see_to_the_end_cost_what_one_window_costs(horizon: int) -> None:
    whole, parts = rolled(), rolled(horizon, 24)
    one, many = dispatch(whole), dispatch(parts)
    assert many.windows == -(-24 // horizon)
    assert cost(parts, many) == pytest.approx(cost(whole, one), rel=1e-4)
    assert many.lp_cost == pytest.approx(cost(parts, many), rel=2e-3)


@pytest.mark.parametrize(("horizon", "look_ahead"), [(1, 3), (6, 0), (6, 6), (7, 2), (24, 0)])
def test_every_window_hands_its_stocks_on(horizon: int, look_ahead: int) -> None:
    problem = rolled(horizon, look_ahead)
    schedule = dispatch(problem)
    store, cars, _ = problem.flexibilities
    assert store.reservoir is not None
    assert cars.reservoir is not None
    energy = store.energy_mwh(schedule.p_mw["battery"])
    assert energy.min() >= -1e-6
    assert energy.max() <= store.reservoir.e_max_mwh[0] + 1e-6
    assert energy[-1] >= store.reservoir.e_end_mwh[0] - 1e-6
    np.testing.assert_allclose(final_energy(cars, schedule.p_mw["cars"]), cars.reservoir.e_end_mwh, atol=1e-6)


def test_no_rolling_horizon_beats_one_window() -> None:
    best = cost(rolled(), dispatch(rolled()))
    for look_ahead in (0, 6, 12):
        problem = rolled(6, look_ahead)
        assert cost(problem, dispatch(problem)) >= best * (1 - 1e-4)  # losses are known to a percent
    blind, seeing = rolled(6, 0), rolled(6, 18)
    assert cost(seeing, dispatch(seeing)) < cost(blind, dispatch(blind))


def test_progress_is_told_after_every_window() -> None:
    told: list[tuple[int, int]] = []
    dispatch(rolled(10, 4), lambda done, of: told.append((done, of)))
    assert [told_of for told_of in dict.fromkeys(told) if told_of[0]] == [(10, 24), (20, 24), (24, 24)]


def with_bound(bound: list[float], due: float, *, v2g: bool) -> Flexibility:
    """Two sessions of 8 hours; the first may draw only up to its `bound` in each."""
    clock = clock_of(8)
    cars = fleet(NETWORK, clock, 0, n=2, p_mw=0.2, eta=1.0)
    assert cars.reservoir is not None
    high = np.concatenate([bound, np.full(8, 0.2)])
    return replace(
        cars,
        start=np.zeros(2, dtype=np.int64),
        stop=np.full(2, 8),
        p_min_mw=PerSlot(-high * v2g),
        p_max_mw=PerSlot(high),
        reservoir=replace(
            cars.reservoir,
            e_start_mwh=np.zeros(2),
            e_end_mwh=np.array([due, 0.5]),
            e_min_mwh=np.zeros(2),
            e_max_mwh=np.array([due, 0.8]),
            eta_charge=PerSlot(np.ones(16)),  # by slot, which makes sessions of devices that last throughout
        ),
    )


@pytest.mark.parametrize("v2g", [False, True])
@pytest.mark.parametrize("bound", [[0.1] * 4 + [0.0] * 4, [0.0] * 4 + [0.1] * 4, [0.1, 0.0] * 4])
@pytest.mark.parametrize(("horizon", "look_ahead"), [(1, 0), (3, 1), (8, 0)])
def test_a_session_ends_with_its_due_whatever_its_bounds_and_the_windows(
    bound: list[float], v2g: bool, horizon: int, look_ahead: int
) -> None:
    cars = with_bound(bound, 0.39, v2g=v2g)
    problem = problem_on(
        NETWORK, cars.clock, [cars], 1.0, import_price_per_mwh=[60, 20, 90, 30, 80, 55, 70, 40],
        horizon_steps=horizon, look_ahead_steps=look_ahead,
    )  # fmt: skip
    schedule = dispatch(problem)
    np.testing.assert_allclose(final_energy(cars, schedule.p_mw["cars"]), [0.39, 0.5], atol=1e-6)


def test_the_peak_is_charged_month_by_month() -> None:
    clock = clock_of(24, start=datetime(2030, 1, 31, 12, tzinfo=UTC))
    load = np.zeros((24, 3))
    load[:, 2] = 1.0
    load[3, 2], load[15:20, 2] = 2.5, 2.0  # the higher peak is January's
    store = battery(NETWORK, clock, 2, e_mwh=8.0, e_start=4.0, name="battery")

    def peaks(charge: float) -> tuple[float, float]:
        problem = problem_on(
            NETWORK, clock, [store], load, demand_charge_per_mw_month=charge, horizon_steps=12, look_ahead_steps=0
        )
        drawn = import_mw(problem, dispatch(problem))
        return float(drawn[:12].max()), float(drawn[12:].max())

    january, february = peaks(0.0)
    assert january > 2.5
    assert february > 2.0
    charged = peaks(1e4)
    assert charged[0] < january - 0.8
    assert charged[1] < february - 0.3


def test_a_peak_once_paid_may_be_used_again_in_its_month() -> None:
    clock = clock_of(8)
    load = np.zeros((8, 3))
    load[:, 2] = [3.0, 1, 1, 1, 2.5, 1, 1, 1]
    store = battery(NETWORK, clock, 2, p_mw=0.2, e_mwh=2.0, e_start=1.0, eta=0.9, name="battery")
    problem = problem_on(
        NETWORK, clock, [store], load, demand_charge_per_mw_month=1000.0, horizon_steps=4, look_ahead_steps=0
    )
    p_mw = dispatch(problem).p_mw["battery"]
    assert p_mw[0] == pytest.approx(-0.2, abs=1e-6), "every bit lowers the month's peak"
    assert np.abs(p_mw[4:]).max() < 0.05, "below the peak already paid there is nothing to gain"
