from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.files import PLAUSIBLE, read_weather_year
from grid.weather.weather import Weather, hours_of_year, standard_offset, weather_for

QUARTER = timedelta(minutes=15)
BERLIN = ("Europe/Berlin", 52.5, 13.4)


def greensboro(start: datetime, steps: int, step: timedelta = QUARTER) -> Weather:
    return weather_for("greensboro-tmy3", Clock(start, step, steps), *BERLIN)


SUNNY_DAY = 300.0 * np.maximum(0.0, np.cos((np.arange(24) + 0.5 - 11.1) / 24 * 2 * np.pi))
"""Irradiance of each hour in UTC that follows the sun of Berlin."""


def a_year(**changes: object) -> pl.DataFrame:
    """A mild year in UTC, one day like the other."""
    columns: dict[str, object] = {
        "time_utc": pl.datetime_range(
            datetime(2023, 1, 1), datetime(2023, 12, 31, 23), "1h", eager=True
        ).dt.to_string(),
        "ghi_w_per_m2": np.tile(SUNNY_DAY, 365),
        "dni_w_per_m2": np.tile(SUNNY_DAY, 365) / 2,
        "dhi_w_per_m2": np.tile(SUNNY_DAY, 365) / 2,
        "t_dry_bulb_degc": np.full(8760, 12.0),
        "relative_humidity_percent": np.full(8760, 70.0),
        "pressure_pa": np.full(8760, 101_325.0),
        "wind_speed_m_per_s": np.full(8760, 4.0),
    }
    return pl.DataFrame(columns | changes)


def in_file(table: pl.DataFrame, folder: Path) -> Path:
    path = folder / "weather.csv"
    table.write_csv(path)
    return path


def test_published_annual_sums_of_greensboro():
    weather = greensboro(datetime(2023, 1, 1, tzinfo=UTC) - timedelta(hours=1), 35_040)
    # the file's own 8760 values: GHI 1566.2 kWh/m2, mean dry bulb 14.6 degC, mean wind 3.05 m/s
    assert weather.ghi_w_per_m2.sum() / 4000 == pytest.approx(1566.203, abs=5e-4)
    assert weather.wind_speed_m_per_s.mean() == pytest.approx(3.0544, abs=5e-4)
    assert weather.pressure_pa.mean() == pytest.approx(98_691.7, abs=1.0)
    assert weather.filled_hours == 0
    assert weather.has_irradiance


@pytest.mark.slow
def test_local_standard_noon_of_the_file_is_noon_of_the_city_winter_and_summer():
    for month in (1, 7):
        day = greensboro(datetime(2030, month, 15, tzinfo=UTC), 96)
        year = day.year
        assert year is not None
        hour_of_file = (datetime(2030, month, 15) - datetime(2030, 1, 1)).days * 24 + 12
        step_at_noon = 11 * 4  # 12:00 Central European Time is 11:00 UTC, daylight saving time or not
        assert day.ghi_w_per_m2[step_at_noon] == year.ghi_w_per_m2[hour_of_file]


def test_hours_are_labelled_by_their_end_in_tmy3_files():
    import pandas as pd  # noqa: PLC0415
    from pvlib.iotools import read_tmy3  # noqa: PLC0415

    from grid.weather.files import _path_of  # noqa: PLC0415

    table, _ = read_tmy3(_path_of("greensboro-tmy3"), coerce_year=1990, map_variables=True)
    at_one = table[table.index == pd.Timestamp("1990-06-01 13:00", tz="Etc/GMT+5")]["ghi"].item()
    year = read_weather_year("greensboro-tmy3", 0, 0, 0)
    assert year.ghi_w_per_m2[151 * 24 + 12] == at_one  # 13:00 stands for 12:00 to 13:00


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [5, 15, 20, 30, 60, 180, 1440])
def test_every_day_keeps_its_irradiation_at_any_step(minutes: int):
    step = timedelta(minutes=minutes)
    per_day = timedelta(days=1) // step
    days = greensboro(datetime(2030, 3, 1, tzinfo=UTC), 5 * per_day, step)
    hourly = greensboro(datetime(2030, 3, 1, tzinfo=UTC), 5 * 24, timedelta(hours=1))
    assert days.ghi_w_per_m2.reshape(5, -1).mean(axis=1) == pytest.approx(
        hourly.ghi_w_per_m2.reshape(5, -1).mean(axis=1), rel=1e-12
    )


def test_every_hour_keeps_its_irradiation():
    quarters = greensboro(datetime(2030, 6, 1, tzinfo=UTC), 4 * 240)
    hours = greensboro(datetime(2030, 6, 1, tzinfo=UTC), 240, timedelta(hours=1))
    assert quarters.dni_w_per_m2.reshape(-1, 4).mean(axis=1) == pytest.approx(hours.dni_w_per_m2, rel=1e-12)


def test_the_leap_day_takes_the_day_before():
    leap = greensboro(datetime(2028, 2, 27, 23, tzinfo=UTC), 3 * 96)
    assert leap.ghi_w_per_m2[:96] == pytest.approx(leap.ghi_w_per_m2[96:192], abs=0)
    march = hours_of_year(Clock(datetime(2028, 2, 29, 23, tzinfo=UTC), QUARTER, 1), "Europe/Berlin")
    assert march[0, 0] == pytest.approx(59 * 24 + 0.125)


