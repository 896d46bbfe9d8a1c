from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from grid.twin.transformer_thermal import ThermalState, TransformerThermal, transformer_temperatures

EXPECTED = pl.read_csv(Path(__file__).with_name("expected.csv"), schema_overrides={"load_pu": pl.Float64})
AMBIENT_DEGC = 25.6
THERMAL = TransformerThermal(
    loss_ratio=1000,
    top_oil_rise_k=38.3,
    winding_gradient_k=14.5,
    hot_spot_factor=1.4,
    winding_exponent=1.3,
    k11=0.5,
    k21=2.0,
    k22=2.0,
    oil_time_constant_min=150,
    winding_time_constant_min=7,
)


def test_temperatures_at_the_end_of_each_step_of_load():
    end_min = EXPECTED["end_min"].to_numpy()
    load_pu = np.repeat(EXPECTED["load_pu"].to_numpy(), np.diff(end_min, prepend=0))
    start = ThermalState(top_oil_degc=AMBIENT_DEGC + 12.7, winding_rise_k=0.0, oil_rise_k=0.0)
    found = transformer_temperatures(
        THERMAL, load_pu[:, None], np.full(len(load_pu), AMBIENT_DEGC), step_hours=1 / 60, start=start
    )
    for values, column in ((found.top_oil_degc, "top_oil_degc"), (found.hot_spot_degc, "hot_spot_degc")):
        apart = np.abs(values[end_min - 1, 0] - EXPECTED[column].to_numpy())
        assert (apart <= EXPECTED["tolerance_k"].to_numpy()).all(), (column, apart)
