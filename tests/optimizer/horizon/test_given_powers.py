"""What nothing is left to decide of counts like all else: its cost, carbon and connection, and limits it breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grid.flexibility.flexibility import Flexibility
from optimizer import InfeasibleDispatchError, dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.totals import schedule_totals
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on, pv

pytestmark = pytest.mark.slow

CLOCK, NETWORK = clock_of(4), feeder()


def engine(**changes: Any) -> Flexibility:
    """An engine that runs at 1 MW whatever it costs: 90 a MWh, 600 kg/MWh."""
    always = pv(NETWORK, CLOCK, 1, np.ones(4), "engine").decided(-np.ones(4))
    return replace(always, wear_cost_per_mwh=np.array([90.0]), ci_kg_per_mwh=(600.0, 600.0), **changes)


def problem(*flexibilities: Flexibility, load_mw: float = 1.5, **changes: Any) -> DispatchProblem:
    return problem_on(NETWORK, CLOCK, flexibilities, np.array([0.0, 0.0, load_mw]), **changes)


@pytest.mark.parametrize("horizon", [4, 1])
def test_fuel_and_carbon_of_an_engine_that_must_run_count_beside_what_is_decided(horizon: int) -> None:
    asked = problem(engine(), battery(NETWORK, CLOCK, 1), carbon_price_per_kg=0.1, horizon_steps=horizon)
    schedule = dispatch(asked)
    assert schedule.windows == 4 // horizon
    assert schedule.costs.wear_and_fuel == pytest.approx(4 * 90.0)
    found = schedule_totals(asked, schedule)
    assert schedule.quality.ac_cost == pytest.approx(found.cost + 0.1 * found.emissions_kg)


def test_a_cap_on_carbon_is_what_an_engine_that_must_run_leaves_of_it() -> None:
    dirty = np.array([900.0, 900.0, 100.0, 100.0])
    given: dict[str, Any] = {"import_ci_kg_per_mwh": dirty, "import_price_per_mwh": 50.0, "load_mw": 2.0}
    uncapped = problem(engine(), battery(NETWORK, CLOCK, 1), **given)
    own_kg, free = 4 * 600.0, schedule_totals(uncapped, dispatch(uncapped)).emissions_kg
    capped = replace(uncapped, carbon_cap_kg=free - 200.0)
    schedule = dispatch(capped)
    assert not schedule.shortfalls
    assert schedule_totals(capped, schedule).emissions_kg <= (free - 200.0) * (1 + 1e-4)
    assert schedule.carbon_cap_price_per_kg[0] > 0
    (too_low,) = dispatch(replace(capped, carbon_cap_kg=own_kg / 2, p_fixed_mw=0 * capped.p_fixed_mw)).shortfalls
    assert (too_low.element, too_low.limit) == ("carbon", own_kg / 2)
    assert too_low.value == pytest.approx(own_kg, rel=1e-3)


def test_a_connection_carries_what_is_given_and_what_is_decided_together() -> None:
    price = np.array([10.0, 100.0, 100.0, 100.0])
    behind: dict[str, Any] = {"connection": "quay", "connection_max_mw": 1.2}
    parts = engine(**behind), replace(battery(NETWORK, CLOCK, 1, p_mw=2.0), **behind)
    schedule = dispatch(problem(*parts, import_price_per_mwh=price, export_price_per_mwh=price - 1))
    together = sum(schedule.p_mw[part.name] for part in parts)
    assert np.abs(together).max() == pytest.approx(1.2, abs=1e-6)
    assert not schedule.shortfalls
    narrow = [replace(part, connection_max_mw=0.8) for part in parts]
    assert not dispatch(problem(*narrow)).shortfalls, "the battery draws what the engine feeds in"
    alone = dispatch(problem(replace(engine(**behind), connection_max_mw=0.8), battery(NETWORK, CLOCK, 1)))
    assert [(one.element, round(one.value, 6)) for one in alone.shortfalls] == [("quay", 1.0)] * 4


def test_limits_that_given_powers_break_are_named() -> None:
    asked = problem(engine(), carbon_cap_kg=100.0, import_max_mw=0.1, vm_min_pu=np.full(3, 0.99))
    schedule = dispatch(asked)
    assert schedule.windows == 0
    assert {one.element for one in schedule.shortfalls} == {"carbon", "import", "bus 2"}
    assert not schedule.quality.is_bound
    assert {one.value for one in schedule.shortfalls if one.element == "import"} == set(schedule.import_mw)
    of_export = dispatch(problem(engine(), load_mw=0.2, export_max_mw=0.5)).shortfalls
    assert {one.quantity for one in of_export} == {"export_mw"}
    assert not dispatch(problem(engine(), import_max_mw=0.6)).shortfalls
    of_lines = dispatch(problem(engine(), network_model="dc", loading_max_percent=np.array([5.0]))).shortfalls
    assert {one.quantity for one in of_lines} == {"loading_percent"}


def test_given_powers_that_break_a_limit_have_no_answer_where_limits_are_strict() -> None:
    with pytest.raises(InfeasibleDispatchError, match="import"):
        dispatch(problem(engine(), import_max_mw=0.1, elastic=False))
    dispatch(problem(engine(), import_max_mw=0.6, elastic=False))


def test_a_car_that_stays_throughout_leaves_with_what_it_came_for() -> None:
    cars = fleet(NETWORK, CLOCK, 1, n=1, p_mw=1.0)
    assert cars.reservoir is not None
    room = replace(cars.reservoir, e_max_mwh=np.array([9.0]), exact_end=True)
    cars = replace(cars, start=np.array([0]), stop=np.array([4]), reservoir=room)
    asked = problem(cars, load_mw=0.0, import_price_per_mwh=-50.0, export_price_per_mwh=-60.0)
    left_mwh = dispatch(asked).energy_mwh(cars)[-1]
    assert left_mwh == pytest.approx(float(room.e_end_mwh[0]), abs=1e-6)
