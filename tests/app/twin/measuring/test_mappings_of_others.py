"""Files of measurements with the meaning of their columns, as people write them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from app.twin.measuring.files import read_measurements
from app.twin.measuring.mapping import read_mapping
from grid.errors import InputError

ROWS = "Zeit;Ort;Wert\n01.01.2030 00:00;Bus 1;1,01\n01.01.2030 00:15;Bus 1;1,02\n"
MEANING = "time: Zeit\nelement: Ort\nvalue: Wert\nelement_kind: {value: bus}\nquantity: {value: vm_pu}\n"
SERIES = "time: Zeit\nseries:\n- {column: Wert, element_kind: bus, element: Bus 1, quantity: vm_pu}\n"


def read(folder: Path, meaning: str, rows: str, encoding: str = "utf-8") -> pl.DataFrame:
    (folder / "my mapping.yaml").write_text(meaning)
    (folder / "my rows.csv").write_bytes(rows.encode(encoding))
    return read_measurements(folder / "my rows.csv", read_mapping(folder / "my mapping.yaml"))


@pytest.mark.parametrize(
    ("meaning", "rows", "encoding"),
    [
        (MEANING, ROWS, "utf-8"), (MEANING, ROWS, "utf-16"), (SERIES, ROWS, "cp1252"), (SERIES, ROWS, "utf-8-sig"),
        (MEANING, "Export of meters\n\n" + ROWS, "utf-8"), (MEANING, ROWS.replace(";", "\t"), "utf-8"),
    ],
)  # fmt: skip
def test_rows_and_series_say_the_same(tmp_path: Path, meaning: str, rows: str, encoding: str) -> None:
    found = read(tmp_path, meaning, rows, encoding)
    assert found["value"].to_list() == [1.01, 1.02]
    assert found["element"].to_list() == ["Bus 1", "Bus 1"]
    assert found["time"].dt.strftime("%d %H:%M").to_list() == ["01 00:00", "01 00:15"]


@pytest.mark.parametrize(
    ("meaning", "rows", "words"),
    [
        (MEANING.replace("{value: bus}", "bus"), ROWS, "no column called 'bus'; if it is meant for all rows, write"),
        (MEANING.replace("Wert", "Werte"), ROWS, "value: no column called 'Werte'; did you mean 'Wert'?"),
        (MEANING.replace("value: Wert", "values: Wert"), ROWS, "values: unknown key; did you mean 'value'?"),
        (MEANING.replace("vm_pu", "voltage"), ROWS, "quantity: is not measured at a bus, of which "),
        (MEANING, "Zeit;Ort;Wert\n", "must have at least one row of measurements"),
        (MEANING, ROWS.replace("1,02", "1,02 pu"), "got [3], the first of '1,02 pu', a number with a unit"),
        (SERIES + SERIES.splitlines()[-1], ROWS, "series[1]: holds what series[0] holds by the same source"),
        (MEANING + "time_zone: Europe/Berlinn\n", ROWS, "time_zone: is no zone"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_with_its_cure(tmp_path: Path, meaning: str, rows: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, meaning, rows)
    assert words in str(error.value)
    assert len(error.value.faults) == 1
