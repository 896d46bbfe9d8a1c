"""Steps in which the power flow has no solution: they count with their demand, are named, and compared with none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from pandapower.networks import case33bw

from app.dashboard.pages import PAGES
from app.dashboard.view import View
from app.results.folder import Result, open_result
from app.studies.demo import print_comparison
from grid.errors import InputError
from grid.time.clock import Clock
from optimizer import battery, city_of, dispatch, problem_of
from optimizer.problem.totals import schedule_totals
from optimizer.studies.frontier import frontier
from tests.app.command_line import Done, gridcarbon, scenario

pytestmark = pytest.mark.slow

TEXT = """
name: a works at the end of a feeder
city: {{network: case33bw, time_zone: Etc/UTC}}
period: {{start: 2030-06-03, days: 1, step_minutes: 60}}
upstream: {{csv: upstream.csv}}
assets:
  - {{kind: industrial_demand, name: works, bus: "17", p_mean_mw: {mw}, shape: two_shift, shiftable_share: 0}}
  - {{kind: battery, name: depot, bus: "5", p_rated_mw: 0.5, e_rated_mwh: 1}}
dispatch: {{strategy: {strategy}}}
"""


def _write(folder: Path, name: str, mw: float, strategy: str) -> Path:
    rows = [f"2030-06-03T{hour:02}:00:00Z,{400 - 10 * hour},0.3,{60 + hour}" for hour in range(24)]
    text = "\n".join(["time_utc,ci_kg_per_mwh,renewable_share,price_per_mwh", *rows])
    (folder / "upstream.csv").write_text(text + "\n")
    return scenario(folder, TEXT.format(mw=mw, strategy=strategy), name)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Done, Result]]:
    """What the command line says, and the result, of runs without a solution in some steps, in all, and in none."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    for name, mw, strategy in (
        ("unmanaged", 0.1, "unmanaged"), ("some", 2.0, "optimal"), ("all", 20.0, "optimal"),
    ):  # fmt: skip
        path = _write(folder, f"{name}.yaml", mw, strategy)
        done = gridcarbon("run", path, "--out", folder / name)
        found[name] = (done, open_result(folder / name))
    return found


@pytest.mark.parametrize(("name", "failed"), [("unmanaged", 0), ("some", 16), ("all", 24)])
def test_the_demand_of_a_step_without_a_solution_is_counted(
    runs: dict[str, tuple[Done, Result]], name: str, failed: int
) -> None:
    done, result = runs[name]
    summary, city = result.summary, result.table("city").collect()
    assert done.returncode == (3 if failed else 0), done.stderr
    assert summary["failed_steps"] == failed
    assert (city["loss_mw"].null_count(), city["import_mw"].null_count()) == (failed, 0)
    unsolved = city.filter(pl.col("loss_mw").is_null())
    if failed:
        lost = unsolved["import_mw"] - unsolved["consumption_mw"] - unsolved["storage_mw"]
        assert 0.0 <= lost.min() <= lost.max() < 0.05  # in the battery alone
        assert unsolved["consumption_mw"].min() > 3.715
    assert summary["consumption_mwh"] > 24 * 3.715
    for key in ("vm_min_pu", "vm_max_pu", "line_loading_max_percent", "loss_mwh"):
        assert (summary[key] is None) == bool(failed), key
    assert (summary["energy_balance_error_mwh"] or 0.0) < 1e-6
    assert summary["carbon_balance_error_kg"] < 1e-6
    assert result.table("buses").collect()["vm_pu"].null_count() == 33 * failed
    assert result.table("buses").collect()["ci_kg_per_mwh"].null_count() == 33 * failed


@pytest.mark.parametrize(("name", "failed"), [("some", 16), ("all", 24)])
def test_the_steps_and_the_reason_are_named(runs: dict[str, tuple[Done, Result]], name: str, failed: int) -> None:
    done, result = runs[name]
    conflicts = [c for c in result.manifest["limits_in_conflict"] if c["quantity"] == "power_flow"]
    assert len({conflict["step"] for conflict in conflicts}) == len(conflicts) == failed
    assert "the power flow has no solution" in done.stderr
    when = f"step {conflicts[0]['step']} ({conflicts[0]['time']})"
    assert f"city: power_flow, {when}: the power flow has no solution" in done.stderr
    assert conflicts[0]["why"].endswith("MW of demand are more than the grid can carry")
    json.dumps(dict(result.manifest), allow_nan=False)


def test_a_run_without_a_solution_is_compared_with_none(
    runs: dict[str, tuple[Done, Result]], capsys: pytest.CaptureFixture[str]
) -> None:
    results = {name: result for name, (_, result) in runs.items()}
    assert View.of(results, {"search": "?result=some"}).baseline is None
    sound = {**results, "some": results["unmanaged"]}
    assert View.of(sound, {"search": "?result=some"}).baseline is results["unmanaged"]
    print_comparison(results["unmanaged"], results["some"])
    said = capsys.readouterr().out
    assert "Not compared: a run has steps without a solution of the power flow." in said
    assert "%" not in "".join(line[-20:] for line in said.splitlines() if "cost" in line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
@pytest.mark.parametrize("name", ["some", "all"])
def test_every_page_shows_it(runs: dict[str, tuple[Done, Result]], page, name: str) -> None:
    results = {name: result for name, (_, result) in runs.items()}
    assert page.content(View.of(results, {"search": f"?result={name}"})) is not None


def test_no_dispatch_without_a_solution_is_on_a_frontier() -> None:
    city = city_of(case33bw(), Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(hours=1), 2))
    problem = problem_of(
        city, [battery(city, "depot", "5", p_mw=0.5, e_mwh=1)], import_price_per_mwh=[60, 80],
        import_ci_kg_per_mwh=[400, 300], scale=[1, 9],
    )  # fmt: skip
    totals = schedule_totals(problem, dispatch(problem))
    assert totals.failed_steps == 1
    assert totals.import_mwh > 10 * 3.715
    with pytest.raises(InputError, match=r"no dispatch with a solution of the power flow in every step.*in 1 steps"):
        frontier(problem, 2)


def test_an_estimate_says_that_steps_have_no_solution(tmp_path: Path) -> None:
    done = gridcarbon("estimate", _write(tmp_path, "some.yaml", 2.0, "unmanaged"), "--representative", "1")
    assert done.returncode == 0, done.stderr
    assert "compare this with nothing" in done.stdout
    assert "16 steps" in done.stdout
