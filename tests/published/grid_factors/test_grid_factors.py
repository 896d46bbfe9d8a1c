from __future__ import annotations

import csv
from pathlib import Path

import pytest

from carbon.factors import load_factor_set

with (Path(__file__).parent / "expected.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['region']} {row['year']}")
def test_published_factor(row: dict[str, str]):
    factor = load_factor_set(row["set"]).find("grid", row["boundary"], row["region"], year=int(row["year"]))
    printed = float(row["printed"]) * float(row["unit_kg_per_mwh"])
    assert factor.value_kg_per_mwh == pytest.approx(printed, abs=float(row["tolerance_kg_per_mwh"]) + 1e-9)


def test_all_provinces_of_both_years():
    factors = load_factor_set("china_mee").factors
    provinces = {
        year: {f.region for f in factors if f.year == year and not f.region.startswith("China")}
        for year in (2022, 2023)
    }
    assert len(provinces[2022]) == 30
    assert provinces[2022] == provinces[2023]


def test_the_two_sets_that_hold_the_chinese_averages_agree():
    averages, notice = load_factor_set("grid_averages"), load_factor_set("china_mee")
    both = [f for f in averages.factors if f.issuer == "MEE/NBS"]
    assert len(both) == 13
    for factor in both:
        other = notice.find("grid", region=factor.region, year=factor.year)
        assert other.value_kg_per_mwh == factor.value_kg_per_mwh
