"""Hydrogen stations: figures of their sources, part load, and a tank that never fails the pumps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grid.arrays import Floats
from grid.assets import HydrogenStation, Site
from grid.assets.hydrogen.supply import Electrolyser, Supply
from grid.errors import InputError
from grid.time.demand_shapes import demand_shape

BUS = "MV3.101 Bus 84"


def station(**changes: Any) -> HydrogenStation:
    values = {"name": "x", "bus": BUS, "electrolyser_mw": 1.5, "tank_kg": 600, "demand_kg_per_day": 200}
    return HydrogenStation.model_validate({**values, **changes})


def test_a_kilogram_costs_58_kwh_and_gives_16_back(winter_site: Site) -> None:
    (made,) = station(fuel_cell_mw=0.5, part_load_gain=0.0).flexibilities(winter_site)
    store = made.reservoir
    assert store is not None
    assert 33.33 / store.eta_charge[0] == pytest.approx(58.0)
    assert 33.33 * store.eta_discharge[0] == pytest.approx(16.0)
    assert store.eta_charge[0] * store.eta_discharge[0] == pytest.approx(16 / 58)
    h, kg = made.clock.step_hours, 33.33e-3
    assert made.gain_mwh(np.full(made.n_slots, 0.58))[0] == pytest.approx(10 * kg * h)  # 580 kW make 10 kg an hour
    assert made.gain_mwh(np.full(made.n_slots, -0.16))[0] == pytest.approx(-10 * kg * h)


def test_half_load_makes_more_of_its_electricity_and_full_load_what_is_stated(winter_site: Site) -> None:
    (made,) = station(part_load_gain=0.05).flexibilities(winter_site)
    h = made.clock.step_hours
    full, half = (made.gain_mwh(np.full(made.n_slots, p))[0] / (p * h) for p in (1.5, 0.75))
    assert full == pytest.approx(33.33 / 58)
    assert half == pytest.approx(1.05 * full)


@given(st.floats(0.0, 2.0), st.floats(0.0, 0.19))
def test_power_is_the_inverse_of_output(p_mw: float, gain: float) -> None:
    electrolyser = Electrolyser(2.0, 0.57, gain, 0.1)
    output = float(electrolyser.output_mwh(np.array(p_mw), 0.25))
    assert electrolyser.power_mw(output, 0.25) == pytest.approx(p_mw, abs=1e-12)


def test_refuelling_takes_what_is_sold(winter_site: Site) -> None:
    (made,) = station().flexibilities(winter_site)
    days = made.clock.n_steps * made.clock.step_hours / 24
    shape = demand_shape("hydrogen_refuelling", made.clock, "Europe/Berlin")
    assert made.drain_mwh.sum() / 33.33e-3 == pytest.approx(200 * days * shape.mean())
    assert made.gpc_code == "II.1"


def test_more_than_the_electrolyser_makes_or_the_tank_bridges_is_refused_with_the_figure(winter_site: Site) -> None:
    (fault,) = station(demand_kg_per_day=700).faults(winter_site.city, "assets[0]")
    assert "exceeds what 1.5 MW make in a day, 621 kg" in str(fault)
    with pytest.raises(InputError, match=r"x.demand_kg_per_day: the tank runs empty.* kg are missing"):
        station(demand_kg_per_day=600, tank_kg=20).flexibilities(winter_site)
    with pytest.raises(InputError, match=r"x.tank_start: must be at most 0.998: .*; got 1.0"):
        station(tank_start=1.0).flexibilities(winter_site)
    assert len(station(tank_start=0.998).flexibilities(winter_site)) == 1
    assert len(station(tank_start=1.0, demand_kg_per_day=0).flexibilities(winter_site)) == 1


def test_a_tank_needs_room_for_what_full_load_cannot_make_in_time() -> None:
    """1 MW at 0.5 makes 0.5 MWh an hour; 2 MWh are taken in the third: 0.5 are left to store before."""
    electrolyser, drain = Electrolyser(1.0, 0.5, 0.0, 0.0), np.array([0.0, 0.0, 0.0, 2.0])
    ample = Supply(electrolyser, 2.0, 0.0, drain, 1.0)
    assert ample.needed_mwh(np.ones(4)).tolist() == [0.0, 0.5, 1.0, 1.5, 0.0]
    assert not list(ample.faults("x", 1.0))
    (small,) = Supply(electrolyser, 1.2, 0.0, drain, 1.0).faults("x", 1.0)
    assert str(small).startswith("x.tank_kg: must be at least 1.5 ")
    assert str(small).endswith("; got 1.2")
    (empty,) = Supply(electrolyser, 5.0, 1.0, 2 * drain, 1.0).faults("x", 1.0)
    assert "2 kg are missing" in str(empty)


@given(
    st.lists(st.floats(0.0, 0.4), min_size=2, max_size=60),
    st.floats(0.0, 0.5),
    st.floats(0.0, 1.0),
    st.floats(0.6, 20.0),
    st.lists(st.floats(0.0, 1.0), min_size=60, max_size=60),
)
def test_unmanaged_never_empties_or_overfills_the_tank_and_keeps_minimum_load(
    drain: list[float], minimum: float, level: float, tank: float, left: list[float]
) -> None:
    """Whatever the demand, for every station that is not refused, also where cars share the connection."""
    electrolyser = Electrolyser(1.0, 0.6, 0.05, minimum)
    supply = Supply(electrolyser, tank, level * tank, np.array(drain), 0.25)
    assume(not list(supply.faults("x", 1.0)))
    for most in (np.ones(len(drain)), np.array(left[: len(drain)])):
        power = supply.unmanaged_mw(most)
        energy = supply.level_mwh + np.cumsum(electrolyser.output_mwh(power, 0.25) - supply.drain_mwh)
        assert energy.min() >= -1e-6
        assert energy.max() <= tank + 1e-6
        assert energy[-1] >= supply.level_mwh - 1e-6
        assert ((power == 0) | (power >= minimum - 1e-9)).all()
        assert power.max() <= 1.0


def test_an_energy_station_shares_its_connection(winter_site: Site) -> None:
    both = station(charging={"vehicles": 40, "place": "fast"}, connection_max_mw=2.0).flexibilities(winter_site)
    assert [f.name for f in both] == ["x", "x: charging"]
    assert {(f.connection, f.connection_max_mw) for f in both} == {("x", 2.0)}
    assert both[1].buses.tolist() == both[0].buses.tolist()
    spread = station(bus=None, where={"areas": "mv"}, charging={"vehicles": 4})
    (fault,) = spread.faults(winter_site.city, "a")
    assert "they share its connection" in str(fault)
    (small,) = station(connection_max_mw=1.0).faults(winter_site.city, "a")
    assert "must not be less than the station alone can draw or feed in, 1.5 MW; got 1.0" in str(small)


def test_the_electrolyser_yields_to_cars_that_nobody_manages(winter_site: Site) -> None:
    def powers(**changes: Any) -> tuple[Floats, Floats]:
        made = station(charging={"vehicles": 200, "place": "fast"}, **changes).flexibilities(winter_site)
        return tuple(part.by_step(part.unmanaged_power()) for part in made)  # type: ignore[return-value]

    free, cars = powers()
    limit = float(cars.max()) + 0.4
    yielding, same_cars = powers(connection_max_mw=limit)
    assert np.array_equal(cars, same_cars)
    assert (free + cars).max() > limit
    assert (yielding + cars).max() <= limit + 1e-9


def test_a_tank_in_another_unit_is_refused(winter_site: Site) -> None:
    (fault,) = station(tank_kg=600_000).faults(winter_site.city, "assets[0]")
    assert str(fault) == (
        "assets[0].tank_kg: takes 967 days of 1.5 MW to fill; the unit is kg; got 600000.0; did you mean '600'?"
    )
