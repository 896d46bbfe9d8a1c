"""Limits on power that change with time: in every kind, every device, every path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from grid.assets import Asset, PowerLimit, SharedPowerLimit, Site
from grid.assets.limit_curve import read_limit_curve
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of
from grid.time.clock import Clock
from tests.grid.assets.test_assets import KIND_NAMES, example

BERLIN = "Europe/Berlin"
NIGHT = {"hours": "22:00-06:00", "discharge_max_mw": 0.0}
EVENING = {"hours": "17:00-19:00", "charge_max_share": 0.8}


def local_hour(site: Site) -> np.ndarray:
    local = site.city.clock.pandas_index().tz_convert(BERLIN)
    return np.asarray(local.hour + local.minute / 60)


def made(site: Site, kind: str, **changes: Any) -> tuple[Flexibility, ...]:
    return example(kind, **changes).flexibilities(site)


def bounds(parts: tuple[Flexibility, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The most that all parts together may draw and feed in, by step."""
    draw = sum(part.by_step(np.maximum(part.per_slot(part.p_max_mw), 0)) for part in parts)
    feed = sum(part.by_step(np.maximum(-part.per_slot(part.p_min_mw), 0)) for part in parts)
    return np.asarray(draw), np.asarray(feed)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_no_discharge_from_22_to_6_and_four_fifths_of_the_power_in_the_evening(kind: str, winter_site: Site) -> None:
    free, limited = (made(winter_site, kind, power_limits=limits) for limits in ((), (NIGHT, EVENING)))
    hour = local_hour(winter_site)
    night, evening = (hour >= 22) | (hour < 6), (hour >= 17) & (hour < 19)
    (draw, feed), (draw_limited, feed_limited) = bounds(free), bounds(limited)
    assert (feed_limited[night] == 0).all()
    np.testing.assert_allclose(feed_limited[~night], feed[~night], rtol=1e-12)
    assert (draw_limited[evening] <= 0.8 * draw[evening] + 1e-12).all()
    np.testing.assert_allclose(draw_limited[~evening], draw[~evening], rtol=1e-12)
    unmanaged = sum(part.by_step(part.unmanaged_power()) for part in limited)
    assert (unmanaged[night] >= -1e-12).all()
    assert (unmanaged[evening] <= 0.8 * draw[evening] + 1e-12).all()


def test_hours_are_those_of_the_city_and_a_step_that_is_touched_has_the_limit_whole() -> None:
    clock = Clock(datetime(2030, 3, 30, tzinfo=UTC), timedelta(minutes=15), 3 * 96)  # summer time begins on the 31st
    limit = PowerLimit(hours="22:10-06:20", charge_max_mw=1.0)
    holds = np.isfinite(limit.on(clock, BERLIN).charge_max_mw)
    first_night = holds[:96].nonzero()[0]
    assert first_night.tolist() == [*range(22), *range(84, 96)]  # until 6:30 and from 22:00, an hour ahead of UTC
    assert holds[96:192].nonzero()[0].tolist() == [*range(18), *range(80, 96)]  # now two hours ahead
    one_hour = Clock(clock.start, timedelta(hours=1), 24)
    assert np.isfinite(limit.on(one_hour, BERLIN).charge_max_mw).nonzero()[0].tolist() == [*range(6), 21, 22, 23]


def test_days_are_those_on_which_the_hours_begin() -> None:
    clock = Clock(datetime(2030, 12, 2, tzinfo=UTC), timedelta(hours=1), 7 * 24)  # a Monday
    limit = PowerLimit(hours="22:00-06:00", days=("friday",), discharge_max_share=0.0)
    holds = (limit.on(clock, "UTC").discharge_max_share == 0).nonzero()[0]
    assert holds.tolist() == [4 * 24 + 22, 4 * 24 + 23, *range(5 * 24, 5 * 24 + 6)]


