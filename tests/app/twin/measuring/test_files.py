from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from app.twin.measuring.files import read_measurements
from app.twin.measuring.mapping import read_mapping
from app.twin.measuring.store import opened_measurements
from grid.errors import InputError
from grid.twin.measurements import measurement_frame
from tests.app.command_line import gridcarbon, refused
from tests.app.twin.readings import reading

GERMAN = """Zeit;Stelle;Größe;Wert;Einheit
01.07.2030 02:00;Z-1;U;101,5;%
01.07.2030 02:15;Z-1;U;;%
01.07.2030 02:30;Z-2;P;-1.250,5;kW
01.07.2030 02:45;Z-2;P;3;furlong
"""
MAPPING = """
time: Zeit
time_zone: Europe/Berlin
element_kind: {value: bus}
element: Stelle
quantity: Größe
value: Wert
unit: Einheit
source: {value: export}
elements: {Z-1: quay, Z-2: MV3.101 Bus 84}
quantities: {U: vm_pu, P: p_mw}
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["own.parquet", "own.csv"])
def test_our_own_columns_are_read_as_they_were_written(tmp_path: Path, name: str) -> None:
    frame = measurement_frame([reading(k, value=None if k == 2 else 1.0 + k, quality="suspect") for k in range(4)])
    path = tmp_path / name
    if name.endswith("csv"):
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    expected = frame.with_columns(pl.when(pl.col("value").is_null()).then(pl.lit("missing"))
                                  .otherwise("quality").alias("quality"))  # fmt: skip
    assert read_measurements(path).equals(expected)


def test_columns_of_others_are_read_by_a_mapping(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, "columns.yaml", MAPPING))
    frame = read_measurements(written(tmp_path, "export.csv", GERMAN), mapping)
    assert frame["element"].to_list() == ["quay", "quay", "MV3.101 Bus 84", "MV3.101 Bus 84"]
    assert frame["value"].to_list() == [pytest.approx(1.015), None, -1.2505, 3.0]
    assert frame["standard_deviation"].to_list() == pytest.approx([0.01015, 1e-6, 0.012505, 0.03])
    assert frame["quality"].to_list() == ["good", "missing", "good", "wrong_unit"]
    assert str(frame["time"][0]) == "2030-07-01 00:00:00+00:00"


def test_a_column_can_be_a_place(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, "columns.yaml", """
time: when
series:
  - {column: quay kW, element_kind: bus, element: quay, quantity: p_mw, unit: kW, standard_deviation: 5}
  - {column: line, element_kind: branch, element: line 1, quantity: i_from_ka, unit: A}
