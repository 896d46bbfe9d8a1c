from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carbon.factors import load_factor_set
from carbon.upstream import upstream_from_csv
from grid.errors import InputError
from grid.time.clock import Clock
from grid.time.gaps import filled
from tests.places import SHARED_DATA

HOUR = timedelta(hours=1)
START = datetime(2023, 1, 1, tzinfo=UTC)
DAY = Clock(START, HOUR, 24)
needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the measured hours are not part of the project")
DIRECT, LIFECYCLE = "Carbon intensity gCO₂eq/kWh (direct)", "Carbon intensity gCO₂eq/kWh (Life cycle)"


def hours(count: int = 24, start: datetime = START, step: timedelta = HOUR) -> list[datetime]:
    return [start + k * step for k in range(count)]


def write(folder: Path, columns: dict[str, list], name: str = "series.csv") -> Path:
    path = folder / name
    pl.DataFrame(columns, strict=False).write_csv(path)
    return path


def refused(path: Path, clock: Clock = DAY, **options) -> str:
    with pytest.raises(InputError) as caught:
        upstream_from_csv(path, clock, **options)
    return str(caught.value)


def electricity_maps(count: int = 24) -> dict[str, list]:
    return {
        "Datetime (UTC)": [f"{t:%Y-%m-%d %H:%M:%S}" for t in hours(count)],
        "Country": ["France"] * count,
        "Zone name": ["France"] * count,
        "Zone id": ["FR"] * count,
        DIRECT: [20.0 + k for k in range(count)],
        LIFECYCLE: [40.0 + k for k in range(count)],
        "Carbon-free energy percentage (CFE%)": [92.0] * count,
        "Renewable energy percentage (RE%)": [30.0] * count,
        "Data source": ["entsoe.eu"] * count,
    }


# --- each layout, by hand ---


def test_electricity_maps(tmp_path: Path):
    path = write(tmp_path, electricity_maps())
    direct = upstream_from_csv(path, DAY, price_per_mwh=50.0)
    assert direct.ci_kg_per_mwh == pytest.approx(np.arange(20.0, 44.0))
    assert direct.renewable_share == pytest.approx(0.30)
    assert direct.carbon_free_share == pytest.approx(0.92)
    assert (direct.price_per_mwh == 50.0).all()
    assert upstream_from_csv(path, DAY, "lifecycle", price_per_mwh=0.0).ci_kg_per_mwh[0] == 40.0
    assert "price_per_mwh: is a required column; Electricity Maps has no prices here" in refused(path)


def test_a_price_may_be_added_to_any_layout(tmp_path: Path):
    path = write(tmp_path, electricity_maps() | {"price_per_mwh": list(range(24))})
    assert upstream_from_csv(path, DAY).price_per_mwh == pytest.approx(np.arange(24.0))


def test_electricity_maps_of_2023_and_more_zones(tmp_path: Path):
    columns = {
        "Datetime (UTC)": [f"{t:%Y-%m-%d %H:%M:%S}" for t in hours()],
        "Zone Id": ["FR"] * 20 + ["DE"] * 4,
        "Carbon Intensity gCO₂eq/kWh (direct)": [50.0] * 24,
        "Carbon Intensity gCO₂eq/kWh (LCA)": [70.0] * 24,
        "Low Carbon Percentage": [90.0] * 24,
        "Renewable Percentage": [20.0] * 24,
    }
    assert "row 22, Zone Id: must be 'FR' as above; one zone a file" in refused(
        write(tmp_path, columns), price_per_mwh=1.0
    )
    columns["Zone Id"] = ["FR"] * 24
    upstream = upstream_from_csv(write(tmp_path, columns), DAY, "lifecycle", price_per_mwh=1.0)
    assert (upstream.ci_kg_per_mwh[0], upstream.carbon_free_share[0]) == pytest.approx((70.0, 0.9))


