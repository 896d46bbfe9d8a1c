from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from carbon.inventory import RunElectricity, calendar_years, compile_inventory, gpc_codes, read_activities
from carbon.inventory.workbook import write_workbook
from carbon.ledgers.reconciliation import CarbonTotals, reconcile
from grid.errors import InputError
from grid.time.clock import Clock

RUN = RunElectricity(
    hours=876.0,
    sector_mwh={"I.1.2": 10.0, "I.1.3": 0.0, "II.1.2": 5.0, "II.1.3": 0.0},
    sector_kg={"I.1.2": 4000.0, "I.1.3": 100.0, "II.1.2": 2000.0, "II.1.3": 50.0},
    generation_mwh=3.0,
    generation_kg=1200.0,
    gas="CO2",
    source="a run",
    reductions={"ev_driven_km": 1000.0, "heat_pump_heat_mwh": 9.0},
)
HEADER = (
    "gpc_code,name,activity_per_year,unit,factor_kg_per_unit,factor,gas,notation,source,reduced_by,reduction_per_unit\n"
)


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "activities.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_basic_and_basic_plus_count_what_gpc_says(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "I.1.1,natural gas,1000,MWh,200,,CO2,,statistics,,",
        "III.1.2,landfill elsewhere,100,t,28,,CH4,,statistics,,",
        "IV.1,cement,10,t,500,,CO2e,,statistics,,",
        "III.1.3,waste from others,10,t,28,,CH4,,statistics,,",
        "II.4.1,aviation,,,,,,NO,statistics,,",
    )
    inventory = compile_inventory(RUN, read_activities(path), base_year=2030, population=100, floor_area_m2=500)
    fuel, waste, cement = 100 * 200, 10 * 28 * 28, 1 * 500
    assert inventory.basic_kg == pytest.approx(4000 + 2000 + fuel + waste)
    assert inventory.basic_plus_kg == pytest.approx(4000 + 2000 + fuel + waste + 150 + cement)
    by_code = {line.code.code: line for line in inventory.lines}
    assert by_code["I.4.4"].co2e_kg == 1200
    assert (by_code["II.4.1"].notation, by_code["II.4.1"].activity) == ("NO", None)
    assert by_code["I.3.1"].notation == "NE"
    assert inventory.by_sector_and_scope()["Transportation", 2] == 2000
    indicators = inventory.indicators()
    assert indicators["basic_t_per_inhabitant_year"] == pytest.approx(inventory.basic_kg / 1000 * 10 / 100)
    assert indicators["basic_kg_per_m2_year"] == pytest.approx(inventory.basic_kg * 10 / 500)


def test_electric_kilometres_and_heat_lower_the_fuel_and_are_no_credit(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "II.1.1,petrol,1000,MWh,250,,CO2,,statistics,ev_driven_km,0.0006",
        "I.1.1,natural gas,500,MWh,,road_fuels/diesel,,,statistics,heat_pump_heat_mwh,1.1",
    )
    inventory = compile_inventory(RUN, read_activities(path), base_year=2030)
    by_code = {line.code.code: line for line in inventory.lines}
    assert by_code["II.1.1"].activity == pytest.approx(100 - 0.6)
    assert by_code["I.1.1"].activity == pytest.approx(50 - 9.9)
    assert by_code["I.1.1"].co2e_kg == pytest.approx((50 - 9.9) * 266.76)
    assert all(line.co2e_kg >= 0 for line in inventory.lines)


def test_a_line_of_the_run_may_not_be_stated_again_and_no_more_replaced_than_there_is(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "II.1.2,cars again,1,MWh,250,,CO2,,statistics,,",
        "II.1.1,petrol,1,MWh,250,,CO2,,statistics,ev_driven_km,0.0006",
    )
    with pytest.raises(InputError) as caught:
        compile_inventory(RUN, read_activities(path), base_year=2030)
    assert "would count it twice" in str(caught.value)
    assert "0.6 MWh are replaced in the period, more than there are" in str(caught.value)


def test_every_fault_of_every_row_is_named(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "I.9.1,x,1,MWh,1,,CO2,,statistics,,",
        "I.1.1,x,-1,MWh,1,,CO3,,,,",
        "I.1.1,x,1,t,,road_fuels/diesel,,,statistics,,",
        "I.1.1,x,1,MWh,,road_fuels/disel,,,statistics,,",
        "I.2.1,x,1,MWh,1,,CO2,NO,statistics,,",
        "I.2.1,x,1,MWh,1,,CO2,,statistics,ev_km,1",
    )
    with pytest.raises(InputError) as caught:
        read_activities(path)
    text = str(caught.value)
    for part in (
        "row 2, gpc_code: no such line",
        "row 3, source",
        "row 3, activity_per_year: must be a number, at least 0; got '-1'",
        "row 3, gas: must be one of CO2, CH4, N2O, CO2e",
        "row 4, unit: must be MWh",
        "did you mean 'diesel'",
        "row 6, activity_per_year: must be empty",
        "did you mean 'ev_driven_km'",
    ):
        assert part in text, part


