from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.errors import InputError
from optimizer.problem.problem import DispatchProblem
from optimizer.studies.day_choice import representative_days
from optimizer.studies.representative_days import day_problem, dispatch_representative
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on, pv

pytestmark = pytest.mark.slow

DAYS = 12
KINDS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])


def periodic(*, with_battery: bool = True, demand_charge: float = 0.0) -> DispatchProblem:
    """Twelve days of three kinds; four days of each kind are the same."""
    clock, network = clock_of(24 * DAYS), feeder()
    hours = np.arange(24)
    load = np.concatenate([(0.4 + 0.3 * kind) * (1 + 0.3 * np.sin(hours / 4)) for kind in KINDS])
    price = np.concatenate([40 + 10 * kind + 20 * np.cos((hours - 19) / 4) for kind in KINDS])
    sun = np.concatenate([(2 - kind) * 0.2 * np.clip(np.sin((hours - 6) / 12 * np.pi), 0, None) for kind in KINDS])
    fixed = np.zeros((24 * DAYS, 3))
    fixed[:, 2] = load
    assets = [battery(network, clock, 2)] * with_battery + [pv(network, clock, 1, sun)]
    return problem_on(
        network, clock, assets, fixed, import_price_per_mwh=price, import_ci_kg_per_mwh=300 + 2 * price,
        demand_charge_per_mw_month=demand_charge, horizon_steps=24,
    )  # fmt: skip


