from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grid.errors import InputError
from optimizer.forecast.arrivals import charging_on_arrival, expected_arrivals_mw, without_arrivals
from optimizer.forecast.forecast import LOAD, AutoregressiveError, Persistence
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem, Forecast
from tests.optimizer.small_cases import battery, clock_of, cost, feeder, final_energy, fleet, import_mw, problem_on, pv

pytestmark = pytest.mark.slow

NETWORK = feeder()
STEPS = 48
CLOCK = clock_of(STEPS)
HOURS = np.arange(STEPS)
ERROR = AutoregressiveError(load=0.1, generation=0.2, price=0.2, seed=3)


def two_days(
    forecast: Forecast | None = None, horizon: int = 6, look_ahead: int = 12, **changes: Any
) -> DispatchProblem:
    """Two days of which the second has another load, sun and price than the first."""
    second = 1.0 + 0.4 * (HOURS >= 24)
    load = np.zeros((STEPS, 3))
    load[:, 1], load[:, 2] = 0.5, (1 + 0.5 * np.sin(HOURS / 4)) * second
    price = 60 + 40 * np.sin(HOURS / 3)
    flexibilities = [
        battery(NETWORK, CLOCK, 2, wear=5.0, retention=0.999, name="battery"),
        fleet(NETWORK, CLOCK, 5, n=30, wear=5.0),
        pv(NETWORK, CLOCK, 1, np.maximum(0, np.sin((HOURS % 24 - 6) / 12 * np.pi)) / second),
    ]
    given: dict[str, Any] = {"import_price_per_mwh": price, "export_price_per_mwh": price - 20}
    given |= {"horizon_steps": horizon, "look_ahead_steps": look_ahead, "forecast": forecast}
    return problem_on(NETWORK, CLOCK, flexibilities, load, **(given | changes))


def test_a_forecast_without_error_is_perfect_foresight() -> None:
    perfect = dispatch(two_days())
    for forecast in (
        AutoregressiveError(load=0, generation=0, price=0, carbon_intensity=0),
        lambda problem, _first, _stop: replace(problem),
    ):
        same = dispatch(two_days(forecast))
        for name, power in perfect.p_mw.items():
            np.testing.assert_allclose(same.p_mw[name], power, atol=1e-9)
        assert same.costs.total == pytest.approx(perfect.costs.total, rel=1e-9)
        assert same.quality.ac_cost == pytest.approx(perfect.quality.ac_cost, rel=1e-9)
        np.testing.assert_allclose(same.import_mw, perfect.import_mw, atol=1e-9)
        assert same.imbalance_mwh == 0.0


@pytest.mark.parametrize(
    ("forecast", "horizon", "look_ahead"),
    [
        (Persistence(), 8, 4),
        (Persistence(arrivals_known=False), 2, 10),
        (ERROR, 6, 6),
        (replace(ERROR, arrivals_known=False), 8, 4),
        (replace(ERROR, arrivals_known=False), 1, 5),
    ],
)
def test_energy_and_sessions_are_true_whatever_was_forecast(forecast: Forecast, horizon: int, look_ahead: int) -> None:
    problem = two_days(forecast, horizon, look_ahead)
    schedule = dispatch(problem)
    store, cars, roofs = problem.flexibilities
    net = schedule.import_mw - schedule.export_mw
    np.testing.assert_allclose(net, import_mw(problem, schedule), atol=1e-6)
    assert schedule.quality.ac_cost == pytest.approx(cost(problem, schedule), rel=1e-6)
    assert schedule.imbalance_mwh > 0.1
    energy = store.energy_mwh(schedule.p_mw["battery"])
    assert energy.min() >= -1e-6
    assert energy.max() <= 4.0 + 1e-6
    assert energy[-1] >= 2.0 - 1e-6
    assert cars.reservoir is not None
    np.testing.assert_allclose(final_energy(cars, schedule.p_mw["cars"]), cars.reservoir.e_end_mwh, atol=1e-6)
    assert (schedule.p_mw["roofs"] >= roofs.p_min_mw.values - 1e-12).all()
    assert (schedule.p_mw["roofs"] <= 1e-12).all()


def test_no_forecast_beats_perfect_foresight() -> None:
    best = two_days(None, STEPS, 0)
    least = cost(best, dispatch(best))
    for seed in range(2):
        problem = two_days(replace(ERROR, seed=seed), 12, STEPS)
        assert cost(problem, dispatch(problem)) >= least * (1 - 1e-4)  # losses are known to a percent
    blind = two_days(Persistence(), 12, STEPS)
    assert cost(blind, dispatch(blind)) > least * (1 + 1e-3)


