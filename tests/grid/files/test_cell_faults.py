"""Cells and columns that are wrong are told once, with the first wrong cell and how to mend it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.files.cell_faults import cell_faults, column_faults, cure_of, number_faults, with_plain_numbers
from grid.files.numbers import missing_marks
from grid.files.text_table import TextTable, read_text_table


def table(folder: Path, content: str, encoding: str = "utf-8") -> TextTable:
    (folder / "table.csv").write_bytes(content.encode(encoding))
    return read_text_table(folder / "table.csv")


@pytest.mark.parametrize("cell", ["80 €", "80€", "1,5 MW", "€ 80", "$80", "12.5 %", "1 234 kWh", "-3 °C"])
def test_a_number_with_a_unit_is_shown_and_the_cure_told(tmp_path: Path, cell: str) -> None:
    read = table(tmp_path, f'p;time\n1;2030-01-01\n"{cell}";2030-01-02\n')
    (fault,) = number_faults(read, "p", read.numbers("p"), "must be numbers")
    assert str(fault) == (
        f"p: must be numbers; not so in rows; got [3], the first of {cell!r}, a number with a unit: "
        "write the number alone"
    )


@pytest.mark.parametrize("cell", ["many", "2030-01-01", "1.2.3", "MW"])
def test_other_texts_are_shown_without_a_cure(cell: str) -> None:
    assert cure_of(cell) == ""


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([1.0, -999.0, 3.0], [1]), ([1.0, 9999.0, 3.0], [1]), ([200.0, -9999.0, -20.0], [1]),
        ([300.0, 999.0, 250.0], []), ([-500.0, -999.0, -450.0], []), ([-999.0, -999.0], []), ([0.0, -99.99], [1]),
        ([np.nan, 5.0], []),
    ],
)  # fmt: skip
def test_marks_of_missing_values_are_those_far_from_all_others(values: list[float], marks: list[int]) -> None:
    np.testing.assert_array_equal(np.flatnonzero(missing_marks(np.array(values))), marks)


def test_a_fault_of_many_rows_is_one_and_names_ten_of_them() -> None:
    numbers = np.arange(25.0)
    (fault,) = cell_faults("p", "must be less than 5", numbers >= 5, pl.Series(numbers), np.arange(2, 27))
    assert "got [7, 8, 9, 10, 11, 12, 13, 14, 15, 16] and 10 more, the first of '5.0'" in str(fault)


def test_all_missing_columns_are_told_each_with_the_nearest() -> None:
    bus, customers = column_faults(["Bus", "customer", ""], ["bus", "customers"])
    assert (bus.suggestion, customers.suggestion) == ("Bus", "customer")


def test_numbers_of_spreadsheets_become_plain_and_others_stay_as_they_are(tmp_path: Path) -> None:
    read = table(tmp_path, "value;source\n0,5;a\n820;b\n1.234,5;c\nmany;d\n;e\n", "utf-16")
    assert with_plain_numbers(read, ["value", "none"])["value"].to_list() == ["0.5", "820", "1234.5", "many", ""]
    read = table(tmp_path, "value;low;source\n5e2;;a\n1.234;1.000;b\n0,5;2;c\n", "utf-8")
    assert with_plain_numbers(read, ["value", "low"])["value"].to_list() == ["5e2", "1234.0", "0.5"]
    read = table(tmp_path, "value,low,source\n5e2,,a\n1.234,1.000,b\n")
    assert with_plain_numbers(read, ["value", "low"]) is read.cells


def test_commas_in_quotation_marks_do_not_hide_the_header(tmp_path: Path) -> None:
    source = '"one, two, three, four, five, six, seven, eight"'
    read = table(tmp_path, f"measure,fixed,source\ntap,5,{source}\nline,6,{source}\n")
    assert read.names == ["measure", "fixed", "source"]
    assert read.cells["fixed"].to_list() == ["5", "6"]
