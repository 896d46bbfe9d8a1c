from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carbon.factors import load_factor_set
from carbon.upstream import upstream_from_csv
from grid.time.clock import Clock
from tests.carbon.upstream.readers.csv_series import (
    DAY,
    DIRECT,
    HOUR,
    LIFECYCLE,
    START,
    electricity_maps,
    hours,
    needs_data,
    refused,
    write,
)
from tests.places import SHARED_DATA


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
    assert direct.factors == ()  # the file has the intensities
    assert [(one.name, one.value_kg_per_mwh) for one in lifecycle.factors] == list(
        zip(lifecycle.technologies, chain, strict=True)
    )


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


def test_what_is_of_no_known_type_is_dropped_with_its_energy_or_refused(tmp_path: Path):
    columns = {
        "Datum (GMT+1)": ["", *(f"{t + HOUR:%Y-%m-%dT%H:%M}+01:00" for t in hours())],
        "Fossile Braunkohle / Lignit": ["Leistung (MW)", *["500"] * 24],
        "Pumpspeicher": ["Leistung (MW)", *["40"] * 24],
        "Kernfusion": ["Leistung (MW)", *["60"] * 24],
        "Last": ["Leistung (MW)", *["900"] * 24],
        "Day Ahead Auktion (DE-LU)": ["Preis (EUR/MWh)", *map(str, range(24))],
    }
    upstream = upstream_from_csv(write(tmp_path, columns), DAY)
    assert upstream.report is not None
    assert upstream.report.dropped == (
        "Pumpspeicher: 960.0 MWh, 6.7% of all generation: storage, whose origin is not in the file",
        "Kernfusion: 1,440.0 MWh, 10.0% of all generation: of no type that is known",
    )
    assert upstream.ci_kg_per_mwh == pytest.approx(load_factor_set().value("lignite"))
    columns["Kernfusion"][1:] = ["200"] * 24
    said = refused(write(tmp_path, columns))
    assert "Kernfusion, Pumpspeicher: must be types that are known" in said
    assert "of 17,760.0 MWh it would be; got '32%'" in said


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
        "Nuclear  - Actual Aggregated [MW]": [100] * 24,
        "Day-ahead Price [EUR/MWh]": list(range(24)),
    }
    path = write(tmp_path, {name: [*cells[:3], *cells[2:]] for name, cells in columns.items()})
    upstream = upstream_from_csv(path, DAY)
    assert upstream.report is not None
    assert upstream.report.dropped == ("1 rows that repeat others cell by cell",)
    assert "8,994.0 MWh with own use, 9,000.0 MWh without" in upstream.report.mended[0]
    columns["Solar  - Actual Aggregated [MW]"] = [-500] * 24
    assert "is its sign that of generation" in refused(write(tmp_path, columns))


@pytest.mark.slow
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


@pytest.mark.slow
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
