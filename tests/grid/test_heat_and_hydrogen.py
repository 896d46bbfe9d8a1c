"""Figures of heat pumps, hydrogen stations, engines, base stations and works equal their sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from grid.assets import CHP, BaseStation, Battery, Diesel, HeatPump, HydrogenStation, IndustrialDemand, Site
from grid.assets.heat import cop, flow_degc, heat_demand
from grid.clock import Clock
from grid.demand_shapes import demand_shape
from grid.errors import InputError
from grid.placement import Where

BUS = "MV3.101 Bus 84"


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


def test_a_year_of_heat_sums_to_what_was_asked(winter_site: Site) -> None:
    year = winter_site.weather.year
    assert year is not None
    demand = heat_demand(1000.0, 0.2, winter_site.weather, "Europe/Berlin")
    degree_hours = np.maximum(15.0 - year.t_dry_bulb_degc, 0.0).sum()
    assert demand.loss_mw_per_k * degree_hours == pytest.approx(800.0)
    days = winter_site.city.clock.n_steps * winter_site.city.clock.step_hours / 24
    assert demand.water_mw.mean() * 24 * days == pytest.approx(200.0 / 365 * days, rel=0.1)


def test_unmanaged_pumps_follow_the_demand_and_store_nothing(winter_site: Site) -> None:
    pump = HeatPump(name="x", where=Where(sector="I.1"), annual_heat_mwh=20_000)
    (made,) = pump.flexibilities(winter_site)
    np.testing.assert_allclose(made.gain_mwh(made.unmanaged_power()), made.drain_mwh, atol=1e-12)
    np.testing.assert_allclose(made.energy_mwh(made.unmanaged_power()), 0.0, atol=1e-9)
    store = made.reservoir
    assert store is not None
    assert store.e_max_mwh[0] > 0
    assert 0.98 < store.retention_per_step[0] < 1


def test_a_heat_pump_that_is_too_small_is_refused_with_what_it_needs(winter_site: Site) -> None:
    pump = HeatPump(name="x", where=Where(sector="I.1"), annual_heat_mwh=20_000, p_rated_mw=0.1)
    with pytest.raises(InputError, match=r"x.p_rated_mw: must be at least .* MW for the demand of"):
        pump.flexibilities(winter_site)


def station(**changes: object) -> HydrogenStation:
    values = {"name": "x", "bus": BUS, "electrolyser_mw": 1.5, "tank_kg": 600, "demand_kg_per_day": 200}
    return HydrogenStation.model_validate({**values, **changes})


def test_a_kilogram_costs_58_kwh_and_gives_16_back(winter_site: Site) -> None:
    (made,) = station(fuel_cell_mw=0.5, part_load_gain=0.0).flexibilities(winter_site)
    store = made.reservoir
    assert store is not None
    assert 33.33 / store.eta_charge[0] == pytest.approx(58.0)
    assert 33.33 * store.eta_discharge[0] == pytest.approx(16.0)
    round_trip = store.eta_charge[0] * store.eta_discharge[0]
    assert round_trip == pytest.approx(16 / 58)


def test_half_load_makes_more_of_its_electricity_and_full_load_what_is_stated(winter_site: Site) -> None:
    (made,) = station(part_load_gain=0.05).flexibilities(winter_site)
    h = made.clock.step_hours
    full, half = (made.gain_mwh(np.full(made.n_slots, p))[0] / (p * h) for p in (1.5, 0.75))
    assert full == pytest.approx(33.33 / 58)
    assert half == pytest.approx(1.05 * full)


def test_refuelling_takes_what_is_sold(winter_site: Site) -> None:
    (made,) = station().flexibilities(winter_site)
    days = made.clock.n_steps * made.clock.step_hours / 24
    assert made.drain_mwh.sum() / 33.33e-3 == pytest.approx(200 * days, rel=0.1)
    week = demand_shape("hydrogen_refuelling", made.clock, "Europe/Berlin")
    assert week.min() > 0


def test_more_than_the_electrolyser_makes_or_the_tank_bridges_is_refused(winter_site: Site) -> None:
    (fault,) = station(demand_kg_per_day=700).faults(winter_site.city, "assets[0]")
    assert "exceeds what 1.5 MW make in a day, 621 kg" in str(fault)
    with pytest.raises(InputError, match=r"the tank runs empty at .* kg are missing"):
        station(demand_kg_per_day=600, tank_kg=20).flexibilities(winter_site)


def test_an_energy_station_shares_its_connection(winter_site: Site) -> None:
    both = station(charging={"vehicles": 40, "place": "fast"}, connection_max_mw=2.0).flexibilities(winter_site)
    assert [f.name for f in both] == ["x", "x: charging"]
    assert {(f.connection, f.connection_max_mw) for f in both} == {("x", 2.0)}
    assert both[1].buses.tolist() == both[0].buses.tolist()
    spread = station(bus=None, where={"areas": "mv"}, charging={"vehicles": 4})
    (fault,) = spread.faults(winter_site.city, "a")
    assert "they share its connection" in str(fault)


@pytest.mark.parametrize(
    ("allocation", "share"),
    [("all_to_electricity", 1.0), ("energy", 0.38 / 0.86), ("alternative_heat", 1 - 0.48 / 0.9)],
)
def test_chp_emits_what_its_fuel_does(allocation: str, share: float) -> None:
    chp = CHP.model_validate({"name": "x", "bus": BUS, "p_rated_mw": 1.0, "allocation": allocation})
    direct, lifecycle = chp.ci_kg_per_mwh
    assert direct == pytest.approx(share * 3.6 * 56.1 / 0.38)
    assert lifecycle == pytest.approx(1.19 * direct)


def test_chp_led_by_heat_runs_in_the_cold_and_leaves_nothing_to_decide(winter_site: Site, summer_site: Site) -> None:
    chp = CHP(name="x", bus=BUS, p_rated_mw=2.0)
    (winter,) = chp.flexibilities(winter_site)
    assert np.array_equal(winter.p_min_mw, winter.p_max_mw)
    hot = replace(summer_site.weather, t_dry_bulb_degc=np.full(summer_site.city.clock.n_steps, 25.0))
    assert (chp.load(hot) == 0).all()
    icy = replace(summer_site.weather, t_dry_bulb_degc=np.full(summer_site.city.clock.n_steps, -5.0))
    assert (chp.load(icy) == 1).all()
    (free,) = CHP(name="x", bus=BUS, p_rated_mw=2.0, lead="dispatch").flexibilities(winter_site)
    assert free.p_min_on_mw[0] == 1.0
    assert (free.unmanaged_power() == 0).all()


def test_diesel_stands_by_at_the_price_of_its_fuel(winter_site: Site) -> None:
    (made,) = Diesel(name="x", bus=BUS, p_rated_mw=1.0).flexibilities(winter_site)
    assert (made.unmanaged_power() == 0).all()
    assert made.wear_cost_per_mwh[0] == pytest.approx(130 / 0.38)
    assert made.ci_kg_per_mwh is not None
    assert made.ci_kg_per_mwh[0] == pytest.approx(3.6 * 74.1 / 0.38)
    assert made.technology == "oil"


def test_base_stations_keep_their_reserve(winter_site: Site) -> None:
    load, battery = BaseStation(name="x", where=Where(areas="lv"), sites=100).flexibilities(winter_site)
    assert load.p_max_mw.min() >= 0.22
    assert load.p_max_mw.max() <= 0.37
    store = battery.reservoir
    assert store is not None
    assert store.e_max_mwh[0] == pytest.approx(0.37 * 4)
    assert store.e_min_mwh[0] == pytest.approx(0.37 * 3)
    only = BaseStation(name="x", where=Where(areas="lv"), sites=100, reserve_hours=4.0)
    assert len(only.flexibilities(winter_site)) == 1


def test_parts_of_a_works_sum_to_its_demand(winter_site: Site) -> None:
    works = IndustrialDemand(name="x", bus=BUS, p_mean_mw=2.0, shape="two_shift")
    parts = works.flexibilities(winter_site)
    total = sum(part.unmanaged_power() for part in parts)
    np.testing.assert_allclose(total, 2.0 * demand_shape("industry_two_shift", winter_site.city.clock, "Europe/Berlin"))
    assert [part.name for part in parts] == ["x", "x: shiftable", "x: interruptible"]
    assert parts[2].value_per_mwh[0] == 400
    (fault,) = IndustrialDemand(name="x", bus=BUS, p_mean_mw=2.0, shiftable_share=0.8, interruptible_share=0.4).faults(
        winter_site.city, "assets[0]"
    )
    assert "must not sum to more than 1" in str(fault)


def test_a_battery_that_starts_below_its_reserve_is_refused(winter_site: Site) -> None:
    battery = Battery(name="x", bus=BUS, p_rated_mw=1, e_rated_mwh=4, soc_start=0.1, reserve_share=0.2)
    (fault,) = battery.faults(winter_site.city, "assets[1]")
    assert str(fault) == "assets[1].soc_start: must not be less than reserve_share, 0.2; got 0.1"


def test_an_inverter_for_power_factor_0_9_gives_half_its_active_power_as_reactive(winter_site: Site) -> None:
    (made,) = Battery(name="x", bus=BUS, p_rated_mw=1, e_rated_mwh=4).flexibilities(winter_site)
    assert made.q_max_mvar[0] == pytest.approx(0.4843221, abs=5e-8)


def test_shapes_have_a_mean_of_one_over_a_week(winter_site: Site) -> None:

    week = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 168)
    for name in ("hydrogen_refuelling", "mobile_traffic", "hot_water", "industry_two_shift", "industry_flat"):
        assert demand_shape(name, week, "UTC").mean() == pytest.approx(1.0)
