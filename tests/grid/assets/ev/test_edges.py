"""What a run asks for does not depend on where it is cut off, nor on how long it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grid.arrays import Floats
from grid.assets import EVFleet, EVRecorded, Site
from grid.assets.ev.sessions import PeriodSessions, Sessions, within
from grid.charging_records import read_charging_records
from grid.time.clock import Clock
from grid.weather.weather import weather_for
from tests.places import ROOT

STEPS = 96
MONDAY = datetime(2030, 6, 2, 22, tzinfo=UTC)
KM_PER_YEAR, KWH_PER_KM = 10_000.0, 0.17
EXAMPLE = ROOT / "grid" / "data" / "charging" / "example_sessions.csv"


def site_of(days: int, first: datetime = MONDAY) -> Site:
    """A site of so many days at 20 °C, of which sessions need no grid."""
    clock = Clock(first, timedelta(minutes=15), days * STEPS)
    weather = weather_for("greensboro-tmy3", clock, "Europe/Berlin", 53.6, 11.4)
    city: Any = SimpleNamespace(clock=clock)
    return Site(city, replace(weather, t_dry_bulb_degc=np.full(clock.n_steps, 20.0)), "Europe/Berlin")


def fleet(**changes: Any) -> EVFleet:
    given = {"vehicles": 8000, "km_per_year": KM_PER_YEAR, "consumption_kwh_per_km": KWH_PER_KM, "battery_kwh": 120.0}
    return EVFleet.model_validate({"name": "cars", "where": {"areas": "lv"}, **given, **changes})


@cache
def drawn(days: int, vehicles: int = 8000, place: str = "home") -> PeriodSessions:
    return fleet(place=place, vehicles=vehicles).sessions(site_of(days))


def asked(sessions: Sessions) -> float:
    return float((sessions.e_departure_mwh - sessions.e_arrival_mwh).sum())


def driven(sessions: PeriodSessions) -> Floats:
    """Energy used before each session: since the one before, and before the first since what is known of it."""
    before = sessions.e_before_mwh.copy()
    again = np.flatnonzero(sessions.vehicle[1:] == sessions.vehicle[:-1]) + 1
    np.testing.assert_array_equal(before[again], sessions.e_departure_mwh[again - 1])
    return before - sessions.e_arrival_mwh


@pytest.mark.slow
@pytest.mark.parametrize(("days", "vehicles"), [(1, 100_000), (2, 50_000), (7, 20_000), (28, 8000)])
def test_energy_and_distance_per_day_are_what_is_driven_whatever_the_length(days: int, vehicles: int) -> None:
    """So many vehicles that chance moves a day by less than 1 %; a day has all of its energy, not half."""
    sessions = drawn(days, vehicles)
    per_day = vehicles * KM_PER_YEAR * KWH_PER_KM / 365 / 1000
    assert asked(sessions) / days == pytest.approx(per_day, rel=0.02)
    assert driven(sessions).min() >= -1e-12
    assert driven(sessions).sum() / days == pytest.approx(per_day, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["workplace", "public", "fast", "bus_depot"])
def test_a_week_asks_for_what_is_driven_in_it(place: str) -> None:
    """At the other places one day is not like another; the days lived through before are enough."""
    sessions = drawn(7, 20_000, place)
    per_week = 7 * 20_000 * KM_PER_YEAR * KWH_PER_KM / 365 / 1000
    assert asked(sessions) == pytest.approx(per_week, rel=0.02)
    assert driven(sessions).sum() == pytest.approx(per_week, rel=0.02)


def test_periods_that_follow_one_another_ask_for_what_all_of_them_do() -> None:
    whole = drawn(7, 20_000)
    charger = np.full(20_000, 0.011 * 0.9)
    day, held = Clock(MONDAY, timedelta(minutes=15), STEPS), np.full(20_000, np.nan)
    total = 0.0
    for k in range(7):
        shifted = replace(whole, start=whole.start - k * STEPS, stop=whole.stop - k * STEPS)
        cut = within(day, Sessions(*(getattr(shifted, f) for f in Sessions.__dataclass_fields__)), charger)
        total += asked(cut)
        stays = cut.start == 0
        known = stays & ~np.isnan(held[cut.vehicle])
        assert cut.e_arrival_mwh[known] == pytest.approx(held[cut.vehicle[known]], abs=1e-15)
        assert k == 0 or known.any()
        held[:] = np.nan
        goes_on = cut.owed_mwh > 0
        held[cut.vehicle[goes_on]] = cut.e_departure_mwh[goes_on]
    assert total == pytest.approx(asked(whole), rel=1e-12)


def test_a_car_that_stays_is_owed_what_full_power_does_not_reach() -> None:
    """Of 30 kWh as stored, 10 kW give 20 by the end of two hours; one that came an hour before the start has 10."""
    clock = Clock(MONDAY, timedelta(hours=1), 2)
    one = np.ones(3)
    sessions = Sessions(
        np.array([0, 1, 1]), np.array([0, -1, 3]), np.array([9, 2, 5]), 0.010 * one, np.array([0.040, 0.025, 0.030]),
        1.7e-4 * one, np.zeros(3, dtype=bool),
    )  # fmt: skip
    cut = within(clock, sessions, np.array([0.010, 0.010]))
    assert cut.e_arrival_mwh == pytest.approx([0.010, 0.020])
    assert cut.e_departure_mwh == pytest.approx([0.030, 0.025])
    assert cut.owed_mwh == pytest.approx([0.010, 0.0])
    assert cut.e_before_mwh == pytest.approx([0.040, 0.020])  # of a car without a session before: as it leaves next


@pytest.mark.slow
def test_unmanaged_charging_has_the_same_power_in_a_run_of_any_length(winter_site: Site) -> None:
    """The last evening peaks as in a longer run, and the first night is as dark."""
    one_day = replace(winter_site.city, clock=Clock(winter_site.city.clock.start, timedelta(minutes=15), STEPS))
    power = []
    for city in (one_day, winter_site.city):
        (flexibility,) = fleet(vehicles=500).flexibilities(replace(winter_site, city=city))
        power.append(flexibility.by_step(flexibility.unmanaged_power())[:STEPS])
    np.testing.assert_allclose(power[0], power[1], rtol=0, atol=1e-12)
    assert power[0][-24:].max() > 0.3 * power[0].max()


def test_recorded_weeks_that_come_again_ask_for_what_was_recorded(winter_site: Site) -> None:
    """Sessions across the beginning and those across the end are the same: a cycle of two weeks has no edge."""
    records, _ = read_charging_records(EXAMPLE, time_zone="Europe/Berlin")
    clock = Clock(datetime(2030, 4, 21, 22, tzinfo=UTC), timedelta(minutes=15), 14 * STEPS)
    site = replace(winter_site, city=replace(winter_site.city, clock=clock))
    asset = EVRecorded.model_validate({
        "name": "rec", "where": {"areas": "lv"}, "file": str(EXAMPLE), "time_zone": "Europe/Berlin", "repeat": "cycle",
        "charger_kw": 200.0,
    })  # fmt: skip
    (flexibility,) = asset.flexibilities(site)
    store = flexibility.reservoir
    assert store is not None
    assert store.e_before_mwh is not None
    kwh = float(((store.e_end_mwh - store.e_start_mwh) / store.eta_charge).sum() * 1000)
    assert kwh == pytest.approx(records.energy_kwh.sum(), rel=1e-9)
