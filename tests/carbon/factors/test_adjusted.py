"""Factors that a scenario scales or places within their published range, and the ranges that sets name."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon.factors import adjusted, factor_sets, load_factor_set
from carbon.factors.reading import read_factor_set
from carbon.upstream import load_region
from carbon.upstream.market.factors import region_factors
from grid.errors import InputError

NONE_KNOWN = "none known"


def test_every_shipped_factor_names_its_range_or_says_that_none_is_known() -> None:
    for name, factors in factor_sets().items():
        for row in factors.factors:
            if row.has_range:
                assert row.low_kg_per_mwh <= row.value_kg_per_mwh <= row.high_kg_per_mwh, (name, row)
                assert "http" in row.range_source, (name, row)
                assert row.range_status in {"verified", "secondary", "unverified"}, (name, row)
            else:
                assert row.range_source == NONE_KNOWN, (name, row)


@pytest.mark.parametrize(
    ("position", "value"), [(-1, 410), (-0.5, 450), (0, 490), (0.25, 530), (1, 650)]
)  # gas, life-cycle: 410 to 490 to 650
def test_position_runs_through_the_published_value(position: float, value: float) -> None:
    factors = adjusted(load_factor_set("ipcc_ar5_2014"), {}, {"gas": position}, "lifecycle")
    assert factors.value("gas", "lifecycle") == pytest.approx(value)
    assert factors.value("hard_coal", "lifecycle") == 820


def test_scale_holds_on_both_boundaries_and_says_so() -> None:
    factors = adjusted(load_factor_set("ipcc_ar5_2014"), {"gas": 1.1}, {}, "direct")
    assert factors.value("gas") == pytest.approx(407)
    assert factors.value("gas", "lifecycle") == pytest.approx(539)
    assert factors.find("gas").adjustment == "370 kg/MWh as published × 1.1 by the scenario"


@pytest.mark.parametrize("boundary", ["direct", "lifecycle"])
def test_a_fleet_with_its_own_heat_rate_is_scaled_as_a_whole(boundary: str) -> None:
    region, published = load_region("reference"), load_factor_set()
    scaled = adjusted(published, {"lignite": 1.1}, {}, boundary)
    before, after = (
        {used.name: used for used in region_factors(region, factors, boundary) if used is not None}
        for factors in (published, scaled)
    )
    assert after["lignite"].value_kg_per_mwh == pytest.approx(1.1 * before["lignite"].value_kg_per_mwh)
    assert "by the scenario" in after["lignite"].derivation
    assert after["lignite"].status == "unverified"
    assert {name: used for name, used in after.items() if name != "lignite"} == {
        name: used for name, used in before.items() if name != "lignite"
    }


def test_what_a_set_lacks_is_refused_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        adjusted(load_factor_set(), {"lignit": 1.1, "gas": 1.1}, {"gas": 0.5, "other": 1}, "direct")
    said = str(caught.value)
    assert "carbon.factor_scale.lignit: factor set 'germany_2023' has no factor of it; did you mean 'lignite'?" in said
    assert "carbon.factor_position.other: factor set 'germany_2023' knows no range of its direct factor" in said
    assert "carbon.factor_position.gas: is scaled by factor_scale too" in said


HEADER = "technology,value,unit,gas,boundary,view,losses,renewable,year,issuer,source,status"
ROW = "gas,400,kg/MWh,CO2,direct,production,out,false,2023,me,book,verified"


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ("300,390,book,verified", "row 2, low and high: must hold the value, 400"),
        ("300,,book,verified", "row 2, high: must be given with a range"),
        ("300,500,,verified", "row 2, range_source: must be given with a range"),
        ("300,500,book,", "row 2, range_status: must be one of"),
        ("few,500,book,verified", "row 2, low and high: must be numbers"),
    ],
)
def test_a_wrong_range_is_refused(ends: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text(f"{HEADER},low,high,range_source,range_status\n{ROW},{ends}\n")
    with pytest.raises(InputError, match=message):
        read_factor_set(path)


def test_a_set_without_ranges_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text(f"{HEADER}\n{ROW}\n")
    assert not read_factor_set(path).find("gas").has_range
