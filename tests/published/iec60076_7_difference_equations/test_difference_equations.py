from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.twin.insulation import loss_of_life_h
from grid.twin.transformer_thermal import ThermalState, TransformerThermal, transformer_temperatures

HERE = Path(__file__).parent
STEP_MIN = 3.0
THERMAL = TransformerThermal(
    loss_ratio=8,
    top_oil_rise_k=45,
    winding_gradient_k=25,
    hot_spot_factor=1.4,
    winding_exponent=1.3,
    k11=0.5,
    k21=2.0,
    k22=2.0,
    oil_time_constant_min=150,
    winding_time_constant_min=7,
)


@pytest.fixture(scope="module")
def first():
    return pl.read_csv(HERE / "published.csv").row(0, named=True)


@pytest.fixture(scope="module")
def start(first):
    return ThermalState.steady(THERMAL, first["load_pu"], first["ambient_degc"])


def test_the_steady_state_is_the_printed_one(first, start):
    assert start.top_oil_degc == pytest.approx(first["top_oil_degc"], abs=0.05)
    assert start.winding_rise_k == pytest.approx(first["winding_rise_k"], abs=0.05)
    assert start.oil_rise_k == pytest.approx(first["oil_rise_k"], abs=0.05)
    hot_spot_degc = start.top_oil_degc + start.winding_rise_k - start.oil_rise_k
    assert hot_spot_degc == pytest.approx(first["hot_spot_degc"], abs=0.05)


def test_the_rows_after_it_follow_the_equations(start):
    rows = pl.read_csv(HERE / "recomputed.csv")
    found = transformer_temperatures(
        THERMAL,
        rows["load_pu"].to_numpy()[:, None],
        rows["ambient_degc"].to_numpy(),
        STEP_MIN / 60,
        start=start,
        form="difference",
    )
    np.testing.assert_allclose(found.top_oil_degc[:, 0], rows["top_oil_degc"], rtol=0, atol=0.005)
    np.testing.assert_allclose(found.hot_spot_degc[:, 0], rows["hot_spot_degc"], rtol=0, atol=0.005)
    aged_min = loss_of_life_h(found.hot_spot_degc, STEP_MIN / 60) * 60
    assert aged_min == pytest.approx(12.691, abs=0.005)
