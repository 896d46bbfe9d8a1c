from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from tests.app.command_line import gridcarbon, scenario

pytestmark = pytest.mark.slow

with (Path(__file__).parent / "expected.csv").open() as file:
    ROWS = list(csv.DictReader(file))
SCENARIO = """
name: feeder
city: {network: ieee_european_lv_asymmetric}
period: {start: 2030-01-07, days: 1, step_minutes: 60}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("feeder")
    done = gridcarbon("run", scenario(place, SCENARIO), "--out", place / "result")
    assert done.returncode == 0, done.stderr
    return place


def test_the_command_line_gives_the_published_extremes(folder: Path) -> None:
    summary = json.loads((folder / "result" / "summary.json").read_text())
    for row in ROWS:
        assert summary[row["key"]] == pytest.approx(float(row["value"]), abs=float(row["half_digit"])), row["key"]
    assert summary["failed_steps"] == 0


def test_nothing_is_misstated_and_every_phase_is_in_the_tables(folder: Path) -> None:
    manifest = json.loads((folder / "result" / "manifest.json").read_text())
    assert manifest["phases"] == "three"
    assert manifest["misstated"] == []
    phases = pl.read_parquet(folder / "result" / "phase_voltages.parquet")
    lowest = phases.select(pl.min_horizontal("vm_a_pu", "vm_b_pu", "vm_c_pu").min()).item()
    assert lowest == pytest.approx(0.9962, abs=5e-5)
    assert pl.read_parquet(folder / "result" / "buses.parquet")["vm_pu"].min() == pytest.approx(lowest, abs=1e-6)
    currents = pl.read_parquet(folder / "result" / "phase_currents.parquet")
    assert currents["neutral_percent"].max() > 20


def test_one_phase_is_said_first_to_misstate_the_net(folder: Path) -> None:
    one = scenario(folder, SCENARIO.replace("asymmetric}", "asymmetric, phases: one}"), "one.yaml")
    assert gridcarbon("check", one).stdout.splitlines()[1].strip().startswith("ATTENTION  55 asymmetric loads")
    assert "ATTENTION" not in gridcarbon("check", folder / "scenario.yaml").stdout
