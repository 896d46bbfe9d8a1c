"""Recorded sessions on the dates of a scenario, and as an asset."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from grid.assets import EVRecorded, Site
from grid.assets.ev.devices import homes
from grid.assets.ev.replay import Replay, chosen_repeat, replay
from grid.charging_records import RecordColumns, Records, read_charging_records
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.time.clock import Clock
from tests.places import ROOT, SHARED_DATA

CHARGING = ROOT / "grid" / "data" / "charging"
NORWEGIAN = SHARED_DATA / "ev_sessions_no_trondheim_residential_2018_2020.parquet"
BERLIN = "Europe/Berlin"


def clock_of(year: int, month: int, day: int, days: int) -> Clock:
    """Days of Berlin's winter time."""
    return Clock(datetime(year, month, day, tzinfo=UTC) - timedelta(hours=1), timedelta(minutes=15), days * 96)


def recorded(first: str, days: int, vehicle: int = 0, hour: int = 18, stay_h: float = 3.0) -> Records:
    """A car that is plugged in every day at the same hour in Oslo; its energy [kWh] numbers the days from 1."""
    zone = ZoneInfo("Europe/Oslo")
    at = [datetime.fromisoformat(first).replace(hour=hour, tzinfo=zone) + timedelta(days=k) for k in range(days)]
    start = np.array([t.astimezone(UTC).replace(tzinfo=None) for t in at], dtype="datetime64[us]")
    return Records(
        start, start + np.timedelta64(round(stay_h * 60), "m"), np.arange(1.0, days + 1),
        np.full(days, vehicle), np.full(days, -1), ("a",), (), "Europe/Oslo",
    )  # fmt: skip


def local(played: Replay, clock: Clock) -> list[datetime]:
    return [(clock.start + timedelta(minutes=float(m))).astimezone(ZoneInfo(BERLIN)) for m in played.start_min]


