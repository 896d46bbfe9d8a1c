"""Test reference years of the German weather service: the shipped one, and what can be wrong with one of your own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.files import SHIPPED, WeatherYear, read_weather_year
from grid.weather.sun import beam_on_normal, clear_sky_ghi


@pytest.fixture(scope="module")
def potsdam() -> WeatherYear:
    return read_weather_year("potsdam-try", 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def text() -> str:
    library, file = SHIPPED["potsdam-try"]
    return files(library).joinpath(*file.split("/")).read_text(encoding="utf-8")


def test_the_shipped_year_is_where_and_when_it_says(potsdam: WeatherYear) -> None:
    assert (potsdam.latitude, potsdam.longitude) == pytest.approx((52 + 23 / 60, 13 + 4 / 60))
    assert potsdam.utc_offset_hours == 1
    assert potsdam.filled_hours == 0
    assert potsdam.sun_begins_min == 0  # means of the hour, as the format says and the sun confirms
    assert potsdam.ghi_w_per_m2.sum() / 1000 == pytest.approx(1080, rel=0.05)  # kWh/m2 a year in Potsdam
    assert potsdam.t_dry_bulb_degc.mean() == pytest.approx(9.5, abs=0.3)
    assert potsdam.pressure_pa.mean() == pytest.approx(100_400, rel=0.01)


def test_its_first_rows_are_those_of_the_file(potsdam: WeatherYear, text: str) -> None:
    rows = [line.split() for line in text.partition("***")[2].splitlines() if line.strip()]
    for hour in (0, 12, 4000, 8759):
        row = [float(cell) for cell in rows[hour]]
        assert potsdam.wind_speed_m_per_s[hour] == row[7]
        assert potsdam.t_dry_bulb_degc[hour] == row[8]
        assert potsdam.ghi_w_per_m2[hour] == row[13] + row[14]
        assert potsdam.dhi_w_per_m2[hour] == row[14]


def test_beam_towards_the_sun_is_that_of_the_horizontal(potsdam: WeatherYear) -> None:
    beam = potsdam.ghi_w_per_m2 - potsdam.dhi_w_per_m2
    assert (potsdam.dni_w_per_m2 >= beam - 1e-9)[beam > 50].all()
    assert potsdam.dni_w_per_m2.max() < 1100
    clock = Clock(datetime(2023, 6, 21, 11, tzinfo=UTC), timedelta(hours=1), 1)
    (towards,) = beam_on_normal(np.array([500.0]), clock, 52.38, 13.07)
    assert towards == pytest.approx(500 / np.sin(np.radians(60.9)), rel=0.01)  # 90 - 52.38 + 23.44 at noon
    night = Clock(datetime(2023, 6, 21, 23, tzinfo=UTC), timedelta(hours=1), 1)
    assert clear_sky_ghi(night, 52.38, 13.07) == 0
    assert beam_on_normal(np.array([5.0]), night, 52.38, 13.07) == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Lage: 52", "Lage: ", r"header, Lage: must state the place: a TRY states its place as in Lage: 52"),
        ("Lage: 52°", "Lage: 152°", r"latitude: must lie within -90 and 90"),
        (
            "\n 4     1   1   1   2 ",
            "\n 4     1   1   1   1 ",
            r"each hour of a year once; 1 are missing and 1 repeated",
        ),
        ("\n 4     1   1   1   2 ", "\n 4     1   1   1  27 ", r"hour: must lie within 1 and 24"),
        ("\n 4     1   1   1   2 ", "\n 4     1   x   1   2 ", r"month: must be a number; not so in rows; got \[2\]"),
        ("\n 4     1   1   1   2 ", "\n 4     1   1   1 2 9 ", r"must have 19 cells in each row"),
    ],
)
def test_faults_of_a_file_are_told(tmp_path: Path, text: str, old: str, new: str, message: str) -> None:
    assert old in text
    path = tmp_path / "own.dat"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_weather_year(path, 0.0, 0.0, 0.0)
