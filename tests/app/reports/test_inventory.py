from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reports.consumers import car_fleets, city_consumers, consumer_names, read_consumer
from app.reports.inventory import city_inventory, consumer_statement, reconcile_run, run_electricity
from app.results.folder import Result
from carbon.reporting.statement import statement_schema, verify_statement, write_statement
from grid.errors import InputError

CONTRACTS = """
year: 2030
residual_mix_kg_per_mwh: 600
contracts:
  - {name: roofs, consumer: north, asset: roofs, asset_share: 0.5, vintage: 2030, source: registry, certificates: [A1]}
  - {name: old, consumer: north, volume_mwh: 10, vintage: 2028, source: registry}
"""


@pytest.fixture(scope="module", params=[0, 1], ids=["unmanaged", "optimal"])
def run(request: pytest.FixtureRequest, demo: tuple[Result, Result]) -> Result:
    return demo[request.param]


def test_tracing_inventory_and_scope_2_agree_to_the_kilogram(run: Result) -> None:
    books = reconcile_run(run)
    assert books.totals["tracing"] == pytest.approx(1000 * run.summary["emissions_t"], abs=0.5)
    assert books.difference_kg < 1.0
    assert {row.name for row in books.rows} >= {"data centre north", "cars, net at the meter"}


def test_the_inventory_holds_the_electricity_of_the_run(run: Result) -> None:
    inventory = city_inventory(run, population=20_000)
    electric = sum(line.co2e_kg for line in inventory.lines if line.code.code[-2:] in {".2", ".3"} and line.activity)
    assert inventory.basic_plus_kg == pytest.approx(1000 * run.summary["emissions_t"], abs=1.0)
    assert electric <= inventory.basic_plus_kg + 1e-6
    assert run_electricity(run).generation_mwh == pytest.approx(run.summary["generation_mwh"], rel=1e-9)


def test_a_statement_verifies_and_a_changed_one_does_not(run: Result, tmp_path: Path) -> None:
    contracts = tmp_path / "contracts.yaml"
    contracts.write_text(CONTRACTS)
    document, hours = consumer_statement(run, "north", contracts)
    jsonschema.validate(document, statement_schema())
    path, beside = write_statement(document, hours, tmp_path / "north.json")
    assert verify_statement(path) == document
    summary = run.summary
    assert document["energy_mwh"] == pytest.approx(summary["data_centres.north.energy_mwh"], rel=1e-9)
    assert document["location_based_kg"] == pytest.approx(1000 * summary["data_centres.north.emissions_t"], rel=1e-9)
    assert document["contracts_refused"] == {"old": "of 2028, not of 2030"}
    assert document["contracts"]["roofs"] > 0
    assert document["cfe_24_7"] > document["cfe_grid"]
    with beside.open() as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["market_kg"]) for row in rows) == pytest.approx(document["market_based_kg"], rel=1e-12)
    path.write_text(json.dumps({**document, "market_based_kg": 0.0}))
    with pytest.raises(InputError, match="the statement was changed"):
        verify_statement(path)


def test_every_named_consumer_has_a_statement(run: Result) -> None:
    names = consumer_names(run)
    assert {"north", "homes", "I.1.2"} <= set(names)
    for name in names:
        document, _ = consumer_statement(run, name, None)
        assert document["market_based_kg"] == pytest.approx(document["location_based_kg"])  # nothing claimed


def test_what_all_consumers_state_is_what_the_city_uses_to_the_kilogram(run: Result) -> None:
    stated = {name: consumer_statement(run, name, None)[0] for name in city_consumers(run)}
    ledger = run.table("ledger").select("consumption_kg", "vehicle_kg").sum().collect()
    used_kg = sum(ledger.row(0))
    assert sum(document["location_based_net_kg"] for document in stated.values()) == pytest.approx(used_kg, abs=0.5)
    cars = [stated[name] for name in car_fleets(run)]
    assert sum(document["location_based_net_kg"] for document in cars) == pytest.approx(ledger["vehicle_kg"].item())
    for key, figure in (("energy_mwh", "ev_energy_mwh"), ("returned_mwh", "v2g_energy_mwh")):
        assert sum(document[key] for document in cars) == pytest.approx(run.summary[figure], rel=1e-9, abs=1e-9)
    if run.manifest["strategy"] == "optimal":  # with V2G, all that is drawn is more than what the city uses
        assert run.summary["v2g_energy_mwh"] > 1
        assert sum(document["location_based_kg"] for document in stated.values()) > used_kg + 500


def test_parts_of_a_sector_use_no_more_than_it_and_stores_use_nothing(run: Result) -> None:
    names = consumer_names(run)
    stores = {name for name, entry in run.manifest["assets"].items() if entry["kind"] == "battery"}
    assert stores
    assert not stores & set(names)
    parts = set(names) - set(city_consumers(run))
    assert {"north"} <= parts
    lines_mwh = sum(read_consumer(run, name).energy_mwh for name in names if name.startswith("I."))
    assert (sum(read_consumer(run, name).energy_mwh for name in parts) <= lines_mwh + 1e-6).all()


