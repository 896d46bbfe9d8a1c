from __future__ import annotations

from pathlib import Path

import pytest

from carbon.factors import DEFAULT_FACTOR_SET, TECHNOLOGIES, UNITS, factor_sets, load_factor_set
from grid.errors import InputError

HEADER = "technology,value,unit,gas,boundary,view,losses,renewable,year,issuer,source,status\n"
GOOD = "gas,400,kg/MWh,CO2e,direct,production,out,false,2023,me,A report https://example.org,verified\n"
ALL_FACTORS = [(name, factor) for name, factors in factor_sets().items() for factor in factors.factors]


@pytest.mark.parametrize(("name", "factor"), ALL_FACTORS)
def test_every_shipped_factor_names_its_source(name: str, factor):
    assert factor.issuer, name
    assert "http" in factor.source, name
    assert factor.value_kg_per_mwh >= 0


@pytest.mark.parametrize(("name", "factor"), ALL_FACTORS)
def test_every_shipped_factor_says_what_it_is(name: str, factor):
    assert factor.unit in UNITS, name
    assert factor.gas in {"CO2", "CO2e"}
    assert factor.boundary in {"direct", "lifecycle"}
    assert factor.view in {"production", "consumption"}
    assert factor.losses in {"in", "out"}
    assert factor.status in {"verified", "secondary", "unverified"}
    assert 1990 < factor.year <= 2026


@pytest.mark.parametrize("name", factor_sets())
def test_a_shipped_set_has_one_unit(name: str):
    assert len({factor.unit for factor in factor_sets()[name].factors}) == 1


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
    other = {name for name in TECHNOLOGIES if name.startswith(("fuel_", "hydrogen_"))} | {"grid", "petrol", "diesel"}
    for technology in set(TECHNOLOGIES) - other:
        assert factors.value(technology, "lifecycle") >= factors.value(technology, "direct")


def test_grid_averages_by_region_take_the_newest_year():
    factors = load_factor_set("grid_averages")
    assert factors.value("grid", "direct", "China") == 530.6
    assert factors.value("grid", "lifecycle", "Germany") == 342.1
    with pytest.raises(InputError, match="did you mean 'Germany'"):
        factors.value("grid", "lifecycle", "Germani")


def test_japans_factor_is_per_energy_sold_so_it_holds_the_losses():
    averages = load_factor_set("grid_averages")
    assert {averages.find("grid", region=name).losses for name in ("Japan", "Japan substitute value")} == {"in"}
    assert averages.find("grid", region="United Kingdom").losses == "out"  # per energy generated


def test_a_set_says_what_it_counts():
    germany = load_factor_set("germany_2023")  # heat rates of coal and the EU-ETS registry count CO2 alone
    assert (germany.gas("direct"), germany.gas("lifecycle")) == ("CO2", "CO2e")
    assert load_factor_set("electricity_maps_defaults").gas("direct") == "CO2e"


def test_what_is_burnt_over_an_efficiency_is_not_labelled_as_all_gases():
    stack = [f for name in factor_sets() for f in load_factor_set(name).factors if f.source.startswith("Heat rate")]
    assert {f.gas for f in stack if f.boundary == "direct"} == {"CO2"}
    assert all("CO2 alone" in f.source for f in stack if f.boundary == "lifecycle")


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


def test_unverified_factors_are_named():
    assert set(load_factor_set("ipcc_fuels_2006").unverified) == set(load_factor_set("ipcc_fuels_2006").technologies)
    assert load_factor_set("electricity_maps_defaults").unverified == ()


def test_a_set_of_your_own_is_read(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD, encoding="utf-8")
    assert load_factor_set(path).value("gas") == 400.0


def refused(folder: Path, rows: list[str]) -> str:
    path = folder / "mine.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_factor_set(path)
    return str(caught.value)


REST = "false,2023,me,A report,verified"


def test_refused_rows_are_listed_all_at_once(tmp_path: Path):
    rows = [
        GOOD.strip(),
        GOOD.strip(),  # row 3: twice
        f"oil,-5,kg/MWh,CO2e,direct,production,out,{REST}",
        f"oil,0.65,kg/MWh,CO2e,lifecycle,production,out,{REST}",
        "solar,0,kg/MWh,CO2e,direct,production,out,true,2023,me,,verified",
        "lignit,900,kg/MWh,CO2,direct,production,out,false,2023,me,A report,sure",
        f"nuclear,0,,CO2e,direct,production,out,{REST}",
        f"nuclear,0.012,kg/kWh,CO2e,lifecycle,production,out,{REST}",
        f"hydro,0,kg/MW,CO2e,direct,production,out,{REST}",
        "biomass,0,kg/MWh,CO2e,direct,production,out,true,23,,A report,verified",
    ]
    message = refused(tmp_path, rows)
    for part in (
        "rows 2, 3: give the same factor twice",
        "row 4, value: must be finite and at least 0",
        "row 5, value: is 0.65 kg/MWh; this looks like another unit",
        "row 6, source",
        "did you mean 'lignite'",
        "row 7, status",
        "row 7, gas: direct factors must not mix CO2 and CO2e; row 2 is CO2e",
        "row 8, unit: must be stated",
        "row 9, unit: must be the unit of the whole set, kg/MWh as in row 2",
        "did you mean 'kg/MWh'",
        "row 11, year",
        "row 11, issuer",
    ):
        assert part in message


