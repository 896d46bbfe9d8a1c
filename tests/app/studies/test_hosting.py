from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from app.scenario import load_scenario
from app.scenario.schema import LimitsSpec
from app.simulation.limits import resolve_limits
from app.studies.hosting.capacity import Hosting, hosting_capacities, hosting_table
from app.studies.hosting.growth import hosting_in_scenario
from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir, it_demand_mw
from grid.arrays import Floats
from grid.city.city import City, make_city
from grid.city.source import read_grid
from grid.errors import InputError
from grid.powerflow.powerflow import power_flow
from grid.time.clock import Clock
from tests.places import ROOT

pytestmark = pytest.mark.slow

LIMITS = LimitsSpec(vm_min_pu=0.95, vm_max_pu=1.05, line_loading_max_percent=60, trafo_loading_max_percent=100)
BUSES = ["MV3.101 Bus 86", "MV3.101 Bus 84", "MV3.101 Bus 30", "LV5.303 Bus 73"]


def swing(city: City) -> Floats:
    hour = np.arange(city.clock.n_steps) * city.clock.step_hours
    return np.asarray(1.3 + 0.1 * np.cos(2 * np.pi * (hour - 14) / 24))


def hosting_capacity(city: City, limits: LimitsSpec, bus: str, p_per_it_mw: Floats, **options: Any) -> Hosting:
    (found,) = hosting_capacities(city, limits, [bus], p_per_it_mw, **options)
    return found


def keeps(city: City, limits: LimitsSpec, bus: str, p_mw: Floats) -> bool:
    """Whether the plain power flow of every step keeps all limits, judged without the code under test."""
    drawn, q_mvar = city.withdrawal()
    drawn = drawn.copy()
    drawn[:, city.network.buses.position[bus]] += p_mw
    flow = power_flow(city.network, city.clock, drawn, q_mvar)
    most = resolve_limits(limits, city.network).loading_max_percent + 0.2
    vm = flow.vm_pu()
    low, high = (limits.vm_min_pu or 0.0) - 1e-4, (limits.vm_max_pu or 9.0) + 1e-4
    imported = flow.slack_mva().real.sum(axis=1)
    import_max = np.inf if limits.import_max_mw is None else limits.import_max_mw * 1.002
    return not (
        flow.failed.any() or (vm < low).any() or (vm > high).any() or (flow.loading_percent() > most).any()
        or (imported > import_max).any()
    )  # fmt: skip


@pytest.mark.parametrize("bus", BUSES)
def test_bisection_finds_what_stepping_finds(winter_city: City, bus: str) -> None:
    per_it = swing(winter_city)
    increment = 0.1 if bus.startswith("MV") else 0.02
    k = 0
    while keeps(winter_city, LIMITS, bus, (k + 1) * increment * per_it):
        k += 1
    found = hosting_capacity(winter_city, LIMITS, bus, per_it, increment=increment)
    assert k > 0
    assert found.size == pytest.approx(k * increment)
    assert found.p_peak_mw == pytest.approx(k * increment * per_it.max())


def test_what_binds_is_beyond_its_limit_one_increment_later(winter_city: City) -> None:
    per_it = swing(winter_city)
    found = hosting_capacity(winter_city, LIMITS, "MV3.101 Bus 86", per_it)
    binding = found.binding
    assert binding is not None
    assert (binding.quantity, binding.limit) == ("loading_percent", 60)
    drawn, q_mvar = winter_city.withdrawal()
    bus = winter_city.network.buses.position["MV3.101 Bus 86"]
    drawn[:, bus] += (found.size + 0.1) * per_it
    loading = power_flow(winter_city.network, winter_city.clock, drawn, q_mvar).loading_percent()
    element = winter_city.network.branches.names.index(binding.element)
    assert loading[binding.step, element] == pytest.approx(binding.value, abs=1e-6)
    assert binding.value == pytest.approx(np.nanmax(loading[:, element]))
    assert binding.value > 60.2


def test_import_can_be_what_binds(winter_city: City) -> None:
    limits = LIMITS.with_changes({"import_max_mw": 25})
    found = hosting_capacity(winter_city, limits, "MV3.101 busbar1A", swing(winter_city))
    assert found == hosting_capacity(winter_city, limits, "MV3.101 busbar1A", swing(winter_city), every_step=False)
    assert found.binding is not None
    assert (found.binding.element, found.binding.quantity) == ("city", "import_mw")
    assert found.binding.limit == pytest.approx(25)
    per_it = swing(winter_city)
    assert keeps(winter_city, limits, "MV3.101 busbar1A", found.size * per_it)
    assert not keeps(winter_city, limits, "MV3.101 busbar1A", (found.size + 0.1) * per_it)


def test_wider_limits_never_host_less(winter_city: City) -> None:
    found = [
        hosting_capacity(
            winter_city, LIMITS.with_changes({"line_loading_max_percent": percent}), "MV3.101 Bus 86",
            swing(winter_city),
        ).size
        for percent in (50, 60, 80, 100)
    ]  # fmt: skip
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_a_grid_beyond_its_limits_hosts_nothing_and_says_why(winter_city: City) -> None:
    tight = LIMITS.with_changes({"line_loading_max_percent": 10})
    found = hosting_capacity(winter_city, tight, "MV3.101 Bus 86", swing(winter_city))
    assert found.size == 0
    assert found.binding is not None
    assert found.binding.quantity == "loading_percent"