"""))  # fmt: skip
    text = "when,quay kW,line,other\n2030-01-01T00:00Z,250,40,x\n2030-01-01T00:15Z,,41,y\n"
    frame = read_measurements(written(tmp_path, "wide.csv", text), mapping)
    assert frame["value"].to_list() == [0.25, None, 0.04, 0.041]
    assert frame["standard_deviation"].to_list() == pytest.approx([0.005, 0.005, 0.0004, 0.00041])
    assert frame["quantity"].to_list() == ["p_mw", "p_mw", "i_from_ka", "i_from_ka"]


def test_all_that_is_wrong_with_a_file_is_said_at_once(tmp_path: Path) -> None:
    text = (
        "time,element_kind,element,quantity,value,standard_deviation,sequence\n"
        "2030-01-01T00:00Z,buss,quay,vm_pu,1,0.1,0\n"
        "soon,bus,,vm_p,one,-1,0.5\n"
    )
    with pytest.raises(InputError) as raised:
        read_measurements(written(tmp_path, "wrong.csv", text))
    said = str(raised.value)
    for words in (
        "time: must be times", "value: must be numbers; not so in rows; got [3]", "greater than 0", "whole numbers",
        "did you mean 'bus'", "did you mean 'vm_pu'", "element: must not be empty",
    ):  # fmt: skip
        assert words in said
    with pytest.raises(InputError, match="no column called 'value'; did you mean 'Value'"):
        read_measurements(written(tmp_path, "lacks.csv", "time,element_kind,element,quantity,Value\n"))
    with pytest.raises(InputError, match=r"no such file '.*'; did you mean 'wrong\.csv'"):
        read_measurements(tmp_path / "wrng.csv")


@pytest.mark.parametrize("year", [1969, 2200])
def test_times_that_are_none_of_a_measurement_are_refused_before_a_store_is_made(tmp_path: Path, year: int) -> None:
    rows = [f"{each}-01-01T00:00Z,bus,quay,vm_pu,1\n" for each in (2030, year)]
    text = "time,element_kind,element,quantity,value\n" + "".join(rows)
    file = written(tmp_path, "far.csv", text)
    with pytest.raises(InputError, match=r"problem\n  time: must lie within 1970 to 2199; not so in rows; got \[3\]"):
        read_measurements(file)
    refused(gridcarbon("twin", "run", file, tmp_path / "new.db"), "must lie within 1970 to 2199")
    assert not (tmp_path / "new.db").exists()


def test_all_that_is_wrong_with_a_mapping_is_said_with_its_lines(tmp_path: Path) -> None:
    text = (
        "tiem: Zeit\ntime_zone: Europe/Berlln\nseries:\n  - {column: a, element_kind: bus, element: b, quantity: vm}\n"
    )
    with pytest.raises(InputError, match="line 1: tiem"):
        read_mapping(written(tmp_path, "columns.yaml", text))
    with pytest.raises(InputError) as raised:
        read_mapping(written(tmp_path, "columns.yaml", text.replace("tiem", "time")))
    assert [(fault.line, fault.place) for fault in raised.value.faults] == [(2, "time_zone"), (4, "series[0].quantity")]


def test_the_command_stores_a_file_once(tmp_path: Path) -> None:
    columns = written(tmp_path, "columns.yaml", MAPPING)
    command = ("twin", "run", written(tmp_path, "export.csv", GERMAN), tmp_path / "twin.db", "--columns", columns)
    first, again = gridcarbon(*command), gridcarbon(*command)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "4 measurements added, 0 were there\n2 good, 1 wrong unit, 1 missing" in first.stdout
    assert "0 measurements added, 4 were there" in again.stdout
    with opened_measurements(tmp_path / "twin.db") as store:
        assert store.counts()["measurements"] == 4
    refused(gridcarbon("twin", "run", tmp_path / "no.csv", tmp_path / "new.db"), "no such file")
    refused(gridcarbon("twin", "run", tmp_path, tmp_path / "new.db"), "SOURCE: is a folder, not a file")
    (tmp_path / "nothing.yaml").touch()
    refused(gridcarbon("twin", "run", tmp_path / "export.csv", tmp_path / "new.db", "--columns",
                       tmp_path / "nothing.yaml"), "is empty; it must name columns")  # fmt: skip
    assert not (tmp_path / "new.db").exists()


def test_a_column_for_each_place_goes_through_the_doubled_hour_of_autumn_in_turn(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, "columns.yaml", """
time: Zeit
time_zone: Europe/Berlin
series:
  - {column: a, element_kind: bus, element: quay, quantity: p_mw, unit: kW}
  - {column: b, element_kind: bus, element: mill, quantity: p_mw, unit: kW}
"""))  # fmt: skip
    hours = ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    rows = "".join(f"27.10.2030 {hour};{k},5;{k}\n" for k, hour in enumerate(hours))
    frame = read_measurements(written(tmp_path, "wide.csv", f"Zeit;a;b\n{rows}"), mapping)
    quay = frame.filter(pl.col("element") == "quay")["time"]
    assert quay.diff().drop_nulls().unique().to_list() == [timedelta(minutes=30)]


OWN = "time,element_kind,element,quantity,value\n"
LOCAL = """
time_zone: Europe/Berlin
source: {value: export}
"""


@pytest.mark.parametrize(
    "rows",
    [
        ["01:30 quay", "02:30 quay", "02:30 quay", "03:30 quay", "02:30 mill", "02:30 mill"],
        ["01:30 quay", "01:30 mill", "02:30 quay", "02:30 mill", "02:29 quay", "02:29 mill", "03:30 quay"],
    ],
)
def test_rows_go_through_the_doubled_hour_of_autumn_series_by_series(tmp_path: Path, rows: list[str]) -> None:
    text = "".join(f"2030-10-27 {row[:5]},bus,{row[6:]},p_mw,1\n" for row in rows)
    mapping = read_mapping(written(tmp_path, "columns.yaml", LOCAL))
    frame = read_measurements(written(tmp_path, "rows.csv", OWN + text), mapping)
    doubled = frame.filter(pl.col("time").dt.hour() < 2, pl.col("time").dt.date().dt.day() == 27)
    for element in ("quay", "mill"):
        assert doubled.filter(element=element)["time"].dt.hour().to_list()[-2:] == [0, 1]


def test_a_time_that_stands_once_in_the_doubled_hour_is_asked_for(tmp_path: Path) -> None:
    text = "2030-10-27 01:30,bus,quay,p_mw,1\n2030-10-27 02:30,bus,quay,p_mw,1\n2030-10-27 03:30,bus,quay,p_mw,1\n"
    mapping = read_mapping(written(tmp_path, "columns.yaml", LOCAL))
    with pytest.raises(InputError, match=r"time: stands once in the hour that occurs twice.*rows; got \[3\]"):
        read_measurements(written(tmp_path, "rows.csv", OWN + text), mapping)
    with_offset = text.replace("02:30", "02:30+02:00")
    assert read_measurements(written(tmp_path, "rows.csv", OWN + with_offset), mapping)["time"][1].hour == 0
