"""See CITATION.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from pvlib.iotools import read_tmy3
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import Array, FixedMount, PVSystem

from grid.assets.pv import GAMMA_PER_K, PV, Orientation, pv_specific_power
from grid.time.clock import Clock
from grid.weather.files import _path_of
from grid.weather.weather import Weather, weather_for

GREENSBORO = (36.1, -79.95)
CASES = pl.read_csv(Path(__file__).parent / "expected.csv").rows()


@pytest.fixture(scope="module")
def weather() -> Weather:
    clock = Clock(datetime(2023, 1, 1, 5, tzinfo=UTC), timedelta(minutes=15), 35_040)
    return weather_for("greensboro-tmy3", clock, "America/New_York", *GREENSBORO)


def yield_kwh(weather: Weather, tilt_degree: float, azimuth_degree: float) -> float:
    way = Orientation(tilt_degree=tilt_degree, azimuth_degree=azimuth_degree, share=1.0)
    pv = PV(name="one kilowatt", bus="-", p_peak_mw=0.001, orientations=(way,))
    return float(pv_specific_power(pv, weather).sum() * 0.25)  # kWh per kW


def yield_by_model_chain_kwh(tilt_degree: float, azimuth_degree: float) -> float:
    """pvlib's own chain on the hours of the file, with the sun at the middle of each."""
    data, meta = read_tmy3(_path_of("greensboro-tmy3"), coerce_year=1990, map_variables=True)
    data.index = data.index - pd.Timedelta(minutes=30)
    place = Location(meta["latitude"], meta["longitude"], altitude=meta["altitude"])
    parts: dict[str, Any] = {"pdc0": 1000.0, "gamma_pdc": GAMMA_PER_K}
    array = Array(
        FixedMount(tilt_degree, azimuth_degree), albedo=0.2, module_parameters=parts,
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
    )  # fmt: skip
    system = PVSystem([array], inverter_parameters={"pdc0": 1000 / 1.2 / 0.96, "eta_inv_nom": 0.96})
    chain = ModelChain(
        system, place, transposition_model="isotropic", dc_model="pvwatts", ac_model="pvwatts", aoi_model="no_loss",
        spectral_model="no_loss", temperature_model="faiman", losses_model="pvwatts",
    )  # fmt: skip
    system.losses_parameters = {
        "soiling": 14.0, "shading": 0, "snow": 0, "mismatch": 0, "wiring": 0, "connections": 0, "lid": 0,
        "nameplate_rating": 0, "age": 0, "availability": 0,
    }  # fmt: skip
    chain.run_model(data[["ghi", "dni", "dhi", "temp_air", "wind_speed"]])
    return float(chain.results.ac.clip(lower=0).sum() / 1000)


@pytest.mark.parametrize(("tilt_degree", "azimuth_degree", "expected_kwh"), CASES)
def test_within_ten_percent_of_pvwatts(
    weather: Weather, tilt_degree: float, azimuth_degree: float, expected_kwh: float
) -> None:
    assert yield_kwh(weather, tilt_degree, azimuth_degree) == pytest.approx(expected_kwh, rel=0.10)


def test_the_south_roof_is_within_one_percent_of_pvwatts(weather: Weather) -> None:
    assert yield_kwh(weather, 35, 180) == pytest.approx(1358.1, rel=0.01)


@pytest.mark.parametrize(("tilt_degree", "azimuth_degree"), [(35, 180), (35, 90), (10, 225)])
def test_within_two_percent_of_pvlibs_own_chain(weather: Weather, tilt_degree: float, azimuth_degree: float) -> None:
    expected = yield_by_model_chain_kwh(tilt_degree, azimuth_degree)
    assert yield_kwh(weather, tilt_degree, azimuth_degree) == pytest.approx(expected, rel=0.02)
