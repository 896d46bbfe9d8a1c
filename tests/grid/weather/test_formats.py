"""Every format of weather file, rows that are not a year, the ten sites, and the wet bulb."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.assets import PV, Site, Wind
from grid.city.city import City
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.files import read_weather_year
from grid.weather.moist_air import humidity_ratio_from_wet_bulb, saturation_pressure_pa, solved_wet_bulb_degc
from grid.weather.weather import weather_for
from tests.grid.weather.invented import csv
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

DATA = SHARED_DATA
TEN_SITES = DATA / "weather_hourly_10sites.parquet"
needs_sites = pytest.mark.skipif(not TEN_SITES.is_file(), reason="the ten sites are not part of the package")
BERLIN = ("Europe/Berlin", 52.5, 13.4)


def a_year(start: datetime, rows: int, minutes: int = 60) -> pl.DataFrame:
    times = [start + timedelta(minutes=minutes * k) for k in range(rows)]
    return pl.DataFrame({
        "time_utc": [time.isoformat(" ") for time in times],
        "t_dry_bulb_degc": np.arange(rows) / 1000,
        "relative_humidity_percent": np.full(rows, 70.0),
        "pressure_pa": np.full(rows, 1e5),
        "wind_speed_m_per_s": np.full(rows, 4.0),
    })  # fmt: skip


def written(table: pl.DataFrame, folder: Path) -> Path:
    path = folder / "weather.csv"
    table.write_csv(path)
    return path


@pytest.mark.parametrize(
    ("start", "rows", "minutes", "message"),
    [
        (datetime(2023, 1, 1), 8000, 60, r"must have 8760 rows, .* 0 of these are on 29 February; got 8000"),
        (datetime(2024, 1, 1), 8783, 60, r"or 8784 with 29 February; .*24 of these are on 29 February; got 8783"),
        (datetime(2023, 1, 1), 8784, 60, r"each hour of a year once; 0 are missing and 24 repeated.*01-01 00 h"),
        (datetime(2023, 1, 1), 17_520, 25, r"these are 25 minutes apart; got 17520"),
        (datetime(2022, 1, 1), 17_520, 60, r"must have 8760 rows.*got 17520"),
        (datetime(2023, 1, 1), 8760, 30, r"must have 8760 rows, one each hour of a year, .*; got 4380"),
        (datetime(2023, 1, 1), 17_568, 30, r"must be each 30 minutes of a year once; more are in; got '01-01 00 h"),
        (datetime(2022, 7, 1), 17_568, 30, r"must be each 30 minutes of a year once; more are in; got '07-01 00 h"),
        (datetime(2023, 1, 1), 1, 60, r"must have 8760 rows.*got 1"),
    ],
)
def test_rows_that_are_not_the_hours_of_a_year_are_refused_with_their_number(
    tmp_path: Path, start: datetime, rows: int, minutes: int, message: str
) -> None:
    path = written(a_year(start, rows, minutes), tmp_path)
    with pytest.raises(InputError, match=message):
        read_weather_year(path, 52.5, 13.4, 0.0)


@pytest.mark.parametrize(("start", "rows"), [(datetime(2024, 1, 1), 8784), (datetime(2023, 7, 1), 8784)])
def test_a_leap_year_loses_its_leap_day(tmp_path: Path, start: datetime, rows: int) -> None:
    table = a_year(start, rows)
    year = read_weather_year(written(table, tmp_path), 52.5, 13.4, 0.0)
    first_of_march = (datetime(2024, 3, 1) - start) // timedelta(hours=1)
    assert year.t_dry_bulb_degc[59 * 24] == table["t_dry_bulb_degc"][first_of_march]
    assert year.t_dry_bulb_degc[59 * 24 - 1] == pytest.approx(table["t_dry_bulb_degc"][first_of_march - 25])


def pvgis_tmy(folder: Path) -> Path:
    lines = ["Latitude (decimal degrees): 45.000", "Longitude (decimal degrees): 8.000", "Elevation (m): 250.0",
             "Irradiance Time Offset (h): 0.1761", "month,year", *(f"{m},{2004 + m}" for m in range(1, 13)),
             "time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP"]  # fmt: skip
    for hour in range(8760):
        at = datetime(2023, 1, 1) + timedelta(hours=hour)
        ghi = 500.0 if at.hour == 11 else 0.0
        lines.append(f"{2004 + at.month}{at:%m%d:%H}00,{hour / 500:.3f},80.0,{ghi},600.0,100.0,300.0,2.5,90.0,98500.0")
    path = folder / "tmy.csv"
    path.write_text("\n".join([*lines, "", "T2m: 2-m air temperature (degree Celsius)", ""]), encoding="utf-8")
    return path


def test_pvgis_tmy_is_brought_to_the_zone_of_its_longitude(tmp_path: Path) -> None:
    year = read_weather_year(pvgis_tmy(tmp_path), 0.0, 0.0, 0.0)
    assert (year.latitude, year.longitude, year.utc_offset_hours) == (45.0, 8.0, 1.0)
    assert np.flatnonzero(year.ghi_w_per_m2[:24]).tolist() == [12]  # 11:00 UTC is 12:00 in the zone of 8° E
    assert year.t_dry_bulb_degc[1] == 0.0
    assert year.pressure_pa[0] == 98_500.0
    assert year.assumed == ()


def pvgis_hourly(folder: Path, slope: str = "0 deg.", days: int = 365, header: str | None = None) -> Path:
    head = ["Latitude (decimal degrees):\t45.000", "Longitude (decimal degrees):\t8.000", "Elevation (m):\t250",
            "Radiation database:\tPVGIS-SARAH3", "", "", f"Slope: {slope}", "Azimuth: 0 deg."]  # fmt: skip
    lines = [*head, header or "time,Gb(i),Gd(i),Gr(i),H_sun,T2m,WS10m,Int"]
    for hour in range(days * 24):
        at = datetime(2019, 1, 1) + timedelta(hours=hour)
        light = "400.0,100.0,0.0,30.0" if at.hour == 11 else "0.0,0.0,0.0,0.0"
        lines.append(f"{at:%Y%m%d:%H}10,{light},{hour / 500:.3f},2.5,0.0")
    path = folder / "hourly.csv"
    tail = ["", "Gb(i): Beam (direct) irradiance on the inclined plane (plane of the array) (W/m2)", ""]
    path.write_text("\n".join([*lines, *tail]), encoding="utf-8")
    return path


def test_pvgis_hourly_says_what_it_assumes(tmp_path: Path) -> None:
    year = read_weather_year(pvgis_hourly(tmp_path), 0.0, 0.0, 0.0)
    assert np.flatnonzero(year.ghi_w_per_m2[:24]).tolist() == [12]
    noon = (year.ghi_w_per_m2[12], year.dni_w_per_m2[12], year.dhi_w_per_m2[12])
    assert noon == pytest.approx((500.0, 800.0, 100.0))  # 400 / sin 30°
    assert year.assumed == ("relative_humidity_percent", "pressure_pa")
    assert year.pressure_pa[0] == pytest.approx(98_358, abs=1)  # the standard atmosphere at 250 m


def test_pvgis_hourly_of_a_slope_or_of_many_years_or_without_components_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Slope: must be 0 .*got '35 deg. \(optimum\)'"):
        read_weather_year(pvgis_hourly(tmp_path, "35 deg. (optimum)"), 0.0, 0.0, 0.0)
    with pytest.raises(InputError, match=r"rows: must have 8760 rows.*got 17544"):
        read_weather_year(pvgis_hourly(tmp_path, days=731), 0.0, 0.0, 0.0)
    with pytest.raises(InputError, match="columns: must have the radiation components"):
        read_weather_year(pvgis_hourly(tmp_path, header="time,G(i),Gd,Gr,H_sun,T2m,WS10m,Int"), 0.0, 0.0, 0.0)


def site_file(site: str, folder: Path) -> tuple[Path, pl.DataFrame, dict[str, float]]:
    """A site as the documented CSV, with its rows and its place."""
    frame = pl.read_parquet(TEN_SITES).filter(pl.col("site").cast(pl.String) == site)
    place = pl.read_csv(DATA / "weather_sites.csv").filter(pl.col("site") == site).row(0, named=True)
    offset = pl.duration(minutes=int(place["utc_offset_h"] * 60))
    columns = {"t_dry_c": "t_dry_bulb_degc", "rh_pct": "relative_humidity_percent", "wind_ms": "wind_speed_m_per_s"}
    light = {"ghi_wm2": "ghi_w_per_m2", "dni_wm2": "dni_w_per_m2", "dhi_wm2": "dhi_w_per_m2"}
    if not frame["ghi_wm2"].is_null().all() and not frame["ghi_wm2"].is_nan().all():
        columns |= light
    table = frame.select(
        (pl.col("time_local_std") - offset).dt.to_string("%Y-%m-%d %H:%M").alias("time_utc"),
        (pl.col("pressure_hpa").cast(pl.Float64) * 100).alias("pressure_pa"),
        *(pl.col(old).cast(pl.Float64).alias(new) for old, new in columns.items()),
    )
    path = folder / f"{site}.csv"
    table.write_csv(path)
    return path, frame, place


@needs_sites
@pytest.mark.parametrize("site", ["us_new_york_jfk_tmy3", "it_piemonte_45N8E_pvgis_tmy", "sg_2023", "jp_tokyo_2023"])
def test_the_sites_are_read_hour_by_hour_with_their_wet_bulb(tmp_path: Path, site: str) -> None:
    path, frame, place = site_file(site, tmp_path)
    year = read_weather_year(path, place["lat"], place["lon"], place["utc_offset_h"])
    assert year.filled_hours == 0
    assert year.t_dry_bulb_degc == pytest.approx(frame["t_dry_c"].to_numpy(), abs=1e-5)
    wet = solved_wet_bulb_degc(year.t_dry_bulb_degc, year.relative_humidity_percent, year.pressure_pa)
    error = np.abs(wet - frame["t_wet_c"].to_numpy())
    assert np.quantile(error, 0.99) < 0.006  # the data have two decimals
    assert error.max() < 0.5  # where the bulb freezes, two answers are right


@needs_sites
def test_a_site_without_irradiance_is_for_wind_but_not_for_sun(tmp_path: Path, winter_city: City) -> None:
    path, _, _ = site_file("gb_2023", tmp_path)
    weather = weather_for(path, winter_city.clock, "Europe/Berlin", 53.6, 11.4)
    assert not weather.has_irradiance
    site = Site(winter_city, weather, "Europe/Berlin")
    wind = Wind(name="hill", bus="MV3.101 Bus 84", p_rated_mw=4.2)
    assert wind.flexibilities(site)[0].p_min_mw.values.min() < 0
    with pytest.raises(InputError, match=r"weather: has no irradiance.*gb_2023\.csv"):
        PV(name="roofs", bus="MV3.101 Bus 84", p_peak_mw=1.0).flexibilities(site)


@needs_sites
@pytest.mark.parametrize("minutes", [15, 60])
def test_a_sites_irradiation_is_kept_over_the_year(tmp_path: Path, minutes: int) -> None:
    path, frame, _ = site_file("us_chicago_tmy3", tmp_path)
    clock = Clock(datetime(2023, 1, 1, tzinfo=UTC), timedelta(minutes=minutes), 365 * 24 * 60 // minutes)
    weather = weather_for(path, clock, "UTC", 41.98, -87.92)
    for name, column in (("ghi_w_per_m2", "ghi_wm2"), ("dni_w_per_m2", "dni_wm2"), ("dhi_w_per_m2", "dhi_wm2")):
        energy_kwh = getattr(weather, name).sum() * clock.step_hours
        assert energy_kwh == pytest.approx(float(frame[column].cast(pl.Float64).sum()), rel=1e-9)


@pytest.mark.parametrize(
    ("dry", "humidity", "pressure", "expected"),
    [  # PsychroLib 2.5.0, GetTWetBulbFromRelHum
        (20.0, 40.0, 101_325.0, 12.355),
        (40.0, 14.0, 101_325.0, 20.008),
        (30.0, 100.0, 95_000.0, 30.0),
        (-10.0, 60.0, 101_325.0, -11.305),
        (35.0, 80.0, 101_325.0, 31.814),
        (5.0, 30.0, 90_000.0, -0.940),
    ],
)
def test_the_wet_bulb_is_psychrolibs(dry: float, humidity: float, pressure: float, expected: float) -> None:
    wet = solved_wet_bulb_degc(np.array(dry), np.array(humidity), np.array(pressure))
    assert float(wet) == pytest.approx(expected, abs=1.5e-3)  # its own search stops at 1e-3


def test_humidity_and_pressure_are_the_handbooks() -> None:
    # PsychroLib 2.5.0, GetHumRatioFromTWetBulb(40, 20, 101325)
    ratio = humidity_ratio_from_wet_bulb(np.array(40.0), np.array(20.0), np.array(101_325.0))
    assert float(ratio) == pytest.approx(0.006400785965, rel=1e-6)
    assert float(saturation_pressure_pa(np.array(100.0))) == pytest.approx(101_420, abs=60)  # table 3: 101.42 kPa


def test_the_wet_bulb_lies_below_the_dry_and_meets_it_when_saturated() -> None:
    dry = np.linspace(-25, 45, 71)
    pressure = np.full(71, 1e5)
    wets = [solved_wet_bulb_degc(dry, np.full(71, humidity), pressure) for humidity in (1.0, 20.0, 60.0, 100.0)]
    for lower, higher in pairwise(wets):
        assert (lower <= higher + 1e-9).all()
    assert wets[-1] == pytest.approx(dry, abs=1e-6)
    one_by_one = [float(solved_wet_bulb_degc(np.array(t), np.array(60.0), np.array(1e5))) for t in dry[::10]]
    assert wets[2][::10] == pytest.approx(one_by_one, abs=1e-9)


def test_weather_has_its_wet_bulb() -> None:
    weather = weather_for("greensboro-tmy3", Clock(datetime(2030, 7, 1, tzinfo=UTC), timedelta(hours=1), 48), *BERLIN)
    assert weather.t_wet_bulb_degc.shape == (48,)
    assert (weather.t_wet_bulb_degc <= weather.t_dry_bulb_degc).all()
    assert not weather.t_wet_bulb_degc.flags.writeable


def test_direct_irradiance_on_the_horizontal_is_told_from_that_towards_the_sun(tmp_path: Path) -> None:
    path = csv(tmp_path, 50.94, 6.96)  # dni is 0.8 ghi, dhi 0.2 ghi
    told = read_weather_year(path, 50.94, 6.96, 1.0).report
    assert told is not None
    assert [line for line in told.mended if line.startswith("dni_w_per_m2: is global less diffuse in every hour")]
    pl.read_csv(path).with_columns(pl.col("dni_w_per_m2") * 1.4).write_csv(path)
    told = read_weather_year(path, 50.94, 6.96, 1.0).report
    assert told is not None
    assert not [line for line in told.mended if "dni_w_per_m2" in line]


def test_hours_without_values_are_named(tmp_path: Path) -> None:
    path = csv(tmp_path, 50.94, 6.96)
    at = pl.int_range(pl.len())
    missing = at.is_in([100, 101, 4000])
    pl.read_csv(path).with_columns(pl.when(~missing).then(pl.col("t_dry_bulb_degc"))).write_csv(path)
    told = read_weather_year(path, 50.94, 6.96, 1.0).report
    assert told is not None
    assert told.gaps.startswith("3 h with values missing, filled linearly: from ")
    assert told.gaps.endswith("from 01-05 05 h local standard time, 06-16 17 h local standard time")
