"""Upstream files as people send them: newest first, with zeros for missing values, with prices in another unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from carbon.upstream import Upstream, upstream_from_csv
from grid.errors import InputError
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 3, 1, tzinfo=UTC), timedelta(hours=1), 240)
CI = 300.0 + np.arange(240) % 24
PRICE = 80.0 + 10 * np.sin(np.arange(240))


def read(folder: Path, ci: list[str], price: list[str], *, newest_first: bool = False) -> Upstream:
    rows = [f"{time}Z,{a},{b}" for time, a, b in zip(CLOCK.times.astype("datetime64[m]"), ci, price, strict=True)]
    text = "\n".join(["time_utc,ci_kg_per_mwh,price_per_mwh", *(rows[::-1] if newest_first else rows)])
    (folder / "up stream.csv").write_text(text)
    return upstream_from_csv(folder / "up stream.csv", CLOCK)


def cells(values: np.ndarray) -> list[str]:
    return [f"{value:.4f}" for value in values]


def test_rows_that_stand_newest_first_are_put_in_order_and_this_is_told(tmp_path: Path) -> None:
    plain, turned = (read(tmp_path, cells(CI), cells(PRICE), newest_first=each) for each in (False, True))
    np.testing.assert_array_equal(turned.ci_kg_per_mwh, plain.ci_kg_per_mwh)
    assert turned.report is not None
    assert plain.report is not None
    assert turned.report.mended == ("rows put in the order of their times",)
    assert plain.report.mended == ()


@pytest.mark.parametrize(
    ("ci", "price", "words"),
    [
        (np.where(np.arange(240) % 50 == 3, 0.0, CI), PRICE, "ci_kg_per_mwh is exactly 0 in 5 of 240 rows"),
        (CI, PRICE / 10, "price_per_mwh never exceeds 9 per MWh: are these hundredths per kWh"),
    ],
)
def test_values_that_may_be_missing_or_of_another_unit_are_told(
    tmp_path: Path, ci: np.ndarray, price: np.ndarray, words: str
) -> None:
    report = read(tmp_path, cells(ci), cells(price)).report
    assert report is not None
    assert any(words in told for told in report.mended)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("80 €", "must be a number in every row, or empty; not so in rows; got [7], the first of '80 €'"),
        ("-9999", "price_per_mwh: -9999 stands for a missing value"), ("80 EUR/MWh", "a number with a unit"),
    ],
)  # fmt: skip
def test_the_first_wrong_cell_is_shown(tmp_path: Path, cell: str, words: str) -> None:
    price = cells(PRICE)
    price[5] = cell
    with pytest.raises(InputError) as error:
        read(tmp_path, cells(CI), price)
    assert words in str(error.value)
    assert len(error.value.faults) == 1


def test_files_of_a_folder_that_are_of_no_library_are_one_fault_each(tmp_path: Path) -> None:
    for name in ("readme", "sales"):
        (tmp_path / f"{name}.csv").write_text("article,pieces\nscrews,5\n")
    with pytest.raises(InputError) as error:
        upstream_from_csv(tmp_path, CLOCK)
    assert [fault.place for fault in error.value.faults] == ["readme.csv, columns", "sales.csv, columns"]
    assert "is no file of ENTSO-E's File Library" in str(error.value)