def test_many_buses_are_what_each_is_and_the_search_may_end_first(winter_city: City) -> None:
    per_it = swing(winter_city)
    both = hosting_capacities(winter_city, LIMITS, BUSES[:2], per_it)
    assert both == tuple(hosting_capacity(winter_city, LIMITS, bus, per_it) for bus in BUSES[:2])
    ended = hosting_capacity(winter_city, LIMITS, BUSES[0], per_it, size_max=1.0)
    assert (ended.size, ended.binding) == (1.0, None)


def two_lines(tmp_path: Path) -> City:
    """A bus that two equal lines feed, of which one alone carries half as much."""
    net = pp.create_empty_network()
    source, bus = (pp.create_bus(net, 10.0, name=name) for name in ("source", "end"))
    pp.create_ext_grid(net, source)
    for name in ("first", "second"):
        pp.create_line(net, source, bus, 0.5, "NA2XS2Y 1x240 RM/25 6/10 kV", name=name)
    pp.create_load(net, bus, 0.5, name="town")
    pp.to_json(net, str(tmp_path / "two.json"))
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 24)
    return make_city(read_grid("two.json", folder=tmp_path), clock)


def test_the_loss_of_one_of_two_lines_halves_what_the_end_takes(tmp_path: Path) -> None:
    city = two_lines(tmp_path)
    limits = LimitsSpec(vm_min_pu=0.8, vm_max_pu=1.1, line_loading_max_percent=100)
    per_it = np.ones(24)
    intact = hosting_capacity(city, limits, "end", per_it)
    safe = hosting_capacity(city, limits, "end", per_it, n_minus_1=True, after_outage=limits)
    assert safe.size + 0.5 == pytest.approx((intact.size + 0.5) / 2, abs=0.15)
    assert safe.binding is not None
    assert safe.binding.outage in {"first", "second"}
    assert safe.binding.element != safe.binding.outage
    assert safe.outages_left_out == ()


def test_an_outage_that_breaks_a_limit_by_itself_is_left_out_and_named(tmp_path: Path) -> None:
    city = two_lines(tmp_path)
    limits = LimitsSpec(vm_min_pu=0.8, vm_max_pu=1.1, line_loading_max_percent=100)
    strict = limits.with_changes({"line_loading_max_percent": 1})
    found = hosting_capacity(city, limits, "end", np.ones(24), n_minus_1=True, after_outage=strict)
    assert found.outages_left_out == ("first", "second")
    assert found.size == hosting_capacity(city, limits, "end", np.ones(24)).size


def test_what_is_drawn_where_the_grid_is_fed_counts_as_import_too(tmp_path: Path) -> None:
    city = two_lines(tmp_path)
    limits = LimitsSpec(vm_min_pu=0.8, vm_max_pu=1.1, import_max_mw=2.0)
    found = hosting_capacity(city, limits, "source", np.ones(24))
    assert found.size == pytest.approx(1.5)  # the town draws half a megawatt
    assert found.binding is not None
    assert found.binding.quantity == "import_mw"


def test_facility_power_is_in_proportion_to_the_rating() -> None:
    clock = Clock(datetime(2030, 7, 1, tzinfo=UTC), timedelta(hours=1), 3)
    air = OutdoorAir(np.array([10.0, 20.0, 30.0]), np.full(3, 60.0), np.full(3, 101325.0))
    small, large = (DataCentre(name="n", bus="b", p_it_rated_mw=mw) for mw in (1.0, 17.0))
    small_mw, large_mw = (FacilityModel(spec, air, clock.step_hours).total_at(it_demand_mw(spec, clock, "UTC", air))
                          for spec in (small, large))  # fmt: skip
    np.testing.assert_allclose(17.0 * small_mw, large_mw, rtol=1e-12)


def test_all_faults_at_once(winter_city: City) -> None:
    with pytest.raises(InputError) as caught:
        hosting_capacities(winter_city, LIMITS, ["MV3.101 Bus 8"], np.ones(3), increment=0.0)
    assert {fault.place for fault in caught.value.faults} >= {"p_per_unit_mw", "increment"}
    with pytest.raises(InputError, match="did you mean"):
        hosting_capacity(winter_city, LIMITS, "MV3.101 Bus 866", swing(winter_city))


DEMO = ROOT / "app" / "scenarios" / "demo.yaml"


def test_cars_that_charge_on_arrival_leave_less_room_for_a_data_centre() -> None:
    loaded = load_scenario(DEMO, days=1)
    buses = ["MV3.101 Bus 86", "MV3.101 busbar1A"]
    with_cars = hosting_in_scenario(loaded, "north", buses)
    without = hosting_in_scenario(loaded.with_changes({"assets": []}), "north", buses)
    assert all(less.size < more.size for less, more in zip(with_cars, without, strict=True))
    table = hosting_table(with_cars)
    assert table["bus"].to_list() == buses
    assert table["quantity"].to_list() == ["loading_percent", "import_mw"]
    with pytest.raises(InputError, match="did you mean 'north'"):
        hosting_in_scenario(loaded, "nort")
