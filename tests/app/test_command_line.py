"""The command line as a user calls it, rightly and wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.app.command_line import THREE_LINES, gridcarbon, refused, scenario
from tests.places import ROOT

pytestmark = pytest.mark.slow


def test_help_lists_the_commands() -> None:
    command = [str(Path(sys.executable).parent / "gridcarbon"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for command in ("demo", "check", "run", "serve", "export", "factors", "schema"):
        assert f"  {command} " in done.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "polars", "pydantic", "dash", "matplotlib", "sqlalchemy", "distributed")
    code = f"import sys, app.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_check_of_a_scenario_imports_only_what_it_needs() -> None:
    """Neither libraries of studies, nor what sweeps and results are made of, nor a module with compiled functions."""
    heavy = (
        "numba", "pandapower", "pandas", "pvlib", "pyproj", "networkx", "sklearn", "pyomo", "psutil",
        "scipy.linalg", "scipy.sparse.linalg", "scipy.special", "scipy.spatial", "scipy.optimize",
        "app.results", "app.batch.sweep.check", "app.simulation", "grid.synthetic.making",
    )  # fmt: skip
    demo = ROOT / "app" / "scenarios" / "demo.yaml"
    code = (
        f"import sys, app.cli; sys.argv = ['gridcarbon', 'check', {str(demo)!r}]\n"
        "try:\n    app.cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.strip().splitlines()
    assert "Reference city 2030: valid" in lines[0]
    assert lines[-1] == "[]"


def test_three_lines_make_a_result(tmp_path: Path) -> None:
    path = scenario(tmp_path, THREE_LINES)
    assert "case33bw: 33 buses" in gridcarbon("check", path).stdout
    done = gridcarbon("run", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["steps"] == 96
    printed = {line.split()[0]: line.split()[2:] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert (printed["cost"], printed["emissions_t"], printed["vm_min_pu"]) == (["EUR"], ["t"], ["pu"])
    assert printed["renewable_share"] == []
    assert summary["vm_min_pu"] == pytest.approx(0.91309, abs=5e-6)
    assert summary["loss_mwh"] / 24 * 1000 == pytest.approx(202.677, abs=5e-4)
    assert summary["pue_mean"] is None
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    again = gridcarbon("run", path, "--out", tmp_path / "out")
    assert again.returncode == 0
    refused(gridcarbon("run", path, "--out", tmp_path / "out", "--days", "2"), "another scenario", "three lines")
    back = yaml.safe_load((tmp_path / "out" / "scenario.yaml").read_text())
    assert back["period"]["step_minutes"] == 15
    assert gridcarbon("run", tmp_path / "out" / "scenario.yaml", "--out", tmp_path / "out").returncode == 0
    assert "are as they were written" in gridcarbon("verify", tmp_path).stdout
    (tmp_path / "out" / "buses.parquet").write_bytes(b"PAR1")
    for command in (("run", path, "--out", tmp_path / "out"), ("verify", tmp_path), ("verify", tmp_path / "out")):
        refused(gridcarbon(*command), "buses.parquet: is not as it was written")


def test_all_faults_at_once_with_place_rule_value_and_nearest(tmp_path: Path) -> None:
    text = """
name: Harbour
speed: 3
city: {network: reference}
period: {start: 2030-01-01, days: 0}
weather: greensboro-tmy
assets:
  - {kind: battery, name: quay, bus: MV3.101 Bus 84, p_rated_mw: -2, e_rated_mwh: lots}
  - {kind: pv, name: quay, bus: MV3.101 Bus 844, p_peak_mw: 2}
  - {kind: pv, name: sheds, where: {zone: Feder 8}, p_peak_mw: 2}
  - {kind: batery, name: b}
data_centres:
  - {name: north, bus: MV3.101 Bsu 86, p_it_rated_mw: 3, cooling: {kind: water_economiser, dt_air: 3}}
