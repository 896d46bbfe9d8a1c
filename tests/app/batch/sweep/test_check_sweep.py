"""Sweep files: what they come to, and everything that can be wrong with them, said before anything runs."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml

from app.batch.sweep import CheckedSweep, check_sweep, is_sweep
from grid.errors import ScenarioError
from grid.sharing import SharedPreparation, sharing_preparation
from tests.app.command_line import gridcarbon

UNCERTAINTY = Path(str(resources.files("app") / "sweeps" / "uncertainty.yaml"))

BASE = {
    "name": "small",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-01-14", "days": 1, "step_minutes": 60},
    "assets": [
        {"kind": "pv", "name": "roofs", "bus": "6", "p_peak_mw": 1},
        {"kind": "ev_fleet", "name": "at home", "bus": "7", "vehicles": 10, "place": "home"},
    ],
}


KEPT = SharedPreparation()
"""The net and the weather of all tests here, read once."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, since what is read is kept by the folder it is read for."""
    return tmp_path_factory.mktemp("sweeps")


def checked(folder: Path, design: dict[str, Any], **other: Any) -> CheckedSweep:
    path = written(folder, design, **other)
    with sharing_preparation(KEPT):
        return check_sweep(path)


def written(folder: Path, design: dict[str, Any], **other: Any) -> Path:
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump({"name": "s", "base": BASE, "design": design, **other}, sort_keys=False))
    return path


