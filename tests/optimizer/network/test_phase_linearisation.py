"""Rows of the three-phase network are the derivatives of the three-phase power flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from grid._pandapower import network_of
from grid.arrays import Floats
from grid.network.sequence_network import PHASES, TO_PHASES
from grid.three_phase import PhaseLoads, PhasePowerFlow, phase_power_flow, sequences_of
from optimizer.network.linearisation import Linearisation
from optimizer.network.phase_linearisation import (
    phase_loading_rows,
    phase_loss_rows,
    phase_voltage_rows,
    spread_evenly,
    unbalance_rows,
)
from tests.grid.three_phase.test_three_phase import street
from tests.optimizer.small_cases import clock_of

pytestmark = pytest.mark.slow

STEP_MVA = 1e-4
BUSES = np.arange(1, 8)
TERMINALS = [(phase, int(bus)) for phase in range(len(PHASES)) for bus in BUSES]


@dataclass(frozen=True)
class Case:
    """The street at one step, and at four steps for each terminal: more and less active, more and less reactive."""

    flow: PhasePowerFlow
    moved: PhasePowerFlow

    def differences(self, values: Floats) -> tuple[Floats, Floats]:
        """Change of values, shape (4 K, E), per MW and per MVAr at each terminal, shape (K, E) each."""
        by_terminal = values.reshape(len(TERMINALS), 4, -1)
        more, less, more_q, less_q = by_terminal.transpose(1, 0, 2)
        return (more - less) / (2 * STEP_MVA), (more_q - less_q) / (2 * STEP_MVA)


@pytest.fixture(scope="module")
def case() -> Case:
    """Loads of one, two and three phases, and one between phases."""
    net = street()
    net.bus["name"] = [f"B{bus}" for bus in net.bus.index]
    network = network_of(net)
    sequences, rng = sequences_of(network), np.random.default_rng(1)
    wye, delta = np.zeros((2, 1, 3, 8), dtype=complex)
    wye[0, :, 3:] = rng.uniform(-0.004, 0.016, (3, 5)) * rng.integers(0, 2, (3, 5)) * (1 + 0.3j)
    delta[0, :, 5] = [0.01, 0.004, 0.0]
    steps = STEP_MVA * np.array([1, -1, 1j, -1j])
    moved = np.repeat(wye, 4 * len(TERMINALS), axis=0)
    for place, (phase, bus) in enumerate(TERMINALS):
        moved[4 * place : 4 * place + 4, phase, bus] += steps
    flows = [
        phase_power_flow(
            network, sequences, clock_of(len(drawn)), PhaseLoads.dense(drawn, np.repeat(delta, len(drawn), axis=0))
        )
        for drawn in (wye, moved)
    ]
    assert not any(flow.failed.any() for flow in flows)
    return Case(*flows)


def assert_derivatives(case: Case, rows: Linearisation, value: Floats, moved: Floats, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(rows.value, value, rtol=1e-9, atol=1e-12)
    columns = [phase * 8 + bus for phase, bus in TERMINALS]
    for mine, expected in zip((rows.per_mw, rows.per_mvar), case.differences(moved), strict=True):
        np.testing.assert_allclose(mine[:, columns], expected.T, rtol=rtol, atol=rtol * np.abs(expected).max())


def test_voltages_of_phases(case: Case) -> None:
    n_nodes = case.flow.sequences.n_nodes
    every = np.arange(3 * n_nodes)
    value, moved = (
        np.abs(np.tensordot(TO_PHASES, flow.voltage, axes=1)).reshape(3 * n_nodes, -1).T
        for flow in (case.flow, case.moved)
    )
    assert_derivatives(case, phase_voltage_rows(case.flow, np.zeros_like(every), every), value[0], moved)


def test_loadings_of_phases(case: Case) -> None:
    value, moved = (flow.phase_loading_percent()[0].reshape(flow.clock.n_steps, -1) for flow in (case.flow, case.moved))
    loaded = np.flatnonzero(value[0] > 5)  # near nothing a magnitude has no derivative
    assert loaded.size > 8
    rows = phase_loading_rows(case.flow, np.zeros_like(loaded), loaded)
    assert_derivatives(case, rows, value[0, loaded], moved[:, loaded], rtol=1e-3)


def test_unbalance(case: Case) -> None:
    every = np.arange(case.flow.sequences.n_nodes)
    value, moved = (100 * np.abs(flow.voltage[2] / flow.voltage[1]).T for flow in (case.flow, case.moved))
    assert value.max() > 1
    assert_derivatives(case, unbalance_rows(case.flow, np.zeros_like(every), every), value[0], moved)


def test_losses_and_what_they_are_for_a_third_in_each_phase(case: Case) -> None:
    rows = phase_loss_rows(case.flow, np.zeros(1, dtype=np.int64))
    value, moved = (flow.injected_mw().sum(axis=1) for flow in (case.flow, case.moved))
    assert_derivatives(case, rows, value, moved[:, None])
    by_phase = rows.per_mw.reshape(3, 8)
    assert np.ptp(by_phase[:, 7]) > 1e-3, "a MWh more loses another amount in each phase"
    np.testing.assert_allclose(spread_evenly(rows.per_mw)[0], by_phase.mean(axis=0))


def test_steps_are_solved_at_once_as_one_by_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    step, element = np.array([3, 0, 3, 7]), np.array([5, 1, 20, 9])
    at_once = phase_voltage_rows(case.moved, step, element)
    monkeypatch.setattr("optimizer.network.phase_linearisation.MOST_AT_ONCE", 1)
    one_by_one = phase_voltage_rows(case.moved, step, element)
    np.testing.assert_allclose(at_once.per_mw, one_by_one.per_mw, rtol=1e-9, atol=1e-12)