def test_the_peak_day_is_among_them_and_weights_sum_to_the_period() -> None:
    chosen = representative_days(periodic(), 3)
    assert chosen.weights.sum() == pytest.approx(DAYS)
    assert KINDS[chosen.days].tolist().count(2) >= 1
    peak = int(np.argmax(periodic().p_fixed_mw.sum(axis=1)) // 24)
    assert peak in chosen.days
    exact = representative_days(periodic(), 4)  # sums to the period already, so the weights stay
    np.testing.assert_allclose(np.bincount(exact.stands_for, minlength=exact.days.size), exact.weights, rtol=1e-2)


def test_weights_bring_the_sums_of_a_period_without_repetition_back() -> None:
    problem = periodic()
    rng = np.random.default_rng(3)
    fixed = problem.p_fixed_mw * np.repeat(rng.uniform(0.7, 1.4, DAYS), 24)[:, None]
    price = problem.import_price_per_mwh + np.repeat(rng.uniform(-15, 15, DAYS), 24)
    uneven = replace(problem, p_fixed_mw=fixed, import_price_per_mwh=price, export_price_per_mwh=price - 30)
    chosen = representative_days(uneven, 6)
    assert chosen.weights.sum() == pytest.approx(DAYS)
    assert (chosen.weights >= 0).all()
    cost = (fixed.sum(axis=1) * price).reshape(DAYS, 24).sum(axis=1)
    by_day = np.array([fixed.reshape(DAYS, -1).sum(axis=1), price.reshape(DAYS, 24).sum(axis=1), cost])
    np.testing.assert_allclose(by_day[:, chosen.days] @ chosen.weights, by_day.sum(axis=1), rtol=5e-3)
    missed = by_day[:, chosen.days] @ np.bincount(chosen.stands_for) / by_day.sum(axis=1) - 1
    assert np.abs(missed).max() > 1e-2, "the sizes of the clusters alone do not"


def test_days_that_repeat_are_estimated_exactly() -> None:
    estimate = dispatch_representative(periodic(), 4, against_full=True)
    assert estimate.error is not None
    for name in ("cost", "emissions_kg", "import_mwh", "peak_import_mw"):
        assert abs(estimate.error[name]) < 2e-3, (name, estimate.error[name])


def test_every_day_by_itself_is_the_whole_period_where_days_do_not_trade() -> None:
    problem = periodic()
    every = dispatch_representative(problem, DAYS, against_full=True)
    assert every.days.weights.tolist() == [1] * DAYS
    assert every.error is not None
    assert abs(every.error["cost"]) < 1e-4  # the windows of the whole are the days


def test_the_demand_charge_is_that_of_the_highest_day_of_each_month() -> None:
    estimate = dispatch_representative(periodic(with_battery=False, demand_charge=100.0), 4, against_full=True)
    plain = dispatch_representative(periodic(with_battery=False), 4)
    assert estimate.totals.cost - plain.totals.cost == pytest.approx(100 * plain.totals.peak_import_mw)
    assert estimate.error is not None
    assert abs(estimate.error["cost"]) < 1e-6


def test_days_begin_where_no_session_is_cut() -> None:
    clock, network = clock_of(96), feeder()
    cars = fleet(network, clock, 5, n=40)
    evening = np.arange(40) % 3 * 24 + 18
    energies = {"e_start_mwh": 0.1, "e_end_mwh": 0.2, "e_min_mwh": 0.0, "e_max_mwh": 0.4}
    store = replace(cars.reservoir, **{name: np.full(40, e_mwh) for name, e_mwh in energies.items()})
    cars = replace(cars, start=evening, stop=evening + 13, reservoir=store)
    problem = problem_on(network, clock, [cars], 0.2, import_price_per_mwh=50 + np.arange(96.0) % 7)
    chosen = representative_days(problem, 2)
    assert 7 <= chosen.begin <= 18
    assert chosen.weights.sum() == pytest.approx(4)
    for day in chosen.days:
        part = day_problem(problem, int(day), chosen.begin).flexibilities[0]
        np.testing.assert_array_equal(part.stop - part.start, 13)
        np.testing.assert_allclose(part.reservoir.e_end_mwh - part.reservoir.e_start_mwh, 0.1)
    with pytest.raises(InputError, match="day"):
        day_problem(problem, 3, chosen.begin)  # it would end beyond the period


def test_sessions_across_midnight_owe_each_day_its_share() -> None:
    clock, network = clock_of(72), feeder()
    cars = fleet(network, clock, 5, n=40)
    problem = problem_on(network, clock, [cars], 0.2)
    store = cars.reservoir
    assert store is not None
    due = 0.0
    for day in range(3):
        part = day_problem(problem, day).flexibilities[0]
        assert part.reservoir is not None
        assert (part.start >= 0).all()
        assert (part.stop <= 24).all()
        due += (part.reservoir.e_end_mwh - part.reservoir.e_start_mwh).sum()
    assert due == pytest.approx((store.e_end_mwh - store.e_start_mwh).sum(), rel=1e-12)


def test_charging_that_is_fixed_is_cut_where_it_stands() -> None:
    clock, network = clock_of(72), feeder()
    cars = fleet(network, clock, 5, n=40)
    p_mw = cars.unmanaged_power()
    problem = problem_on(network, clock, [cars.decided(p_mw)], 0.2)
    gained = cars.by_step(cars.gain_mwh(p_mw)).sum()
    due = 0.0
    for day in range(3):
        part = day_problem(problem, day).flexibilities[0]  # refuses energy that its power does not reach
        assert part.reservoir is not None
        np.testing.assert_allclose(
            part.reservoir.e_end_mwh - part.reservoir.e_start_mwh, part.most_gain_mwh(), atol=1e-9
        )
        due += (part.reservoir.e_end_mwh - part.reservoir.e_start_mwh).sum()
    assert due == pytest.approx(gained, rel=1e-12)


@pytest.mark.parametrize("n_days", [0, 13])
def test_too_few_or_too_many_days_are_refused(n_days: int) -> None:
    with pytest.raises(InputError, match=r"must lie within 1\.\.12"):
        representative_days(periodic(), n_days)


def test_part_of_a_day_is_refused() -> None:
    clock, network = clock_of(30), feeder()
    with pytest.raises(InputError, match="whole days"):
        representative_days(problem_on(network, clock, []), 1)
