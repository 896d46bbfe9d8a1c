from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.twin import ageing
from app.twin.ageing import MOST_YEARS, ageing_ground, equipment_ageing, years_lost
from grid.twin.insulation import NORMAL_LIFE_H
from tests.app.command_line import gridcarbon, refused


@pytest.fixture(scope="module")
def ground(demo):
    return ageing_ground(demo[0])


def table_of(ground, monkeypatch):
    monkeypatch.setattr(ageing, "ageing_ground", lambda _: ground)
    return equipment_ageing(None)


def loaded(ground, factor):
    return replace(ground, loading_pu={name: values * factor for name, values in ground.loading_pu.items()})


def test_every_transformer_and_buried_cable_has_a_row(demo, ground):
    table = equipment_ageing(demo[0])
    assert set(table["element"]) == {*ground.transformers, *ground.lines}
    assert table.filter(kind="transformer").height == 3
    assert table["ageing_rate"].is_sorted(descending=True)
    np.testing.assert_allclose(table["life_used_h"], table["ageing_rate"] * 48, rtol=1e-12)


def test_insulation_lasts_its_normal_life_at_the_rated_temperature(ground, monkeypatch):
    """Rated load at 20 °C warms the hot spot of a distribution transformer with R = 5 and no enclosure to 98 °C."""
    name = "MV3.101-LV5.303-Trafo 1"
    rated = ageing.TransformerThermal(loss_ratio=5, top_oil_rise_k=55, winding_gradient_k=23, hot_spot_factor=1.0)
    monkeypatch.setattr(ageing.TransformerThermal, "distribution", lambda **_: rated)
    steps = ground.clock.n_steps
    made = replace(ground, loading_pu={name: np.ones(steps)}, air_degc=np.full(steps, 20.0), lines={})
    row = table_of(made, monkeypatch).row(0, named=True)
    assert row["ageing_rate"] == pytest.approx(1.0, rel=1e-9)
    assert row["insulation_years"] == pytest.approx(NORMAL_LIFE_H / 8760, rel=1e-9)


def test_more_load_costs_years_and_never_gives_any(ground, monkeypatch):
    low, high = (table_of(loaded(ground, factor), monkeypatch) for factor in (1.0, 2.2))
    lost = years_lost(low, high)
    assert (lost["years_lost"] >= 0).all()
    assert lost["years_lost"].max() > 1
    assert lost["years_lost"].is_sorted(descending=True)
    assert low["service_years"].max() == MOST_YEARS
    np.testing.assert_allclose(lost["years_lost"], lost["service_years_before"] - lost["service_years_after"])


def test_plastic_of_low_voltage_cables_bears_less(demo):
    cables = equipment_ageing(demo[0]).filter(kind="cable").select("element", "assumed")
    assert cables.filter(pl.col("element").str.starts_with("LV"))["assumed"].str.starts_with("conductor to 70").all()
    assert cables.filter(~pl.col("element").str.starts_with("LV"))["assumed"].str.starts_with("conductor to 90").all()


def test_the_command_prints_and_writes_the_table(demo, tmp_path):
    unmanaged, optimal = (result.path for result in demo)
    done = gridcarbon("twin", "ageing", unmanaged, "--format", "csv")
    assert done.returncode == 0, done
    assert pl.read_csv(io.StringIO(done.stdout)).height == equipment_ageing(demo[0]).height
    file = tmp_path / "lost.parquet"
    assert gridcarbon("twin", "ageing", optimal, "--against", unmanaged, "--out", file).returncode == 0
    assert pl.read_parquet(file).columns[-1] == "years_lost"


def test_what_is_no_result_is_refused(tmp_path):
    refused(gridcarbon("twin", "ageing", tmp_path / "none"), "no such folder")
    refused(gridcarbon("twin", "ageing", tmp_path, "--format", "pdf"), "--format", "must be one of")
