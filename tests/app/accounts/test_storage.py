from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.accounts.accounts import STEP_TOLERANCE_MWH
from app.scenario import check_scenario
from app.simulation.phases import BALANCE_TOLERANCE, SimulationResult, simulate

pytestmark = pytest.mark.slow

FAST = {"kind": "ev_fleet", "bus": "Bus 84", "vehicles": 40, "place": "fast", "efficiency_discharge": 0.9}
SCENARIO = {
    "name": "Fast charging by the hour",
    "seed": 9,
    "city": {"network": "mv_oberrhein"},
    "weather": "greensboro-tmy3",
    "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    "assets": [
        {**FAST, "name": "lossy", "efficiency_charge": 0.70},
        {**FAST, "name": "good", "efficiency_charge": 0.99},
    ],
}


@pytest.fixture(scope="module")
def outcome() -> SimulationResult:
    return simulate(check_scenario(SCENARIO, Path(), "test"))


def test_stocks_of_sessions_of_one_step_are_those_of_the_dispatch(outcome: SimulationResult) -> None:
    """As many slots as devices, in two fleets of their own efficiency."""
    accounts, stocks = outcome.accounts, outcome.accounts.tracing.stocks
    for flexibility in outcome.inputs.flexibilities:
        assert flexibility.n_slots == flexibility.n_devices
        p_mw, eta = outcome.p_mw[flexibility.name], {"lossy": 0.70, "good": 0.99}[flexibility.name]
        devices = accounts.stores.devices[flexibility.name]
        np.testing.assert_allclose(stocks.e_end_mwh[devices], flexibility.energy_mwh(p_mw), rtol=0, atol=1e-12)
        gained = stocks.e_end_mwh[devices] - flexibility.reservoir.e_start_mwh
        assert gained.sum() == pytest.approx(eta * p_mw.sum(), rel=1e-12)
    assert accounts.stock_error_mwh < 1e-12
    assert outcome.balanced


def test_stocks_begin_with_the_carbon_of_what_they_were_charged_with(outcome: SimulationResult) -> None:
    """A MWh in a stock took 1 / eta_charge MWh of the year's mean intensity."""
    operation, ci = outcome.accounts.stores.operation, outcome.inputs.ci_year_kg_per_mwh
    eta = operation.eta_charge[np.unique(operation.owner, return_index=True)[1]]
    assert set(eta) == {0.70, 0.99}
    owners = np.unique(operation.owner)
    np.testing.assert_allclose(operation.ci_initial_kg_per_mwh[owners], ci / eta, rtol=1e-12)


def test_a_car_has_driven_before_its_first_session(outcome: SimulationResult) -> None:
    """Its stock begins with what it left with before; what is gone at its plug-in was driven, at the initial carbon."""
    accounts, operation = outcome.accounts, outcome.accounts.stores.operation
    stocks, ci = accounts.tracing.stocks, operation.ci_initial_kg_per_mwh
    for flexibility in outcome.inputs.flexibilities:
        store, devices = flexibility.reservoir, accounts.stores.devices[flexibility.name]
        owner = operation.owner[devices]
        _, first = np.unique(owner, return_index=True)
        driven = store.e_before_mwh[first] - store.e_start_mwh[first]
        assert driven.sum() > 0.1 * (store.e_end_mwh - store.e_start_mwh).sum()
        np.testing.assert_allclose(operation.e_initial_mwh[owner[first]], store.e_before_mwh[first], rtol=1e-15)
        np.testing.assert_allclose(stocks.driven_mwh[devices][first], driven, rtol=0, atol=1e-15)
        np.testing.assert_allclose(stocks.driven_kg[devices][first], driven * ci[owner[first]], rtol=1e-9, atol=1e-12)


def test_a_run_whose_stocks_are_not_those_of_the_dispatch_is_not_balanced(outcome: SimulationResult) -> None:
    wrong = replace(outcome.accounts, stock_error_mwh=2 * STEP_TOLERANCE_MWH)
    assert not wrong.closes(BALANCE_TOLERANCE)
