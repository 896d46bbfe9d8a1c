"""Marginal intensities and nodal prices of a run, against finite differences of the power flow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.results.folder import Result
from app.results.tables.registry import tables
from app.scenario import check_scenario
from app.simulation.marginal import NO_DUALS, loss_sensitivity, marginal_of
from app.simulation.phases import SimulationResult, simulate
from grid.powerflow.powerflow import power_flow

pytestmark = pytest.mark.slow

BUSES = (5, 60, 120)


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    """Two hours of a medium-voltage grid whose cars charge on arrival."""
    scenario = {
        "name": "Oberrhein", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-01-14", "days": 1, "step_minutes": 60},
        "assets": [{"kind": "ev_fleet", "name": "cars", "bus": "Bus 34", "vehicles": 50}],
    }  # fmt: skip
    return simulate(check_scenario(scenario, Path(), "Oberrhein"))


def drawn(outcome: SimulationResult) -> tuple[np.ndarray, np.ndarray]:
    p_mw, q_mvar = (values.copy() for values in outcome.inputs.loaded.city.withdrawal())
    for flexibility in outcome.inputs.flexibilities:
        p_mw += flexibility.at_buses(outcome.p_mw[flexibility.name])
    return p_mw, q_mvar


@pytest.mark.parametrize("bus", BUSES)
def test_a_mwh_more_at_a_bus_takes_itself_and_its_losses_from_the_region(outcome: SimulationResult, bus: int) -> None:
    (p_mw, q_mvar), step_mw = drawn(outcome), 1e-3
    imports = []
    for sign in (-1, 1):
        changed = p_mw.copy()
        changed[:, bus] += sign * step_mw
        flow = power_flow(outcome.flow.network, outcome.inputs.clock, changed, q_mvar)
        imports.append(flow.slack_mva().real.sum(axis=1))
    taken = (imports[1] - imports[0]) / (2 * step_mw)
    assert np.abs(taken - 1).max() > 1e-4  # there are losses to see
    np.testing.assert_allclose(1 + outcome.marginal.loss_sensitivity[:, bus], taken, atol=2e-6)
    region = outcome.marginal.region
    np.testing.assert_allclose(
        outcome.marginal.nodes.above_kg_per_mwh[:, bus], region.above_kg_per_mwh * taken, rtol=1e-5
    )


def test_both_sides_of_a_tie_are_kept(outcome: SimulationResult) -> None:
    upstream = outcome.inputs.upstream
    tied = replace(upstream, ci_marginal_above_kg_per_mwh=upstream.ci_marginal_below_kg_per_mwh + 100.0)
    found = marginal_of(tied, outcome.flow, outcome.schedule)
    assert found.region.is_tie.all()
    np.testing.assert_allclose(found.region.above_kg_per_mwh - found.region.below_kg_per_mwh, 100.0)
    sides = found.nodes.above_kg_per_mwh - found.nodes.below_kg_per_mwh
    np.testing.assert_allclose(sides, 100 * (1 + found.loss_sensitivity), rtol=1e-9)


def test_it_stays_out_of_inventories(outcome: SimulationResult) -> None:
    with pytest.raises(TypeError, match="no factor of an inventory"):
        outcome.marginal.nodes * drawn(outcome)[0]  # type: ignore[operator]


def test_an_unmanaged_run_has_no_prices_and_says_so(outcome: SimulationResult) -> None:
    nodal = tables(outcome)["nodal"]()
    assert nodal["price_per_mwh"].null_count() == nodal["dispatch_marginal_kg_per_mwh"].null_count() == nodal.height
    assert nodal["marginal_above_kg_per_mwh"].null_count() == 0
    assert NO_DUALS in outcome.marginal.notes


def test_where_voltages_answer_losses_are_not_known_and_the_run_says_so(outcome: SimulationResult) -> None:
    flow = replace(outcome.flow, network=replace(outcome.flow.network, uncovered=("a voltage-controlled generator",)))
    assert np.isnan(loss_sensitivity(flow)).all()
    found = marginal_of(outcome.inputs.upstream, flow, outcome.schedule)
    np.testing.assert_array_equal(found.nodes.above_kg_per_mwh[:, 0], found.region.above_kg_per_mwh)
    assert any("a voltage-controlled generator" in note for note in found.notes)


def test_steps_without_a_solution_have_none(outcome: SimulationResult) -> None:
    failed = np.zeros(24, dtype=bool)
    failed[3] = True
    voltage = np.where(failed[:, None], np.nan, outcome.flow.voltage)
    found = loss_sensitivity(replace(outcome.flow, failed=failed, voltage=voltage))
    assert np.isnan(found[3]).all()
    np.testing.assert_array_equal(found[~failed], outcome.marginal.loss_sensitivity[~failed])


def test_losses_found_a_few_steps_at_a_time_stand_at_their_steps(
    outcome: SimulationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = np.arange(24) == 6  # within the second part
    flow = replace(outcome.flow, failed=failed)
    monkeypatch.setattr("app.simulation.marginal.MOST_VOLTAGES", 5 * flow.network.n_nodes)
    found = loss_sensitivity(flow)
    assert np.isnan(found[failed]).all()
    np.testing.assert_array_equal(found[~failed], outcome.marginal.loss_sensitivity[~failed])
    assert np.ptp(found[~failed], axis=0).max() > 0


def test_prices_stand_in_the_result_of_an_optimised_run(demo: tuple[Result, Result]) -> None:
    unmanaged, optimal = demo
    assert NO_DUALS in unmanaged.manifest["notes"]
    assert NO_DUALS not in optimal.manifest["notes"]
    price = optimal.table("nodal").select("price_per_mwh").collect()["price_per_mwh"]
    assert price.null_count() == 0
    ledger = optimal.table("ledger").collect()
    carbon = 80 / 1000 * optimal.table("city").collect()["import_ci_kg_per_mwh"]
    dearest = (ledger["import_price_per_mwh"] + carbon).max()
    at_slack = optimal.table("nodal").group_by("time").agg(pl.col("price_per_mwh").min()).collect()["price_per_mwh"]
    assert at_slack.max() <= dearest * 1.1
    marginal = optimal.table("marginal").collect()
    np.testing.assert_array_equal(marginal["tie"], marginal["below_kg_per_mwh"] != marginal["above_kg_per_mwh"])
    nodal = optimal.table("nodal").group_by("time").agg(pl.col("marginal_above_kg_per_mwh").mean()).sort("time")
    ratio = nodal.collect()["marginal_above_kg_per_mwh"].to_numpy() / marginal["above_kg_per_mwh"].to_numpy()
    assert ((ratio > 0.99) & (ratio < 1.1)).all()
