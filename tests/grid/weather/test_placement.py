"""Weather stands where its file says, and its irradiance follows the sun of its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.files import SHIPPED, read_weather_year
from grid.weather.placement import moved_minutes
from grid.weather.sun import check_against_sun
from grid.weather.weather import weather_for
from tests.grid.weather.invented import Row, csv, epw, lag_minutes, pvgis_tmy, sunlight
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

PLACES = {
    "Madrid": ("Europe/Madrid", 40.42, -3.70),
    "Cologne": ("Europe/Berlin", 50.94, 6.96),
    "Delhi": ("Asia/Kolkata", 28.6, 77.2),
    "Vigo": ("Europe/Madrid", 42.2, -8.7),
    "Urumqi": ("Asia/Shanghai", 43.8, 87.6),
    "Kathmandu": ("Asia/Kathmandu", 27.7, 85.3),
    "Adelaide": ("Australia/Adelaide", -34.9, 138.6),
    "Chatham": ("Pacific/Chatham", -43.9, -176.5),
    "Honolulu": ("Pacific/Honolulu", 21.3, -157.9),
    "Tromso": ("Europe/Oslo", 69.6, 18.9),
}
MADRID, DELHI, TOKYO = PLACES["Madrid"], PLACES["Delhi"], ("Asia/Tokyo", 35.68, 139.7)


@pytest.mark.slow
@pytest.mark.parametrize("city", PLACES)
@pytest.mark.parametrize(
    ("at_min", "offset_line", "minute"),
    [(10.566, True, 0), (10, False, 10), (30, False, 30), (None, True, 0), (None, False, 0)],
)
def test_pvgis_is_in_utc_wherever_it_is_and_the_sun_tells_its_minute(
    tmp_path: Path, city: str, at_min: float | None, offset_line: bool, minute: int
) -> None:
    _, latitude, longitude = PLACES[city]
    path = pvgis_tmy(tmp_path, latitude, longitude, at_min=at_min, offset_line=offset_line, minute=minute)
    sun, warmth, _ = lag_minutes(path, *PLACES[city])
    assert abs(sun) < 3
    assert abs(warmth) < 3


@pytest.mark.slow
@pytest.mark.parametrize("city", PLACES)
def test_csv_is_in_utc_whatever_fraction_of_an_hour_the_city_is_off(tmp_path: Path, city: str) -> None:
    _, latitude, longitude = PLACES[city]
    for start in (datetime(2023, 1, 1), datetime(2023, 1, 1, 0, 30)):
        sun, warmth, _ = lag_minutes(csv(tmp_path, latitude, longitude, start=start), *PLACES[city])
        assert abs(sun) < 1
        assert abs(warmth) < 1


@pytest.mark.parametrize(
    "options",
    [
        {"clock_h": 5.5, "suffix": "+05:30"},
        {"suffix": "Z"},
        {"form": "%m/%d/%Y %I:%M %p"},
        {"form": "%d.%m.%y %H:%M"},
        {"start": datetime(2024, 1, 1), "n": 8784},
    ],
)
def test_a_csv_may_state_offsets_and_write_its_dates_as_it_likes(tmp_path: Path, options: dict[str, object]) -> None:
    sun, warmth, _ = lag_minutes(csv(tmp_path, *DELHI[1:], **options), *DELHI)  # type: ignore[arg-type]
    assert abs(sun) < 1
    assert abs(warmth) < 1


def test_the_zone_of_a_header_is_used(tmp_path: Path) -> None:
    for rows_h in (9, 0, -3.5, 5.75):
        sun, warmth, _ = lag_minutes(epw(tmp_path, *TOKYO[1:], rows_h), *TOKYO)
        assert abs(sun) < 1
        assert abs(warmth) < 1


def test_irradiance_that_does_not_fit_the_sun_of_its_place_is_refused_with_the_clock_that_would_fit(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match=r"540 min behind the sun .* fit a clock of UTC\+9 h .* as UTC\+0 h: correct"):
        lag_minutes(epw(tmp_path, *TOKYO[1:], 9, 0), *TOKYO)
    with pytest.raises(InputError, match=r"330 min behind .* fit a clock of UTC\+5\.5 h .* is time_utc"):
        lag_minutes(csv(tmp_path, *DELHI[1:], clock_h=5.5), *DELHI)
    with pytest.raises(InputError, match=r"60 min behind .* fit a clock of UTC\+1 h"):
        lag_minutes(csv(tmp_path, *MADRID[1:], clock_h=1), *MADRID)


def test_values_at_the_stamp_are_told_by_the_sun_and_said(tmp_path: Path) -> None:
    sun, _, weather = lag_minutes(csv(tmp_path, *MADRID[1:], later_min=-30), *MADRID)
    assert abs(sun) < 1
    assert weather.report is not None
    assert "values at the stamp" in weather.report.mended[0]
    assert "30 min behind the sun" in weather.report.mended[0]


def test_a_station_of_another_meridian_is_moved_to_the_citys_sun_and_said() -> None:
    assert [moved_minutes(station, city) for station, city in ((13.4, 8.4), (13.4, 8.3), (-80, 11.4), (179, -179))] == [
        0, 15, -360, 0,
    ]  # fmt: skip
    clock = Clock(datetime(2030, 6, 20, tzinfo=UTC), timedelta(hours=1), 24)
    weather = weather_for("greensboro-tmy3", clock, "Europe/Madrid", 40.4, -3.7)
    assert weather.report is not None
    assert weather.report.mended == (
        "weather of longitude -79.95 is moved by -5 h to the sun of the city at -3.7",
    )  # fmt: skip


def test_a_february_of_a_leap_year_in_a_typical_year_is_read(tmp_path: Path) -> None:
    for city in ("Madrid", "Honolulu", "Kathmandu"):
        path = pvgis_tmy(tmp_path, *PLACES[city][1:], years={2: 2016, 12: 2012})
        assert abs(lag_minutes(path, *PLACES[city])[0]) < 3


def odd_leap_day(at: datetime, row: Row) -> Row:
    return row | {"t": 33.0} if (at.month, at.day) == (2, 29) else row


def test_29_february_of_the_file_is_that_of_a_leap_year(tmp_path: Path) -> None:
    path = epw(tmp_path, 48.0, 11.0, 1, leap=True, change=odd_leap_day)
    of_leap, of_other = (
        lag_minutes(path, "Europe/Berlin", 48.0, 11.0, datetime(year, 2, 28, tzinfo=UTC))[2] for year in (2028, 2030)
    )
    assert of_leap.t_dry_bulb_degc[96:180] == pytest.approx(33.0)
    assert of_other.t_dry_bulb_degc.max() < 25
    assert of_leap.report is not None
    assert "8,784 hours" in of_leap.report.rows
    assert "29 February of the file is used in leap years only" in of_leap.report.rows


def none_at_all(_: datetime, row: Row) -> Row:
    return row | {"ghi": 0.0, "dni": 0.0, "dhi": 0.0}


def only_beam_missing(_: datetime, row: Row) -> Row:
    return row | {"dni": 0.0}


def always_day(_: datetime, row: Row) -> Row:
    return row | {"ghi": 100.0, "dni": 50.0, "dhi": 50.0}


def test_irradiance_that_cannot_be_is_refused_with_place_and_cure(tmp_path: Path) -> None:
    def refused(path: Path) -> list[str]:
        with pytest.raises(InputError) as caught:
            lag_minutes(path, *TOKYO)
        return [str(fault) for fault in caught.value.faults]

    zero = refused(epw(tmp_path, *TOKYO[1:], 9, change=none_at_all))
    assert len(zero) == 1
    assert zero[0].startswith("ghi_w_per_m2 (as well as dni_w_per_m2, dhi_w_per_m2): is 0 in every hour of the year")
    (beam,) = refused(epw(tmp_path, *TOKYO[1:], 9, change=only_beam_missing))
    assert beam.startswith("dni_w_per_m2: is 0")
    (beam,) = refused(epw(tmp_path, *TOKYO[1:], 9, change=lambda _, row: row | {"dni": 9999}))
    assert beam.startswith("dni_w_per_m2: is missing in every hour")
    (tmp_path / "nsrdb.csv").write_text("Source,Location ID\nNSRDB,1\n")
    (strange,) = refused(tmp_path / "nsrdb.csv")
    assert "it begins 'Source,Location ID'" in strange
    (day,) = refused(epw(tmp_path, *TOKYO[1:], 9, change=always_day))
    assert "as bright by night as by day" in day
    kilowatts = refused(csv(tmp_path, *TOKYO[1:], scale=1e-3))
    assert len(kilowatts) == 1
    assert "is it in kW/m²? Multiply by 1000" in kilowatts[0]
    (place,) = refused(epw(tmp_path, *TOKYO[1:], 9, stated="999999,139.7"))
    assert "header, latitude: must lie within -90 and 90: correct the first line" in place
    (sign,) = refused(epw(tmp_path, *TOKYO[1:], 9, stated="-35.68,139.7"))
    assert "is its sign right, north positive?" in sign
    (text,) = refused(epw(tmp_path, *TOKYO[1:], 9, stated="north,139.7"))
    assert "must be a number: correct the first line" in text
    (zone,) = refused(epw(tmp_path, *TOKYO[1:], 9, 99))
    assert "header, time zone: must lie within -14 and 14" in zone


def test_cells_that_are_no_numbers_or_times_have_their_rows(tmp_path: Path) -> None:
    path = csv(tmp_path, *MADRID[1:])
    table = pl.read_csv(path, infer_schema=False).with_row_index()
    broken = table.with_columns(
        time_utc=pl.when(pl.col("index") == 3).then(pl.lit("noon")).otherwise("time_utc"),
        t_dry_bulb_degc=pl.when(pl.col("index") == 7).then(pl.lit("warm")).otherwise("t_dry_bulb_degc"),
    )
    broken.drop("index").write_csv(path)
    with pytest.raises(InputError) as caught:
        lag_minutes(path, *MADRID)
    assert [str(fault) for fault in caught.value.faults] == [
        "t_dry_bulb_degc: must be a number in every row, or empty; not so in rows; got [9], the first of 'warm'",
        "time_utc: must be times such as 2023-01-01T00:00; not so in rows; got [5], the first of 'noon'",
    ]


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the measured years are not part of the project")
def test_the_sun_of_measured_years_is_found_within_minutes() -> None:
    years = pl.read_parquet(SHARED_DATA / "weather_hourly_10sites.parquet")
    places = pl.read_csv(SHARED_DATA / "weather_sites.csv")
    found = {}
    for place in places.iter_rows(named=True):
        ghi = years.filter(pl.col("site").cast(pl.String) == place["site"])["ghi_wm2"].to_numpy().astype(np.float64)
        if np.isfinite(ghi).all():
            found[place["site"]] = check_against_sun(ghi, place["lat"], place["lon"], place["utc_offset_h"], 0)
    of_pvgis = found.pop("it_piemonte_45N8E_pvgis_tmy")
    assert of_pvgis.lag_minutes == pytest.approx(19.4, abs=1.5)  # its values are those of 10.6 min past the hour
    assert len(found) == 4
    for check in found.values():
        assert abs(check.lag_minutes or 0) < 3
        assert (check.seasons or 0) > 0.9


def test_the_sun_of_stations_in_carolina_and_alaska_is_found() -> None:
    for name in (SHIPPED["greensboro-tmy3"][1], "data/703165TY.csv"):
        year = read_weather_year(str(files("pvlib").joinpath(*name.split("/"))), 0.0, 0.0, 0.0)
        assert year.report is not None
        assert int(year.report.totals[-1].removeprefix("irradiance ").split()[0]) <= 4


def test_a_report_states_what_a_reader_can_compare() -> None:
    year = read_weather_year("greensboro-tmy3", 0.0, 0.0, 0.0)
    assert year.report is not None
    assert "GHI 1,566.2 kWh/m² a year (1,566.2 in the file)" in year.report.text
    assert "wind 3.05 m/s" in year.report.text
    assert "UTC-5 h (as the header states)" in year.report.text


def test_parts_of_an_hour_are_read_as_its_mean(tmp_path: Path) -> None:
    path = csv(tmp_path, 22.57, 88.36, minutes=30)
    light, warmth, weather = lag_minutes(path, "Asia/Kolkata", 22.57, 88.36)
    assert abs(light) < 5
    assert abs(warmth) < 5
    assert weather.report is not None
    assert weather.report.rows.startswith("17,520 rows, of which each hour has the mean")
    assert weather.report.step == "30 min"
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[:100], *text[101:]]))  # one half hour is missing, so its hour is filled
    assert lag_minutes(path, "Asia/Kolkata", 22.57, 88.36)[2].filled_hours == 1


@pytest.mark.parametrize("of_part", [False, True])
def test_epw_of_half_hours_in_power_or_energy_is_told_by_the_sun(tmp_path: Path, of_part: bool) -> None:
    path = epw(tmp_path, 50.94, 6.96, 1, parts=2, of_part=of_part)
    light, _, weather = lag_minutes(path, "Europe/Berlin", 50.94, 6.96)
    assert abs(light) < 5
    clear = sunlight(pd.DatetimeIndex(weather.clock.times), 50.94, 6.96, 15)
    assert weather.ghi_w_per_m2.max() == pytest.approx(clear.max(), rel=0.01)
    assert weather.report is not None
    told = [each for each in weather.report.mended if "energy of each 30 min: times 2" in each]
    assert bool(told) == of_part
