"""What must hold in every result, looked at in the demonstration's."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from app.results.columns import TABLES
from app.results.folder import Result
from app.results.key_figures import Compared
from app.studies.demo import STRATEGIES, change_in_words, run_demo

SUMMARY_KEYS = [
    "steps", "step_hours", "consumption_mwh", "generation_mwh", "import_mwh", "export_mwh", "loss_mwh",
    "storage_change_mwh", "energy_balance_error_mwh", "emissions_t", "emissions_source_t", "carbon_balance_error_kg",
    "ci_mean_g_per_kwh", "renewable_share", "ev_energy_mwh", "ev_ci_g_per_kwh", "v2g_energy_mwh", "pue_mean", "cost",
    "peak_import_mw", "vm_min_pu", "vm_max_pu", "line_loading_max_percent", "trafo_loading_max_percent",
    "violation_steps", "data_centres.north.pue", "data_centres.north.wue_l_per_kwh",
    "data_centres.north.cue_kg_per_kwh", "data_centres.north.energy_mwh", "data_centres.north.emissions_t",
]  # fmt: skip


def both(demo: tuple[Result, Result]) -> list[Result]:
    return list(demo)


def test_the_summary_has_every_key_and_every_number(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        assert set(SUMMARY_KEYS) <= set(result.summary)
        assert all(isinstance(result.summary[key], float | int) for key in SUMMARY_KEYS)


def test_ledgers_close(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        s = result.summary
        assert s["energy_balance_error_mwh"] < 1e-6 * s["consumption_mwh"]
        assert s["carbon_balance_error_kg"] < 1e-6 * 1000 * s["emissions_t"]
        supplied = s["generation_mwh"] + s["import_mwh"]
        used = s["consumption_mwh"] + s["export_mwh"] + s["loss_mwh"] + s["storage_change_mwh"]
        assert supplied == pytest.approx(used, rel=1e-9)
        assert s["ci_mean_g_per_kwh"] == pytest.approx(1000 * s["emissions_t"] / (s["consumption_mwh"] + s["loss_mwh"]))


def test_tables_say_the_same_as_the_summary(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        s, hours = result.summary, result.summary["step_hours"]
        city = result.table("city").collect()
        assert city["import_mw"].sum() * hours == pytest.approx(s["import_mwh"])
        assert city["consumption_mw"].sum() * hours == pytest.approx(s["consumption_mwh"])
        assert city["import_mw"].max() == pytest.approx(s["peak_import_mw"])
        sectors = result.table("sectors").collect()
        assert sectors["emissions_kg"].sum() == pytest.approx(1000 * s["emissions_t"])
        assert result.table("buses").collect()["vm_pu"].min() == pytest.approx(s["vm_min_pu"])
        sessions = result.table("sessions").collect()
        assert sessions["energy_kwh"].sum() == pytest.approx(1000 * s["ev_energy_mwh"])
        assert sessions["v2g_kwh"].sum() == pytest.approx(1000 * s["v2g_energy_mwh"], rel=1e-9, abs=1e-9)
        branches = result.table("branches").collect()
        lost = (branches["p_from_mw"] + branches["p_to_mw"]).sum() * hours
        assert lost == pytest.approx(s["grid_loss_mwh"], rel=0.01)  # what open lines lose counts at their buses
        assert lost * (1 - 1e-12) <= s["grid_loss_mwh"] <= s["loss_mwh"]
        centre = result.table("data_centres").collect()
        pue = centre["p_total_mw"].sum() / centre["p_it_mw"].sum()
        assert pue == pytest.approx(s["data_centres.north.pue"])
        assert pue == pytest.approx(s["pue_mean"])


def test_columns_are_the_documented_ones(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        for name, columns in TABLES.items():
            assert result.table(name).collect_schema().names() == list(columns)


def test_managing_pays_and_keeps_the_limit_that_charging_on_arrival_breaks(demo: tuple[Result, Result]) -> None:
    unmanaged, optimal = demo
    assert optimal.summary["cost"] < unmanaged.summary["cost"]
    assert unmanaged.summary["line_loading_max_percent"] > 60.2
    assert unmanaged.summary["violation_steps"] > 0
    assert optimal.summary["line_loading_max_percent"] <= 60.2
    assert optimal.summary["violation_steps"] == 0
    assert optimal.summary["v2g_energy_mwh"] > 0
    assert unmanaged.summary["v2g_energy_mwh"] == 0
    assert unmanaged.manifest["status"] == optimal.manifest["status"] == "done"


def test_every_car_leaves_with_what_it_asked_for(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        sessions = result.table("sessions").collect()
        # energy at the meter, V2G valued by what it takes out of the battery and what refilling that takes again
        refill = sessions["v2g_kwh"] / (0.9 * 0.9)
        missing = (sessions["requested_kwh"] - (sessions["energy_kwh"] - refill)).abs().max()
        assert missing < 1e-4
        assert (sessions["end"] > sessions["start"]).all()


def test_both_strategies_serve_the_same_sessions(demo: tuple[Result, Result]) -> None:
    columns = ["fleet", "vehicle", "bus", "start", "end", "requested_kwh"]
    frames = [r.table("sessions").select(columns).collect().sort("vehicle", "start") for r in both(demo)]
    assert frames[0].equals(frames[1])
    assert frames[0].height > 2000


def test_stores_end_where_they_began(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        battery = result.table("assets").filter(pl.col("asset").cast(pl.String) == "feeder 8").collect()
        assert battery["e_mwh"][-1] >= 4.0 - 1e-6
        assert battery["e_mwh"].min() >= -1e-6
        assert battery["e_mwh"].max() <= 8.0 + 1e-6
        assert battery["p_mw"].abs().max() <= 2.0 + 1e-6


def test_a_second_run_returns_at_once_and_a_foreign_one_is_refused(demo_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo_folder.rglob("*")}
    again = run_demo(demo_folder, days=2)
    assert [result.name for result in again] == list(STRATEGIES)
    assert {path: path.stat().st_mtime_ns for path in demo_folder.rglob("*")} == before
    with pytest.raises(ValueError, match="another scenario"):
        run_demo(demo_folder, days=1)


def test_the_manifest_says_where_the_figures_come_from(demo: tuple[Result, Result]) -> None:
    for result in both(demo):
        manifest = json.loads((result.path / "manifest.json").read_text())
        assert len(manifest["scenario_hash"]) == 64
        assert manifest["versions"]["pandapower"]
        assert any("ODbL" in licence for licence in manifest["data_licences"])
        assert all(factor["source"] and factor["status"] for factor in manifest["factor_sets"])
        assert manifest["seconds"]["dispatch"] >= 0
    assert demo[0].scenario_hash != demo[1].scenario_hash


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(100.0, 88.0, "12.0 % less"), (100.0, 103.0, "3.0 % more"), (5.0, 5.0, "the same"), (0.0, 0.0, "the same"),
     (0.0, 4.0, "4 more"), (None, 1.0, "")],
)  # fmt: skip
def test_changes_are_said_in_words(before: float | None, after: float | None, words: str) -> None:
    assert change_in_words(before, after) == words


@pytest.mark.parametrize(
    ("before", "after", "compared", "whole", "words"),
    [(0.5, 0.516, "points", None, "the same"), (44.9, 46.5, "points", None, "1.6 points more"),
     (2.0, 0.0, "count", None, "2 less"), (1168.5, 1141.6, "amount", 1168.5, "26.9 t less (2.3 %)"),
     (1364.9, 1356.1, "amount", 1168.5, "8.8 t less (0.8 %)"), (1.0, 1.0, "amount", 1.0, "the same"),
     (3.0, 4.0, "amount", None, "1.0 t more"), (0.0, 5.9174, "relative", None, "5.917 t more"),
     (0.0, -2.0, "relative", None, "2 t less")],
)  # fmt: skip
def test_changes_are_said_as_they_are_compared(
    before: float, after: float, compared: Compared, whole: float | None, words: str
) -> None:
    assert change_in_words(before, after, compared, "t", whole) == words