def test_the_codes_are_those_of_gpc() -> None:
    codes = gpc_codes()
    assert len(codes) == 18 + 1 + 2 + 15 + 12 + 2 + 3 + 1
    assert not codes["I.4.4"].basic
    assert not codes["I.4.4"].basic_plus
    assert all(code.basic_plus for code in codes.values() if code.basic)
    assert {c for c, code in codes.items() if code.basic_plus and not code.basic} == (
        {f"I.{k}.3" for k in range(1, 7)} | {f"II.{k}.3" for k in range(1, 6)} | {"IV.1", "IV.2", "V.1", "V.2", "V.3"}
    )


def test_three_books_come_to_the_same_only_if_the_ledger_closes() -> None:
    totals = CarbonTotals(
        source=100, arriving=2, consumption=60, vehicle=20, loss=5, fuel=3, standing=1, export=8, stock_change=5
    )
    sectors = {"I.1.2": 60.0, "II.1.2": 23.0, "I.4.2": 1.0, "I.1.3": 5.0}
    books = reconcile(totals, sectors, {"data centre": 30.0, "cars": 20.0})
    assert books.totals == pytest.approx({"tracing": 89, "GPC": 89, "scope 2": 89})
    assert books.difference_kg == pytest.approx(0, abs=1e-12)
    assert reconcile(totals, {**sectors, "I.1.2": 59.0}, {}).difference_kg == pytest.approx(1)


def days(start: datetime, count: int) -> Clock:
    return Clock(start, timedelta(hours=1), 24 * count)


def test_a_whole_leap_year_is_one_year() -> None:
    assert calendar_years(days(datetime(2028, 1, 1, tzinfo=UTC), 366)) == 1.0
    assert calendar_years(days(datetime(2030, 1, 1, tzinfo=UTC), 365)) == 1.0
    assert calendar_years(days(datetime(2027, 12, 31, tzinfo=UTC), 2)) == pytest.approx(1 / 365 + 1 / 366)
    assert calendar_years(days(datetime(2027, 7, 1, tzinfo=UTC), 366 + 365)) == pytest.approx(184 / 365 + 1 + 181 / 365)


def test_yearly_amounts_of_a_leap_year_count_once(tmp_path: Path) -> None:
    activities = read_activities(table(tmp_path, "I.1.1,natural gas,1000,MWh,200,,CO2,,statistics,,"))
    leap = replace(RUN, hours=8784.0, years=calendar_years(days(datetime(2028, 1, 1, tzinfo=UTC), 366)))
    inventory = compile_inventory(leap, activities, base_year=2028)
    assert {line.code.code: line for line in inventory.lines}["I.1.1"].activity == 1000
    assert inventory.indicators()["basic_t_per_year"] == pytest.approx(inventory.basic_kg / 1000)


def test_hydrogen_from_the_grid_is_a_line_of_its_own_and_changes_no_total() -> None:
    plain = compile_inventory(RUN, [], base_year=2030)
    apart = compile_inventory(replace(RUN, hydrogen_mwh=2.0, hydrogen_kg=1500.0), [], base_year=2030)
    lines = [line for line in apart.lines if line.code.code == "II.1.2"]
    assert [line.activity for line in lines] == [3.0, 2.0]
    assert [line.co2e_kg for line in lines] == [500.0, 1500.0]
    assert "hydrogen" in lines[1].name
    assert apart.basic_kg == plain.basic_kg


@pytest.mark.parametrize("year", [-5, 0, 20300])
def test_a_base_year_that_is_none_is_refused(year: int) -> None:
    with pytest.raises(InputError, match="base_year: must lie within 1900 and 2200"):
        compile_inventory(RUN, [], base_year=year)


def test_a_workbook_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "taken.xlsx"
    folder.mkdir()
    books = reconcile(CarbonTotals(1, 0, 1, 0, 0, 0, 0, 0, 0), {"I.1.2": 1.0}, {})
    for path, rule in ((folder, "is a folder"), (tmp_path / "a.csv", "must end in .xlsx")):
        with pytest.raises(InputError, match=rule):
            write_workbook(compile_inventory(RUN, [], base_year=2030), books, {}, [], path)