def test_eia_930_counts_hours_at_their_end_and_thousands_with_commas(tmp_path: Path):
    ends = hours(24, START + HOUR)
    columns = {
        "Balancing Authority": ["CISO"] * 24,
        "Data Date": ["1/1/2023"] * 24,
        "UTC Time at End of Hour": [
            f"{t.month}/{t.day}/{t.year} {t.strftime('%I').lstrip('0')}:00:00 {t:%p}" for t in ends
        ],
        "Net Generation (MW) from Natural Gas": ["1"] * 24,
        "Net Generation (MW) from Natural Gas (Adjusted)": ["3,000"] * 12 + ["1,000"] * 12,
        "Net Generation (MW) from Solar": ["-5"] * 12 + ["1,000"] * 12,
        "Net Generation (MW) from Nuclear": ["1,000"] * 24,
        "Net Generation (MW) from Coal": [""] * 24,
    }
    upstream = upstream_from_csv(write(tmp_path, columns), DAY, price_per_mwh=1.0)
    gas = load_factor_set().value("gas")
    assert upstream.ci_kg_per_mwh == pytest.approx([0.75 * gas] * 12 + [gas / 3] * 12)
    assert upstream.renewable_share == pytest.approx([0.0] * 12 + [1 / 3] * 12)
    assert upstream.carbon_free_share == pytest.approx([0.25] * 12 + [2 / 3] * 12)
    assert upstream.p_mw[:, upstream.technologies.index("gas")] == pytest.approx([3000.0] * 12 + [1000.0] * 12)
    assert upstream.missing_hours == 0


@pytest.mark.parametrize(
    ("time", "intensity", "form"),
    [
        ("Datetime (UTC)", "Actual Carbon Intensity (gCO2/kWh)", "%Y-%m-%dT%H:%MZ"),
        ("from", "intensity.actual", "%Y-%m-%dT%H:%MZ"),
    ],
)
def test_neso_carbon_intensity_has_half_hours(tmp_path: Path, time: str, intensity: str, form: str):
    columns = {
        time: [t.strftime(form) for t in hours(48, step=HOUR / 2)],
        intensity: [100, 200] * 24,
        "Index": ["moderate"] * 48,
        "price_per_mwh": [1.0] * 48,
    }
    path = write(tmp_path, columns)
    assert upstream_from_csv(path, DAY).ci_kg_per_mwh == pytest.approx([150.0] * 24)
    quarters = upstream_from_csv(path, Clock(START, HOUR / 4, 96))
    assert quarters.ci_kg_per_mwh[:4] == pytest.approx([100.0, 100.0, 200.0, 200.0])
    assert "has no lifecycle intensities" in refused(path, boundary="lifecycle")


def test_neso_generation_mix(tmp_path: Path):
    columns = {
        "DATETIME": [f"{t:%Y-%m-%dT%H:%M:%S}" for t in hours(48, step=HOUR / 2)],
        "GAS": [6000] * 48,
        "WIND": [3000] * 48,
        "NUCLEAR": [1000] * 48,
        "STORAGE": [500] * 48,
        "CARBON_INTENSITY": [170] * 48,
        "LOW_CARBON_perc": [40.0] * 48,
        "RENEWABLE_perc": [30.0] * 48,
        "price_per_mwh": [60] * 48,
    }
    path = write(tmp_path, columns)
    direct = upstream_from_csv(path, DAY)
    assert direct.ci_kg_per_mwh == pytest.approx(170.0)
    assert (direct.carbon_free_share[0], direct.renewable_share[0]) == pytest.approx((0.4, 0.3))
    assert direct.technologies == ("gas", "nuclear", "wind_onshore")
    factors = load_factor_set()
    chain = [factors.value(name, "lifecycle") for name in direct.technologies]
    lifecycle = upstream_from_csv(path, DAY, "lifecycle")
    assert lifecycle.ci_kg_per_mwh == pytest.approx(float(np.dot([0.6, 0.1, 0.3], chain)))


