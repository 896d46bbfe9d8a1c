"""One cause of a file that cannot be read is one fault, which says what the file is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from grid.errors import InputError
from grid.readers import read_grid_file
from tests.grid.readers.right_files import CASE, workbook

VERSION_1 = CASE.replace("mpc = feeder", "[baseMVA, bus, gen, branch] = feeder").replace("mpc.", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("case.m", CASE[: CASE.index("mpc.branch") + 60], "ends within the table mpc.branch"),
        ("case.m", CASE[: CASE.index("mpc.gen") + 20], "ends within the table mpc.gen"),
        ("case.m", VERSION_1, "is a case of version 1"),
        (
            "case.m",
            CASE + "mpc.dcline = [1 2 1 0 0 0 0 1 1 0 1 0 0 0 0 0 0];\n",
            "links of direct current are not read",
        ),
        ("map.geojson", '{"type": "Feature"}\n{"type": "Feature"}\n', "is JSON lines, a value in every line"),
    ],
)
def test_one_cause_is_one_fault(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / name)
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1, caught.value


@pytest.mark.parametrize(("stated", "version"), [("'1'", "1"), ("'2'", "2"), ('"2"', "2")])
def test_the_version_of_a_case_is_the_stated_one(tmp_path: Path, stated: str, version: str) -> None:
    (tmp_path / "case.m").write_text(CASE.replace("'2'", stated))
    assert read_grid_file(tmp_path / "case.m").report.form == f"MATPOWER case, version {version}"


def workbook_faults(path: Path, *cells: tuple[str, str, object]) -> set[str]:
    """What is said of a workbook with other cells in the first row of elements: sheet, column and value of each."""
    openpyxl = pytest.importorskip("openpyxl")
    path.write_bytes(workbook())
    book = openpyxl.load_workbook(path)
    for sheet, column, value in cells:
        names = [cell.value for cell in book[sheet][1]]
        book[sheet].cell(2, names.index(column) + 1).value = value
    book.save(path)
    with pytest.raises(InputError) as caught:
        read_grid_file(path)
    return {str(fault) for fault in caught.value.faults}


def test_cells_of_a_workbook_that_are_no_numbers_or_truth_values_are_named(tmp_path: Path) -> None:
    assert workbook_faults(
        tmp_path / "net.xlsx",
        ("load", "p_mw", "0,2"),
        ("bus", "vn_kv", "20,0"),
        ("line", "in_service", "FALSCH"),
        ("trafo", "in_service", None),
        ("sgen", "p_mw", datetime(2024, 5, 2)),
    ) == {
        "sheet load row 2, p_mw: must be a number; got '0,2'; did you mean '0.2'?",
        "sheet bus row 2, vn_kv: must be a number; got '20,0'; did you mean '20.0'?",
        "sheet line row 2, in_service: must be TRUE or FALSE; got 'FALSCH'",
        "sheet trafo row 2, in_service: must be TRUE or FALSE; got 'nothing'",
        "sheet sgen row 2, p_mw: must be a number; got '2024-05-02 00:00:00'",
    }


def test_empty_cells_and_errors_of_a_spreadsheet_are_named(tmp_path: Path) -> None:
    assert workbook_faults(
        tmp_path / "net.xlsx",
        ("load", "p_mw", None),
        ("line", "from_bus", None),
        ("trafo", "vk_percent", "#REF!"),
        ("bus", "vn_kv", "#N/A"),
        ("sgen", "sn_mva", None),
        ("ext_grid", "vm_pu", "#DIV/0!"),
        ("line", "in_service", "#VALUE!"),
    ) == {
        "sheet load row 2, p_mw: must be a number; got 'nothing'",
        "sheet line row 2, from_bus: must be a whole number; got 'nothing'",
        "sheet trafo row 2, vk_percent: holds an error of the spreadsheet; got '#REF!'",
        "sheet bus row 2, vn_kv: holds an error of the spreadsheet; got '#N/A'",
        "sheet ext_grid row 2, vm_pu: holds an error of the spreadsheet; got '#DIV/0!'",
        "sheet line row 2, in_service: holds an error of the spreadsheet; got '#VALUE!'",
    }


def test_tables_without_rows_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "case.m").write_text(CASE + "mpc.dcline = [\n];\n")
    assert not any("dcline" in sentence for sentence in read_grid_file(tmp_path / "case.m").report.dropped)
