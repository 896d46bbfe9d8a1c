from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

from tests.app.command_line import gridcarbon, refused, scenario

SCENARIO = """name: plants
city: {network: case33bw}
period: {start: 2030-06-10, days: 1, step_minutes: 60}
assets:
  - {kind: battery, name: depot, bus: '17', p_rated_mw: 0.5, e_rated_mwh: 2}
  - {kind: pv, name: roofs, bus: '5', p_peak_mw: 1}
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return scenario(tmp_path_factory.mktemp("plants"), SCENARIO)


def table(*arguments):
    done = gridcarbon("twin", "plant", *arguments, "--format", "csv")
    assert done.returncode == 0, done
    return pl.read_csv(io.StringIO(done.stdout)), done.stderr


def test_the_region_holds_the_baseline(city):
    region, _ = table(city)
    assert region.height == 24
    assert region.select((pl.col("baseline_mw") >= pl.col("p_min_mw") - 1e-6).all()).item()
    assert region.select((pl.col("baseline_mw") <= pl.col("p_max_mw") + 1e-6).all()).item()
    assert region["p_max_mw"].max() == pytest.approx(0.5, abs=1e-6)
    assert region["p_min_mw"].min() < -0.9


def test_a_change_is_bid_for_given_to_the_assets_and_settled(city):
    offered, said = table(city, "--step", 12, "--hours", 2, "--change", 0.1, "--change", 0.2)
    assert offered["power_mw"].to_list() == [0.1, 0.2]
    assert offered["offered_mw"].to_list() == pytest.approx([0.1, 0.2], abs=1e-5)
    assert "asked 0.400 MWh, delivered 0.400 MWh (100.0%)" in said
    assert "at the average intensity of imports" in said
    by_asset, _ = table(city, "--step", 12, "--hours", 2, "--change", 0.2, "--assets")
    change = by_asset.with_columns(d=pl.col("p_mw") - pl.col("baseline_mw")).group_by("time_utc").agg(pl.col("d").sum())
    np.testing.assert_allclose(change.sort("time_utc")["d"].to_numpy()[12:14], 0.2, atol=1e-5)


def test_what_is_asked_wrongly_is_refused(city, tmp_path):
    refused(gridcarbon("twin", "plant", city, "--change", 1, "--change", -1), "all above 0 or all below")
    bare = scenario(tmp_path, SCENARIO.partition("assets:")[0])
    refused(gridcarbon("twin", "plant", bare), "assets: must be at least one")