dispatch: {strategy: optimum}
"""
    done = gridcarbon("run", scenario(tmp_path, text), "--out", tmp_path / "out")
    refused(
        done,
        "has 12 problems",
        "speed: unknown key",
        "period.days: must be at least 1; got 0",
        "weather: no such shipped weather or file; got 'greensboro-tmy'; did you mean 'greensboro-tmy3'?",
        "assets[0].battery.p_rated_mw: must be greater than 0; got -2",
        "assets[0].battery.e_rated_mwh: must be a number; got 'lots'",
        "assets[1].name: is the name of assets[0] too; got 'quay'",
        "assets[1].bus: no bus called 'MV3.101 Bus 844'; did you mean 'MV3.101 Bus 84'?",
        "assets[2].where.zone: no district called 'Feder 8'; did you mean 'Feeder 8'?",
        "got 'batery'; did you mean 'battery'?",
        "data_centres[0].bus: no bus called 'MV3.101 Bsu 86'; did you mean 'MV3.101 Bus 86'?",
        "unknown key",
        "dispatch.strategy: must be one of 'unmanaged', 'smart' or 'optimal'; got 'optimum'",
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "must be a mapping"),
        ("- a\n- b\n", "must be a mapping"),
        ("name: [unclosed\n", "is not readable YAML"),
        ("name: a\nname: b\n", "key 'name' stands twice"),
        ("city: {network: case33bw}\nperiod: {start: 2030-01-01, days: 1}\n", "name: is required"),
        (THREE_LINES.replace("case33bw", "case33bww"), "did you mean 'case33bw'?"),
        (THREE_LINES.replace("case33bw", "nowhere.json"), "no file"),
        (THREE_LINES.replace("2030-01-01", "soon"), "period.start: must be a date"),
        (THREE_LINES.replace("days: 1", "days: true"), "period.days: must be a whole number; got True"),
        (THREE_LINES + "limits: {vm_min_pu: 1.1, vm_max_pu: 0.9}\n", "vm_min_pu must be less than vm_max_pu"),
        (THREE_LINES.replace("{network: case33bw}", "{network: case33bw, time_zone: Europe/Berln}"), "Europe/Berlin"),
        (THREE_LINES + "upstream: {csv: nothing.csv}\n", "nothing.csv"),
    ],
)
def test_a_broken_scenario_is_refused(tmp_path: Path, text: str, fragment: str) -> None:
    done = gridcarbon("check", scenario(tmp_path, text))
    refused(done, fragment)


def test_a_net_that_names_a_foreign_module_is_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "intruder.py").write_text("raise SystemExit('it ran')\n")
    net = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {
        "bus": json.dumps({"_module": "intruder", "_class": "Intruder", "_object": "{}"})}}  # fmt: skip
    (tmp_path / "net.json").write_text(json.dumps(net))
    path = scenario(tmp_path, THREE_LINES.replace("case33bw", "net.json"))
    monkeypatch.syspath_prepend(tmp_path)
    done = gridcarbon("check", path)
    refused(done, "names a class of a module", "intruder")
    assert "intruder" not in sys.modules


def test_profiles_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    times = pl.datetime_range(pl.datetime(2030, 1, 1), pl.datetime(2030, 1, 2), "15m", closed="left", eager=True)
    values = [0.1] * 95 + [float("inf")]
    frame = pl.DataFrame({"time_utc": times, "load/1/p_mw": values, "load/999/p_mw": [0.1] * 96})
    frame.write_parquet(tmp_path / "profiles.parquet")
    text = THREE_LINES.replace("{network: case33bw}", "{network: case33bw, profiles: profiles.parquet}")
    refused(gridcarbon("check", scenario(tmp_path, text)), "load/1/p_mw: must be finite; row 95")


def test_wrong_words_on_the_command_line_are_refused(tmp_path: Path) -> None:
    path = scenario(tmp_path, THREE_LINES)
    assert gridcarbon("run", path).returncode == 2
    assert gridcarbon("fly").returncode == 2
    refused(gridcarbon("run", path, "--out", tmp_path), "is not empty and holds no result")
    refused(gridcarbon("run", path, "--out", tmp_path / "out", "--days", "0"), "period.days: must be at least 1; got 0")
    refused(gridcarbon("grid", path), "FILE: must be the file of a grid; `gridcarbon check` reads scenarios")
    refused(gridcarbon("serve", tmp_path / "nothing"), "no such folder")
    refused(gridcarbon("serve", tmp_path, "--read-only"), "holds no result")
    refused(gridcarbon("export", path, tmp_path / "net.csv"), "must end in .json")
    refused(gridcarbon("export", path, tmp_path / "net.json", "--step", "96"), "--step: must lie within 0..95; got 96")
    assert not (tmp_path / "out").exists()


def test_an_incomplete_result_is_refused(tmp_path: Path, demo_folder: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    refused(gridcarbon("export", broken, tmp_path / "net.json"), "manifest.json", "not a complete result")
    (broken / "manifest.json").write_text("{")
    refused(gridcarbon("export", broken, tmp_path / "net.json"), "manifest.json: cannot be read")


def test_schema_and_factors_are_printed() -> None:
    schema = json.loads(gridcarbon("schema").stdout)
    assert {"name", "city", "period"} == set(schema["required"])
    assert schema["properties"]["dispatch"]
    factors = gridcarbon("factors").stdout
    assert "germany_2023" in factors
    assert "unverified" in factors


def test_a_defect_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(loaded: object) -> str:
        raise RuntimeError("the flux is gone")

    monkeypatch.setattr("app.scenario.describe.describe_scenario", broken)
    monkeypatch.delenv("GRIDCARBON_TRACEBACK", raising=False)
    done = gridcarbon("check", scenario(tmp_path, THREE_LINES))
    assert done.returncode == 1
    assert "the flux is gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_limit_that_cannot_be_kept_ends_with_status_3(tmp_path: Path) -> None:
    text = THREE_LINES + "dispatch: {strategy: optimal}\nlimits: {import_max_mw: 1}\nassets:\n"
    text += "  - {kind: battery, name: b, bus: '17', p_rated_mw: 0.1, e_rated_mwh: 0.2}\n"
    done = gridcarbon("run", scenario(tmp_path, text), "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert "import: import_mw against 1, step 0: it would be" in done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["status"] == "infeasible"
    violations = pl.read_parquet(tmp_path / "out" / "violations.parquet")
    assert "import_mw" in violations["quantity"].cast(pl.String).to_list()
