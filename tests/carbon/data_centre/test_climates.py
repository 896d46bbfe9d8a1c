"""A year of real weather: the defaults lie where published halls of their kind do."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pvlib
import pytest

from carbon.data_centre import DataCentre, Facility, OutdoorAir, facility_totals, simulate_facility
from grid.arrays import Floats
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

SHARED = SHARED_DATA / "weather_hourly_10sites.parquet"
PA_PER_HPA = 100.0


@cache
def greensboro() -> OutdoorAir:
    path = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
    table, _ = pvlib.iotools.read_tmy3(path, map_variables=True)
    return OutdoorAir(
        table["temp_air"].to_numpy(float),
        table["relative_humidity"].to_numpy(float),
        table["pressure"].to_numpy(float) * PA_PER_HPA,
    )


def year(air: OutdoorAir, utilisation: float = 0.8, **parts: Any) -> Facility:
    spec = DataCentre.model_validate({"name": "n", "bus": "b", "p_it_rated_mw": 3.0} | parts)
    load: Floats = np.full(air.pressure_pa.shape, 3.0 * utilisation)
    weather = (air.t_dry_bulb_degc, air.relative_humidity_percent, air.pressure_pa)
    return simulate_facility(spec, *weather, load, step_hours=1.0)


def annual_pue(air: OutdoorAir, cooling: str, chain: str, utilisation: float = 0.8) -> float:
    pue = facility_totals(year(air, utilisation, cooling={"kind": cooling}, power_chain={"kind": chain})).pue
    assert pue is not None
    return pue


@pytest.mark.parametrize("cooling", ["air_economiser", "water_economiser"])
def test_double_conversion_lies_between_125_and_140(cooling: str) -> None:
    assert 1.25 < annual_pue(greensboro(), cooling, "double_conversion") < 1.40


@pytest.mark.parametrize("cooling", ["air_economiser", "water_economiser"])
def test_direct_current_lies_below_130(cooling: str) -> None:
    assert 1.15 < annual_pue(greensboro(), cooling, "hvdc_240") < 1.30


def test_a_hall_of_3_mw_needs_about_375_mw_at_its_worst() -> None:
    hall = year(greensboro(), cooling={"kind": "water_economiser"}, power_chain={"kind": "hvdc_240"})
    assert hall.p_total_mw.max() == pytest.approx(3.75, abs=0.1)


def test_water_and_air_economisers_differ_in_water() -> None:
    water, air = (
        facility_totals(year(greensboro(), cooling={"kind": kind})).wue_l_per_kwh
        for kind in ("water_economiser", "air_economiser")
    )
    assert water is not None
    assert air is not None
    assert 2.0 < water < 3.0  # colocation, 5th-95th percentile in zone 3A: 2.01-3.00 L/kWh
    assert air < 0.5 * water


# 5th-95th percentile of N. Lei and E. Masanet, Resour. Conserv. Recycl. 182:106323, 2022, colocation with water-side
# and with air-side economiser and water chillers, ASHRAE zones 1A, 4A and 5A; the case names are inferred from inputs
BANDS = [
    ("us_dulles_va_tmy3", "water_economiser", 1.270, 1.512),
    ("us_dulles_va_tmy3", "air_economiser", 1.379, 1.645),
    ("us_chicago_tmy3", "water_economiser", 1.271, 1.507),
    ("us_chicago_tmy3", "air_economiser", 1.372, 1.638),
]


@pytest.mark.skipif(not SHARED.exists(), reason="needs the hourly weather of ten sites, kept outside the project")
@pytest.mark.parametrize(("site", "cooling", "low", "high"), BANDS)
def test_the_published_chain_lies_in_the_published_band(site: str, cooling: str, low: float, high: float) -> None:
    rows = pl.read_parquet(SHARED).filter(pl.col("site") == site)
    air = OutdoorAir(
        rows["t_dry_c"].cast(pl.Float64).to_numpy(),
        rows["rh_pct"].cast(pl.Float64).to_numpy(),
        rows["pressure_hpa"].cast(pl.Float64).to_numpy() * PA_PER_HPA,
    )
    assert low < annual_pue(air, cooling, "fixed_efficiency", utilisation=1.0) < high
