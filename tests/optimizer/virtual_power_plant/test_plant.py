from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from grid.errors import InputError
from optimizer.horizon.rolling import dispatch
from optimizer.virtual_power_plant import activate, bids, feasible_region, settle, virtual_plant
from optimizer.virtual_power_plant.surplus import surplus_mwh, without_surplus
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on, pv

NETWORK, CLOCK = feeder(), clock_of(12)
STORE = battery(NETWORK, CLOCK, 2, wear=5.0, retention=0.99, name="store")
CARS = fleet(NETWORK, CLOCK, 3, n=8, wear=8.0)
SUN = pv(NETWORK, CLOCK, 1, np.maximum(0, np.sin(np.arange(12) / 11 * np.pi)))
PRICE = 60 + 30 * np.sin(np.arange(12) / 2)
PROBLEM = problem_on(NETWORK, CLOCK, [STORE, CARS, SUN], 0.3, import_price_per_mwh=PRICE)


@pytest.fixture(scope="module")
def plant():
    return virtual_plant(PROBLEM)


def keeps_promises(flexibility, p_mw):
    store, device = flexibility.reservoir, flexibility.device
    low, high = flexibility.per_slot(flexibility.p_min_mw), flexibility.per_slot(flexibility.p_max_mw)
    within = (p_mw >= low - 1e-7).all() and (p_mw <= high + 1e-7).all()
    if store is None:
        return within
    energy = flexibility.energy_mwh(p_mw)
    end = energy[flexibility.offsets[1:] - 1]
    return within and (energy >= store.e_min_mwh[device] - 1e-6).all() and (end >= store.e_end_mwh - 1e-6).all()


def extreme(flexibilities, weight):
    """Withdrawal of all in the schedule that minimises its weighted sum, by the optimizer."""
    free = [replace(f, wear_cost_per_mwh=np.zeros(1)) for f in flexibilities]
    problem = problem_on(NETWORK, CLOCK, free, 0.0, import_price_per_mwh=weight, export_price_per_mwh=weight - 1e-4,
                         grid_limits=False)  # fmt: skip
    found = dispatch(problem)
    return sum(f.by_step(found.p_mw[f.name]) for f in free), sum(
        f.by_step(f.energy_mwh(found.p_mw[f.name])) for f in free if f.reservoir is not None
    )


@pytest.mark.parametrize("step", [0, 5, 11])
def test_the_bounds_of_a_step_are_those_of_the_linear_programme(step):
    region = feasible_region([STORE, CARS, SUN])
    for sign, bound in ((1.0, region.p_min_mw), (-1.0, region.p_max_mw)):
        weight = np.zeros(12)
        weight[step] = 100 * sign
        assert extreme([STORE, CARS, SUN], weight)[0][step] == pytest.approx(bound[step], abs=1e-5)


def test_the_region_holds_every_schedule(plant):
    region = feasible_region(plant.problem.flexibilities)
    for price in (PRICE, -PRICE, PRICE[::-1].copy()):
        found = plant.cheapest(price)
        assert (found.total_mw >= region.p_min_mw - 1e-6).all()
        assert (found.total_mw <= region.p_max_mw + 1e-6).all()
    stored = STORE.energy_mwh(plant.baseline.p_mw["store"]) - STORE.reservoir.e_start_mwh
    of_store = feasible_region([STORE])
    assert (stored >= of_store.gained_min_mwh - 1e-6).all()
    assert (stored <= of_store.gained_max_mwh + 1e-6).all()
    assert of_store.gained_min_mwh[-1] == pytest.approx(0.0)


def test_an_activation_is_given_to_every_plant_and_keeps_every_promise(plant):
    asked = np.full(12, np.nan)
    asked[4:6] = plant.baseline.total_mw[4:6] + 0.4
    done = activate(plant, asked)
    np.testing.assert_allclose(done.missed_mw, 0.0, atol=1e-6)
    total = np.zeros(12)
    for flexibility in plant.problem.flexibilities:
        assert keeps_promises(flexibility, done.p_mw[flexibility.name])
        total += flexibility.by_step(done.p_mw[flexibility.name])
    np.testing.assert_allclose(total, done.total_mw)
    assert done.surplus_mwh() < 1e-6
    assert done.bound - 1e-6 <= done.cost <= done.bound + 0.01 * abs(done.bound) + 1e-3


def test_an_activation_costs_what_one_linear_programme_says(plant):
    """The same change as a constraint of the whole programme."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    asked = np.full(12, np.nan)
    asked[4:6] = plant.baseline.total_mw[4:6] + 0.4

    def ordered(model):
        model.ordered = pyo.Constraint([4, 5], rule=lambda m, t: m.import_mw[t] - m.export_mw[t] == asked[t])

    whole = dispatch(replace(plant.problem, extend=ordered))
    assert activate(plant, asked).cost == pytest.approx(whole.lp_cost - plant.baseline.cost, rel=0.01, abs=0.05)
    assert whole.lp_cost > plant.baseline.cost + 0.1


def test_what_no_plant_can_do_is_missed_by_the_least(plant):
    region = feasible_region(plant.problem.flexibilities)
    asked = np.full(12, np.nan)
    asked[4] = region.p_min_mw[4] - 1.0
    assert activate(plant, asked).missed_mw[4] == pytest.approx(1.0, abs=1e-3)


def test_each_further_megawatt_costs_at_least_as_much(plant):
    _, found = bids(plant, 4, 6, [0.6, 0.2, 0.4])
    assert [bid.power_mw for bid in found] == [0.2, 0.4, 0.6]
    prices = [bid.price_per_mwh for bid in found]
    assert all(later >= earlier - 0.1 for earlier, later in pairwise(prices))
    assert all(bid.cost >= -1e-3 for bid in found)
    with pytest.raises(InputError, match="all above 0 or all below"):
        bids(plant, 4, 6, [1.0, -1.0])


def test_energy_that_a_mixture_has_too_much_is_not_charged():
    """Half a schedule that charges and half one that feeds in lose less than either."""
    power = np.zeros(12)
    power[:4] = [1.0, 1.0, 0.5, 0.5]
    kept = np.arange(12) < 2
    assert surplus_mwh(STORE, power).max() > 0.3
    less = without_surplus(STORE, power, kept)
    assert surplus_mwh(STORE, less).max() < 1e-8
    np.testing.assert_array_equal(less[:2], power[:2])
    assert STORE.energy_mwh(less).max() == pytest.approx(4.0, abs=1e-6)
    assert without_surplus(SUN, power, kept) is power


def test_what_was_delivered_is_settled_against_the_baseline():
    clock = clock_of(4)
    asked = np.array([np.nan, 1.0, 1.0, np.nan])
    measured = np.array([2.0, 1.0, 1.5, 3.0])
    marginal = np.array([500.0, 800.0, 800.0, 100.0])
    found = settle(clock, np.full(4, 2.0), asked, measured, 50.0, np.full(4, 300.0), marginal)
    assert (found.asked_mwh, found.delivered_mwh, found.met) == (-2.0, -1.5, 0.75)
    assert (found.rebound_mwh, found.payment) == (1.0, 75.0)
    assert found.carbon_average_kg == pytest.approx(-150.0)
    assert found.carbon_marginal_kg == pytest.approx(-1.0 * 800 - 0.5 * 800 + 100)
    with pytest.raises(InputError, match="2 problems"):
        settle(clock, np.zeros(3), asked, measured, 50.0, np.zeros(5))
