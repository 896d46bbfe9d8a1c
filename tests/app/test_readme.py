"""What the README promises."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import app.reading
import app.simulate
import app.simulation
import grid.clock
import grid.time.clock
from app.scenario import check_scenario, load_scenario
from grid.files.yaml_file import read_yaml
from tests.app.command_line import gridcarbon
from tests.places import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


EARLIER_ADDRESSES = {"app.scenario": "app.reading", "app.simulation": "app.simulate"}
"""Where the README of earlier versions imported from; scripts of users that follow it keep working."""


def library_example() -> str:
    (example,) = (block for block in blocks("python") if "from app" in block)
    return example


def test_the_library_example_runs() -> None:
    example = library_example()
    assert len(example.strip().splitlines()) <= 12
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", example], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    power, tonnes, dirtiest = done.stdout.split("]", 1)[0], *done.stdout.split("]", 1)[1].strip().split("\n", 1)
    values = [float(value) for value in power.strip("[").split()]
    assert len(values) == 96
    assert max(values) > 1.9
    assert min(values) < -1.9
    assert float(tonnes) > 0
    assert "[" in dirtiest


def test_its_earlier_addresses_give_what_todays_give() -> None:
    imports = "\n".join(line for line in library_example().splitlines() if line.startswith(("from ", "import ")))
    earlier = imports
    for today, before in EARLIER_ADDRESSES.items():
        assert f"from {today} import" in imports
        earlier = earlier.replace(f"from {today} import", f"from {before} import")
    found, expected = dict[str, object](), dict[str, object]()
    exec(earlier, found)  # noqa: S102  lines of the README
    exec(imports, expected)  # noqa: S102
    for name in expected.keys() - {"__builtins__"}:
        assert found[name] is expected[name], name


def test_earlier_addresses_give_what_the_new_ones_give() -> None:
    assert app.simulate.simulate is app.simulation.simulate
    assert (app.reading.check_scenario, app.reading.load_scenario) == (check_scenario, load_scenario)
    assert grid.clock.Clock is grid.time.clock.Clock


def test_the_three_line_scenario_is_valid(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    path = tmp_path / "scenario.yaml"
    path.write_text(text.replace("my_city.json", "mv_oberrhein"))
    assert len([line for line in text.splitlines() if line.strip()]) == 3
    assert check_scenario(read_yaml(path).content, tmp_path, "README").scenario.name == "my city"


def test_a_sweep_is_run_resumed_and_plotted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (block for block in blocks("sh") if "gridcarbon batch" in block)
    first, again, table, pareto = (shlex.split(line, comments=True)[1:] for line in block.splitlines())
    assert first == again
    (tmp_path / "app").symlink_to(ROOT / "app")
    monkeypatch.chdir(tmp_path)
    done = gridcarbon(*first, "--jobs", "1")
    assert done.returncode == 0, done
    store = tmp_path / "runs" / "frontier"
    written = {path: path.stat().st_mtime_ns for path in store.glob("[!.]*/manifest.json")}
    assert len(written) == 12
    resumed = gridcarbon(*again, "--jobs", "1")
    assert resumed.returncode == 0, resumed
    assert {path: path.stat().st_mtime_ns for path in store.glob("[!.]*/manifest.json")} == written
    assert gridcarbon(*table).stdout == "wrote runs/frontier.xlsx: 12 rows\n"
    plotted = gridcarbon(*pareto)
    assert plotted.returncode == 0, plotted
    assert "12 runs: 12 done" in plotted.stderr
    assert (tmp_path / "runs" / "frontier.png").read_bytes().startswith(b"\x89PNG")
    on_frontier = len(plotted.stdout.splitlines()) - 3
    assert f"twelve runs: {WORDS[on_frontier]} are on the frontier" in README


WORDS = {4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert missing == []


@pytest.mark.parametrize("path", sorted((ROOT / "app" / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid(path: Path) -> None:
    loaded = load_scenario(path, days=1)
    assert loaded.scenario.clock.n_steps == 96
    assert check_scenario(read_yaml(path).content, path.parent, path.name).scenario.sha256 != loaded.scenario.sha256
