"""Tables of text: encodings, separators, decimal marks, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.errors import InputError
from grid.files.numbers import decimal_mark, read_numbers
from grid.files.report import FileReport
from grid.files.text_table import TextTable, read_text_table


def table(folder: Path, content: bytes) -> TextTable:
    path = folder / "table.csv"
    path.write_bytes(content)
    return read_text_table(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_every_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    text = f"time{separator}größe\r\n2023-01-01{separator}7\r\n\r\n2023-01-02{separator} 8 \r\n"
    found = table(tmp_path, text.encode(encoding))
    assert found.names == ["time", "größe"]
    assert found.cells.rows() == [("2023-01-01", "7"), ("2023-01-02", "8")]
    assert found.lines.tolist() == [2, 4]


def test_comments_and_what_a_spreadsheet_writes_first_are_no_header(tmp_path: Path) -> None:
    found = table(tmp_path, b"sep=;\n# of my meter\n\na;b\n1;2\n;\n3;4\n")
    assert found.names == ["a", "b"]
    assert found.lines.tolist() == [5, 7]
    assert found.n_empty == 1
    assert table(tmp_path, b'"a (x, y)",b\n"1,5",2\n').cells.rows() == [("1,5", "2")]


@pytest.mark.parametrize(
    "above",
    ["Export of 1 May\n", "Zone,DE\n", "Export\nZone;DE\n\n", '"Export; all";;;\n', "from;2023-01-01\n"],
)
def test_titles_above_the_header_are_no_header(tmp_path: Path, above: str) -> None:
    found = table(tmp_path, f"{above}time;ci;price;share\n2023-01-01 00:00;3,5;7;1\n".encode())
    assert found.names == ["time", "ci", "price", "share"]
    assert found.cells.rows() == [("2023-01-01 00:00", "3,5", "7", "1")]
    assert found.lines.tolist() == [above.count("\n") + 2]


def test_separators_at_the_end_of_rows_and_sentences_below_the_last_are_no_cells(tmp_path: Path) -> None:
    found = table(tmp_path, b"a;b;c\n1;2;3;\n4;5;;\n6;7;8\nSource: the operator, without warranty\n")
    assert found.names == ["a", "b", "c"]
    assert found.cells.rows() == [("1", "2", "3"), ("4", "5", ""), ("6", "7", "8")]
    assert found.lines.tolist() == [2, 3, 4]
    assert table(tmp_path, b"a;b;c\n1;2;3\nto be filled in;;4\n").n_rows == 2
    assert table(tmp_path, b'a;b;c\n1;2;3\n"    ";;\n').n_rows == 1
    with pytest.raises(InputError, match="more cells than the 3 of the header"):
        table(tmp_path, b"a;b;c\n1;2;3;4\n")


def test_points_between_thousands_are_told_by_whole_numbers_of_their_column() -> None:
    thousands = pl.Series([f"{k // 10}.{k:03}" if k % 3 else f"{k}" for k in range(100, 160)])
    decimals = pl.Series([f"{k / 7:.3f}" for k in range(100, 160)])
    count = pl.Series([str(k) for k in range(60)])
    assert decimal_mark([thousands], ";") == ","
    assert decimal_mark([decimals, count], ";") == "."
    assert decimal_mark([thousands], ",") == "."


def test_two_columns_of_one_name_must_be_equal(tmp_path: Path) -> None:
    assert table(tmp_path, b"a,b,a\n1,2,1\n").cells["a"].to_list() == ["1"]
    with pytest.raises(InputError, match=r"row 1: must name each column once.*'a'"):
        table(tmp_path, b"a,b,a\n1,2,3\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04and so on", "is not a complete workbook"),
        (b"\n<!DOCTYPE html><html>\n<body>", "is a web page, no table"),
        (b"<?xml version='1.0'?>\n<a/>", "is XML, no table"),
        (b'[{"time_utc": "2030-01-01"}]', "is JSON, no table"),
        (b'{\n "values": []}', "is JSON, no table"),
        (b"\xd0\xcf\x11\xe0and so on", "save the sheet as .xlsx or CSV"),
        (b"PAR1and so on", "is a Parquet file"),
        (b"\x1f\x8band so on", "is compressed"),
        (b"%PDF-1.7", "no table"),
        (b"a,b\n\x00\x01\x02", "bytes that are no text"),
        (b"", "is empty"),
        (b'time,ci\n1,2\n"3,4\n' + 20_000 * b"5,67890\n", "row 3: has a quotation mark that no other closes"),
        (b"date (GMT+1, GMT+2),a,b\n2030,1,2\n2031,1,2\n", "row 2: has 3 cells, the header 4"),
        (b"time,ci,price\n2030,335,96,7\n", "row 2: has more cells than the 3 of the header; decimal commas need ;"),
    ],
)
def test_files_that_are_no_tables_are_refused_with_a_cure(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        table(tmp_path, content)


def test_a_missing_file_is_met_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"did you mean 'prices\.csv'"):
        read_text_table(tmp_path / "price.csv")
    with pytest.raises(InputError, match="cannot be read as a file"):
        read_text_table(tmp_path)


@pytest.mark.parametrize(
    ("cells", "separator", "mark", "values"),
    [
        (["96,765", "89,000"], ";", ",", [96.765, 89.0]),
        (["45,123"], ";", ",", [45.123]),
        (["3,000", "1,000", "-5", ""], ",", ".", [3000, 1000, -5, np.nan]),
        (["1.234,5", "12"], ";", ",", [1234.5, 12]),
        (["1,234.5", "12"], ";", ".", [1234.5, 12]),
        (["1.234", "0,5"], ";", ",", [1234, 0.5]),
        (["0,123"], "\t", ",", [0.123]),
        (["1 234,5", "1\u202f234"], ";", ",", [1234.5, 1234]),
        (["1'234'567.5", "−5"], ",", ".", [1_234_567.5, -5]),
        (["12.5", "1e3", "-.5", "5."], ",", ".", [12.5, 1000, -0.5, 5]),
        (["n/e", "-", "N/A", "nan"], ",", ".", [np.nan] * 4),
    ],
)
def test_decimal_point_or_comma(cells: list[str], separator: str, mark: str, values: list[float]) -> None:
    column = pl.Series(cells)
    assert decimal_mark([column], separator) == mark
    numbers = read_numbers(column, decimal_mark([column], separator))
    assert numbers.values == pytest.approx(values, nan_ok=True)
    assert not numbers.unread.any()


def test_one_cell_decides_for_the_whole_file(tmp_path: Path) -> None:
    found = table(tmp_path, b"a;b\n45,123;0.5\n")
    assert found.numbers("a").values == pytest.approx([45_123])
    found = table(tmp_path, b"a;b\n45.123;0,5\n")
    assert found.numbers("a").values == pytest.approx([45_123])


def test_what_can_be_either_is_not_guessed() -> None:
    column = pl.Series(["45,123", "7"])
    assert decimal_mark([column], "\t") == "?"
    numbers = read_numbers(column, "?")
    assert numbers.unread.tolist() == [True, False]
    assert read_numbers(pl.Series(["many"]), ".").unread.all()
    assert read_numbers(pl.Series([1.0, None])).empty.tolist() == [False, True]


def test_a_report_is_one_line_a_quantity() -> None:
    report = FileReport(
        "weather", "w.epw", "EPW", "8,760", "a year", "UTC+1", "60 min", totals=("a", "b"), mended=("c",)
    )
    lines = report.text.splitlines()
    assert lines[0] == "weather: w.epw"
    assert [line.split()[0] for line in lines[1:]] == [
        "format", "rows", "period", "zone", "step", "gaps", "total", "total", "mended", "dropped",
    ]  # fmt: skip
