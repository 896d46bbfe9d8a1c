"""Gaps, faults and spellings of files of hourly series."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carbon.upstream import upstream_from_csv
from carbon.upstream.readers.night import solar_nights
from grid.time.clock import Clock
from grid.time.gaps import filled
from tests.carbon.upstream.readers.csv_series import (
    DAY,
    DIRECT,
    HOUR,
    START,
    electricity_maps,
    hours,
    own,
    refused,
    write,
)


def test_missing_hours_are_filled_and_counted(tmp_path: Path):
    count = 96
    table = pl.DataFrame(electricity_maps(count), strict=False)
    whole = table.with_columns(pl.Series(DIRECT, [float(k % 24) for k in range(count)]))
    gappy = whole.with_row_index().filter(~pl.col("index").is_in([10, 11, *range(30, 40)])).drop("index")
    path = tmp_path / "gappy.csv"
    gappy.write_csv(path)
    upstream = upstream_from_csv(path, Clock(START, HOUR, count), price_per_mwh=1.0)
    assert upstream.missing_hours == 12
    assert upstream.ci_kg_per_mwh == pytest.approx(np.arange(count) % 24)  # linear, and the days before and after
    first = upstream_from_csv(path, Clock(START, HOUR, 11), price_per_mwh=1.0)
    assert first.missing_hours == 1


def test_a_gap_of_more_than_a_week_is_refused_with_its_row(tmp_path: Path):
    table = pl.DataFrame(electricity_maps(600), strict=False)
    path = tmp_path / "gap.csv"
    pl.concat([table[:100], table[300:]]).write_csv(path)
    message = refused(path, Clock(START, HOUR, 600), price_per_mwh=1.0)
    assert "row 101: must have no gap of more than 168 hours; here begins one of hours; got 200" in message


def test_gaps_at_the_ends_take_the_nearest_same_hour():
    values = np.tile(np.arange(24.0), 3)
    gappy = values.copy()
    gappy[:10] = np.nan
    gappy[-10:] = np.nan
    assert filled(gappy, 1) == pytest.approx(values)


def test_faults_have_rows_all_at_once(tmp_path: Path):
    columns = electricity_maps()
    columns[DIRECT] = [*range(22), "many", -4]
    columns["Renewable energy percentage (RE%)"] = [130.0] + [30.0] * 23
    columns["Datetime (UTC)"][5] = "yesterday"
    message = refused(write(tmp_path, columns), price_per_mwh=1.0)
    assert "Datetime (UTC): must be times" in message
    assert "got [7]" in message
    assert "(direct): must be a number in every row, or empty; not so in rows; got [24]" in message
    assert "(direct): must lie within 0 and 3000; not so in rows; got [25]" in message
    assert "(RE%): must lie within 0 and 100; not so in rows; got [2]" in message


def test_times_that_fall_or_are_no_fractions_of_an_hour_are_refused(tmp_path: Path):
    columns = electricity_maps()
    columns["Datetime (UTC)"][3] = columns["Datetime (UTC)"][2]
    assert "each time once; not so in rows; got [5]" in refused(write(tmp_path, columns), price_per_mwh=1.0)
    columns["Datetime (UTC)"][3] = "2023-01-01 03:07:00"
    assert "quarters of an hour apart" in refused(write(tmp_path, columns), price_per_mwh=1.0)


def test_decimal_commas_with_three_decimals_are_no_thousands(tmp_path: Path):
    prices = [f"{price:.3f}".replace(".", ",") for price in own()["price_per_mwh"]]
    path = tmp_path / "semicolons.csv"
    pl.DataFrame(own(price_per_mwh=prices, ci_kg_per_mwh=[300] * 96)).write_csv(path, separator=";")
    assert upstream_from_csv(path, DAY).price_per_mwh == pytest.approx(own()["price_per_mwh"][:24], abs=1e-3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_spellings_of_the_header(tmp_path: Path, encoding: str):
    path = write(tmp_path, own())
    text = path.read_text().replace("time_utc", "Time_UTC ")
    path.write_text(text, encoding=encoding)
    assert upstream_from_csv(path, DAY).ci_kg_per_mwh[0] == 300


def test_units_that_are_a_thousand_times_too_large_are_refused(tmp_path: Path):
    tonnes = own(ci_kg_per_mwh=[value / 1000 for value in own()["ci_kg_per_mwh"]])
    assert "looks like t/MWh or kg/kWh: multiply by 1000" in refused(write(tmp_path, tonnes))
    per_kwh = own(price_per_mwh=[value / 1000 for value in own()["price_per_mwh"]])
    assert "looks like a price per kWh" in refused(write(tmp_path, per_kwh))


@pytest.mark.parametrize("form", ["%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M", "%d-%b-%y %H:%M", "%Y-%m-%d %H:%MZ"])
def test_dates_may_be_written_in_any_usual_way(tmp_path: Path, form: str):
    upstream = upstream_from_csv(write(tmp_path, own(form=form)), Clock(START + 2 * DAY.step * 24, HOUR, 24))
    assert upstream.ci_kg_per_mwh == pytest.approx(own()["ci_kg_per_mwh"][48:72])


def test_a_period_within_a_long_gap_is_refused_however_short_it_is(tmp_path: Path):
    table = pl.DataFrame(own(8000))
    path = tmp_path / "gap.csv"
    pl.concat([table[:240], table[7800:]]).write_csv(path)
    july = Clock(datetime(2023, 7, 1, tzinfo=UTC), HOUR, 48)
    assert "row 241: must have no gap of more than 168 hours; here begins one of hours; got 7560" in refused(path, july)
    assert upstream_from_csv(path, DAY).missing_hours == 0  # a gap elsewhere is told, and does no harm
    assert "7,560 h with values missing in the file" in upstream_from_csv(path, DAY).report.text


def test_a_gap_in_one_column_is_judged_for_itself(tmp_path: Path):
    table = own(600)
    table["price_per_mwh"][100:300] = [None] * 200
    message = refused(write(tmp_path, table), Clock(START + 5 * 24 * HOUR, HOUR, 24))
    assert "row 102, price_per_mwh: must have no gap of more than 168 hours" in message
    table = own(96)
    table["price_per_mwh"][10:16] = [None] * 6
    assert "price_per_mwh: must have values in 80% of the run" in refused(write(tmp_path, table))


def test_hours_hold_until_the_quarters_begin(tmp_path: Path):
    times = [*hours(24), *hours(96, START + 24 * HOUR, HOUR / 4)]
    columns = {
        "time_utc": [f"{t:%Y-%m-%dT%H:%M}" for t in times],
        "ci_kg_per_mwh": [100.0 + k for k in range(120)],
        "price_per_mwh": [1.0] * 120,
    }
    upstream = upstream_from_csv(write(tmp_path, columns), Clock(START, HOUR / 4, 192))
    assert upstream.ci_kg_per_mwh[:96] == pytest.approx(np.repeat(100.0 + np.arange(24), 4))
    assert upstream.ci_kg_per_mwh[96:] == pytest.approx(124.0 + np.arange(96))
    assert upstream.missing_hours == 0
    assert upstream.report is not None
    assert upstream.report.step == "15 min (96 rows) and 60 min (24 rows)"


def test_a_year_in_local_time_serves_the_year_in_utc(tmp_path: Path):
    four_days = Clock(START, HOUR, 96)
    columns = {name: values[:-1] for name, values in own().items()}
    upstream = upstream_from_csv(write(tmp_path, columns), four_days)
    assert upstream.missing_hours == 1
    assert upstream.price_per_mwh[-1] == upstream.price_per_mwh[-2]
    assert upstream.report is not None
    assert upstream.report.period == "2023-01-01 00:00 to 2023-01-04 23:00 UTC"
    early = {name: values[30:] for name, values in own().items()}
    assert "must cover 2023-01-01T00:00 to 2023-01-05T00:00 UTC" in refused(write(tmp_path, early), four_days)


@pytest.mark.parametrize("name", ["price_per_mwh", "ci_kg_per_mwh"])
@pytest.mark.parametrize("mark", [-9999, 99999])
def test_what_stands_for_a_missing_value_is_none(tmp_path: Path, name: str, mark: int):
    series = own()
    series[name][5] = mark
    message = refused(write(tmp_path, series))
    assert f"{mark} stands for a missing value" in message
    assert "[7]" in message


def test_one_fault_is_told_once(tmp_path: Path):
    two = {name: [cell for cell in cells for _ in range(2)] for name, cells in electricity_maps().items()}
    two["Zone id"] = ["FR", "DE"] * 24
    assert "has 1 problem" in refused(write(tmp_path, two), price_per_mwh=1.0)
    strange = {"Zeit": ["2023-01-01"], "Preis": [1.0]}
    assert "has 1 problem" in refused(write(tmp_path, strange))
    assert "Zeit, Preis" in refused(write(tmp_path, strange))


def test_types_of_generation_may_stand_in_rows(tmp_path: Path):
    begins = [START + k * HOUR for k in range(24)]
    powers = {"Fossil Gas": 300.0, "Solar": 100.0, "Wind Onshore": 600.0}
    rows = [(t, kind, mw) for t in begins for kind, mw in powers.items()]
    columns = {
        "MTU (UTC)": [f"{t:%d/%m/%Y %H:%M:%S} - {t + HOUR:%d/%m/%Y %H:%M:%S}" for t, _, _ in rows],
        "Area": ["BZN|XX"] * len(rows),
        "Production Type": [kind for _, kind, _ in rows],
        "Generation (MW)": [mw for _, _, mw in rows],
    }
    found = upstream_from_csv(write(tmp_path, columns), DAY, price_per_mwh=1.0)
    assert dict(zip(found.technologies, found.p_mw[7], strict=True)) == {"gas": 300, "solar": 100, "wind_onshore": 600}
    assert found.renewable_share == pytest.approx(0.7)


def energy_charts(gas_mw: list[float]) -> dict[str, list]:
    times = [f"{hour:%Y-%m-%dT%H:%M}Z" for hour in hours(len(gas_mw))]
    return {"Date (GMT+1)": times, "Fossil gas": gas_mw, "Day Ahead Auction (DE-LU)": [70.0] * len(gas_mw)}


def test_hours_without_any_generation_are_gaps_and_no_carbon_free_power(tmp_path: Path) -> None:
    few = [0.0 if k in {5, 6} else 100.0 for k in range(24)]
    upstream = upstream_from_csv(write(tmp_path, energy_charts(few)), DAY)
    assert np.ptp(upstream.ci_kg_per_mwh) == 0
    assert upstream.missing_hours == 2
    assert upstream.report is not None
    assert "2 rows in which every type of generation is 0 are gaps" in upstream.report.text
    own_use = [-0.5 if k in {5, 6} else 100.0 for k in range(24)]
    assert upstream_from_csv(write(tmp_path, energy_charts(own_use)), DAY).missing_hours == 2
    many = [0.0 if k < 12 else 100.0 for k in range(24)]
    assert "must have values in 80% of the run" in refused(write(tmp_path, energy_charts(many)))


def test_nights_do_not_hide_a_long_gap_at_the_beginning_of_a_file() -> None:
    times = np.datetime64("2023-06-01T00:00", "us") + np.arange(24 * 20) * np.timedelta64(1, "h")
    sun = np.maximum(np.sin(2 * np.pi * (np.arange(times.size) - 6) / 24), 0.0) * 500
    long, night = sun.copy(), sun.copy()
    long[: 24 * 9] = np.nan
    night[:5] = np.nan
    assert not solar_nights(times, long).any()
    assert np.flatnonzero(solar_nights(times, night)).tolist() == [0, 1, 2, 3, 4]


def test_what_several_columns_lack_is_told_once(tmp_path: Path) -> None:
    times = [f"{hour:%Y-%m-%dT%H:%M}" for hour in hours()]
    kept = [*range(8), *range(16, 24)]
    columns = {"time_utc": [times[k] for k in kept], "ci_kg_per_mwh": [300.0] * 16, "price_per_mwh": [70.0] * 16}
    message = refused(write(tmp_path, columns))
    assert "has 1 problem" in message
    assert "ci_kg_per_mwh (and 1 more): must have values in 80% of the run" in message


def test_local_times_without_a_zone_are_refused_by_the_hour_that_summer_time_skips(tmp_path: Path) -> None:
    start = datetime(2023, 3, 26, tzinfo=UTC)
    times = [f"{hour:%Y-%m-%dT%H:%M}" for hour in hours(26, start) if hour.hour != 2 or hour.day != 26]
    columns = {"time_utc": times, "ci_kg_per_mwh": [300.0] * 25, "price_per_mwh": [70.0] * 25}
    message = refused(write(tmp_path, columns), Clock(start, HOUR, 24))
    assert "time_utc: lacks the hour from 2023-03-26 02:00, which summer time skips as in Europe/Berlin" in message
