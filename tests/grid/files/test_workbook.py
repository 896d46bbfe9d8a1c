"""Tables in workbooks are read as the same tables in text, and what cannot be read of them is named."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from grid.charging_records import read_charging_records
from grid.city.profile_file import read_profiles
from grid.errors import InputError
from grid.files.text_table import read_text_table

HOURS = [dt.datetime(2030, 1, 7) + dt.timedelta(hours=k) for k in range(24)]
LOADS: list[list[Any]] = [["time_utc", "load/mill/p_mw"], *([hour, 1 + k / 8] for k, hour in enumerate(HOURS))]


def workbook(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def fault(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_text_table(path, "city.profiles")
    assert len(error.value.faults) == 1
    return str(error.value.faults[0])


def test_a_sheet_is_the_table_that_it_shows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Loads, as measured"], [],
        ["time", "place; street", "p_mw", "is real"],
        [dt.datetime(2030, 1, 31, 17), "a\tb", 0.125, True],
        [],
        [dt.date(2030, 2, 1), 'the "mill"\nof it', 3.0, None],
        ["Source: the operator of the grid"],
    ]  # fmt: skip
    table = read_text_table(workbook(tmp_path / "loads.xlsx", Loads=rows, empty=[]))
    assert table.cells.rows() == [
        ("2030-01-31 17:00:00", "a\tb", "0.125", "TRUE"),
        ("2030-02-01 00:00:00", 'the "mill" of it', "3", ""),
    ]
    assert table.names == ["time", "place; street", "p_mw", "is real"]
    assert table.lines.tolist() == [4, 6]
    assert table.form == "workbook"


def test_times_that_a_spreadsheet_counted_are_whole_seconds(tmp_path: Path) -> None:
    start = dt.datetime(2030, 1, 1)
    rows: list[list[Any]] = [
        ["time"],
        *([start + k * dt.timedelta(minutes=5) - dt.timedelta(microseconds=400)] for k in range(12)),
    ]
    table = read_text_table(workbook(tmp_path / "t.xlsx", a=rows))
    assert table.cells["time"].to_list() == [f"2030-01-01 00:{5 * k:02}:00" for k in range(12)]


def test_decimals_are_those_of_the_cells_whatever_they_look_like(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a;b,c", "price"], *([1.242 + k, 45.123] for k in range(40))]
    table = read_text_table(workbook(tmp_path / "t.xlsx", a=rows))
    assert table.numbers("a;b,c").values.tolist() == [1.242 + k for k in range(40)]


def test_profiles_in_a_workbook_are_those_in_text(tmp_path: Path) -> None:
    text = tmp_path / "loads.csv"
    text.write_text("\n".join(f"{time},{power}" for time, power in LOADS))
    found, plain = read_profiles(workbook(tmp_path / "loads.XLSX", Tabelle1=LOADS)), read_profiles(text)
    assert (found.values == plain.values).all()
    assert (found.start, found.step, found.form) == (plain.start, plain.step, "workbook")


def test_sessions_in_a_workbook_are_read(tmp_path: Path) -> None:
    rows = [[f"{hour:%d/%m/%Y %H:%M}", hour + dt.timedelta(hours=5), 9.5, f"car {hour.hour}"] for hour in HOURS]
    path = workbook(tmp_path / "s.xlsx", export=[["start", "stop", "energy_kwh", "vehicle"], *rows])
    with pytest.raises(InputError, match="can be read day first or month first"):
        read_charging_records(path)
    records, report = read_charging_records(path, day_first=True)
    assert report.n_kept == 24
    assert records.energy_kwh.sum() == pytest.approx(24 * 9.5)


def test_errors_of_a_spreadsheet_are_named_with_their_rows(tmp_path: Path) -> None:
    rows = [row if k != 5 else [row[0], "#REF!"] for k, row in enumerate(LOADS)]
    with pytest.raises(InputError, match=r"load/mill/p_mw: must be numbers; not so in rows; got \[6\], the first"):
        read_profiles(workbook(tmp_path / "p.xlsx", a=rows))


def test_cells_in_several_sheets_are_refused_by_name(tmp_path: Path) -> None:
    said = fault(workbook(tmp_path / "p.xlsx", Loads=LOADS, Notes=[["measured"]], chart=[]))
    assert "city.profiles: has cells in several sheets: keep the one that is meant" in said
    assert "'Loads, Notes'" in said


def test_formulas_without_results_are_refused(tmp_path: Path) -> None:
    said = fault(workbook(tmp_path / "p.xlsx", a=[*LOADS[:3], [HOURS[2], "=B3*2"], [HOURS[3], "=B4*2"]]))
    assert "holds formulas without results" in said
    assert "'B4, B5'" in said


def test_results_of_formulas_count(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", a=[["a", "b"], [1, 2]])
    packed = dict(_parts(path.read_bytes()))
    sheet = "xl/worksheets/sheet1.xml"
    packed[sheet] = packed[sheet].replace(b'<c r="B2" t="n"><v>2</v>', b'<c r="B2"><f>A2*7</f><v>7</v>')
    assert b"<f>A2*7</f>" in packed[sheet]
    path.write_bytes(_packed(packed))
    assert read_text_table(path).cells.rows() == [("1", "7")]


def test_what_is_no_workbook_is_told_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    for content, words in (
        (b"PK\x03\x04 and so on", "is not a complete workbook (.xlsx), save it again or as CSV"),
        (_packed({"data.csv": b"a,b"}), "is a packed file: unpack it"),
        (_packed({"mimetype": b"", "content.xml": b"<a/>"}), "is an OpenDocument file: save the sheet as .xlsx or CSV"),
        (b"\xd0\xcf\x11\xe0", "is a workbook of an older kind (.xls): save the sheet as .xlsx or CSV"),
        (_packed({"xl/workbook.xml": b"<a/>"}), "is not a complete workbook (.xlsx)"),
    ):
        path.write_bytes(content)
        assert words in fault(path)


def test_a_workbook_without_cells_is_empty(tmp_path: Path) -> None:
    assert fault(workbook(tmp_path / "p.xlsx", a=[])).startswith("city.profiles: is empty")


def test_a_workbook_that_unpacks_to_more_than_a_file_may_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.xlsx"
    path.write_bytes(_packed({"xl/workbook.xml": b"<a/>" * 100_000}))
    monkeypatch.setenv("GRIDCARBON_FILE_LIMIT_MB", "0.1")
    assert "unpacks to more than 0.1 MB" in fault(path)


def _parts(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return [(name, packed.read(name)) for name in packed.namelist()]


def _packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()