def test_losses_have_their_energy_in_the_lines_of_the_sectors(run: Result) -> None:
    lines = {line.code.code: line for line in city_inventory(run).lines if line.code.code.endswith(".3")}
    lost = sum(line.activity or 0.0 for line in lines.values())
    text = {column: pl.col(column).cast(pl.String) for column in ("convention", "stores")}
    bearers = run.table("loss_bearers").with_columns(**text).filter(
        pl.col("convention") == "operator", pl.col("stores") == "water tank"
    )  # fmt: skip
    assert lost == pytest.approx(bearers.collect()["lost_mwh"].sum(), rel=1e-9)
    emitting = [line for line in lines.values() if line.co2e_kg > 1]
    assert len(emitting) >= 3
    for line in emitting:  # a line's intensity is one of the grid's own
        assert 100 < line.co2e_kg / line.activity < 1000


def test_an_inventory_says_what_it_leaves_out_and_what_it_multiplies(run: Result) -> None:
    out, multiplied = city_inventory(run).notes
    assert "losses above its connection" in out
    assert "The period is 2 days, not whole years: yearly figures are its own multiplied by 182" in multiplied


def test_a_leap_year_is_a_year(run: Result) -> None:
    assert run_electricity(run).share_of_year == pytest.approx(2 / 365)  # two days of 2030


def test_statements_that_overlap_say_so_and_rest_on_something(run: Result) -> None:
    hall, sector = (consumer_statement(run, name, None)[0] for name in ("north", "I.2.2"))
    assert hall["overlap"] == {"part_of": "I.2.2", "contains": []}
    assert sector["overlap"] == {"part_of": None, "contains": ["north"]}
    basis = hall["provenance"]["basis"]
    assert (basis["imports"], basis["weather"]) == ("model of the region reference", run.scenario["weather"])
    assert any("by calibration of" in words for words in basis["caveats"])
    assert any("unverified" in words for words in basis["caveats"])


def test_a_part_and_its_whole_cannot_both_claim(run: Result, tmp_path: Path) -> None:
    contracts = tmp_path / "contracts.yaml"
    both = "  - {name: all, consumer: I.2.2, volume_mwh: 1, vintage: 2030, source: x}\n"
    contracts.write_text(CONTRACTS + both)
    with pytest.raises(InputError, match=r"contracts\[0\]\.consumer: is part of I\.2\.2, .*got 'north'"):
        consumer_statement(run, "north", contracts)


def test_wrong_contracts_are_refused_all_at_once(run: Result, tmp_path: Path) -> None:
    contracts = tmp_path / "contracts.yaml"
    contracts.write_text(
        "contracts:\n"
        "  - {name: a, consumer: north, asset: rofs, vintage: 2030, source: x}\n"
        "  - {name: b, consumer: north, vintage: 2030, source: x}\n"
    )
    with pytest.raises(InputError) as caught:
        consumer_statement(run, "north", contracts)
    assert "did you mean 'roofs'" in str(caught.value)
    assert "contracts[1]: needs exactly one of" in str(caught.value)
    contracts.write_text(
        CONTRACTS + "  - {name: c, consumer: homes, volume_mwh: 1, vintage: 2030, source: x, certificates: [A1]}\n"
    )
    with pytest.raises(InputError, match="is claimed by roofs too"):
        consumer_statement(run, "north", contracts)


def test_commands_write_workbook_statement_and_account(demo: tuple[Result, Result], tmp_path: Path) -> None:
    runner, folder = CliRunner(), str(demo[1].path)
    book = tmp_path / "city.xlsx"
    done = runner.invoke(app, ["inventory", folder, str(book), "--population", "20000"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "-0.000 kg" not in done.stdout
    sheets = openpyxl.load_workbook(book, data_only=True)
    assert sheets.sheetnames == ["About", "Inventory", "Summary", "Reconciliation", "Sources", "Notation keys"]
    rows = list(sheets["Inventory"].values)
    codes = [row[0] for row in rows[1:]]
    assert codes[:3] == ["I.1.1", "I.1.2", "I.1.3"]
    totals = {row[0]: row[4] for row in sheets["Summary"].values}
    assert totals["BASIC+"] == pytest.approx(demo[1].summary["emissions_t"], abs=1e-3)
    told = runner.invoke(app, ["why", folder, "cost"], catch_exceptions=False)
    assert json.loads(told.stdout)["value"] == demo[1].summary["cost"]
    out = str(tmp_path / "n.json")
    assert runner.invoke(app, ["statement", folder, out, "--consumer", "north"], catch_exceptions=False).exit_code == 0
    assert verify_statement(Path(out))["consumer"] == "north"
    with pytest.raises(InputError, match=r"must end in \.xlsx"):
        runner.invoke(app, ["inventory", folder, str(tmp_path / "x.csv")], catch_exceptions=False)
