"""A long period is traced and accounted for window by window; where a window ends must change nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from app.accounts import accounts as accounts_module
from app.accounts import storage, tracing_input
from app.accounts.accounts import Accounts
from app.accounts.storage import stock_error_mwh
from app.results.tables import assets
from app.results.tables.registry import tables
from app.scenario import check_scenario
from app.simulation import violations
from app.simulation.phases import BALANCE_TOLERANCE, SimulationResult, _account, simulate
from carbon.stocks import trace
from grid import large_arrays
from grid.flexibility import energy_pieces
from grid.large_arrays import let_go_of_pages

pytestmark = pytest.mark.slow

SCENARIO = {
    "name": "Batteries and cars that feed in",
    "city": {"network": "mv_oberrhein"},
    "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    "assets": [
        {"kind": "pv", "name": "field", "bus": "Bus 60", "p_peak_mw": 4.0},
        {"kind": "battery", "name": "depot", "bus": "Bus 34", "p_rated_mw": 2, "e_rated_mwh": 6},
        {"kind": "ev_fleet", "name": "cars", "bus": "Bus 84", "vehicles": 30, "place": "home", "v2g_share": 0.5},
    ],
    "dispatch": {"strategy": "optimal", "carbon_price_per_t": 80, "horizon_hours": 24, "look_ahead_hours": 0},
}


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    return simulate(check_scenario(SCENARIO, Path(), "test"))


@pytest.fixture
def in_windows(outcome: SimulationResult, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    """The same accounts in windows of five hours, the last of four, with every array taken for large."""
    nodes = outcome.accounts.inputs.flows.n_nodes
    monkeypatch.setattr(tracing_input, "WINDOW_BYTES", 8 * nodes * 5)
    monkeypatch.setattr(accounts_module, "MOST_BYTES", 0)
    monkeypatch.setattr(energy_pieces, "SLOTS_AT_ONCE", 50)
    found = _account(outcome.inputs, outcome.flow, outcome.p_mw)
    assert [window.stop for window in found.inputs.windows] == [5, 10, 15, 20, 24]
    return found


def test_what_is_traced_is_the_same_bit_for_bit(outcome: SimulationResult, in_windows: Accounts) -> None:
    whole, parts = outcome.accounts.tracing, in_windows.tracing
    for name in ("ci_kg_per_mwh", "renewable_share", "inflow_mw"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    np.testing.assert_array_equal(in_windows.carbon_free_share, outcome.accounts.carbon_free_share)
    for name in ("begins", "device", "e_after_mwh", "step", "slot", "feeds"):
        np.testing.assert_array_equal(getattr(parts.stocks.events, name), getattr(whole.stocks.events, name))
    for name in ("moved_kg", "ci_after_kg_per_mwh", "renewable_share_after", "ci_start_kg_per_mwh", "driven_kg"):
        np.testing.assert_array_equal(getattr(parts.stocks, name), getattr(whole.stocks, name))
    for of in (parts.stocks.opening, parts.stocks.closing):
        same = whole.stocks.opening if of is parts.stocks.opening else whole.stocks.closing
        np.testing.assert_array_equal(of.carbon_kg, same.carbon_kg)


def test_in_files_all_is_the_same(outcome: SimulationResult, in_windows: Accounts, tmp_path: Path) -> None:
    """And so are the tables that are made of it."""
    with pytest.MonkeyPatch.context() as patch, large_arrays.large_arrays_in(tmp_path):
        patch.setattr(large_arrays, "LEAST_BYTES", 0)
        found = _account(outcome.inputs, outcome.flow, outcome.p_mw)
        other = replace(outcome, accounts=found)
        patch.setattr(assets, "SLOTS_AT_ONCE", 50)
        patch.setattr(violations, "STEPS_AT_ONCE", 5)
        patch.setattr(trace, "EVENTS_AT_ONCE", 30)
        made = {name: make() for name, make in tables(other).items()}
    let_go_of_pages()
    for name in ("ci_kg_per_mwh", "renewable_share", "inflow_mw"):
        np.testing.assert_array_equal(getattr(found.tracing, name), getattr(in_windows.tracing, name))
    np.testing.assert_array_equal(found.tracing.stocks.moved_kg, in_windows.tracing.stocks.moved_kg)
    np.testing.assert_array_equal(found.inputs.sources.ci_kg_per_mwh, in_windows.inputs.sources.ci_kg_per_mwh)
    in_memory = replace(outcome, accounts=in_windows)
    for name, make in tables(in_memory).items():
        if name != "v2g_credit":
            assert_frame_equal(made[name], make(), check_exact=True, categorical_as_str=True)
    credit = made["v2g_credit"]
    assert credit["energy_mwh"].sum() > 0
    assert_frame_equal(credit, tables(in_memory)["v2g_credit"](), rel_tol=1e-12)  # a mean is added up in other windows


def test_the_ledgers_are_the_same(outcome: SimulationResult, in_windows: Accounts) -> None:
    """By step to the rounding of sums over sectors; over the run to the rounding of sums over time."""
    for name in ("source_kg", "loss_kg", "emissions_kg", "renewable_mwh", "stock_change_kg", "fuel_kg"):
        whole = getattr(outcome.accounts.carbon, name)
        np.testing.assert_allclose(getattr(in_windows.carbon, name), whole, rtol=1e-12, atol=1e-12)
    for name in ("storage_change_mwh", "loss_mwh", "grid_loss_mwh"):
        np.testing.assert_array_equal(getattr(in_windows.energy, name), getattr(outcome.accounts.energy, name))
    assert in_windows.closes(BALANCE_TOLERANCE)
    both = zip(in_windows.conventions.ledgers, outcome.accounts.conventions.ledgers, strict=True)
    for parts, whole in both:
        assert (parts.convention, parts.store_model) == (whole.convention, whole.store_model)
        for each in fields(whole.totals):
            assert getattr(parts.totals, each.name) == pytest.approx(getattr(whole.totals, each.name), rel=1e-12)
        np.testing.assert_allclose(parts.sector_kg, whole.sector_kg, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(parts.buses.ci_kg_per_mwh, whole.buses.ci_kg_per_mwh, rtol=1e-12)
        for one, other in zip(parts.bearers, whole.bearers, strict=True):
            assert (one.name, one.emissions_kg) == (other.name, pytest.approx(other.emissions_kg, rel=1e-9, abs=1e-9))
        for name, kg in whole.consumer_kg.items():
            np.testing.assert_allclose(parts.consumer_kg[name], kg, rtol=1e-12, atol=1e-12)
        for name, kg in whole.returned_kg.items():
            np.testing.assert_array_equal(parts.returned_kg[name], kg)


def test_stocks_are_compared_with_those_of_the_dispatch_in_every_piece(in_windows: Accounts) -> None:
    assert in_windows.stock_error_mwh < 1e-12
    energy, events = in_windows.side, in_windows.tracing.stocks.events
    pieces = list(storage.dispatched_in_pieces(energy.held, energy.p_mw))
    assert len(pieces) > 3
    np.testing.assert_array_equal(np.concatenate(pieces), energy.dispatched_stocks_mwh)
    last = int(events.slot.max())
    pieces[-1][last - sum(piece.size for piece in pieces)] += 0.5
    assert stock_error_mwh(pieces, events) == pytest.approx(0.5, abs=1e-12)