def test_entso_e_across_the_doubled_hour_of_autumn(tmp_path: Path):
    clock = Clock(datetime(2023, 10, 28, 22, tzinfo=UTC), HOUR, 25)  # Sunday 29 October in Central Europe
    wall = [0, 1, 2, 2, *range(3, 24)]
    columns = {
        "Area": ["BZN|DE-LU"] * 25,
        "MTU (CET/CEST)": [f"29.10.2023 {h:02}:00 - 29.10.2023 {(h + 1) % 24:02}:00" for h in wall],
        "Fossil Gas  - Actual Aggregated [MW]": [str(100 + k) for k in range(25)],
        "Wind Onshore  - Actual Aggregated [MW]": ["100"] * 25,
        "Fossil Oil shale  - Actual Aggregated [MW]": ["n/e"] * 25,
        "Day-ahead Price [EUR/MWh]": [f"{k}.5" for k in range(25)],
    }
    upstream = upstream_from_csv(write(tmp_path, columns), clock)
    assert upstream.price_per_mwh == pytest.approx(np.arange(25) + 0.5)
    assert upstream.renewable_share == pytest.approx(100 / (200 + np.arange(25)))


def test_entso_e_in_utc_with_slashes(tmp_path: Path):
    columns = {
        "MTU (UTC)": [f"{t:%d/%m/%Y %H:%M:%S} - {t + HOUR:%d/%m/%Y %H:%M:%S}" for t in hours()],
        "Nuclear  - Actual Aggregated [MW]": [100] * 24,
        "Day-ahead Price [EUR/MWh]": list(range(24)),
    }
    upstream = upstream_from_csv(write(tmp_path, columns), DAY)
    assert upstream.price_per_mwh == pytest.approx(np.arange(24.0))
    assert (upstream.carbon_free_share == 1).all()
    assert not upstream.renewable_share.any()


def test_energy_charts_has_a_row_of_units_and_offsets(tmp_path: Path):
    columns = {
        "Date (GMT+1)": ["", *(f"{t + HOUR:%Y-%m-%dT%H:%M}+01:00" for t in hours())],
        "Fossil brown coal / lignite": ["Power (MW)", *["500"] * 24],
        "Solar": ["Power (MW)", *["500"] * 24],
        "Load": ["Power (MW)", *["900"] * 24],
        "Day Ahead Auction (DE-LU)": ["Price (EUR/MWh)", *map(str, range(24))],
    }
    upstream = upstream_from_csv(write(tmp_path, columns), DAY)
    assert upstream.price_per_mwh == pytest.approx(np.arange(24.0))
    assert upstream.ci_kg_per_mwh == pytest.approx(load_factor_set().value("lignite") / 2)
    columns["Solar"][5] = "five"
    assert "Solar: must be a number in every row, or empty; not so in rows; got [7]" in refused(
        write(tmp_path, columns)
    )


# --- gaps and faults ---


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


def own(count: int = 96, form: str = "%Y-%m-%dT%H:%M", **changes: list) -> dict[str, list]:
    """Our own layout: four days of a swinging intensity and price."""
    swing = [300 + 100 * np.sin(2 * np.pi * k / 24) for k in range(count)]
    times = [t.strftime(form) for t in hours(count)]
    return {"time_utc": times, "ci_kg_per_mwh": swing, "price_per_mwh": [v / 4 for v in swing]} | changes


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


def market_time(zone: str, name: str) -> dict[str, list]:
    table = pl.DataFrame({"t": hours(72)}).with_columns(local=pl.col("t").dt.convert_time_zone(zone))
    wall = [f"{t:%d.%m.%Y %H:%M}" for t in table["local"].to_list()]
    return {
        f"MTU ({name})": [f"{text} - {text}" for text in wall],
        "Nuclear  - Actual Aggregated [MW]": [100] * 72,
        "Day-ahead Price [EUR/MWh]": list(range(72)),
    }


