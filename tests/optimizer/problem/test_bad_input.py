from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pandapower as pp
import pytest

from grid.city.city import City
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, one_hot
from grid.flexibility.per_slot import PerSlot
from grid.time.clock import Clock
from optimizer import battery as battery_at
from optimizer import city_of, generation, problem_of
from optimizer.problem.devices import Device
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on


def city() -> City:
    net = pp.create_empty_network(name="two")
    one, two = pp.create_bus(net, 10.0, name="quay"), pp.create_bus(net, 10.0, name="hill")
    pp.create_ext_grid(net, one)
    pp.create_line_from_parameters(net, one, two, 1.0, 0.3, 0.12, 250.0, 0.3, name="line")
    pp.create_load(net, two, 1.0, name="load")
    return city_of(net, Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 4))


def crossed(on: City) -> Flexibility:
    """Bounds that cross in the third step."""
    low, high = np.zeros(1), PerSlot(np.array([1.0, 1.0, -1.0, 1.0]))
    return Flexibility(
        "valve", "valve", on.clock, one_hot(np.array([1]), 2), np.array([0]), np.array([4]), low, high, "load"
    )


def test_all_that_is_wrong_with_devices_and_prices_is_named_at_once() -> None:
    devices: list[Device] = [
        partial(battery_at, name="adrift", bus="qay", p_mw=1.0, e_mwh=2.0),
        crossed,
        partial(battery_at, name="slow", bus="hill", p_mw=0.1, e_mwh=10.0, soc_start=0.1, soc_end=0.9),
        partial(generation, name="sun", bus="hill", available_mw=[1.0, 2.0, -3.0, 1.0]),
    ]
    with pytest.raises(InputError, match="the dispatch problem has 6 problems") as error:
        problem_of(
            city(), devices, import_price_per_mwh=[50, np.nan, 50, 50], export_price_per_mwh=20, import_max_mw=-1
        )
    faults = {fault.place: fault for fault in error.value.faults}
    assert set(faults) == {
        "adrift.bus", "valve", "slow.e_end_mwh", "sun.available_mw", "import_price_per_mwh", "import_max_mw",
    }  # fmt: skip
    assert faults["adrift.bus"].suggestion == "quay"
    assert "p_min_mw exceeds p_max_mw at step 2" in faults["valve"].rule
    assert "cannot be reached in the 4 steps" in faults["slow.e_end_mwh"].rule
    assert "step 1 is not" in faults["import_price_per_mwh"].rule


def test_devices_that_are_yet_to_be_made_stand_beside_those_that_are() -> None:
    on = city()
    made = battery_at(on, "made", "hill", 1.0, 2.0)
    problem = problem_of(
        on, [made, partial(battery_at, name="later", bus="quay", p_mw=1, e_mwh=2)], import_price_per_mwh=9
    )
    assert [f.name for f in problem.flexibilities] == ["made", "later"]


@pytest.mark.parametrize("value", [-1.0, np.nan])
@pytest.mark.parametrize(
    "name", ["carbon_price_per_kg", "carbon_cap_kg", "import_max_mw", "demand_charge_per_mw_month", "time_limit_s"]
)
def test_limits_and_charges_are_numbers_and_not_negative(name: str, value: float) -> None:
    network, clock = feeder(3), clock_of(4)
    with pytest.raises(InputError, match="must be at least 0") as error:
        problem_on(network, clock, [battery(network, clock, 2)], **{name: value})
    assert name in {fault.place for fault in error.value.faults}