def test_uncurtailed_sun_feeds_in_what_there_is() -> None:
    problem = two_days(AutoregressiveError(load=0, generation=0.3, price=0))
    schedule = dispatch(problem)
    np.testing.assert_allclose(schedule.p_mw["roofs"], problem.flexibilities[2].p_min_mw.values, atol=1e-9)
    assert schedule.imbalance_mwh > 0.1


def test_the_same_seed_gives_the_same_dispatch_and_another_another() -> None:
    one, again, other = (dispatch(two_days(replace(ERROR, seed=seed))) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.p_mw["battery"], again.p_mw["battery"])
    np.testing.assert_array_equal(one.imbalance_mw, again.imbalance_mw)
    assert np.abs(one.imbalance_mw - other.imbalance_mw).max() > 0.01


def test_the_error_grows_with_lead_time_as_its_formula_says() -> None:
    phi, n = 0.9, 4000
    errors = np.array(
        [AutoregressiveError(correlation_per_hour=phi).errors(LOAD, 1.0, k, k + 12) for k in range(0, 12 * n, 12)]
    )
    expected = np.sqrt(1 - phi ** (2 * np.arange(1, 13)))
    np.testing.assert_allclose(errors.std(axis=0), expected, rtol=0.05)
    np.testing.assert_allclose(errors.mean(axis=0), 0.0, atol=0.06)


def test_a_later_forecast_is_the_earlier_one_less_what_has_come_to_light() -> None:
    model = AutoregressiveError(correlation_per_hour=0.8)
    early, late = model.errors(LOAD, 1.0, 10, 20), model.errors(LOAD, 1.0, 15, 20)
    np.testing.assert_allclose(early[5:] - late, early[4] * 0.8 ** np.arange(1, 6))


def test_persistence_sees_yesterday_and_takes_the_first_day_as_known() -> None:
    problem = two_days()
    view = Persistence()(problem, 26, 40)
    np.testing.assert_array_equal(view.p_fixed_mw[26:40], problem.p_fixed_mw[2:16])
    np.testing.assert_array_equal(view.import_price_per_mwh[26:40], problem.import_price_per_mwh[2:16])
    seen, true = view.flexibilities[2].p_min_mw.values, problem.flexibilities[2].p_min_mw.values
    np.testing.assert_array_equal(seen[26:40], true[2:16])
    np.testing.assert_array_equal(Persistence()(problem, 0, 24).p_fixed_mw, problem.p_fixed_mw)
    first_day = Persistence()(problem, 10, 40).p_fixed_mw
    np.testing.assert_array_equal(first_day[10:24], problem.p_fixed_mw[10:24])
    np.testing.assert_array_equal(first_day[24:34], problem.p_fixed_mw[0:10])


def test_errors_keep_the_night_dark_and_the_roofs_within_their_power() -> None:
    problem = two_days()
    seen = AutoregressiveError(generation=2.0)(problem, 0, STEPS).flexibilities[2].p_min_mw.values
    true = problem.flexibilities[2].p_min_mw.values
    assert (seen[true == 0] == 0).all()
    assert seen.max() <= 0
    assert seen.min() == pytest.approx(true.min())
    assert np.abs(seen - true).max() > 0.3


def test_what_arrives_unseen_charges_at_once_and_leaves_with_its_energy() -> None:
    cars = two_days().flexibilities[1]
    assert cars.reservoir is not None
    slots, power = charging_on_arrival(cars, np.arange(cars.n_devices))
    np.testing.assert_array_equal(slots, np.arange(cars.n_slots))
    np.testing.assert_allclose(power, cars.unmanaged_power(), atol=1e-8)
    hidden = without_arrivals(cars, 10)
    later = cars.start > 10
    assert later.any()
    assert (hidden.p_max_mw[later] == 0).all()
    np.testing.assert_array_equal(hidden.p_max_mw[~later], cars.p_max_mw[~later])


def test_yesterdays_arrivals_are_expected_again() -> None:
    cars = two_days().flexibilities[1]
    expected = expected_arrivals_mw(cars, 24, 48)
    yesterday = np.flatnonzero((cars.start > 0) & (cars.start <= 24))
    slots, power = charging_on_arrival(cars, yesterday)
    usual = np.zeros(cars.n_slots)
    usual[slots] = power
    drawn = cars.at_buses(usual)
    np.testing.assert_allclose(expected[:20], drawn[:20] + 0.0, atol=np.abs(drawn[:20]).max() * 1e-9)
    assert expected.sum() > 0


