from __future__ import annotations

from pathlib import Path

import pytest

from carbon.factors import DEFAULT_FACTOR_SET, TECHNOLOGIES, factor_sets, load_factor_set
from grid.errors import InputError

HEADER = "technology,value_kg_per_mwh,gas,boundary,view,losses,renewable,year,issuer,source,status\n"
GOOD = "gas,400,CO2e,direct,production,out,false,2023,me,A report https://example.org,verified\n"
ALL_FACTORS = [(name, factor) for name, factors in factor_sets().items() for factor in factors.factors]


@pytest.mark.parametrize(("name", "factor"), ALL_FACTORS)
def test_every_shipped_factor_names_its_source(name: str, factor):
    assert factor.issuer, name
    assert "http" in factor.source or "MEE" in factor.source, name
    assert factor.value_kg_per_mwh >= 0


@pytest.mark.parametrize(
    ("technology", "published"),
    [
        ("hard_coal", 820),
        ("gas", 490),
        ("biomass", 230),
        ("solar", 41),
        ("geothermal", 38),
        ("hydro", 24),
        ("nuclear", 12),
        ("wind_offshore", 12),
        ("wind_onshore", 11),
    ],
)
def test_ipcc_medians(technology: str, published: float):
    assert load_factor_set("ipcc_ar5_2014").value(technology, "lifecycle") == published


def test_electricity_maps_defaults():
    factors = load_factor_set("electricity_maps_defaults")
    assert [factors.value(name) for name in ("hard_coal", "gas", "oil", "unknown", "solar")] == [760, 370, 406, 575, 0]
    assert [factors.value(name, "lifecycle") for name in ("oil", "unknown", "solar")] == [650, 700, 45]


@pytest.mark.parametrize("name", [DEFAULT_FACTOR_SET, "electricity_maps_defaults"])
def test_a_set_for_simulation_knows_every_source_of_electricity_on_both_boundaries(name: str):
    factors = load_factor_set(name)
    for technology in set(TECHNOLOGIES) - {"grid", "petrol", "diesel"}:
        assert factors.value(technology, "lifecycle") >= factors.value(technology, "direct")


def test_grid_averages_by_region_take_the_newest_year():
    factors = load_factor_set("grid_averages")
    assert factors.value("grid", "direct", "China") == 530.6
    assert factors.value("grid", "lifecycle", "Germany") == 342.1
    with pytest.raises(InputError, match="did you mean 'Germany'"):
        factors.value("grid", "lifecycle", "Germani")


def test_road_fuels_follow_from_their_heat_content():
    factors = load_factor_set("road_fuels")
    assert factors.value("petrol") == pytest.approx(3.6 * 69.3)
    assert factors.value("diesel", "lifecycle") == pytest.approx(3.6 * 95.1)


def test_renewables_are_marked():
    factors = load_factor_set()
    renewable = {technology for technology in factors.technologies if factors.renewable(technology)}
    assert renewable == {"biomass", "hydro", "wind_onshore", "wind_offshore", "solar", "geothermal"}


def test_unknown_names_are_met_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'ipcc_ar5_2014'"):
        load_factor_set("ipcc_ar5")
    with pytest.raises(InputError, match="did you mean 'lignite'"):
        load_factor_set().value("lignit")


def test_a_set_of_your_own_is_read(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD, encoding="utf-8")
    assert load_factor_set(path).value("gas") == 400.0


def test_refused_rows_are_listed_all_at_once(tmp_path: Path):
    path = tmp_path / "mine.csv"
    rows = [
        GOOD,
        GOOD,  # row 3: twice
        "oil,-5,CO2e,direct,production,out,false,2023,me,A report,verified\n",
        "oil,0.65,CO2e,lifecycle,production,out,false,2023,me,A report,verified\n",
        "solar,0,CO2e,direct,production,out,true,2023,me,,verified\n",
        "lignit,900,CO2,direct,production,out,false,2023,me,A report,sure\n",
    ]
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_factor_set(path)
    message = str(caught.value)
    for part in (
        "rows 2, 3",
        "row 4, value",
        "row 5, value",
        "another unit",
        "row 6, source",
        "'lignite'",
        "row 7, status",
    ):
        assert part in message
    assert "must not mix CO2 and CO2e" in message


def test_missing_columns_are_named(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("technology,value_kg_per_kwh\ngas,0.4\n", encoding="utf-8")
    with pytest.raises(InputError, match="value_kg_per_mwh: is a required column"):
        load_factor_set(path)