def test_power_in_mw_is_shared_by_what_each_could_draw(winter_site: Site) -> None:
    (free,) = made(winter_site, "ev_fleet")
    (cars,) = made(winter_site, "ev_fleet", power_limits=[{"charge_max_mw": 0.5, "discharge_max_mw": 0.2}])
    (draw, feed), (draw_limited, feed_limited) = bounds((free,)), bounds((cars,))
    np.testing.assert_allclose(draw_limited, np.minimum(draw, 0.5), rtol=1e-12)
    np.testing.assert_allclose(feed_limited, np.minimum(feed, 0.2), rtol=1e-12)
    share = cars.per_slot(cars.p_max_mw) / free.per_slot(free.p_max_mw)
    step = int(draw.argmax())
    assert np.ptp(share[cars.step == step]) < 1e-12


@pytest.mark.parametrize("kind", ["ev_fleet", "ev_recorded"])
def test_what_a_session_lacks_is_asked_for_in_the_next_of_the_same_car(kind: str, winter_site: Site) -> None:
    """Power so low that many sessions cannot have what they ask for."""
    fields = {"v2g_share": 0.3, "power_limits": [{"hours": "10:00-23:00", "charge_max_share": 0.02}]}
    (free,) = made(winter_site, kind, v2g_share=0.3)
    (cars,) = made(winter_site, kind, **fields)
    store, before = cars.reservoir, free.reservoir
    assert store is not None
    assert before is not None
    lacks = before.e_end_mwh - store.e_end_mwh
    short = lacks > 1e-9
    assert 0 < short.sum() == cars.limited_sessions < cars.n_devices
    assert cars.limited_mwh == pytest.approx(lacks[short].sum())
    most = store.e_start_mwh + cars.most_gain_mwh()
    np.testing.assert_allclose(store.e_end_mwh[short], most[short])  # all that could be had
    same = np.flatnonzero(store.owner[1:] == store.owner[:-1]) + 1
    missing = before.e_start_mwh[same] - store.e_start_mwh[same]
    empty = store.e_start_mwh[same] == 0
    np.testing.assert_allclose(missing[~empty], np.maximum(lacks[same - 1], 0)[~empty], atol=1e-12)
    assert (store.e_start_mwh[same] <= store.e_end_mwh[same - 1] + 1e-12).all()  # nothing is charged on the road
    power = cars.unmanaged_power()
    energy = cars.energy_mwh(power)
    np.testing.assert_allclose(energy[cars.offsets[1:] - 1], store.e_end_mwh, atol=1e-9)
    assert (energy >= cars.per_slot(store.e_min_mwh) - 1e-9).all()


def test_a_fleet_that_may_never_charge_asks_for_nothing(winter_site: Site) -> None:
    (cars,) = made(winter_site, "ev_fleet", power_limits=[{"charge_max_mw": 0}])
    assert cars.reservoir is not None
    assert (cars.reservoir.e_end_mwh == cars.reservoir.e_start_mwh).all()
    assert not cars.unmanaged_power().any()


def test_heat_pumps_warm_the_rooms_ahead_of_a_pause_and_as_late_as_they_can(winter_site: Site) -> None:
    (free, *_), (pumps, *_) = (
        made(winter_site, "heat_pump", p_rated_mw=20.0, power_limits=limits)
        for limits in ((), [{"hours": "17:00-19:00", "charge_max_mw": 0}])
    )
    assert not free.energy_mwh(free.unmanaged_power()).any()  # as warm as set, no warmer
    hour, power = local_hour(winter_site), pumps.unmanaged_power()
    energy = pumps.energy_mwh(power)
    assert not power[(hour >= 17) & (hour < 19)].any()
    assert energy[(hour >= 16.5) & (hour < 17)].max() > 0
    assert np.abs(energy[(hour >= 19) & (hour < 24)]).max() < 1e-9
    assert energy.min() > -1e-9
    np.testing.assert_allclose(power[hour < 12], free.unmanaged_power()[hour < 12], rtol=1e-9)