def test_limits_that_a_wrong_forecast_breaks_are_named() -> None:
    def low(problem: DispatchProblem, _first: int, _stop: int) -> DispatchProblem:
        return replace(problem, p_fixed_mw=0.6 * problem.p_fixed_mw)

    limit = 2.3
    kept = dispatch(two_days(None, import_max_mw=limit))
    broken = dispatch(two_days(low, import_max_mw=limit))
    assert not kept.shortfalls
    found = [s for s in broken.shortfalls if s.quantity == "import_mw"]
    assert found
    assert {s.step for s in found} == set(np.flatnonzero(broken.import_mw > limit * 1.001).tolist())
    assert (np.asarray(broken.imbalance_mw) > 0.2).all()


def test_a_cap_on_carbon_that_a_wrong_forecast_breaks_is_named_when_all_is_over() -> None:
    def clean(problem: DispatchProblem, _first: int, _stop: int) -> DispatchProblem:
        return replace(problem, import_ci_kg_per_mwh=0.5 * problem.import_ci_kg_per_mwh)

    emitted = float(400 * dispatch(two_days()).import_mw.sum())
    schedule = dispatch(two_days(clean, carbon_cap_kg=0.8 * emitted))
    (found,) = (s for s in schedule.shortfalls if s.element == "carbon")
    assert found.step == STEPS - 1
    assert found.value == pytest.approx(400 * schedule.import_mw.sum(), rel=5e-3)
    assert found.value > found.limit == 0.8 * emitted


def test_the_carbon_of_imports_errs_and_keeps_its_sign_and_exports_earn_no_more_than_imports_cost() -> None:
    ci = np.where(np.arange(STEPS) % 3 == 0, 0.0, 400.0)
    problem = two_days(import_ci_kg_per_mwh=ci, carbon_price_per_kg=0.1)
    problem = replace(problem, export_price_per_mwh=problem.import_price_per_mwh + 0.1 * ci)
    seen = AutoregressiveError(load=0, generation=0, price=0, carbon_intensity=1.5)(problem, 0, STEPS)
    assert (seen.import_ci_kg_per_mwh[ci == 0] == 0).all()
    assert seen.import_ci_kg_per_mwh.min() == 0
    assert np.abs(seen.import_ci_kg_per_mwh - ci)[ci > 0].mean() > 100
    assert (seen.export_price_per_mwh <= seen.import_cost_per_mwh + 1e-9).all()
    np.testing.assert_array_equal(seen.import_price_per_mwh, problem.import_price_per_mwh)


def test_ramps_hold_from_where_the_truth_left_a_device() -> None:
    steep = replace(two_days().flexibilities[2], ramp_mw_per_h=np.array([0.3]))
    problem = two_days(AutoregressiveError(load=0, generation=0.5, price=0), 1, 3)
    schedule = dispatch(replace(problem, flexibilities=(problem.flexibilities[0], steep)))
    assert schedule.decided_steps == STEPS


def test_a_forecast_must_know_the_problems_own_devices() -> None:
    def fewer(problem: DispatchProblem, _first: int, _stop: int) -> DispatchProblem:
        return replace(problem, flexibilities=problem.flexibilities[:1])

    def larger(problem: DispatchProblem, _first: int, _stop: int) -> DispatchProblem:
        store = problem.flexibilities[0]
        assert store.reservoir is not None
        grown = replace(
            store, p_max_mw=2 * store.p_max_mw, reservoir=replace(store.reservoir, e_max_mwh=np.array([9.0]))
        )
        return replace(problem, flexibilities=(grown, *problem.flexibilities[1:]))

    with pytest.raises(InputError, match="must be those of the problem"):
        dispatch(two_days(fewer))
    with pytest.raises(InputError, match="the forecast has 2 problems") as error:
        dispatch(two_days(larger))
    assert {fault.rule for fault in error.value.faults} == {
        "must have the reservoirs of the problem",
        "must not be able to do more than in the problem",
    }


def test_faults_of_an_error_model_are_raised_at_once() -> None:
    with pytest.raises(InputError, match="the forecast has 3 problems"):
        AutoregressiveError(load=-1, correlation_per_hour=1.0, seed=-2)
