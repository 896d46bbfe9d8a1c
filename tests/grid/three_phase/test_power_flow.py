"""The three-phase power flow of a city: in its own order of nodes, exact in energy, by pandapower where needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from grid.city.source import read_grid
from grid.network.network import Complexes, Network
from grid.powerflow.powerflow import power_flow
from grid.three_phase import PhaseLoads, PhasePowerFlow, SequenceNetwork, phase_power_flow, sequences_of
from grid.three_phase import power_flow as module
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), 24)


@pytest.fixture(scope="module")
def network() -> Network:
    """The reference city: its balanced network has other numbers of nodes than its sequences."""
    return read_grid("reference").network


@pytest.fixture(scope="module")
def sequences(network: Network) -> SequenceNetwork:
    return sequences_of(network)


def drawn(network: Network, n_steps: int = CLOCK.n_steps) -> tuple[Complexes, Complexes]:
    """Random single-phase withdrawal in low voltage, between phases too, shape (T, 3, B) [MW + j MVAr]."""
    rng, low = np.random.default_rng(3), np.flatnonzero(network.buses.vn_kv < 1)
    wye = np.zeros((n_steps, 3, len(network.buses.names)), dtype=complex)
    delta = np.zeros_like(wye)
    size = (n_steps, 3, low.size)
    wye[:, :, low] = rng.uniform(-0.002, 0.004, size) * rng.integers(0, 2, size) * (1 + 0.2j)
    delta[:, :, low[::9]] = 0.001
    return wye, delta


@pytest.fixture(scope="module")
def flow(network: Network, sequences: SequenceNetwork) -> PhasePowerFlow:
    return phase_power_flow(network, sequences, CLOCK, PhaseLoads.dense(*drawn(network)))


def test_every_node_draws_what_the_phases_draw_there_and_the_rest_is_lost(
    network: Network, flow: PhasePowerFlow
) -> None:
    at_nodes = np.zeros((CLOCK.n_steps, network.n_nodes))
    live = network.buses.node >= 0
    np.add.at(at_nodes.T, network.buses.node[live], sum(drawn(network)).real.sum(axis=1).T[live])
    missed = flow.injected_mw() + at_nodes
    missed[:, network.slack] = 0.0
    np.testing.assert_allclose(missed, 0.0, atol=1e-9)
    p_from, p_to = flow.branch_powers_mw()
    lost_mw = (p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1)
    np.testing.assert_allclose(flow.slack_mva().real.sum(axis=1), at_nodes.sum(axis=1) + lost_mw, atol=1e-9)
    assert (p_from + p_to).min() > -1e-12


def test_balanced_powers_give_the_balanced_flow(network: Network, sequences: SequenceNetwork) -> None:
    total = drawn(network)[0].sum(axis=1)
    thirds = np.repeat(total[:, None] / 3, 3, axis=1)
    mine = phase_power_flow(network, sequences, CLOCK, PhaseLoads.dense(thirds))
    balanced = power_flow(network, CLOCK, total.real, total.imag)
    np.testing.assert_allclose(mine.phase_vm_pu(), np.repeat(balanced.vm_pu()[:, None], 3, axis=1), atol=1e-9)
    np.testing.assert_allclose(mine.loading_percent(), balanced.loading_percent(), atol=1e-6)
    np.testing.assert_allclose(mine.branch_powers_mw(), balanced.branch_powers_mw(), atol=1e-8)
    np.testing.assert_allclose(np.nan_to_num(mine.unbalance()), 0.0, atol=1e-9)


def test_what_the_fixed_point_misses_is_solved_by_pandapower(
    network: Network, sequences: SequenceNetwork, flow: PhasePowerFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = module.three_phase_flow

    def missing_one(*args: object, **kwargs: object) -> object:
        found = solve(*args, **kwargs)  # type: ignore[arg-type]
        found.failed[7] = True
        found.phasors()[:, :, 7] = np.nan
        return found

    monkeypatch.setattr(module, "three_phase_flow", missing_one)
    again = phase_power_flow(network, sequences, CLOCK, PhaseLoads.dense(*drawn(network)))
    assert np.flatnonzero(again.by_newton).tolist() == [7]
    assert not again.failed.any()
    np.testing.assert_allclose(again.voltage[:, :, 7], flow.voltage[:, :, 7], atol=1e-8)


def test_a_step_that_nothing_solves_is_reported(network: Network, sequences: SequenceNetwork) -> None:
    wye, delta = drawn(network, 2)
    wye[1] *= 1000
    clock = replace(CLOCK, n_steps=2)
    found = phase_power_flow(network, sequences, clock, PhaseLoads.dense(wye, delta))
    assert found.failed.tolist() == [False, True]
    assert np.isnan(found.vm_pu()[1]).all()


def test_sequences_of_another_net_are_refused(sequences: SequenceNetwork) -> None:
    with pytest.raises(ValueError, match="not of the same net"):
        sequences.in_order_of(read_grid("case33bw").network)
