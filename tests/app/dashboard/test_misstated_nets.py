"""What a balanced power flow misstates of a net is said first: by `check`, in the result and on the overview."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandapower as pp

from app.dashboard.pages import overview
from app.dashboard.view import View
from app.results.folder import Result
from app.scenario.describe import describe_scenario
from app.scenario.load import check_scenario


def test_check_says_it_before_anything_else(tmp_path: Path) -> None:
    net = pp.create_empty_network(name="street")
    bus = pp.create_bus(net, 0.4, name="bus")
    pp.create_ext_grid(net, bus)
    pp.create_asymmetric_load(net, bus, p_a_mw=0.003, p_b_mw=0.001, name="house")
    pp.to_json(net, str(tmp_path / "net.json"))
    scenario = {"name": "street", "city": {"network": "net.json", "phases": "one"}}
    scenario["period"] = {"start": "2030-06-01", "days": 1}
    lines = describe_scenario(check_scenario(scenario, tmp_path, "street")).splitlines()
    assert lines[1].startswith("  ATTENTION  1 asymmetric loads (0.004 MW)")
    assert any("1 loads" in line for line in lines)


def test_the_overview_shows_it_above_the_figures(results: dict[str, Result]) -> None:
    result = results["optimal"]
    sentence = "55 asymmetric loads are solved as if spread evenly."
    marked = replace(result, manifest={**result.manifest, "misstated": [sentence]})
    page = str(overview.content(View.of({"optimal": marked}, {"search": "?result=optimal"})))
    assert page.index(sentence) < page.index("kpis")
    assert sentence not in str(overview.content(View.of(results, {"search": "?result=optimal"})))