def test_a_pause_that_no_store_bridges_is_refused_with_what_is_missing(winter_site: Site) -> None:
    rule = r"x\.power_limits: leave too little for its use: .* MWh of what it stores are missing by 2030-12-0"
    pause = [{"hours": "08:00-23:00", "charge_max_mw": 0}]
    with pytest.raises(InputError, match=rule):
        made(winter_site, "heat_pump", p_rated_mw=20.0, comfort_band_k=0.1, power_limits=pause)
    with pytest.raises(InputError, match=rule):
        made(winter_site, "hydrogen_station", power_limits=[{"charge_max_share": 0.05}])


def test_demand_that_cannot_wait_is_not_limited_away(winter_site: Site) -> None:
    rule = r"x\.power_limits: allow 1 MW at 2030-12-06T00:00:00.* UTC, where .* can be neither moved nor left out"
    with pytest.raises(InputError, match=rule):
        made(winter_site, "industrial_demand", shape="flat", power_limits=[{"charge_max_mw": 1.0}])
    limits = [{"hours": "17:00-19:00", "charge_max_mw": 1.6}]
    parts = made(winter_site, "industrial_demand", shape="flat", power_limits=limits)
    evening = (local_hour(winter_site) >= 17) & (local_hour(winter_site) < 19)
    np.testing.assert_allclose(bounds(parts)[0][evening], 1.6)
    np.testing.assert_allclose(values_of(parts[0].p_max_mw), 1.4)  # 0.7 of 2 MW is firm
    work = parts[1].energy_mwh(parts[1].unmanaged_power())
    np.testing.assert_allclose(work[-1], 1.6)  # made up for afterwards: on time is half of twice 4 h of 0.4 MW
    assert work.min() < 1.6


def test_an_electrolyser_keeps_its_efficiency_at_part_load(winter_site: Site) -> None:
    free, limited = (
        made(winter_site, "hydrogen_station", power_limits=limits, charging=None, connection_max_mw=None)[0]
        for limits in ((), [{"charge_max_mw": 1.0}])
    )
    power = np.linspace(0.0, 1.0, free.n_slots)  # to two thirds of its 1.5 MW
    np.testing.assert_allclose(limited.gain_mwh(power), free.gain_mwh(power), rtol=1e-12)
    assert limited.unmanaged_power().max() <= 1.0


def test_what_is_left_below_the_minimum_load_is_nothing(winter_site: Site) -> None:
    station = made(winter_site, "hydrogen_station", charging=None, connection_max_mw=None,
                   power_limits=[{"hours": "08:00-12:00", "charge_max_mw": 0.1}])[0]  # fmt: skip
    hour = local_hour(winter_site)
    assert not values_of(station.p_max_mw)[(hour >= 8) & (hour < 12)].any()  # a tenth of 1.5 MW is its least
    (engine,) = made(winter_site, "diesel", power_limits=[{"hours": "08:00-12:00", "discharge_max_share": 0.2}])
    assert not values_of(engine.p_min_mw)[(hour >= 8) & (hour < 12)].any()


def test_generation_that_has_to_run_is_curtailed(winter_site: Site) -> None:
    (free,), (led,) = (
        made(winter_site, "chp", minimum_load=0.0, power_limits=limits)
        for limits in ((), [{"hours": "00:00-12:00", "discharge_max_mw": 0.3}])
    )
    morning = local_hour(winter_site) < 12
    np.testing.assert_allclose(values_of(led.p_max_mw)[morning], np.maximum(values_of(free.p_max_mw)[morning], -0.3))
    assert (values_of(led.p_min_mw) == values_of(led.p_max_mw)).all()
    assert (led.unmanaged_power() == values_of(led.p_min_mw)).all()