def test_activities_take_regional_factors_in_the_unit_of_their_set(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "II.1.1,petrol,1000,l,,road_fuels_litre/petrol/United Kingdom,,,statistics,,",
        "II.1.1,petrol,10,MWh,,road_fuels_litre/petrol/United Kingdom,,,statistics,,",
        "I.1.2,bought,10,kWh,,china_mee/grid/Hebei,,,statistics,,",
    )
    litres, energy, bought = read_activities(path)
    assert litres.kg_per_unit == 2.06916
    assert energy.kg_per_unit == pytest.approx(2.06916 / (32 / 3600))
    assert (bought.kg_per_unit, bought.gas) == (0.6516, "CO2")


def test_a_factor_that_is_known_by_region_only_asks_for_one(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "II.1.1,petrol,1,l,,road_fuels_litre/petrol,,,statistics,,",
        "II.1.1,petrol,1,l,,road_fuels_litre/petrol/United Kingdon,,,statistics,,",
        "II.1.1,petrol,1,t,,road_fuels_litre/petrol/United Kingdom,,,statistics,,",
    )
    with pytest.raises(InputError) as caught:
        read_activities(path)
    assert "petrol that holds everywhere; it has some by region only, of United Kingdom" in str(caught.value)
    assert "did you mean 'petrol'" not in str(caught.value)
    assert "did you mean 'United Kingdom'" in str(caught.value)
    assert "row 4, unit: must be MWh or l where this factor is used; got 't'" in str(caught.value)


def test_carbon_of_biomass_is_reported_and_in_no_total(tmp_path: Path) -> None:
    path = table(tmp_path, "I.1.1,wood,1000,MWh,390,,CO2b,,statistics,,", "I.1.1,wood,1000,MWh,3,,CO2e,,statistics,,")
    inventory = compile_inventory(RUN, read_activities(path), base_year=2030)
    assert inventory.biogenic_kg == pytest.approx(39_000)
    assert sum(line.co2e_kg for line in inventory.lines if line.name == "wood") == pytest.approx(300)


def test_simulated_data_are_not_measured_data() -> None:
    lines = [line for line in compile_inventory(RUN, [], base_year=2030).lines if line.activity is not None]
    assert {line.activity_quality for line in lines} == {"M"}
    unverified = compile_inventory(replace(RUN, factor_quality="L"), [], base_year=2030).lines
    assert {line.factor_quality for line in unverified if line.activity is not None} == {"L"}


def test_totals_of_the_workbook_are_formulas_that_come_to_the_inventory(tmp_path: Path) -> None:
    path = table(tmp_path, "I.1.1,gas,1000,MWh,200,,CO2,,statistics,,", "III.1.2,landfill,100,t,28,,CH4,,statistics,,")
    inventory = compile_inventory(RUN, read_activities(path), base_year=2030, population=100, floor_area_m2=500)
    books = reconcile(CarbonTotals(1, 0, 1, 0, 0, 0, 0, 0, 0), {"I.1.2": 1.0}, {})
    write_workbook(inventory, books, {"city": "x"}, [], tmp_path / "city.xlsx")
    written, read = (openpyxl.load_workbook(tmp_path / "city.xlsx", data_only=read) for read in (False, True))
    about = {row[0]: row[1] for row in written["About"].values}
    values = {row[0]: row[1] for row in read["About"].values}
    assert about["BASIC [t CO2e]"].startswith("=SUMIFS(Inventory!")
    assert values["BASIC [t CO2e]"] == pytest.approx(inventory.basic_kg / 1000)
    cells = {row[0].value: row[1].coordinate for row in written["About"]}
    assert about["basic_t_per_year"] == f"={cells['BASIC [t CO2e]']}/{cells['period [years]']}"
    assert about["basic_kg_per_m2_year"].endswith(f"/{cells['floor area [m²]']}")
    title = [cell.value for cell in written["Inventory"][1]]
    total = title.index("Total CO2e [t]")
    lines = list(written["Inventory"].values)[1:]
    gas, waste = (next(k for k, line in enumerate(lines) if line[2] == name) for name in ("gas", "landfill"))
    assert lines[gas][total] == f"=H{gas + 2}*1+I{gas + 2}*28+J{gas + 2}*265+K{gas + 2}*1"
    figures = list(read["Inventory"].values)[1:]
    assert figures[waste][total] == pytest.approx(10 * 28 * 28 / 1000)
    summary = list(written["Summary"].values)
    assert summary[-1][1] == f"=SUM(B2:B{len(summary) - 1})"
    assert list(read["Summary"].values)[-1][4] == pytest.approx(inventory.basic_plus_kg / 1000)


@pytest.mark.parametrize(("length", "words"), [(7, "multiplied by 52.1"), (730, None), (500, "divided by 1.37")])
def test_a_part_of_a_year_is_warned_about(length: int, words: str | None) -> None:
    notes = compile_inventory(replace(RUN, hours=24.0 * length), [], base_year=2030).notes
    assert "losses above its connection" in notes[0]
    assert words is None or words in notes[1]
    assert len(notes) == (1 if words is None else 2)