def within(played: Replay, clock: Clock) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Numbers of the recorded days whose sessions begin in the clock, in the order of time."""
    inside = np.flatnonzero((played.start_min >= 0) & (played.start_min < clock.n_steps * 15))
    return np.rint(played.energy_mwh[inside[np.argsort(played.start_min[inside])]] * 1000).astype(np.int64)


@pytest.mark.parametrize(
    ("days", "clock", "how"),
    [
        (60, clock_of(2024, 1, 20, 7), "never"),
        (60, clock_of(2024, 2, 28, 7), "cycle"),
        (400, clock_of(2030, 1, 1, 30), "calendar"),
        (363, clock_of(2030, 1, 1, 30), "cycle"),
    ],
)
def test_the_first_way_of_repeating_that_fits_is_chosen(days: int, clock: Clock, how: str) -> None:
    assert chosen_repeat(recorded("2024-01-01", days), clock, BERLIN, "auto") == how


@pytest.mark.parametrize("repeat", ["cycle", "calendar"])
def test_weekdays_and_the_wall_clock_stay_the_same(repeat: Any) -> None:
    clock = Clock(datetime(2030, 3, 1, tzinfo=UTC), timedelta(minutes=15), 60 * 96)  # summer time begins on 31 March
    records = recorded("2023-01-02", 400)  # a Monday
    played = replay(records, clock, BERLIN, repeat, 1.0)
    times = local(played, clock)
    assert {t.hour for t in times} == {18}
    assert all(t.weekday() == (round(kwh) - 1) % 7 for t, kwh in zip(times, played.energy_mwh * 1000, strict=True))
    assert len({t.date() for t in times}) == len(times)


def test_a_cycle_is_whole_weeks_again_and_again() -> None:
    clock = clock_of(2030, 1, 7, 35)  # a Monday, five weeks
    numbers = within(replay(recorded("2024-01-01", 17), clock, BERLIN, "cycle", 1.0), clock)
    assert len(numbers) == 35
    assert set(numbers) == set(range(1, 15))  # two whole weeks of the 17 days
    assert (numbers[14:28] == numbers[:14]).all()
    assert set(np.diff(numbers)) == {1, -13}


def test_the_calendar_takes_the_same_week_and_the_latest_of_several() -> None:
    clock = clock_of(2030, 6, 3, 7)  # Monday of ISO week 23
    records = recorded("2022-01-03", 800)  # weeks 23 of 2022 and 2023
    numbers = within(replay(records, clock, BERLIN, "calendar", 1.0), clock)
    first = (datetime.fromisocalendar(2023, 23, 1) - datetime(2022, 1, 3)).days + 1
    assert list(numbers) == list(range(first, first + 7))


def test_the_calendar_goes_to_the_nearest_week_across_the_year() -> None:
    clock = clock_of(2029, 12, 31, 7)  # ISO week 1 of 2030
    records = recorded("2023-01-30", 329)  # weeks 5 to 51
    numbers = within(replay(records, clock, BERLIN, "calendar", 1.0), clock)
    first = (datetime.fromisocalendar(2023, 51, 1) - datetime(2023, 1, 30)).days + 1
    assert list(numbers) == list(range(first, first + 7))


def test_never_keeps_the_instants() -> None:
    records, clock = recorded("2024-01-01", 30), clock_of(2024, 1, 10, 5)
    played = replay(records, clock, BERLIN, "never", 1.0)
    assert list(within(played, clock)) == [10, 11, 12, 13, 14]
    assert played.stop_min - played.start_min == pytest.approx(180)


def test_scale_copies_vehicles_and_copies_live_other_weeks() -> None:
    clock, records = clock_of(2030, 1, 7, 14), recorded("2024-01-01", 28)
    for scale, vehicles in ((1.0, 1), (3.0, 3)):
        played = replay(records, clock, BERLIN, "cycle", scale)
        assert np.unique(played.vehicle).size == vehicles
        by_vehicle = [set(np.rint(played.energy_mwh[played.vehicle == v] * 1000)) for v in np.unique(played.vehicle)]
        assert len({frozenset(each) for each in by_vehicle}) == vehicles
    many = replace(records, vehicle=np.arange(28) % 20, vehicles=tuple(f"v{k}" for k in range(20)))
    assert np.unique(replay(many, clock_of(2030, 1, 7, 28), BERLIN, "cycle", 0.5).vehicle).size == 10
    assert np.unique(replay(many, clock_of(2030, 1, 7, 28), BERLIN, "cycle", 1.5).vehicle).size == 30


def test_sessions_without_a_vehicle_are_vehicles_of_their_own() -> None:
    records, clock = replace(recorded("2024-01-01", 14), vehicle=np.full(14, -1), vehicles=()), clock_of(2030, 1, 7, 14)
    played = replay(records, clock, BERLIN, "cycle", 2.0)
    assert np.unique(played.vehicle).size == played.vehicle.size


@pytest.mark.parametrize("repeat", ["cycle", "calendar"])
def test_every_copy_of_the_sessions_fills_the_period_and_keeps_the_weekday(repeat: Any) -> None:
    clock = clock_of(2030, 1, 7, 14)
    played = replay(recorded("2023-01-02", 400), clock, BERLIN, repeat, 30.0)  # from a Monday on
    inside = (played.start_min >= 0) & (played.start_min < clock.n_steps * 15)
    assert inside.sum() == 30 * 14
    for time, kwh in zip(local(played, clock), played.energy_mwh * 1000, strict=True):
        assert time.weekday() == (round(kwh) - 1) % 7


def test_sessions_without_a_station_among_others_stand_at_the_first() -> None:
    station = np.array([-1, 1] * 7)
    records = replace(recorded("2024-01-01", 14), station=station, stations=("a", "b"))
    played = replay(records, clock_of(2024, 1, 1, 14), BERLIN, "never", 1.0)
    of_day = np.rint(played.energy_mwh * 1000).astype(np.int64) - 1
    np.testing.assert_array_equal(played.location, np.maximum(station[of_day], 0))


def test_too_little_is_not_repeated() -> None:
    records = recorded("2024-01-01", 5)
    with pytest.raises(InputError, match="less than a week, 2024-01-01 to 2024-01-05, cannot be repeated"):
        replay(records, clock_of(2030, 1, 7, 7), BERLIN, "auto", 1.0)
    with pytest.raises(InputError, match="no session lies in the period"):
        replay(records, clock_of(2030, 1, 7, 7), BERLIN, "never", 1.0)


def asset(**changes: Any) -> EVRecorded:
    given = {
        "name": "rec", "where": {"areas": "lv"}, "file": str(CHARGING / "example_sessions.csv"), "time_zone": BERLIN,
        "charger_kw": 11.0,
    }  # fmt: skip
    return EVRecorded.model_validate(given | changes)


def asked_kwh(flexibility: Flexibility) -> float:
    store = flexibility.reservoir
    assert store is not None
    return float(((store.e_end_mwh - store.e_start_mwh) / store.eta_charge).sum() * 1000)


def test_the_example_obeys_the_laws_of_sessions(winter_site: Site) -> None:
    (flexibility,) = asset(v2g_share=0.5, scale=40).flexibilities(winter_site)
    store = flexibility.reservoir
    assert store is not None
    assert flexibility.place == "recorded"
    power = flexibility.unmanaged_power()
    assert flexibility.energy_mwh(power)[flexibility.offsets[1:] - 1] == pytest.approx(store.e_end_mwh, abs=1e-9)
    order = np.lexsort((flexibility.start, store.owner))
    same = store.owner[order][1:] == store.owner[order][:-1]
    assert same.any()
    assert (flexibility.start[order][1:][same] >= flexibility.stop[order][:-1][same]).all()
    assert (store.e_end_mwh[order][:-1][same] - store.e_start_mwh[order][1:][same]).min() >= -1e-12  # it drove
    assert flexibility.p_min_mw.min() == pytest.approx(-0.011)
    assert flexibility.buses.size > 20


def test_whole_weeks_ask_for_the_energy_that_was_recorded(summer_site: Site) -> None:
    records, _ = read_charging_records(CHARGING / "example_sessions.csv", time_zone=BERLIN)
    clock = clock_of(2030, 4, 22, 14)  # two weeks after the recording
    site = replace(summer_site, city=replace(summer_site.city, clock=clock))
    (flexibility,) = asset(repeat="cycle", charger_kw=200.0).flexibilities(site)
    assert asked_kwh(flexibility) == pytest.approx(records.energy_kwh.sum(), rel=0.05)  # sessions across the edges
    played = replay(records, clock, BERLIN, "cycle", 1.0)
    begun = (played.start_min >= 0) & (played.start_min < clock.n_steps * 15)
    assert played.energy_mwh[begun].sum() * 1000 == pytest.approx(records.energy_kwh.sum(), rel=1e-12)


def test_vehicles_live_where_loads_are_one_place_each(winter_site: Site, tmp_path: Path) -> None:
    text = "start,stop,energy_kwh,vehicle\n"
    for vehicle in range(12):
        text += "".join(f"2024-01-{day:02} 08:00,2024-01-{day:02} 12:00,9,v{vehicle}\n" for day in range(1, 15))
    (tmp_path / "s.csv").write_text(text)
    cars = asset(file=str(tmp_path / "s.csv"))
    (flexibility,) = cars.flexibilities(winter_site)
    assert flexibility.reservoir is not None
    _, first = np.unique(flexibility.reservoir.owner, return_index=True)
    bus = np.asarray(flexibility.shares.argmax(axis=1)).ravel()[first]
    assert sorted(bus) == sorted(homes(cars.placement(winter_site.city), 12))


def test_a_battery_holds_what_its_vehicle_took(winter_site: Site, tmp_path: Path) -> None:
    rows = "\n".join(f"2024-01-{day:02} 08:00,2024-01-{day:02} 20:00,100,v" for day in range(1, 15))
    (tmp_path / "s.csv").write_text("start,stop,energy_kwh,vehicle\n" + rows + "\n")
    recorded_asset = asset(file=str(tmp_path / "s.csv"), v2g_share=1.0)
    (flexibility,) = recorded_asset.flexibilities(winter_site)
    store = flexibility.reservoir
    assert store is not None
    assert store.e_start_mwh.min() >= 0
    assert store.e_max_mwh == pytest.approx(0.100 * 0.9 / (0.8 - 0.1))  # more than the 60 kWh of its class


def test_overlapping_sessions_of_one_vehicle_become_one(winter_site: Site, tmp_path: Path) -> None:
    text = "start,stop,energy_kwh,vehicle\n"
    for day in range(1, 15):
        text += (
            f"2024-01-{day:02} 08:05,2024-01-{day:02} 12:00,9,v\n2024-01-{day:02} 11:00,2024-01-{day:02} 13:00,4.5,v\n"
        )
    (tmp_path / "s.csv").write_text(text)
    (flexibility,) = asset(file=str(tmp_path / "s.csv"), time_zone="UTC").flexibilities(winter_site)
    assert set(flexibility.stop - flexibility.start) == {19}  # 08:15 to 13:00, in Berlin's clock
    assert asked_kwh(flexibility) == pytest.approx(13.5 * flexibility.n_devices)


def test_all_that_is_wrong_is_said_at_once(winter_site: Site, tmp_path: Path) -> None:
    wrong = asset(bus="MV3.101 Bus 860", where=None, charger_kw=7400, vehicle_class="compakt", time_zone="Europe/Berln",
                  columns=RecordColumns(start="strat"))  # fmt: skip
    assert [fault.place for fault in wrong.faults(winter_site.city, "assets[2]")] == [
        f"assets[2].{name}" for name in ("bus", "vehicle_class", "charger_kw", "time_zone", "columns.start")
    ]
    (fault,) = asset(file=str(tmp_path / "none.csv")).faults(winter_site.city, "assets[2]")
    assert (fault.place, fault.rule) == ("assets[2].file", "no such file")
    (fault,) = asset(repeat="never").faults(winter_site.city, "assets[2]")
    assert fault.place == "assets[2].repeat"
    with pytest.raises(ValidationError):
        asset(format="ocpi")
    with pytest.raises(ValidationError):
        asset(scale=0)


@pytest.mark.skipif(not NORWEGIAN.is_file(), reason="the Norwegian sessions are not beside the project")
def test_the_norwegian_year_comes_back_in_another(summer_site: Site) -> None:
    clock = clock_of(2030, 1, 1, 365)
    weather = replace(summer_site.weather, clock=summer_site.weather.clock)
    site = replace(summer_site, city=replace(summer_site.city, clock=clock), weather=weather)
    (flexibility,) = asset(file=str(NORWEGIAN), time_zone=None).flexibilities(site)
    records, _ = read_charging_records(NORWEGIAN, max_power_kw=11.0)
    assert chosen_repeat(records, clock, BERLIN, "auto") == "calendar"
    year = records.start >= np.datetime64("2019-02-01")
    assert asked_kwh(flexibility) == pytest.approx(records.energy_kwh[year].sum(), rel=0.05)