def test_a_battery_that_may_not_charge_ends_with_what_standing_leaves(winter_site: Site) -> None:
    (battery,) = made(winter_site, "battery", power_limits=[{"charge_max_mw": 0}])
    store = battery.reservoir
    assert store is not None
    assert store.e_end_mwh[0] == pytest.approx(store.e_start_mwh[0] * 0.999**3, rel=1e-12)
    np.testing.assert_allclose(battery.energy_mwh(battery.unmanaged_power())[-1], store.e_end_mwh[0])


def test_kinds_alone_or_names_alone_select() -> None:
    kinds, names = SharedPowerLimit(kinds=("battery",), **NIGHT), SharedPowerLimit(names=("y",), **NIGHT)
    assert [limit.selects("battery", "x") for limit in (kinds, names)] == [True, False]
    assert [limit.selects("wind", "y") for limit in (kinds, names)] == [False, True]


def test_limits_of_the_site_hold_for_parts_of_their_kind_and_for_assets_of_their_name(winter_site: Site) -> None:
    limit = SharedPowerLimit(kinds=("battery", "ev_fleet"), names=("y",), **NIGHT)
    site, hour = replace(winter_site, power_limits=(limit,)), local_hour(winter_site)
    night = (hour >= 22) | (hour < 6)
    for kind in ("battery", "ev_fleet", "base_station"):
        assert (bounds(made(site, kind))[1][night] == 0).all()
    station, cars = made(site, "hydrogen_station", charging={"vehicles": 60, "place": "fast", "v2g_share": 1.0})
    assert (bounds((cars,))[1][night] == 0).all()  # cars of the station
    assert bounds((station,))[1].min() > 0  # its fuel cell is none
    assert (bounds(made(site, "hydrogen_station", name="y"))[1][night] == 0).all()
    own = made(site, "battery", power_limits=[{"discharge_max_mw": 1.0}])
    assert set(np.unique(bounds(own)[1])) == {0.0, 1.0}  # both hold