@pytest.mark.parametrize(
    ("zone", "name"), [("Europe/Helsinki", "EET/EEST"), ("Europe/Lisbon", "WET/WEST"), ("Etc/GMT-3", "UTC+03:00")]
)
def test_the_zone_of_a_header_is_used(tmp_path: Path, zone: str, name: str):
    assert upstream_from_csv(write(tmp_path, market_time(zone, name)), DAY).price_per_mwh == pytest.approx(
        np.arange(24)
    )
    assert "names a time zone that is not known" in refused(write(tmp_path, market_time(zone, "XXT")))


def test_energy_charts_without_offsets_is_in_the_zone_of_its_header(tmp_path: Path):
    columns = {
        "Date (GMT+1)": ["", *(f"{t + HOUR:%Y-%m-%dT%H:%M}" for t in hours())],
        "Solar": ["Power (MW)", *["500"] * 24],
        "Day Ahead Auction (DE-LU)": ["Price (EUR/MWh)", *map(str, range(24))],
    }
    assert upstream_from_csv(write(tmp_path, columns), DAY).price_per_mwh == pytest.approx(np.arange(24.0))


def test_half_years_of_eia_930_that_were_joined_count_the_sun_once(tmp_path: Path):
    ends = [f"{t:%m/%d/%Y %I:%M:%S %p}" for t in hours(48, START + HOUR)]
    old, new = ["1,000"] * 24 + [""] * 24, [""] * 24 + ["400"] * 24
    columns = {
        "UTC Time at End of Hour": ends,
        "Net Generation (MW) from Natural Gas": ["3000"] * 48,
        "Net Generation (MW) from Solar": old,
        "Net Generation (MW) from Solar without Integrated Battery Storage": new,
        "Net Generation (MW) from Solar with Integrated Battery Storage": [""] * 24 + ["600"] * 24,
        "Net Generation (MW) from Wind": old,
        "Net Generation (MW) from Wind without Integrated Battery Storage": new,
    }
    upstream = upstream_from_csv(write(tmp_path, columns), Clock(START, HOUR, 48), price_per_mwh=1.0)
    assert upstream.p_mw[:, upstream.technologies.index("solar")] == pytest.approx(1000.0)
    assert upstream.p_mw[:, upstream.technologies.index("wind_onshore")] == pytest.approx([1000] * 24 + [400] * 24)
    assert upstream.missing_hours == 0


def test_identical_rows_count_once_and_own_use_is_told(tmp_path: Path):
    columns = {
        "MTU (UTC)": [f"{t:%d.%m.%Y %H:%M} - {t + HOUR:%d.%m.%Y %H:%M}" for t in hours()],
        "Solar  - Actual Aggregated [MW]": [-1] * 6 + [500] * 18,
        "Day-ahead Price [EUR/MWh]": list(range(24)),
    }
    path = write(tmp_path, {name: [*cells[:3], *cells[2:]] for name, cells in columns.items()})
    upstream = upstream_from_csv(path, DAY)
    assert upstream.report is not None
    assert upstream.report.dropped == ("1 rows that repeat others cell by cell",)
    assert "8,994.0 MWh with own use, 9,000.0 MWh without" in upstream.report.mended[0]
    columns["Solar  - Actual Aggregated [MW]"] = [-500] * 24
    assert "is its sign that of generation" in refused(write(tmp_path, columns))


# --- measured years in the layouts in which they were published ---


@needs_data
@pytest.mark.parametrize("zone", ["GB", "DE-LU", "JP-TK"])
def test_a_year_of_electricity_maps(tmp_path: Path, zone: str):
    table = pl.read_parquet(SHARED_DATA / "carbon_intensity_hourly_2023_8zones.parquet")
    table = table.filter(pl.col("zone").cast(pl.String) == zone).sort("time_utc")
    path = tmp_path / "zone.csv"
    table.select(
        pl.col("time_utc").dt.strftime("%Y-%m-%d %H:%M:%S").alias("Datetime (UTC)"),
        pl.col("zone").cast(pl.String).alias("Zone id"),
        pl.col("ci_direct_g_per_kwh").alias(DIRECT),
        pl.col("ci_lca_g_per_kwh").alias(LIFECYCLE),
        pl.col("low_carbon_pct").alias("Carbon-free energy percentage (CFE%)"),
        pl.col("renewable_pct").alias("Renewable energy percentage (RE%)"),
    ).write_csv(path)
    upstream = upstream_from_csv(path, Clock(START, HOUR, 8760), price_per_mwh=80.0)
    assert upstream.ci_kg_per_mwh == pytest.approx(table["ci_direct_g_per_kwh"].to_numpy(), abs=1e-3)
    chain = upstream_from_csv(path, Clock(START, HOUR, 8760), "lifecycle", price_per_mwh=80.0)
    assert (chain.ci_kg_per_mwh > upstream.ci_kg_per_mwh).all()
    assert (upstream.carbon_free_share >= upstream.renewable_share - 0.01).all()


