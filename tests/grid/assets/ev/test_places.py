"""Fleets at every place, and classes of vehicles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from grid.assets import EVFleet, Site
from grid.assets.ev.devices import willing_owners
from grid.assets.ev.places import DAYS, PlaceName, read_place
from grid.assets.ev.sessions import Sessions
from grid.assets.ev.vehicles import Vehicles, vehicle_classes
from grid.city.city import City, make_city
from grid.city.source import GridSource
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.weather import weather_for

pytestmark = pytest.mark.slow

PLACES = get_args(PlaceName)
SATURDAY = 5


def fleet(**changes: Any) -> EVFleet:
    return EVFleet.model_validate({"name": "x", "where": {"areas": "lv"}, "vehicles": 2000, **changes})


@pytest.fixture(scope="module")
def three_weeks(reference_source: GridSource, winter_city: City, winter_site: Site) -> Site:
    """Three weeks of spring, Monday to Sunday, with summer time from 31 March 2030 behind them."""
    clock = Clock(datetime(2030, 3, 31, 22, tzinfo=UTC), timedelta(minutes=15), 21 * 96)
    weather = weather_for("greensboro-tmy3", clock, winter_site.time_zone, 53.6, 11.4)
    return Site(make_city(reference_source, clock, holidays="DE"), weather, winter_site.time_zone)


def plug_ins(sessions: Sessions, site: Site) -> tuple[Any, Any]:
    """Weekday and hour, by the local clock, of the step before the one that each session begins with."""
    clock, zone = site.city.clock, ZoneInfo(site.time_zone)
    begun = sessions.start[sessions.start > 0]
    local = [(clock.start + int(step - 1) * clock.step).astimezone(zone) for step in begun]
    return np.array([t.weekday() for t in local]), np.array([t.hour + t.minute / 60 for t in local])


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_a_normalised_table(place: str) -> None:
    table = read_place(place)
    assert table.plug_in.shape == table.plug_out.shape == (7, 24)
    assert np.allclose(table.plug_in.sum(axis=1), 1)
    assert np.allclose(table.plug_out.sum(axis=1), 1)
    assert ((table.overnight_share >= 0) & (table.overnight_share <= 1)).all()
    assert (table.same_day_stay_h > 0).all()
    assert len(DAYS) == 7


@pytest.mark.parametrize("place", PLACES)
def test_every_place_obeys_the_laws_of_sessions(place: str, three_weeks: Site) -> None:
    asset = fleet(place=place, v2g_share=0.3)
    sessions = asset.sessions(three_weeks)
    same = sessions.vehicle[1:] == sessions.vehicle[:-1]
    assert same.any()
    assert (sessions.start[1:][same] >= sessions.stop[:-1][same]).all()  # plugged in once at a time
    driven = (sessions.e_departure_mwh[:-1] - sessions.e_arrival_mwh[1:])[same]
    assert driven.min() >= -1e-12
    (flexibility,) = asset.flexibilities(three_weeks)
    assert flexibility.place == place
    store = flexibility.reservoir
    assert store is not None
    ends = flexibility.energy_mwh(flexibility.unmanaged_power())[flexibility.offsets[1:] - 1]
    assert ends == pytest.approx(store.e_end_mwh, abs=1e-9)


@pytest.mark.parametrize("place", PLACES)
def test_plug_ins_follow_the_table_of_the_place(place: str, three_weeks: Site) -> None:
    weekday, hour = plug_ins(fleet(place=place, vehicles=8000).sessions(three_weeks), three_weeks)
    table = read_place(place)
    middle = (table.plug_in[0] * (np.arange(24) + 0.5)).sum()
    working = hour[weekday < SATURDAY]
    assert working.mean() == pytest.approx(middle, abs=0.3)


@pytest.mark.parametrize(("place", "kwh", "hours"), [("public", 20.0, 7.0), ("fast", 40.0, 0.75)])
def test_public_sessions_are_near_what_was_measured(place: str, kwh: float, hours: float, three_weeks: Site) -> None:
    # Hecht, Figgener, Sauer, iScience 25(12):105634, 2022: 20 kWh at AC, 40 kWh and 45 min at DC points
    sessions = fleet(place=place, vehicle_class="large" if place == "fast" else "medium").sessions(three_weeks)
    efficiency = read_place(place).efficiency_charge
    asked = (sessions.e_departure_mwh - sessions.e_arrival_mwh).mean() * 1000 / efficiency
    assert asked == pytest.approx(kwh, rel=0.25)
    assert (sessions.stop - sessions.start).mean() / 4 == pytest.approx(hours, rel=0.15)


def test_work_is_for_working_days(three_weeks: Site) -> None:
    weekday, hour = plug_ins(fleet(place="workplace").sessions(three_weeks), three_weeks)
    assert (weekday >= SATURDAY).mean() < 0.1
    assert 8 < np.median(hour) < 10


def test_buses_are_full_in_the_morning(three_weeks: Site) -> None:
    asset = fleet(place="bus_depot", vehicles=400)
    sessions = asset.sessions(three_weeks)
    inside = (sessions.start > 0) & (sessions.stop < three_weeks.city.clock.n_steps)
    battery = vehicle_classes()["bus"].battery_kwh / 1000
    assert sessions.e_departure_mwh[inside] == pytest.approx(battery)
    assert not sessions.capped.any()
    zone, clock = ZoneInfo(three_weeks.time_zone), three_weeks.city.clock
    back = [(clock.start + int(k) * clock.step).astimezone(zone).hour for k in sessions.start[inside]]
    away = [(clock.start + int(k) * clock.step).astimezone(zone).hour for k in sessions.stop[inside]]
    assert min(h for h in back if h > 12) >= 17
    assert max(away) <= 9
    assert min(away) >= 4


def test_a_bus_drives_the_same_distance_on_its_days_of_service(three_weeks: Site) -> None:
    warm = replace(three_weeks.weather, t_dry_bulb_degc=np.full(three_weeks.city.clock.n_steps, 20.0))
    sessions = fleet(place="bus_depot", vehicles=400, km_per_year=36_500).sessions(replace(three_weeks, weather=warm))
    inside = sessions.start > 0
    mean_service = (5 * 0.9 + 0.65 + 0.5) / 7
    km = (sessions.e_departure_mwh - sessions.e_arrival_mwh)[inside] / sessions.mwh_per_km[inside]
    whole = sessions.stop[inside] < three_weeks.city.clock.n_steps
    assert km[whole] == pytest.approx(100 / mean_service, rel=1e-9)


def test_fewer_buses_serve_at_weekends_and_wait_plugged_in(three_weeks: Site) -> None:
    sessions = fleet(place="bus_depot", vehicles=2000).sessions(three_weeks)
    weekday, _ = plug_ins(sessions, three_weeks)
    per_day = np.bincount(weekday, minlength=7)[:5].mean()
    assert np.bincount(weekday, minlength=7)[6] / per_day == pytest.approx(0.5 / 0.9, rel=0.15)
    friday_night = 5 * 96 - 4  # 23:00 on the first Friday
    there = (sessions.start <= friday_night) & (sessions.stop > friday_night)
    until_monday = (sessions.stop[there] >= 7 * 96).mean()
    assert until_monday == pytest.approx((1 - 0.65) * (1 - 0.5), abs=0.05)


def test_a_mix_of_classes_has_the_stated_shares_everywhere() -> None:
    vehicles = Vehicles.from_classes({"compact": 0.25, "medium": 0.5, "van": 0.25}, 4000)
    battery = vehicles.battery_kwh
    assert [(battery == kwh).sum() for kwh in (40, 60, 70)] == [1000, 2000, 1000]
    for part in np.split(battery, 8):
        assert (part == 40).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.3, 0.5, 0.8])
def test_of_the_first_cars_of_a_fleet_as_many_are_willing_as_of_all(share: float) -> None:
    """Multiples of the golden ratio, of all numbers, leave the smallest gaps: 2.3 cars for the first 500."""
    willing = np.cumsum(willing_owners(500, share, allowed=True))
    assert np.abs(willing - share * np.arange(1, 501)).max() < 2.3


def test_willing_owners_are_spread_over_the_classes(three_weeks: Site) -> None:
    (flexibility,) = fleet(vehicle_class={"compact": 0.5, "large": 0.5}, v2g_share=0.4).flexibilities(three_weeks)
    store = flexibility.reservoir
    assert store is not None
    willing = flexibility.p_min_mw < 0
    compact = willing & (store.e_max_mwh < 0.05)
    owners = [np.unique(store.owner[chosen]).size for chosen in (willing, compact)]
    assert owners[0] == pytest.approx(800, abs=5)
    assert owners[1] == pytest.approx(400, abs=15)


@pytest.mark.parametrize(
    ("changes", "kw"),
    [
        ({}, 11.0),
        ({"charger_kw": 3.7}, 3.7),
        ({"charger_kw": 22.0}, 11.0),
        ({"charger_kw": 22.0, "vehicle_kw": 22.0}, 22.0),
        ({"place": "public"}, 11.0),
        ({"place": "fast"}, 135.0),
        ({"place": "fast", "charger_kw": 50.0}, 50.0),
        ({"place": "bus_depot"}, 100.0),
    ],
)
def test_power_is_the_lesser_of_vehicle_and_charging_point(
    changes: dict[str, Any], kw: float, winter_site: Site
) -> None:
    (flexibility,) = fleet(vehicles=50, **changes).flexibilities(winter_site)
    assert np.unique(flexibility.p_max_mw) == pytest.approx([kw / 1000])


def test_cold_takes_what_its_class_says(winter_site: Site) -> None:
    n_steps = winter_site.city.clock.n_steps
    for name in ("medium", "bus"):
        of_class = vehicle_classes()[name]
        for degc, factor in ((25.0, 1.0), (0.0, 1 + 20 * of_class.winter_increase_per_degc)):
            weather = replace(winter_site.weather, t_dry_bulb_degc=np.full(n_steps, degc))
            sessions = fleet(vehicles=50, vehicle_class=name).sessions(replace(winter_site, weather=weather))
            assert sessions.mwh_per_km * 1000 == pytest.approx(of_class.consumption_kwh_per_km * factor)


def test_every_class_states_its_source() -> None:
    assert {"compact", "medium", "large", "van", "bus", "truck"} <= set(vehicle_classes())
    for of_class in vehicle_classes().values():
        assert of_class.source
        assert of_class.battery_kwh / of_class.consumption_kwh_per_km > 200  # range [km]


def test_units_a_thousand_times_off_are_refused_with_what_was_meant(winter_site: Site) -> None:
    wrong = fleet(charger_kw=11_000, battery_kwh=60_000, bus="MV3.101 Bus 860", where=None)
    faults = [str(fault) for fault in wrong.faults(winter_site.city, "assets[0]")]
    assert faults == [
        "assets[0].bus: no bus called 'MV3.101 Bus 860'; did you mean 'MV3.101 Bus 86'?",
        "assets[0].charger_kw: must lie within 1..1000 kW; got 11000.0; did you mean '11'?",
        "assets[0].battery_kwh: must lie within 1..2000 kWh; got 60000.0; did you mean '60'?",
    ]
    with pytest.raises(InputError, match="3 problems"):
        wrong.flexibilities(winter_site)
    (fault,) = fleet(charger_kw=0.011).faults(winter_site.city, "assets[0]")
    assert fault.suggestion == "11"


def test_unknown_classes_and_wrong_shares_are_refused(winter_site: Site) -> None:
    faults = list(fleet(vehicle_class={"compakt": 0.6, "medium": 0.6}).faults(winter_site.city, "assets[1]"))
    assert [fault.suggestion for fault in faults] == ["compact", None]
    assert str(faults[1]) == "assets[1].vehicle_class: shares must sum to 1; got 1.2"
    (fault,) = fleet(soc_low=0.9).faults(winter_site.city, "assets[1]")
    assert "less than soc_target" in fault.rule
    with pytest.raises(ValidationError, match="bus_depot"):
        fleet(place="airport")
