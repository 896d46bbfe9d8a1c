"""What `check` and `grid` say of a grid with buses that nothing supplies."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pytest

from app.scenario.describe import describe_scenario
from app.scenario.load import check_scenario
from app.simulation.phases import simulate
from tests.app.command_line import gridcarbon


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A folder with a net of three buses, of which one is cut off."""
    net = pp.create_empty_network(name="cut")
    buses = [pp.create_bus(net, 20.0, name=name) for name in ("fed", "street", "island")]
    pp.create_ext_grid(net, buses[0])
    pp.create_line(net, buses[0], buses[1], 1.0, "NAYY 4x150 SE", name="cable")
    pp.create_load(net, buses[1], 0.2, name="supplied")
    pp.create_load(net, buses[2], 0.5, name="dark")
    pp.to_json(net, str(tmp_path / "net.json"))
    return tmp_path


def test_buses_without_supply_are_said_first_and_their_load_is_in_no_sum(cut_off: Path) -> None:
    content = {"name": "cut", "city": {"network": "net.json"}, "period": {"start": "2030-06-01", "days": 1}}
    loaded = check_scenario(content, cut_off, "cut")
    lines = describe_scenario(loaded).splitlines()
    assert lines[1].startswith("  ATTENTION  1 bus is de-energised (island): no closed path leads to an external grid")
    elements = next(line for line in lines if line.startswith("  elements"))
    outcome = simulate(loaded)
    assert outcome.accounts.energy.consumption_mwh.sum() == pytest.approx(0.2 * 24)
    assert "net energy 4.8 MWh" in elements
    assert any(note.startswith("1 bus is de-energised (island)") for note in outcome.inputs.notes)


def test_the_command_says_them_of_a_file(cut_off: Path) -> None:
    said = gridcarbon("grid", str(cut_off / "net.json"))
    assert "note      1 bus is de-energised (island)" in said.stdout