@needs_data
@pytest.mark.parametrize("authority", ["CISO", "ERCO", "PJM"])
def test_a_year_of_eia_930(tmp_path: Path, authority: str):
    table = pl.read_parquet(SHARED_DATA / "generation_mix_hourly_2022_us_8ba.parquet")
    table = table.filter(pl.col("ba").cast(pl.String) == authority).sort("time_utc")
    fuels = {
        "wind": "Wind",
        "solar": "Solar",
        "hydro": "Hydropower and Pumped Storage",
        "oil": "All Petroleum Products",
        "gas": "Natural Gas",
        "coal": "Coal",
        "nuclear": "Nuclear",
        "other": "Other Fuel Sources",
    }
    path = tmp_path / "EIA930_BALANCE.csv"
    table.select(
        pl.col("ba").cast(pl.String).alias("Balancing Authority"),
        (pl.col("time_utc") + HOUR).dt.strftime("%m/%d/%Y %I:%M:%S %p").alias("UTC Time at End of Hour"),
        *(pl.col(f"{ours}_mw").alias(f"Net Generation (MW) from {theirs}") for ours, theirs in fuels.items()),
    ).write_csv(path)
    clock = Clock(datetime(2022, 1, 1, tzinfo=UTC), HOUR, 8760)
    upstream = upstream_from_csv(path, clock, price_per_mwh=60.0)
    theirs = table["ci_avg_g_per_kwh"].to_numpy()
    known = np.isfinite(theirs) & (table["gas_mw"].to_numpy() > 0)
    assert np.corrcoef(upstream.ci_kg_per_mwh[known], theirs[known])[0, 1] > 0.95
    empty = table.select(pl.any_horizontal(pl.selectors.ends_with("_mw").is_null())).to_series()
    assert upstream.missing_hours == int(empty.sum())


@needs_data
def test_a_year_of_prices_and_generation_as_in_entso_e(tmp_path: Path):
    table = pl.read_parquet(SHARED_DATA / "price_dayahead_hourly_2023_eu_us.parquet")
    table = table.filter(pl.col("zone").cast(pl.String) == "DE-LU").sort("time_utc").drop_nulls("price_per_mwh")
    local = pl.col("time_utc").dt.convert_time_zone("Europe/Berlin")
    path = tmp_path / "entso-e.csv"
    mtu = local.dt.strftime("%d.%m.%Y %H:%M") + " - " + (local + HOUR).dt.strftime("%d.%m.%Y %H:%M")
    table.select(
        mtu.alias("MTU (CET/CEST)"),
        pl.col("price_per_mwh").alias("Day-ahead Price [EUR/MWh]"),
        pl.lit(1000).alias("Nuclear  - Actual Aggregated [MW]"),
    ).write_csv(path)
    clock = Clock(datetime(2022, 12, 31, 23, tzinfo=UTC), HOUR, 8760)
    upstream = upstream_from_csv(path, clock)
    times = table["time_utc"].dt.replace_time_zone(None).to_numpy()
    there = np.isin(clock.times.astype("datetime64[us]"), times.astype("datetime64[us]"))
    assert upstream.price_per_mwh[there] == pytest.approx(table["price_per_mwh"].to_numpy(), abs=1e-3)
    assert upstream.missing_hours == (~there).sum()