GRID = "technology,region,value,unit,gas,boundary,view,losses,renewable,year,issuer,source,status"
ROW = "grid,Utopia,0.4,kg/kWh,CO2,direct,consumption,out,false,2023,me,A report,verified"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("A report", ""), "row 3, source: must say where the value comes from"),
        (("0.4", "-0.4"), "row 3, value: must be finite and at least 0; got '-0.4'"),
        (("kg/kWh", "g/kWh"), "row 3, unit: must be the unit of the whole set, kg/kWh as in row 2"),
        (("Utopia", "Elsewhere"), None),
        (("2023", "2022"), None),
        (("0.4", "0.5"), "rows 2, 3: give the same factor twice: grid, Utopia, direct, consumption, 2023"),
        (("CO2", "CO2e"), "rows 2, 3: give the same factor twice"),
        (("out", "in"), "rows 2, 3: give the same factor twice"),
        (("2023", "23"), "row 3, year: must be a year of four digits; got '23'"),
        (("me,", ","), "row 3, issuer: must say where the value comes from"),
        (("0.4", "nan"), "row 3, value: must be finite and at least 0; got 'nan'"),
        (("0.4", "four"), "row 3, value: must be a number; got 'four'"),
    ],
)
def test_each_wrong_row_is_refused_by_its_number(tmp_path: Path, change: tuple[str, str], message: str | None):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([GRID, ROW, ROW.replace(*change)]), encoding="utf-8")
    if message is None:
        assert len(load_factor_set(path).factors) == 2
        return
    with pytest.raises(InputError) as caught:
        load_factor_set(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("technology", "value", "unit", "kg_per_mwh"),
    [
        ("grid", "0.5306", "kg/kWh", 530.6),
        ("grid", "530.6", "g/kWh", 530.6),
        ("grid", "770.884", "lb/MWh", 349.67),  # eGRID2023, United States: 0.34967 kg/kWh
        ("fuel_natural_gas", "56.1", "kg/GJ", 201.96),
        ("diesel", "2.697", "kg/l", 269.7),  # 36 MJ/l is 10 kWh/l
        ("hydrogen_threshold", "3.38", "kg/kg", 101.41),  # 28.2 g/MJ is 101.5 kg/MWh
    ],
)
def test_units_are_converted(tmp_path: Path, technology: str, value: str, unit: str, kg_per_mwh: float):
    path = tmp_path / "mine.csv"
    path.write_text(f"{HEADER}{technology},{value},{unit},CO2,direct,production,out,{REST}\n", encoding="utf-8")
    factor = load_factor_set(path).find(technology)
    assert factor.value_kg_per_mwh == pytest.approx(kg_per_mwh, abs=0.005)
    assert (factor.value, factor.unit) == (float(value), unit)


def test_a_unit_of_volume_needs_a_fuel_of_known_heat_content(tmp_path: Path):
    rows = [f"gas,2.1,kg/l,CO2,direct,production,out,{REST}", f"oil,2.1,kg/kg,CO2,direct,production,out,{REST}"]
    message = refused(tmp_path, rows)
    assert "row 2, unit: kg/l is for petrol and diesel only" in message
    assert "row 3, unit: kg/kg is for hydrogen only" in message


def test_missing_columns_and_rows_are_named(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("technology,value,units\ngas,0.4,kg/kWh\n", encoding="utf-8")
    with pytest.raises(InputError, match="unit: is a required column; did you mean 'units'"):
        load_factor_set(path)
    path.write_text(HEADER, encoding="utf-8")
    with pytest.raises(InputError, match="at least one row"):
        load_factor_set(path)


def test_a_changed_file_is_read_anew(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD, encoding="utf-8")
    assert load_factor_set(path).value("gas") == 400.0
    path.write_text(HEADER + GOOD.replace("400", "410"), encoding="utf-8")
    assert load_factor_set(path).value("gas") == 410.0
