from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pvlib
import pytest

from carbon.data_centre import OutdoorAir
from carbon.data_centre.priors import case_names, load_case
from carbon.data_centre.studies.uncertainty import overlap_share, pue_band
from grid.arrays import Floats
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

CASE = Path(__file__).parent
SHARED = SHARED_DATA / "weather_hourly_10sites.parquet"
PVLIB = Path(pvlib.__file__).parent / "data"
PA_PER_HPA = 100.0
SAMPLES = 256
SEED = 2022
HALF = 0.5


def rows(name: str) -> list[dict[str, str]]:
    with (CASE / name).open() as file:
        return list(csv.DictReader(file))


STATIONS = {row["station"]: row for row in rows("stations.csv")}
QUANTITIES = ("pue", "wue")
MISSES = {
    (quantity, row["station"], int(row["case"])): float(row["share_covered"])
    for quantity, name in zip(QUANTITIES, ("known_misses.csv", "known_water_misses.csv"), strict=True)
    for row in rows(name)
}
BANDS = {
    (quantity, row["zone"], int(row["case"])): (float(row[f"{quantity}_5"]), float(row[f"{quantity}_95"]))
    for quantity, name in zip(QUANTITIES, ("bands.csv", "water_bands.csv"), strict=True)
    for row in rows(name)
}
CASES = {case.number: case for case in map(load_case, case_names()) if case.number is not None}
HERE = [name for name, row in STATIONS.items() if row["source"] == "pvlib" or SHARED.exists()]


@cache
def air(station: str) -> OutdoorAir:
    if STATIONS[station]["source"] == "shared":
        at = pl.read_parquet(SHARED).filter(pl.col("site") == station)
        t, rh, p = (at[c].cast(pl.Float64).to_numpy() for c in ("t_dry_c", "rh_pct", "pressure_hpa"))
    elif station.endswith(".tm2"):
        table, _ = pvlib.iotools.read_tmy2(PVLIB / station)
        t, rh, p = (table[c].to_numpy(float) for c in ("DryBulb", "RHum", "Pressure"))
        t = t / 10.0  # tenths of a degree
    else:
        table, _ = pvlib.iotools.read_tmy3(PVLIB / station, map_variables=True)
        t, rh, p = (table[c].to_numpy(float) for c in ("temp_air", "relative_humidity", "pressure"))
    return OutdoorAir(t, rh, p * PA_PER_HPA)


def thermal_zone(t_dry_bulb_degc: Floats) -> int:
    """Zone 1-8 by degree days of daily means, as CITATION.md says."""
    daily = t_dry_bulb_degc.reshape(365, 24).mean(axis=1)
    cooling, heating = np.maximum(daily - 10.0, 0.0).sum(), np.maximum(18.0 - daily, 0.0).sum()
    for zone, above in ((1, 5000.0), (2, 3500.0), (3, 2500.0)):
        if cooling > above:
            return zone
    return 3 + int(np.searchsorted([2000.0, 3000.0, 4000.0, 5000.0, 7000.0], heating))


@cache
def our_bands(station: str, number: int) -> dict[str, Floats]:
    band = pue_band(CASES[number], air(station), SAMPLES, SEED, percents=(5.0, 95.0))
    return {"pue": band.pue, "wue": band.wue_l_per_kwh}


@pytest.mark.parametrize("station", HERE)
def test_every_station_is_in_the_zone_of_its_degree_days(station: str) -> None:
    assert str(thermal_zone(air(station).t_dry_bulb_degc)) == STATIONS[station]["zone"][0]


def test_there_are_ten_published_cases_in_ten_zones() -> None:
    assert sorted(CASES) == list(range(1, 11))
    assert sum(quantity == "pue" for quantity, *_ in BANDS) == 100


@pytest.mark.skipif(not SHARED.exists(), reason="the hourly weather of ten sites is kept outside the project")
def test_all_weather_is_at_hand() -> None:
    assert list(STATIONS) == HERE


@pytest.mark.parametrize("number", sorted(CASES))
@pytest.mark.parametrize("station", HERE)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_our_band_covers_half_of_the_published_one(quantity: str, station: str, number: int) -> None:
    low, high = our_bands(station, number)[quantity]
    share = overlap_share(low, high, *BANDS[quantity, STATIONS[station]["zone"], number])
    known = MISSES.get((quantity, station, number))
    if known is None:
        assert share >= HALF
    else:
        assert share < HALF, "holds by now: take it out of the known misses"
        assert share == pytest.approx(known, abs=0.05)
