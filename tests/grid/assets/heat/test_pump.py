"""Heat pumps: figures of their sources, the heat of a year, what is stored, and what heaters take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from grid.assets import HeatPump, Site
from grid.assets.heat.demand import BDEW_SUMMER, cop, flow_degc, heat_demand, hour_factors
from grid.city.placement import Where
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.weather import weather_for


def pumps(**changes: Any) -> HeatPump:
    return HeatPump.model_validate({"name": "x", "where": Where(sector="I.1"), "annual_heat_mwh": 20_000, **changes})


@pytest.mark.parametrize(
    ("source", "lift", "expected"),
    [("air", 20, 4.642), ("air", 35, 3.34675), ("air", 60, 1.818), ("ground", 20, 6.0636), ("ground", 50, 3.105)],
)
def test_cop_is_that_of_staffell(source: str, lift: float, expected: float) -> None:
    assert cop(source, np.array([float(lift)]))[0] == pytest.approx(expected, abs=5e-6)  # type: ignore[arg-type]


def test_cop_falls_with_the_lift_and_ends_at_the_range_of_the_data() -> None:
    lift = np.linspace(0, 80, 161)
    for source in ("air", "ground"):
        values = cop(source, lift)
        assert (np.diff(values) <= 0).all()
        assert values[0] == values[30]
        assert values[-1] == values[120] > 1


def test_the_flow_is_warmer_in_the_cold() -> None:
    flow = flow_degc(np.array([20.0, 15.0, 0.0, -12.0, -25.0]), 50.0)
    np.testing.assert_allclose(flow, [28.0, 28.0, 28 + 22 * 15 / 27, 50.0, 50.0])


def test_hours_of_the_day_are_those_of_the_standard_profiles() -> None:
    """The table of the gas grids gives a house (class 11) 9.39 % of a summer's day from 6 to 7, 0.45 % from 0 to 1."""
    house = hour_factors("house")
    assert house.shape == (10, 7, 24)
    np.testing.assert_allclose(house.mean(axis=2), 1.0)
    assert house[BDEW_SUMMER, 0, 6] / 24 == pytest.approx(0.0939, abs=1e-4)
    assert house[BDEW_SUMMER, 0, 0] / 24 == pytest.approx(0.0045, abs=1e-4)
    assert (house == house[:, :1]).all()
    trade = hour_factors("trade")
    assert np.abs(trade[:, 0] - trade[:, 6]).max() > 0.1


def test_pumps_in_air_are_sized_for_a_day_of_minus_5_degrees_unless_stated(winter_site: Site) -> None:
    unstated, stated, mild = (
        pumps(**changes).flexibilities(winter_site)[0].p_max_mw
        for changes in ({}, {"bivalent_degc": -5.0}, {"bivalent_degc": 5.0})
    )
    np.testing.assert_array_equal(unstated, stated)
    assert np.abs(unstated - mild).max() > 0.01 * np.abs(unstated).max()


def test_a_year_of_heat_is_what_was_asked() -> None:
    """On the clock of a whole year, but for summer time, which moves an hour of two days."""
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 8760)
    weather = weather_for("greensboro-tmy3", clock, "Europe/Berlin", 53.6, 11.4)
    demand = heat_demand(1000.0, 0.2, "house", weather, "Europe/Berlin")
    assert demand.rooms_mw.sum() == pytest.approx(800.0, rel=1e-3)
    assert demand.water_mw.sum() == pytest.approx(200.0, rel=1e-3)
    assert demand.rooms_mw.min() == 0.0
    assert demand.rooms_mw.max() <= demand.peak_mw(float(weather.t_dry_bulb_degc.min()))


def test_unmanaged_pumps_follow_the_demand_and_store_nothing(winter_site: Site) -> None:
    made = pumps().flexibilities(winter_site)[0]
    np.testing.assert_allclose(made.gain_mwh(made.unmanaged_power()), made.drain_mwh, atol=1e-12)
    np.testing.assert_allclose(made.energy_mwh(made.unmanaged_power()), 0.0, atol=1e-9)
    store = made.reservoir
    assert store is not None
    assert store.retention_per_step[0] == pytest.approx(np.exp(-0.25 / 100))


def test_the_building_stores_what_its_losses_and_time_constant_say(winter_site: Site) -> None:
    demand = heat_demand(20_000.0, 0.17, "house", winter_site.weather, "Europe/Berlin")
    stores = [pumps(**changes).flexibilities(winter_site)[0].reservoir
              for changes in ({}, {"comfort_band_k": 2.0}, {"comfort_band_k": 0.0, "tank_mwh": 3.0})]  # fmt: skip
    room = [store.e_max_mwh[0] for store in stores if store is not None]
    assert room == pytest.approx([demand.loss_mw_per_k * 100, demand.loss_mw_per_k * 200, 3.0])


def test_what_the_pumps_lack_the_heaters_give_one_to_one(winter_site: Site) -> None:
    large = pumps(p_rated_mw=20.0).flexibilities(winter_site)
    assert len(large) == 1
    small, heaters = pumps(p_rated_mw=0.8).flexibilities(winter_site)
    assert heaters.name == "x: heaters"
    assert small.unmanaged_power().max() <= 0.8
    h = small.clock.step_hours
    np.testing.assert_allclose(small.drain_mwh + h * heaters.unmanaged_power(), large[0].drain_mwh, atol=1e-12)
    assert np.array_equal(heaters.p_min_mw.values, heaters.p_max_mw.values)
    helped = heaters.unmanaged_power() > 0
    np.testing.assert_allclose(small.unmanaged_power()[helped], 0.8)


def test_pumps_and_heaters_that_are_too_small_are_refused_with_what_they_need(winter_site: Site) -> None:
    for heater_mw in (0.0, 0.5):
        with pytest.raises(InputError, match=r"x.p_rated_mw: must be at least .* MW for the .*, or heater_mw at least"):
            pumps(p_rated_mw=0.1, heater_mw=heater_mw).flexibilities(winter_site)


def test_pumps_from_the_ground_or_without_heaters_carry_the_coldest_day(winter_site: Site) -> None:
    icy = replace(winter_site.weather, t_dry_bulb_degc=winter_site.weather.t_dry_bulb_degc - 20.0)
    coldest = replace(winter_site, weather=icy)
    for changes in ({"source": "ground"}, {"heater_mw": 0.0}, {"bivalent_degc": -30.0}):
        assert len(pumps(**changes).flexibilities(coldest)) == 1
    assert len(pumps().flexibilities(coldest)) == 2


def test_heat_in_another_unit_is_refused(winter_site: Site) -> None:
    (fault,) = pumps(annual_heat_mwh=20_000_000_000).faults(winter_site.city, "assets[0]")
    assert "the unit is MWh; got 20000000000.0; did you mean '2e+07'?" in str(fault)