def test_a_window_of_the_clock_sees_the_same_weather():
    whole = greensboro(datetime(2030, 5, 1, tzinfo=UTC), 960)
    part = weather_for("greensboro-tmy3", whole.clock.window(100, 200), *BERLIN)
    for name in PLAUSIBLE:
        assert np.array_equal(getattr(part, name), getattr(whole, name)[100:200])


def test_arrays_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        greensboro(datetime(2030, 5, 1, tzinfo=UTC), 4).ghi_w_per_m2[0] = 1.0


@pytest.mark.parametrize(
    ("zone", "hours"), [("Europe/Berlin", 1), ("Europe/Dublin", 0), ("Australia/Sydney", 10), ("Asia/Kolkata", 5.5)]
)
def test_standard_time_has_no_daylight_saving_on_either_hemisphere(zone: str, hours: float):
    assert standard_offset(zone, 2030) == timedelta(hours=hours)


def test_csv_is_read_by_its_own_times(tmp_path: Path):
    temperature = np.linspace(-10.0, 20.0, 8760)
    path = in_file(a_year(t_dry_bulb_degc=temperature), tmp_path)
    weather = weather_for(path, Clock(datetime(2031, 5, 5, tzinfo=UTC), timedelta(hours=1), 24), *BERLIN)
    first = (datetime(2031, 5, 5) - datetime(2031, 1, 1)).days * 24
    assert weather.t_dry_bulb_degc == pytest.approx(temperature[first : first + 24], abs=1e-2)
    assert weather.ghi_w_per_m2 == pytest.approx(SUNNY_DAY)


def test_csv_without_irradiance_says_so(tmp_path: Path):
    path = in_file(a_year().drop("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2"), tmp_path)
    weather = weather_for(path, Clock(datetime(2031, 5, 5, tzinfo=UTC), QUARTER, 8), *BERLIN)
    assert not weather.has_irradiance
    assert not weather.ghi_w_per_m2.any()


def test_gaps_up_to_six_hours_are_filled_linearly_and_counted(tmp_path: Path):
    temperature = np.arange(8760) / 1000.0
    holed = temperature.copy()
    holed[100:106] = np.nan
    path = in_file(a_year(t_dry_bulb_degc=pl.Series(holed).fill_nan(None)), tmp_path)
    year = read_weather_year(path, 52.5, 13.4, 0.0)
    assert year.filled_hours == 6
    assert year.t_dry_bulb_degc == pytest.approx(temperature)


def test_a_longer_gap_is_refused_and_named(tmp_path: Path):
    holed = np.full(8760, 5.0)
    holed[48:55] = np.nan
    path = in_file(a_year(t_dry_bulb_degc=pl.Series(holed).fill_nan(None)), tmp_path)
    with pytest.raises(InputError, match=r"t_dry_bulb_degc: has a gap of 7 h from 01-03 00 h"):
        read_weather_year(path, 52.5, 13.4, 0.0)


def test_wrong_units_are_suspected_all_at_once(tmp_path: Path):
    wrong = a_year(
        t_dry_bulb_degc=np.full(8760, 285.0),
        pressure_pa=np.full(8760, 1013.0),
        relative_humidity_percent=np.full(8760, 0.7),
    )
    with pytest.raises(InputError) as caught:
        read_weather_year(in_file(wrong, tmp_path), 52.5, 13.4, 0.0)
    assert {fault.place for fault in caught.value.faults} == {
        "t_dry_bulb_degc",
        "pressure_pa",
        "relative_humidity_percent",
    }


def test_what_does_not_exist_is_met_with_the_nearest_name():
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), QUARTER, 4)
    with pytest.raises(InputError, match="did you mean 'greensboro-tmy3'"):
        weather_for("greensborough-tmy3", clock, *BERLIN)
    with pytest.raises(InputError, match="did you mean 'Europe/Berlin'") as caught:
        weather_for("greensboro-tmy3", clock, "Europe/Berln", 100.0, 13.4)
    assert len(caught.value.faults) == 2


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_weather_year(path, 0, 0, 0)


def test_epw_keeps_its_hours(tmp_path: Path):
    lines = ["LOCATION,Nowhere,-,XXX,test,000000,48.0,11.0,1.0,500.0", *["-"] * 7]
    for hour in range(8760):
        at = datetime(2023, 1, 1) + timedelta(hours=hour)
        ghi = 600 if at.hour == 12 else 0
        columns = [at.year, at.month, at.day, at.hour + 1, 60, "?", 10.0, 5.0, 70, 96000, 0, 0, 300, ghi, 400, 200]
        lines.append(
            ",".join(map(str, [*columns, 0, 0, 0, 0, 180, 3.5, 5, 5, 20, 7777, 9, 999, 10, 0.1, 0, 88, 0.2, 0, 0]))
        )
    path = tmp_path / "nowhere.epw"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    year = read_weather_year(path, 0, 0, 0)
    assert np.flatnonzero(year.ghi_w_per_m2[:24]).tolist() == [12]
    assert (year.latitude, year.utc_offset_hours, year.pressure_pa[0]) == (48.0, 1.0, 96_000.0)
