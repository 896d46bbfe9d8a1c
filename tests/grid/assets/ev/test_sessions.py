"""Charging sessions: a car is in one place at a time, and its energy runs on from session to session."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from grid.assets import EVFleet, Site
from grid.assets.ev.sessions import Sessions, place_table
from grid.city.placement import Where
from tests.places import SHARED_DATA

NORWEGIAN = SHARED_DATA / "ev_sessions_no_trondheim_residential_2018_2020.parquet"


def fleet(**changes: object) -> EVFleet:
    return EVFleet.model_validate({"name": "homes", "where": Where(areas="lv"), "vehicles": 3000, **changes})


@pytest.fixture(scope="module")
def sessions(winter_site: Site) -> Sessions:
    return fleet().sessions(winter_site)


def test_a_car_is_plugged_in_once_at_a_time(sessions: Sessions) -> None:
    same = sessions.vehicle[1:] == sessions.vehicle[:-1]
    assert same.any()
    assert (sessions.start[1:][same] >= sessions.stop[:-1][same]).all()
    assert (sessions.stop > sessions.start).all()


def test_energy_runs_on_between_sessions(sessions: Sessions) -> None:
    same = sessions.vehicle[1:] == sessions.vehicle[:-1]
    driven = (sessions.e_departure_mwh[:-1] - sessions.e_arrival_mwh[1:])[same]
    assert driven.min() >= -1e-12
    assert driven.mean() > 0
    assert (sessions.e_departure_mwh >= sessions.e_arrival_mwh).all()
    assert sessions.e_arrival_mwh.min() >= 0.1 * 0.060 - 1e-12
    assert sessions.e_departure_mwh.max() <= 0.8 * 0.060 + 1e-12


def test_what_is_asked_for_fits_into_the_stay(sessions: Sessions) -> None:
    most = (sessions.stop - sessions.start) * 0.25 * 0.011 * 0.9
    assert (sessions.e_departure_mwh - sessions.e_arrival_mwh <= most + 1e-12).all()
    assert 0 < sessions.capped.mean() < 0.5


def test_cars_charge_what_they_drive(winter_site: Site, summer_site: Site) -> None:
    for site, factor in ((summer_site, 1.0), (winter_site, None)):
        drawn = fleet(vehicles=20_000).sessions(site)
        days = site.city.clock.n_steps / 96
        asked = (drawn.e_departure_mwh - drawn.e_arrival_mwh).sum() / days / 20_000
        t = site.weather.t_dry_bulb_degc.mean()
        expected = 15_852 / 365 * 0.17e-3 * (factor or 1 + 0.011 * max(0.0, 20 - t))
        assert asked == pytest.approx(expected, rel=0.25)  # sessions across the edges count in part


def test_plug_ins_follow_the_table(winter_site: Site) -> None:
    drawn = fleet(vehicles=20_000).sessions(winter_site)
    zone, clock = ZoneInfo("Europe/Berlin"), winter_site.city.clock
    friday = (drawn.start > 4) & (drawn.start < 92)  # 6 December 2030, not those across midnight
    hours = [((clock.start + int(k) * clock.step).astimezone(zone)).hour for k in drawn.start[friday]]
    share = np.bincount(hours, minlength=24) / len(hours)
    expected = place_table("home")["plug_in_weekday"]
    assert np.abs(share - expected).max() < 0.06  # a session begins with the step after the plug-in
    assert share[15:21].sum() == pytest.approx(expected[15:21].sum(), abs=0.06)


def test_a_car_is_plugged_in_on_as_many_days_as_stated(winter_site: Site) -> None:
    drawn = fleet(vehicles=20_000).sessions(winter_site)
    per_day = (drawn.start > 0).sum() / 3 / 20_000
    assert 0.35 < per_day < 0.60


def test_the_period_begins_and_ends_within_sessions(sessions: Sessions, winter_site: Site) -> None:
    steps = winter_site.city.clock.n_steps
    assert (sessions.start == 0).sum() > 100
    assert (sessions.stop == steps).sum() > 100
    assert sessions.start.min() >= 0
    assert sessions.stop.max() <= steps


def test_statistics_are_normalised() -> None:
    table = place_table("home")
    for name in ("plug_in_weekday", "plug_in_weekend", "plug_out_weekday", "plug_out_weekend"):
        assert table[name].sum() == pytest.approx(1)
    assert ((table["overnight_share"] >= 0) & (table["overnight_share"] <= 1)).all()


@pytest.mark.skipif(not NORWEGIAN.is_file(), reason="the Norwegian sessions are not beside the project")
def test_the_table_is_that_of_the_norwegian_sessions(winter_site: Site) -> None:
    stay = (pl.col("plug_out_local") - pl.col("plug_in_local")).dt.total_minutes() / 60
    frame = pl.read_parquet(NORWEGIAN).filter(pl.col("plug_out_local").is_not_null(), stay > 0, stay < 72)
    weekday = frame.filter(pl.col("plug_in_local").dt.weekday() < 6)["plug_in_local"].dt.hour().to_numpy()
    share = np.bincount(weekday, minlength=24) / weekday.size
    assert np.abs(share - place_table("home")["plug_in_weekday"]).max() < 0.001
    drawn = fleet(vehicles=5000).sessions(winter_site)
    inside = (drawn.start > 0) & (drawn.stop < winter_site.city.clock.n_steps)
    asked_kwh = (drawn.e_departure_mwh - drawn.e_arrival_mwh)[inside].mean() * 1000 / 0.9
    assert asked_kwh == pytest.approx(frame["energy_kwh"].mean(), rel=0.5)
