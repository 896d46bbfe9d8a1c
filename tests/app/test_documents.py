"""What README and CONTRIBUTING say of the code is so: paths exist, registrations are there, examples work."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import COMMANDS, app
from app.dashboard.view import View
from app.results.folder import Result
from carbon.data_centre import OutdoorAir
from grid.assets import Site
from tests.places import ROOT

README, CONTRIBUTING, RELEASING = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md", "docs/releasing.md")
)
FOLDERS = ("grid", "carbon", "optimizer", "app", "tests", "docs", "benchmarks")
TABLE = README.split("| where do I add")[1].split("\n\n")[0].splitlines()[2:]
ROWS = [line.strip("| ").split(" | ") for line in TABLE]


def test_paths_exist() -> None:
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./]+)`", README + CONTRIBUTING + RELEASING)
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", CONTRIBUTING)
    assert len(named) > 20
    assert [path for path in [*named, *linked] if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_registrations_are_where_the_readme_says(row: list[str]) -> None:
    _, place, registration = row
    files = re.findall(r"\]\(([^)]+)\)", f"{place} {registration}")
    assert all((ROOT / path).exists() for path in files)
    for name in re.findall(r"`(\w+)`", registration):
        text = (ROOT / files[-1]).read_text(encoding="utf-8")
        assert re.search(rf"^(def )?{name}\b", text, flags=re.MULTILINE), f"{name} in {files[-1]}"


def test_every_command_is_in_the_readme() -> None:
    told = set(re.findall(r"`gridcarbon ([\w-]+)", README))
    assert {command.__name__.replace("_", "-") for command in COMMANDS} <= told


def example(last_name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What an example of CONTRIBUTING defines under a name, as if it stood in a module."""
    (text,) = (code for code in re.findall(r"```python\n(.*?)```", CONTRIBUTING, flags=re.DOTALL) if last_name in code)
    module = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)
    exec(compile(text, "CONTRIBUTING.md", "exec"), module.__dict__)  # noqa: S102  it is our own
    return getattr(module, last_name)


def test_the_example_of_an_asset(winter_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lamps = example("StreetLighting", monkeypatch)(name="lamps", where={"areas": "lv"}, p_rated_mw=0.4)
    (flexibility,) = lamps.flexibilities(winter_site)
    assert set(flexibility.unmanaged_power()) == {0.0, 0.4}


def test_the_example_of_a_cooling_technology(monkeypatch: pytest.MonkeyPatch) -> None:
    cooling = example("ContractedCold", monkeypatch)(cop=4.0, heat_reuse={"share": 0.5, "t_delivered_degc": 60.0})
    air = OutdoorAir(np.array([30.0]), np.array([50.0]), np.array([101325.0]))
    demand = cooling.demand(air, np.array([8.0]))
    assert demand.p_by_machine_mw["cold_water"] == pytest.approx(1.0)
    assert demand.heat_rejected_mw == pytest.approx(8.0 + demand.p_mw)


def test_the_example_of_a_page(results: dict[str, Result], monkeypatch: pytest.MonkeyPatch) -> None:
    page = example("PAGE", monkeypatch)
    assert "Losses [MW]" in str(page.content(View.of(results, {"search": "?result=optimal"})))


def test_the_example_of_a_command(results_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app.command()(example("loaded_lines", monkeypatch))
    try:
        told = CliRunner().invoke(app, ["loaded-lines", str(results_folder / "optimal")])
    finally:
        app.registered_commands.pop()
    assert told.exit_code == 0, told.output
    percents = [float(line.split("%")[0]) for line in told.output.splitlines()]
    assert len(percents) == 10
    assert percents == sorted(percents, reverse=True)
