"""`gridcarbon feeder`: a feeder over a file of profiles, its tables, and what is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from grid.readers.opendss.phases import read_feeder
from tests.app.command_line import gridcarbon, refused
from tests.places import ROOT

pytestmark = pytest.mark.slow

FEEDER = ROOT / "tests" / "published" / "ieee_test_feeders" / "13Bus" / "IEEE13Nodeckt.dss"
ROWS = """time_utc,load/671/p_mw,load/671/q_mvar
2030-01-01T00:00,1.155,0.66
2030-01-01T00:15,0.5775,0.33
2030-01-01T00:30,1.155,0.66
"""


def profiles(folder: Path, text: str) -> Path:
    path = folder / "profiles.csv"
    path.write_text(text)
    return path


def test_every_row_is_solved_and_the_tables_hold_it(tmp_path: Path) -> None:
    tables = {name: tmp_path / f"{name}.parquet" for name in ("steps", "nodes", "elements", "voltages")}
    options = [text for name, path in tables.items() for text in (f"--{name}", path)]
    done = gridcarbon("feeder", FEEDER, "--profiles", profiles(tmp_path, ROWS), *options)
    assert done.returncode == 0, done.stderr
    assert "3 steps of 0:15:00 from 2030-01-01 00:00 UTC, 0 without a solution." in done.stdout
    assert "3 RegControls stay where the engine left what they move." in done.stdout
    steps, nodes, elements, voltages = (pl.read_parquet(path) for path in tables.values())
    assert steps["loss_mw"][0] == pytest.approx(0.11239, abs=5e-6)  # as the engine has it
    assert steps["loss_mw"][1] < 0.09
    assert steps["vm_min_pu"].to_list()[::2] == pytest.approx([0.96084] * 2, abs=5e-6)
    lowest = nodes.filter(pl.col("phase") <= 3)["vm_min_pu"].min()
    assert lowest == pytest.approx(steps["vm_min_pu"].min(), rel=1e-12)
    assert voltages.drop("time").select(pl.all().min()).min_horizontal()[0] == pytest.approx(lowest, rel=1e-12)
    of_lines = elements.filter(pl.col("kind").is_in(["line", "trafo"]))["loss_mwh"].sum()
    assert of_lines == pytest.approx(steps["loss_mw"].sum() / 4, rel=1e-9)


def test_a_step_without_a_solution_is_named_and_has_no_values(tmp_path: Path) -> None:
    table, rows = tmp_path / "steps.parquet", ROWS.replace("0.5775,0.33", "40.0,20.0")
    done = gridcarbon("feeder", FEEDER, "--profiles", profiles(tmp_path, rows), "--steps", table)
    assert done.returncode == 0, done.stderr
    assert "3 steps of 0:15:00 from 2030-01-01 00:00 UTC, 1 without a solution: 2030-01-01 00:15 UTC." in done.stdout
    drawn_mwh = read_feeder(FEEDER).network.load_mva.real.sum() * 2 / 4  # of the two steps with a solution
    assert f"loads were to draw {drawn_mwh:,.3f} MWh at rated voltage. All three of the 2 steps" in done.stdout
    steps = pl.read_parquet(table).drop("time").fill_nan(None)
    assert set(steps.row(1)) == {None}
    assert None not in steps.row(0)
    assert steps.row(0) == pytest.approx(steps.row(2), rel=1e-12)  # lanes of a processor round otherwise


def test_loads_that_are_not_there_and_powers_in_kw_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "steps.csv"
    given = profiles(tmp_path, ROWS.replace("671/q_mvar", "672/q_mvar").replace("1.155", "1155"))
    done = gridcarbon("feeder", FEEDER, "--profiles", given, "--steps", table)
    refused(done, "load/672/q_mvar: no load called '672'", "is it in kW? Divide by 1000")
    assert not table.exists()


def test_a_scenario_of_a_feeder_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"name: f\ncity: {{network: {FEEDER}}}\nperiod: {{start: 2030-01-01, days: 1}}\n")
    refused(gridcarbon("check", path), "RegControl.reg1", "Line.650632", "'gridcarbon feeder' solve its power flow")
