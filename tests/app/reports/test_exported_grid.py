"""The exported net, solved by plain pandapower, has the voltages and losses of the result."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandapower as pp
import polars as pl
import pyogrio
import pytest
from pandapower.networks import create_cigre_network_mv

from app.reports.exported_grid import export_step
from app.results.folder import Result
from app.results.run import run_scenario
from app.scenario import load_scenario
from grid.errors import InputError
from grid.readers import read_grid_file

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("step", [0, 191])
def test_plain_pandapower_finds_the_same(demo: tuple[Result, Result], tmp_path: Path, step: int) -> None:
    for result in demo:
        file = tmp_path / f"{result.name}.json"
        export_step(result.path, file, step)
        net = pp.from_json(str(file))
        pp.runpp(net)
        time = result.table("city").collect()["time"][step]
        buses = result.table("buses").filter(pl.col("time") == time).collect()
        ours = dict(zip(buses["bus"].cast(pl.String), buses["vm_pu"], strict=True))
        theirs = dict(zip(net.bus.name, net.res_bus.vm_pu, strict=True))
        assert set(ours) == set(theirs)
        assert max(abs(ours[name] - theirs[name]) for name in ours) < 1e-6
        branches = result.table("branches").filter(pl.col("time") == time).collect()
        lost = (branches["p_from_mw"] + branches["p_to_mw"]).sum()
        assert lost == pytest.approx(net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum(), abs=1e-6)
        loading = dict(zip(branches["branch"].cast(pl.String), branches["loading_percent"], strict=True))
        expected = dict(zip(net.line.name, net.res_line.loading_percent, strict=True))
        assert np.allclose([loading[name] for name in expected], list(expected.values()), atol=1e-5)


def test_assets_are_standard_elements(demo: tuple[Result, Result], tmp_path: Path) -> None:
    export_step(demo[1].path, tmp_path / "net.json", 73)
    net = pp.from_json(str(tmp_path / "net.json"))
    assert net.storage.name.str.startswith("feeder 8 @").sum() == 1
    assert net.storage.name.str.startswith("homes @").sum() > 100
    assert net.sgen.name.str.startswith("roofs @").sum() > 200
    assert net.load.name.eq("north @ MV3.101 Bus 86").sum() == 1
    assert len(net.res_bus) + len(net.res_line) == 0  # what the net was read with is not of this step


def test_a_step_outside_the_run_is_refused_and_nothing_is_written(demo: tuple[Result, Result], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must lie within 0\.\.191"):
        export_step(demo[0].path, tmp_path / "net.json", 192)
    assert list(tmp_path.iterdir()) == []


def run_for_hours(folder: Path, city: str) -> Result:
    """A day by the hour of a city without assets."""
    text = f"name: export\ncity: {city}\nperiod: {{start: 2030-06-01, days: 1, step_minutes: 60}}\n"
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return run_scenario(load_scenario(folder / "scenario.yaml"), folder / "result")


def voltages_agree(result: Result, file: Path, step: int) -> None:
    """Plain pandapower finds the voltages of the result on the exported net."""
    net = pp.from_json(str(file))
    pp.runpp(net)
    time = result.table("city").collect()["time"][step]
    buses = result.table("buses").filter(pl.col("time") == time).collect()
    np.testing.assert_allclose(buses["vm_pu"].to_numpy(), net.res_bus.vm_pu.to_numpy(), rtol=0, atol=1e-6)


@pytest.mark.slow  # the solution of 290 buses and its tracing under every convention
def test_a_net_whose_lines_are_drawn_at_random_is_exported_as_it_was_solved(tmp_path: Path) -> None:
    result = run_for_hours(tmp_path, "{network: kb_extrem_vorstadtnetz_1}")
    random.seed(7)
    export_step(result.path, tmp_path / "net.json", 18)
    voltages_agree(result, tmp_path / "net.json", 18)


def test_what_the_weather_feeds_in_is_exported_and_changed_files_are_refused(tmp_path: Path) -> None:
    network = create_cigre_network_mv(with_der="pv_wind")
    pp.to_json(network, str(tmp_path / "my.json"))
    place = "latitude: 50.1, longitude: 8.7, time_zone: Europe/Berlin"
    result = run_for_hours(tmp_path, f"{{network: my.json, own_generation: weather, {place}}}")
    export_step(result.path, tmp_path / "net.json", 11)
    voltages_agree(result, tmp_path / "net.json", 11)
    network.line["length_km"] *= 2
    pp.to_json(network, str(tmp_path / "my.json"))
    with pytest.raises(InputError, match=r"my\.json: has changed since the run: put it back, or run again"):
        export_step(result.path, tmp_path / "other.json", 11)
    assert not (tmp_path / "other.json").exists()


def test_a_map_holds_the_extremes_of_the_period_and_is_solved(tmp_path: Path) -> None:
    result = run_for_hours(tmp_path, "{network: create_cigre_network_mv_pv_wind}")
    at, left_out = export_step(result.path, tmp_path / "map.gpkg", None, extremes=True)
    assert left_out == ()
    assert at == int(result.table("city").collect()["import_mw"].arg_max())
    fields = {layer: pyogrio.read_info(tmp_path / "map.gpkg", layer=layer)["fields"] for layer in ("bus", "line")}
    assert {"vm_pu_min", "vm_pu_max", "ci_kg_per_mwh_max", "price_per_mwh_min"} <= set(fields["bus"])
    assert {"loading_percent_max", "p_from_mw_min"} <= set(fields["line"])
    lines = gpkg_column(tmp_path / "map.gpkg", "line", "loading_percent_max")
    highest = (
        result.table("branches").filter(pl.col("kind") == "line").select(pl.col("loading_percent").max()).collect()
    )
    assert max(lines) == pytest.approx(highest.item())
    assert read_grid_file(tmp_path / "map.gpkg").report.read["line"] == len(lines)
    with pytest.raises(InputError, match="is for maps"):
        export_step(result.path, tmp_path / "net.xlsx", None, extremes=True)


def gpkg_column(file: Path, layer: str, column: str) -> list[float]:
    with closing(sqlite3.connect(file)) as database:
        return [value for (value,) in database.execute(f'SELECT "{column}" FROM "{layer}"')]  # noqa: S608
