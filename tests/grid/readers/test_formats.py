"""Every format is read, says what it guessed and dropped, and agrees with the program that wrote it."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import openpyxl
import pandapower as pp
import pytest
from power_grid_model import CalculationMethod, ComponentType, PowerGridModel
from power_grid_model.utils import json_deserialize

from grid import _pandapower
from grid.errors import InputError
from grid.readers import ReadGrid, read_grid_file
from tests.fuzz.mutants import changed_bytes
from tests.grid.readers.right_files import DATA, PGM, right_files, small_net

pytestmark = pytest.mark.slow

COUNTS = {
    "net_with_results.json": {"bus": 3, "line": 1, "trafo": 1, "load": 1, "sgen": 1, "ext_grid": 1},
    "net.xlsx": {"bus": 3, "line": 1, "trafo": 1, "load": 1, "sgen": 1, "ext_grid": 1},
    "ieee9.zip": {"bus": 9, "line": 6, "trafo": 3, "load": 3, "gen": 3},
    "case.m": {"bus": 4, "line": 2, "trafo": 1, "load": 2, "gen": 1, "ext_grid": 1, "shunt": 1},
    "case.mat": {"bus": 4, "line": 2, "trafo": 1, "load": 2, "gen": 1, "ext_grid": 1, "shunt": 1},
    "valley.nc": {"bus": 5, "line": 3, "trafo": 2, "load": 3, "sgen": 1, "ext_grid": 1, "shunt": 1},
    "pgm.json": {"bus": 4, "line": 1, "trafo": 1, "load": 2, "sgen": 1, "ext_grid": 1, "shunt": 1, "switch": 1},
    "map.geojson": {"bus": 3, "line": 1, "trafo": 1, "load": 1, "sgen": 1, "ext_grid": 1},
    "small.uct": {"bus": 3, "line": 1, "trafo": 1, "load": 2, "sgen": 1, "ext_grid": 1, "shunt": 1},
    "street.dss": {"bus": 4, "line": 2, "trafo": 1, "load": 1, "sgen": 1, "asymmetric_load": 1, "ext_grid": 1},
}

GAPS = {"net_with_results.json": 1e-12, "net.xlsx": 1e-9, "ieee9.zip": 1e-7, "valley.nc": 1e-9, "street.dss": 1e-4}
"""How far our voltages may be from those of the program that wrote the file [pu]."""


def read(folder: Path, name: str, content: bytes | None = None) -> ReadGrid:
    path = folder / name
    path.write_bytes(right_files()[name] if content is None else content)
    return read_grid_file(path)


@pytest.mark.parametrize("name", right_files())
def test_a_file_is_read_and_counted(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name)
    assert dict(found.report.read) == COUNTS[name]
    network = _pandapower.network_of(found.net)
    assert len(network.buses.names) == COUNTS[name]["bus"]
    assert (network.buses.node >= 0).all()
    assert found.report.text.startswith(f"grid: {name}\n")
    if name in GAPS:
        assert float(found.report.compared[0].split("at most ")[1].split()[0]) < GAPS[name]


def test_a_difference_from_the_file_is_said(tmp_path: Path) -> None:
    net = small_net()
    net.res_bus.loc[2, "vm_pu"] = 0.9
    sentence = read(tmp_path, "net_with_results.json", str(pp.to_json(net)).encode()).report.compared[0]
    assert "ours differ by at most 9.8e-02 pu (at 'low'" in sentence


def test_pypsas_folder_of_csv_is_its_netcdf(tmp_path: Path) -> None:
    shutil.copytree(DATA / "valley", tmp_path / "valley")
    of_csv, of_netcdf = read_grid_file(tmp_path / "valley"), read(tmp_path, "valley.nc")
    assert dict(of_csv.report.read) == dict(of_netcdf.report.read)
    assert np.allclose(_voltages(of_csv), _voltages(of_netcdf), atol=1e-12)
    assert any("1 stores" in sentence for sentence in of_csv.report.dropped)
    assert any("city.profiles" in sentence for sentence in of_csv.report.dropped)


def test_power_grid_model_solves_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, "pgm.json")
    model = PowerGridModel(json_deserialize(json.dumps(PGM)))
    solved = model.calculate_power_flow(calculation_method=CalculationMethod.newton_raphson, error_tolerance=1e-8)
    assert np.allclose(_voltages(found), solved[ComponentType.node]["u_pu"], atol=2e-6)


def test_a_matlab_file_is_the_text_of_the_case(tmp_path: Path) -> None:
    assert np.array_equal(_voltages(read(tmp_path, "case.mat")), _voltages(read(tmp_path, "case.m")))


def test_ucte_keeps_impedances(tmp_path: Path) -> None:
    net = read(tmp_path, "small.uct").net
    assert net.line.r_ohm_per_km.iloc[0] * net.line.length_km.iloc[0] == pytest.approx(1.2)
    assert net.bus.vn_kv.tolist() == [220.0, 220.0, 110.0]
    assert net.sgen.p_mw.sum() == pytest.approx(5.0)


def test_a_map_is_measured_and_snapped(tmp_path: Path) -> None:
    net = read(tmp_path, "map.geojson").net
    assert net.line[["from_bus", "to_bus"]].iloc[0].tolist() == [0, 1]
    # two sides of 357.4 m east and 222.4 m north each, on a sphere
    assert net.line.length_km.iloc[0] == pytest.approx(2 * np.hypot(0.3574, 0.2224), rel=1e-3)
    assert net.load.sector.tolist() == ["I.1"]
    assert net.bus.zone.tolist()[1] == "north"


def test_all_faults_of_a_map_come_at_once(tmp_path: Path) -> None:
    content = json.loads(right_files()["map.geojson"])
    content["features"][0]["properties"]["vn_kv"] = "high"
    content["features"][4]["properties"]["std_type"] = "NA2XS2Y 1x150 RM/25 12/20"
    content["features"][6]["geometry"]["coordinates"] = [8.5, 50.0]
    content["features"][7]["properties"]["p_mw"] = None
    with pytest.raises(InputError) as caught:
        read(tmp_path, "map.geojson", json.dumps(content).encode())
    said = str(caught.value)
    assert len(caught.value.faults) == 4
    assert "bus main, vn_kv: must be a finite number; got 'high'" in said
    assert "did you mean 'NA2XS2Y 1x150 RM/25 12/20 kV'?" in said
    assert "load homes, bus: no bus within 2 m; the nearest is 'town lv'" in said
    assert "sgen roofs, p_mw: is missing" in said


def test_a_case_that_computes_is_not_run(tmp_path: Path) -> None:
    content = right_files()["case.m"] + b"mpc.branch(:, 3) = mpc.branch(:, 3) / 1.6;\nsystem('date');\n"
    with pytest.raises(InputError, match="savecase") as caught:
        read(tmp_path, "case.m", content)
    assert len(caught.value.faults) == 2


def test_branches_that_are_not_read_are_refused_by_name(tmp_path: Path) -> None:
    content = json.loads(right_files()["pgm.json"])
    content["data"]["three_winding_transformer"] = [{"id": 30}]
    with pytest.raises(InputError, match="a three_winding_transformer is not read; got 1"):
        read(tmp_path, "pgm.json", json.dumps(content).encode())


def test_powerfactory_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "net.pfd").write_bytes(b"x")
    with pytest.raises(InputError, match="export the grid from it as CGMES"):
        read_grid_file(tmp_path / "net.pfd")


def test_xml_that_declares_entities_is_refused(tmp_path: Path) -> None:
    content = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>"
    (tmp_path / "net.xml").write_bytes(content)
    with pytest.raises(InputError, match="declares entities"):
        read_grid_file(tmp_path / "net.xml")


def test_a_workbook_with_objects_is_not_asked_to_make_them(tmp_path: Path) -> None:
    net: Any = small_net()
    pp.control.ContinuousTapControl(net, 0, vm_set_pu=1.0)
    pp.to_excel(net, str(tmp_path / "net.xlsx"))
    assert "Sheet controller, which holds objects, is not read." in read_grid_file(tmp_path / "net.xlsx").report.dropped


def test_a_renamed_sheet_and_a_bus_that_is_no_whole_number_are_refused(tmp_path: Path) -> None:
    pp.to_excel(small_net(), str(tmp_path / "net.xlsx"))
    book = openpyxl.load_workbook(tmp_path / "net.xlsx")
    sheet = book["line"]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("from_bus") + 1).value = 0.5
    book["load"].title = "Load (2)"
    book.save(tmp_path / "net.xlsx")
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / "net.xlsx")
    message = str(caught.value)
    assert "sheet Load (2): is no table of pandapower, and would be left out; did you mean 'load'?" in message
    assert "sheet line row 2, from_bus: must be a whole number; got '0.5'" in message


@pytest.mark.parametrize("name", [name for name in right_files() if not name.endswith(".dss")])
def test_a_truncated_or_garbled_file_is_refused_or_read(tmp_path: Path, name: str) -> None:
    content = right_files()[name]
    wrong = [content[: len(content) - 40], b"", changed_bytes(Random(1), content)]  # noqa: S311  no secret
    for each in wrong:
        with suppress(InputError):
            read(tmp_path, name, each)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", [name for name in right_files() if not name.endswith((".dss", ".uct"))])
def test_a_file_cut_in_half_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read(tmp_path, name, right_files()[name][: len(right_files()[name]) // 2])


def _voltages(found: ReadGrid) -> np.ndarray:
    voltages = _pandapower.voltages(found.net)
    assert voltages is not None
    return voltages
