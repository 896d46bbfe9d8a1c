"""Legal data of power-grid-model in forms that are not usual, against what power-grid-model itself finds."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from power_grid_model import ComponentType, PowerGridModel
from power_grid_model.utils import json_deserialize

from grid import _pandapower
from grid.errors import InputError
from grid.readers import read_grid_file
from tests.grid.readers.right_files import PGM

TRAFO: dict[str, Any] = PGM["data"]["transformer"][0]
STEP_UP = {"from_node": 3, "to_node": 2, "u1": 400.0, "u2": 10250.0, "winding_from": 1, "winding_to": 2, "clock": 1}


def gap_pu(
    path: Path, transformer: dict[str, Any], loads: list[dict[str, Any]], sources: list[dict[str, Any]]
) -> float:
    """Largest difference of a voltage from power-grid-model's, of the right file with these changes."""
    data = copy.deepcopy(PGM)
    data["data"]["transformer"] = [{key: value for key, value in (TRAFO | transformer).items() if value is not None}]
    data["data"]["sym_load"] += loads
    data["data"]["source"] += sources
    path.write_text(json.dumps(data))
    ours = _pandapower.voltages(read_grid_file(path).net)
    assert ours is not None
    theirs = PowerGridModel(json_deserialize(path.read_text())).calculate_power_flow()[ComponentType.node]["u_pu"]
    return float(np.abs(ours - theirs).max())


@pytest.mark.parametrize(
    "transformer",
    [
        {"tap_min": 2, "tap_max": -2},  # a higher position is a lower voltage
        {"tap_pos": None, "tap_nom": 5, "tap_min": 0, "tap_max": 9},  # not stated: the neutral one
        {"tap_pos": 5},  # beyond the last
        {"uk_min": 0.03, "uk_max": 0.06, "pk_min": 3000.0, "pk_max": 6000.0, "tap_pos": 2},
        {"uk_min": 0.03, "uk_max": 0.06, "pk_min": 3000.0, "pk_max": 6000.0, "tap_pos": -1},
        {**STEP_UP, "tap_side": 1},
        {**STEP_UP, "tap_side": 0, "tap_size": 10.0},
    ],
)
def test_transformers(tmp_path: Path, transformer: dict[str, Any]) -> None:
    assert gap_pu(tmp_path / "net.json", transformer, [], []) < 2e-6


def test_loads_out_of_service_have_no_part_in_how_others_depend_on_voltage(tmp_path: Path) -> None:
    loads = [
        {"id": 20, "node": 14, "status": 1, "type": 2, "p_specified": 5e4, "q_specified": 1e4},
        {"id": 21, "node": 14, "status": 0, "type": 1, "p_specified": 9e5, "q_specified": 1e4},
    ]
    assert gap_pu(tmp_path / "net.json", {}, loads, []) < 2e-6


def test_a_source_out_of_service_need_not_state_its_voltage(tmp_path: Path) -> None:
    assert gap_pu(tmp_path / "net.json", {}, [], [{"id": 20, "node": 2, "status": 0}]) < 2e-6


def test_a_transformer_that_magnetises_much_is_a_pi(tmp_path: Path) -> None:
    assert gap_pu(tmp_path / "net.json", {"i0": 0.08, "p0": 9000.0, "uk": 0.12}, [], []) < 2e-7


def test_shares_of_voltage_are_of_all_that_stands_at_linked_nodes(tmp_path: Path) -> None:
    loads = [
        {"id": 20, "node": 3, "status": 1, "type": 1, "p_specified": 5e4, "q_specified": 1e4}
    ]  # a generator is there
    assert gap_pu(tmp_path / "net.json", {}, loads, []) < 2e-7


def test_ids_twice_and_powers_that_are_missing_are_refused_once_each(tmp_path: Path) -> None:
    data = copy.deepcopy(PGM)
    data["data"]["line"][0]["id"] = 1
    del data["data"]["sym_load"][0]["p_specified"]
    data["data"]["sym_load"][1]["node"] = 77
    (tmp_path / "net.json").write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / "net.json")
    assert sorted(str(fault) for fault in caught.value.faults) == [
        "id: must be of one component; 2 have it; got 1", "sym_load 7, p_specified: is missing",
        "sym_load 8, node: no such node; got 77",
    ]  # fmt: skip


def test_what_the_impedance_of_a_source_would_do_is_told(tmp_path: Path) -> None:
    data = copy.deepcopy(PGM)
    data["data"]["source"][0]["sk"] = 2e7
    (tmp_path / "net.json").write_text(json.dumps(data))
    guessed = read_grid_file(tmp_path / "net.json").report.guessed
    assert any("(20 MVA) it would be about 3.2e-02 pu from it" in sentence for sentence in guessed)