def curve(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "limits.csv"
    path.write_text(text)
    return path


def test_a_curve_holds_from_row_to_row_by_local_time(tmp_path: Path) -> None:
    path = curve(tmp_path, "time,charge_max_mw,discharge_max_share\n"
                 "2030-12-06 01:00,2,\n2030-12-06T01:20,1,0.5\n2030-12-06 02:00,,0\n2030-12-06 02:30,3,\n")  # fmt: skip
    clock = Clock(datetime(2030, 12, 6, tzinfo=UTC), timedelta(minutes=30), 5)
    found = PowerLimit(file=str(path)).on(clock, BERLIN)
    # 1:00 in Berlin is midnight UTC: 1:00-1:30 touches 2 and 1 MW, 1:30-2:00 has 1, 2:00-2:30 none, 2:30-3:00 has 3
    assert found.charge_max_mw.tolist() == [1.0, 1.0, np.inf, 3.0, np.inf]
    assert found.discharge_max_share.tolist() == [0.5, 0.5, 0.0, 1.0, 1.0]
    assert np.isinf(found.discharge_max_mw).all()
    for column, times in (("time_utc", "2030-12-06 00:00"), ("time", "2030-12-06T02:00+02:00")):
        later = times.replace("00:00", "01:00") if column == "time_utc" else "2030-12-06T01:00Z"
        path = curve(tmp_path, f"{column},charge_max_mw\n{times},2\n{later},1\n")
        assert PowerLimit(file=str(path)).on(clock, BERLIN).charge_max_mw.tolist() == [2.0, 2.0, 1.0, 1.0, np.inf]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("when,charge_max_mw\n2030-01-01,1\n", ["time: is a required column, or time_utc"]),
        ("time,p_mw\n2030-01-01,1\n", ["at least one column of charge_max_mw, discharge_max_mw"]),
        ("time,charge_max_mw\n2030-01-01,1\n", ["time: must have at least two rows"]),
        ("time,charge_max_mw\n2030-01-01,1\nsoon,2\n",
         ["time: must be times such as 2030-01-15T17:00; not so in rows; got [3]"]),
        ("time,charge_max_mw\n2030-01-02,1\n2030-01-01,2\n2030-01-03,2\n", ["time: must rise from row to", "got [3]"]),
        ("time,charge_max_mw,charge_max_share\n2030-01-01,-1,2\n2030-01-02,x,1\n",
         ["charge_max_mw: must be a number of at least 0, or empty; not so in rows; got [2, 3]",
          "charge_max_share: must be a number of at least 0 and at most 1, or empty; not so in rows; got [2]"]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_with_a_curve_is_said_at_once(text: str, rules: list[str], tmp_path: Path) -> None:
    path = curve(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_limit_curve(path, BERLIN)
    for rule in rules:
        assert rule in str(error.value)
    limits = [{"file": str(path)}]
    faults = [str(fault) for fault in example("battery", power_limits=limits).limit_faults("assets[3]", BERLIN)]
    assert len(faults) == len(error.value.faults)
    assert faults[0].startswith("assets[3].power_limits[0]")


def test_a_curve_of_local_times_is_checked_in_the_zone_in_which_it_is_read(tmp_path: Path) -> None:
    days = {"spring": "2030-03-31T01:00,1\n2030-03-31T02:30,1\n2030-03-31T03:00,2\n2030-03-31T04:00,2\n",
            "autumn": "2030-10-27T02:00,1\n2030-10-27T02:00,2\n"}  # fmt: skip
    limit = {name: PowerLimit(file=str(curve(tmp_path / name, f"time,charge_max_mw\n{rows}")))
             for name, rows in days.items()}  # fmt: skip
    assert list(limit["autumn"].faults("at", BERLIN)) == []
    assert len(list(limit["autumn"].faults("at", "UTC"))) == 1
    assert list(limit["spring"].faults("at", "UTC")) == []
    assert len(list(limit["spring"].faults("at", BERLIN))) == 1


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    curve(tmp_path, "time,charge_max_mw\n")
    (fault,) = PowerLimit(file=str(tmp_path / "limit.csv")).faults("power_limits[0]", BERLIN)
    assert str(fault).startswith("power_limits[0].file: no file ")
    assert fault.suggestion == "limits.csv"


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "needs 'file' or at least one of charge_max_mw"),
        ({"hours": "22:00-06:00"}, "needs 'file' or at least one of charge_max_mw"),
        ({"file": "limits.csv", "charge_max_mw": 1}, "leave out the others"),
        ({"hours": "22-6", "charge_max_mw": 1}, "hours"),
        ({"hours": "24:00-06:00", "charge_max_mw": 1}, "hours"),
        ({"hours": "08:00-08:00", "charge_max_mw": 1}, "must not end as they begin; the whole day is 00:00-24:00"),
        ({"hours": "8:00-08:00", "charge_max_mw": 1}, "must not end as they begin"),
        ({"days": ["feierabend"], "charge_max_mw": 1}, "monday"),
        ({"charge_max_share": 1.2}, "charge_max_share"),
    ],
)
def test_a_limit_that_says_nothing_or_too_much_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        TypeAdapter(PowerLimit).validate_python(fields)
    with pytest.raises(ValueError, match="needs 'kinds' or 'names'"):
        SharedPowerLimit(charge_max_mw=1.0)


def test_nothing_changes_where_no_limit_binds(winter_site: Site) -> None:
    limits = [{"hours": "03:00-04:00", "charge_max_mw": 1000.0, "discharge_max_share": 1.0}]
    asset: Asset = example("battery", power_limits=limits)
    (free,), (limited,) = made(winter_site, "battery"), asset.flexibilities(winter_site)
    np.testing.assert_allclose(limited.per_slot(limited.p_max_mw), free.per_slot(free.p_max_mw))
    np.testing.assert_allclose(limited.unmanaged_power(), free.unmanaged_power(), atol=1e-12)
