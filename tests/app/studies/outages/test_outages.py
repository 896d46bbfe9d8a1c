"""N-1 over the critical hours of a run, judged by pandapower with the branch out of service and the switch closed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from app.results.folder import Result
from app.results.run import run_scenario
from app.scenario import check_scenario
from app.studies.outages.hours import CriticalHours, critical_hours
from tests.app.command_line import gridcarbon, refused

pytestmark = pytest.mark.slow

SCENARIO: dict[str, Any] = {
    "name": "outages",
    "city": {"network": "mv_oberrhein"},
    "period": {"start": "2030-06-17", "days": 1, "step_minutes": 60},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "Bus 34", "p_peak_mw": 3.0}],
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run_scenario(check_scenario(SCENARIO, Path(), "outages"), tmp_path_factory.mktemp("outages") / "run")


@pytest.fixture(scope="module")
def hours(result: Result) -> CriticalHours:
    return critical_hours(result)


@pytest.fixture(scope="module")
def table(result: Result, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """What the command writes; it prints the first rows of it."""
    file = tmp_path_factory.mktemp("table") / "outages.parquet"
    done = gridcarbon("outages", result.path, "--rows", "3", "--out", file)
    assert done.returncode == 0, done.stderr
    found = pl.read_parquet(file)
    assert found["outage"][0] in done.stdout
    return found


def test_the_critical_hours_hold_every_worst(result: Result, hours: CriticalHours) -> None:
    chosen = pl.Series(hours.times).dt.replace_time_zone("UTC").implode()
    for name, by, column in (("branches", "branch", "loading_percent"), ("buses", "bus", "vm_pu")):
        frame = result.table(name).with_columns(pl.col(by).cast(pl.String))
        of_all = frame.group_by(by).agg(pl.col(column).max()).sort(by).collect()
        of_some = frame.filter(pl.col("time").is_in(chosen)).group_by(by).agg(pl.col(column).max()).sort(by).collect()
        assert of_all.equals(of_some)
    drawn = hours.injections.p_mw @ hours.injections.profiles
    roofs = result.table("assets").filter(pl.col("time").is_in(chosen)).collect()
    at = hours.loaded.city.network.buses.position["Bus 34"]
    own = hours.loaded.city.withdrawal()[0][hours.steps, at]
    np.testing.assert_allclose(drawn[at], own + roofs["p_mw"].to_numpy(), atol=1e-9)


def test_each_branch_is_lost_once_and_the_worst_stand_first(table: pl.DataFrame, hours: CriticalHours) -> None:
    assert sorted(table["outage"]) == sorted(hours.loaded.city.network.branches.names)
    assert table["unsupplied_mw_after"].is_sorted(descending=True)
    assert (table["unsupplied_mw_after"] <= table["unsupplied_mw"] + 1e-12).all()
    restored = table.filter((pl.col("unsupplied_mw") > 0.1) & (pl.col("unsupplied_mw_after") < 1e-9))
    assert restored.height > 10
    assert (restored["resupplied_by"] != "").all()


def test_what_pandapower_finds_with_the_open_point_closed(table: pl.DataFrame, hours: CriticalHours) -> None:
    """The outage with most load that closing a line restores in full: the same voltages and loadings, step by step."""
    row = table.filter((pl.col("unsupplied_mw_after") < 1e-9) & (pl.col("kind") == "line")).sort(
        "unsupplied_mw", descending=True
    ).row(0, named=True)  # fmt: skip
    city = hours.loaded.city
    lowest, highest = [], []
    for k in range(hours.steps.size):
        net = copy.deepcopy(city.network.net)
        p_mw, q_mvar = hours.injections.at(k)
        for name in ("load", "sgen"):
            net[name].loc[:, "in_service"] = False
        pp.create_loads(net, net.bus.index, p_mw=p_mw, q_mvar=q_mvar)
        names = [f"line {index}" if not isinstance(name, str) or not name else name
                 for index, name in zip(net.line.index, net.line.name, strict=True)]  # fmt: skip
        by_name = dict(zip(names, net.line.index, strict=True))
        net.line.loc[by_name[row["outage"]], "in_service"] = False
        closed = by_name[row["resupplied_by"]]
        net.switch.loc[(net.switch.et == "l") & (net.switch.element == closed), "closed"] = True
        pp.runpp(net, calculate_voltage_angles=True, lightsim2grid=False)
        assert not net.res_bus.vm_pu.isna().any()
        lowest.append(net.res_bus.vm_pu.min())
        highest.append(max(net.res_line.loading_percent.max(), net.res_trafo.loading_percent.max()))
    assert row["vm_min_pu_after"] == pytest.approx(min(lowest), abs=1e-7)
    assert row["loading_percent_after"] == pytest.approx(max(highest), abs=1e-4)


def test_wrong_input_of_the_command(result: Result, tmp_path: Path) -> None:
    refused(gridcarbon("outages", result.path, "--out", tmp_path / "x.doc"), "--out: must end in")
    refused(gridcarbon("outages", tmp_path / "nothing"), "nothing")
