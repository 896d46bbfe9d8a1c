"""The command for short-circuit currents: before and after plants, against breaking limits."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.app.command_line import gridcarbon, refused

pytestmark = pytest.mark.slow

SCENARIO = """
name: plants
city: {network: case33bw}
period: {start: 2030-01-01, days: 1, step_minutes: 60}
assets:
  - {kind: chp, name: engine, bus: '17', p_rated_mw: 1.0}
  - {kind: battery, name: store, bus: '24', p_rated_mw: 2.0, e_rated_mwh: 4.0}
"""


def test_plants_raise_currents_and_limits_are_compared(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO)
    file = tmp_path / "levels.csv"
    done = gridcarbon("short-circuit", tmp_path / "s.yaml", "--s-sc-max", "500", "--s-sc-min", "300",
                      "--breaking-limit", "12.66=20", "--out", file)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "assumed: synchronous generators" in done.stdout
    table = pl.read_csv(file)
    assert table.height == 33
    assert (table["rise_ka"] > 0).all()
    assert (table["ikss_min_ka"] < table["ikss_max_ka"]).all()
    at_source = table.row(0, named=True)  # nearest to its limit: the bus of the grid
    assert at_source["ikss_max_before_ka"] == pytest.approx(500 / 3**0.5 / 12.66)
    assert table["exceeded"].to_list() == (table["ikss_max_ka"] > 20).to_list()
    assert table["exceeded"].any()
    refused(gridcarbon("short-circuit", tmp_path / "s.yaml", "--breaking-limit", "12.66:20"), "such as 10=20")
    refused(gridcarbon("short-circuit", tmp_path / "s.yaml"), "s_sc_max_mva", "s_sc_min_mva", "--s-sc-max")


def test_nothing_is_said_of_the_use_of_pandas(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("name: city\ncity: {network: reference}\nperiod: {start: 2030-01-01, days: 1}\n")
    done = gridcarbon("short-circuit", tmp_path / "s.yaml", "--s-sc-max", "500", "--s-sc-min", "300")
    assert (done.returncode, done.stderr) == (0, "")