def faults(folder: Path, design: dict[str, Any], **other: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        checked(folder, design, **other)
    return str(caught.value)


def test_grid_has_every_combination(folder: Path) -> None:
    sweep = checked(
        folder,
        {"kind": "grid", "parameters": {"assets[roofs].p_peak_mw": [1, 2], "dispatch.carbon_price_per_t": [0, 50]}},
        replications={"seeds": [3, 4]},
        tags=["all"],
    )
    assert [run.name for run in sweep.runs][:3] == [
        "p_peak_mw=1, carbon_price_per_t=0, seed=3",
        "p_peak_mw=1, carbon_price_per_t=0, seed=4",
        "p_peak_mw=1, carbon_price_per_t=50, seed=3",
    ]
    last = sweep.runs[-1]
    assert last.parameters == {"assets[roofs].p_peak_mw": 2.0, "dispatch.carbon_price_per_t": 50.0, "seed": 4}
    assert last.content["assets"][0]["p_peak_mw"] == 2
    assert last.content["dispatch"]["carbon_price_per_t"] == 50  # the base has no dispatch
    assert last.content["name"] == "small: p_peak_mw=2, carbon_price_per_t=50, seed=4"
    assert last.tags == ("all",)
    assert len({run.key for run in sweep.runs}) == len(sweep.runs) == 8
    assert sweep.parameters == ("assets[roofs].p_peak_mw", "dispatch.carbon_price_per_t")


def test_variants_by_name_take_out_and_add_assets(folder: Path) -> None:
    battery = {"kind": "battery", "bus": "3", "p_rated_mw": 1, "e_rated_mwh": 2}
    sweep = checked(
        folder,
        {
            "kind": "variants",
            "variants": [
                {"name": "as it is"},
                {"name": "no sun", "tags": ["dark"], "changes": {"assets[roofs]": None, "assets[at home].vehicles": 5}},
                {"name": "stored", "changes": {"assets[store]": battery, "assets[1].vehicles": 7}},
            ],
        },
    )
    named = {run.name: [asset["name"] for asset in run.content["assets"]] for run in sweep.runs}
    assert named == {
        "as it is": ["roofs", "at home"],
        "no sun": ["at home"],
        "stored": ["roofs", "at home", "store"],
    }
    assert [run.tags for run in sweep.runs] == [(), ("dark",), ()]
    assert [run.parameters["assets[at home].vehicles"] for run in sweep.runs][:1] == [10]


def test_paired_and_one_at_a_time(folder: Path) -> None:
    columns = {"assets[roofs].p_peak_mw": [1, 2], "tariff.import_markup_per_mwh": [50, 70]}
    paired = checked(folder, {"kind": "paired", "columns": columns, "names": ["low", "high"]})
    assert [(run.name, *run.parameters.values()) for run in paired.runs] == [("low", 1, 50), ("high", 2, 70)]
    single = checked(folder, {"kind": "one_at_a_time", "parameters": columns})
    assert [(run.name, *run.parameters.values()) for run in single.runs] == [
        ("base", 1, 60), ("p_peak_mw=1", 1, 60), ("p_peak_mw=2", 2, 60),
        ("import_markup_per_mwh=50", 1, 50), ("import_markup_per_mwh=70", 1, 70),
    ]  # fmt: skip


def test_kinds_of_distributions_stay_within_their_bounds(folder: Path) -> None:
    drawn = {
        "limits.import_max_mw": {"kind": "loguniform", "low": 1, "high": 100},
        "tariff.import_markup_per_mwh": {"kind": "normal", "mean": 60, "standard_deviation": 20, "low": 50, "high": 65},
        "weather": {"kind": "choice", "values": ["greensboro-tmy3", "potsdam-try"], "weights": [3, 1]},
        "seed": {"kind": "uniform", "low": 1, "high": 4, "whole": True},
    }
    runs = checked(folder, {"kind": "sobol", "samples": 32, "parameters": drawn}).runs
    values = {path: [run.parameters[path] for run in runs] for path in drawn}
    assert 1 <= min(values["limits.import_max_mw"]) < 2
    assert sum(value < 10 for value in values["limits.import_max_mw"]) == 16  # half of the logarithms
    assert 50 <= min(values["tariff.import_markup_per_mwh"]) < max(values["tariff.import_markup_per_mwh"]) <= 65
    assert values["weather"].count("potsdam-try") == 8
    assert {seed: values["seed"].count(seed) for seed in (1, 2, 3, 4)} == {1: 8, 2: 8, 3: 8, 4: 8}


SAMPLED = {
    "assets[roofs].p_peak_mw": {"kind": "uniform", "low": 1, "high": 3},
    "assets[at home].vehicles": {"kind": "triangular", "low": 10, "mode": 20, "high": 40, "whole": True},
}


def test_latin_hypercube_falls_once_into_each_slice(folder: Path) -> None:
    design = {"kind": "latin_hypercube", "samples": 8, "parameters": SAMPLED}
    sweep = checked(folder, design, seed=5)
    peaks = np.array([run.parameters["assets[roofs].p_peak_mw"] for run in sweep.runs])
    assert sorted(np.floor((peaks - 1) / 2 * 8)) == list(range(8))
    assert all(isinstance(run.parameters["assets[at home].vehicles"], int) for run in sweep.runs)
    assert [run.key for run in checked(folder, design, seed=5).runs] == [run.key for run in sweep.runs]
    assert [run.key for run in checked(folder, design, seed=6).runs] != [run.key for run in sweep.runs]


def test_saltelli_exchanges_one_column(folder: Path) -> None:
    sweep = checked(folder, {"kind": "saltelli", "samples": 2, "parameters": SAMPLED})
    assert len(sweep.runs) == 2 * (2 + 2)
    places = [run.in_design for run in sweep.runs]
    found = {(p.matrix, p.column, p.sample): run.parameters for p, run in zip(places, sweep.runs, strict=True)}
    for path in SAMPLED:
        for sample in range(2):
            mixed, a, b = found["AB", path, sample], found["A", "", sample], found["B", "", sample]
            assert mixed == {**a, path: b[path]}
    assert sweep.design["runs"][0] == [0, "A", "", ""]


def test_replications_over_years_and_weather(folder: Path) -> None:
    variants = {"kind": "variants", "variants": [{"name": "a"}]}
    sweep = checked(folder, variants, replications={"years": [2031, 2032], "weather": ["potsdam-try"]})
    assert [run.content["period"]["start"] for run in sweep.runs] == ["2031-01-14", "2032-01-14"]
    assert sweep.runs[0].name == "a, weather=potsdam-try, year=2031"


def test_days_override_those_of_every_run(folder: Path) -> None:
    path = written(folder, {"kind": "grid", "parameters": {"seed": [1, 2]}})
    assert [run.content["period"]["days"] for run in check_sweep(path, days=2).runs] == [2, 2]


def grid(**parameters: Any) -> dict[str, Any]:
    return {"kind": "grid", "parameters": parameters}


WRONG = [
    (grid(**{"assets[rofs].p_peak_mw": [1]}), {}, "called 'rofs'; did you mean 'assets[roofs].p_peak_mw'"),
    (grid(**{"assets[roofs].p_peek_mw": [1]}), {}, "did you mean 'assets[roofs].p_peak_mw'"),
    (grid(strategy=["smart"]), {}, "did you mean 'dispatch.strategy'"),
    (grid(**{"assets[7].p_peak_mw": [1]}), {}, "assets has 2 of them, counted from 0"),
    (grid(**{"assets..x": [1]}), {}, "is no path"),
    (grid(seed=[1, 2.5]), {}, "design.parameters.seed[1]: must be a whole number (in run 'seed=2.5'); got 2.5"),
    (grid(seed=[]), {}, "needs at least one value"),
    (grid(seed=[1, 1]), {}, "stands twice"),
    (grid(**{"assets[roofs]": [{"kind": "pv"}, {"kind": "pv"}]}), {}, "assets[roofs][1]: stands twice"),
    (grid(seed=list(range(1000)), **{"assets[roofs].p_peak_mw": list(range(1, 1001))}), {}, "1,000,000 runs"),
    (grid(seed=[1, 2]), {"max_runs": 1}, "comes to 2 runs"),
    (grid(**{"assets[0].p_peak_mw": [1], "assets[roofs].p_peak_mw": [2]}), {}, "sets what design.parameters.assets[0]"),
    (grid(seed=[1]), {"replications": {"seeds": [1]}}, "replications.seeds: sets what design.parameters.seed sets too"),
    (grid(seed=[1]), {"changes": {"nothing": 1}}, "changes.nothing: the schema knows no 'nothing' in a scenario"),
    (grid(seed=[1]), {"base": {**BASE, "weather": "nowhere.epw"}}, "base.weather"),
    (grid(seed=[1]), {"base": "dem"}, "no such file beside the sweep"),
    ({"kind": "variants", "variants": [{"name": "a"}, {"name": "a"}]}, {}, "design.variants[1].name: is the name of"),
    ({"kind": "paired", "columns": {"seed": [1, 2], "name": ["x"]}}, {}, "columns are of one length"),
    ({"kind": "sobol", "samples": 10, "parameters": SAMPLED}, {}, "a power of two"),
    ({"kind": "sobol", "samples": 2, "parameters": {"name": {"kind": "uniform", "low": 0, "high": 9}}}, {},
     "takes no numbers"),
    ({"kind": "sobol", "samples": 2, "parameters": {"seed": {"kind": "uniform", "low": 0, "high": 9}}}, {},
     "say whole: true"),
    ({"kind": "gird", "parameters": {}}, {}, "did you mean 'grid'"),
    ({"kind": "latin_hypercube", "samples": 2, "parameters": {"seed": {"kind": "uniform", "low": 2, "high": 1}}}, {},
     "low must be less than high"),
    ({"kind": "latin_hypercube", "samples": 2, "parameters": {"period.step_minutes": {"kind": "uniform", "low": 5,
     "high": 60}}}, {}, "takes one of 5, 10, 15, 20, 30, 60; draw it by kind: choice"),
    ({"kind": "paired", "columns": {"seed": [1, 2]}, "names": ["a"]}, {}, "has 1 names for 2 values"),
    (grid(**{"assets[roofs].kind": ["pv", "wind"]}), {}, "assets[0].wind"),
]  # fmt: skip


@pytest.mark.parametrize(("design", "other", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_refused_with_place_and_reason(design: dict[str, Any], other: Any, message: str, folder: Path) -> None:
    assert message in faults(folder, design, **other)


def test_all_faults_of_all_runs_at_once_each_with_its_line(folder: Path) -> None:
    said = faults(
        folder,
        grid(**{"assets[roofs].p_peak_mw": [1, -2], "dispatch.strategy": ["smart", "optima"], "weathr": ["x"]}),
    )
    assert "has 3 problems" in said
    assert "design.parameters.assets[roofs].p_peak_mw[1]: must be greater than 0 (in 2 of 4 runs" in said
    assert "design.parameters.dispatch.strategy[1]: must be one of 'unmanaged', 'smart' or 'optimal'" in said
    assert "design.parameters.weathr: the schema knows no 'weathr'" in said
    assert said.count("line ") == 3


def test_a_fault_of_the_base_is_said_once_for_all_runs(folder: Path) -> None:
    (folder / "base.yaml").write_text(yaml.safe_dump({**BASE, "seed": -1}))
    said = faults(folder, grid(**{"assets[roofs].p_peak_mw": [1, 2, 3]}), base="base.yaml")
    assert "has 1 problem\n" in said
    assert "base base.yaml, line" in said
    assert "seed: must be at least 0 (in the base of all 3 runs); got -1" in said


def test_a_missing_base_is_told_beside_other_faults_of_the_sweep(folder: Path) -> None:
    said = faults(folder, {"kind": "gird", "parameters": {}}, base="dem")
    assert "2 problems" in said
    assert "got 'gird'; did you mean 'grid'?" in said
    assert "no such file beside the sweep" in said


def test_a_base_that_is_a_sweep_is_refused(folder: Path) -> None:
    (folder / "other.yaml").write_text(yaml.safe_dump({"name": "o", "base": BASE, "design": grid(seed=[1])}))
    assert "is a sweep itself" in faults(folder, grid(seed=[1]), base="other.yaml")


def test_the_command_line_checks_a_sweep_and_prints_its_schema(folder: Path) -> None:
    path = written(folder, grid(seed=[1, 2]))
    with sharing_preparation(KEPT):
        done = gridcarbon("check", path)
        assert done.returncode == 0, done.stderr
        assert "s: valid\n  runs       2\n  design     grid" in done.stdout
        wrong = gridcarbon("check", written(folder, grid(seeed=[1])))
    assert wrong.returncode == 2
    assert "did you mean 'seed'" in wrong.stderr
    schema = json.loads(gridcarbon("schema", "--sweep").stdout)
    for sweep in (path, UNCERTAINTY):
        jsonschema.validate(yaml.safe_load(sweep.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "s", "base": "demo", "design": {"kind": "gird"}}, schema)


def test_a_sweep_is_told_from_a_scenario() -> None:
    assert is_sweep({"name": "s", "base": "demo", "design": {}})
    assert not is_sweep(BASE)
    assert not is_sweep([])
