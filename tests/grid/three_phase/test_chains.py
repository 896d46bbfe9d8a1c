"""What is found of chains from their two ends against every node and branch by itself."""

from __future__ import annotations

import numpy as np
import pandapower.networks as pn
import pytest

from grid.network.sequence_network import TO_PHASES
from grid.three_phase import PhaseLoads, SequenceNetwork, sequence_network, three_phase_flow
from grid.three_phase.compiled import compiled_grid, nodes_with

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[0.0, 300.0], ids=["without shunts", "with capacitance"])
def network(request: pytest.FixtureRequest) -> SequenceNetwork:
    net = pn.ieee_european_lv_asymmetric("on_peak_566")
    for column in ("c_nf_per_km", "c0_nf_per_km"):
        net.line[column] = request.param
    return sequence_network(net)


def test_extremes_loadings_and_losses_are_those_of_all_voltages(network: SequenceNetwork) -> None:
    factors = np.array([1.0, 0.2, 1.4])[:, None, None]
    loads = PhaseLoads.dense(factors * network.wye_mva, factors * network.delta_mva)
    found = three_phase_flow(network, loads, keep="phasors")
    kept = three_phase_flow(network, loads, keep="magnitudes")
    vm = found.vm_pu()
    np.testing.assert_allclose(found.bus_vm_min_pu, vm.min(axis=(0, 1)), rtol=1e-9)
    np.testing.assert_allclose(found.bus_vm_max_pu, vm.max(axis=(0, 1)), rtol=1e-9)
    loading = found.loading_percent().max(axis=1)
    np.testing.assert_allclose(found.branch_loading_max_percent, loading.max(axis=0), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(kept.loading, loading.T, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(np.abs(np.tensordot(TO_PHASES, found.phasors(), axes=1)), kept.vm, rtol=1e-6)
    lost = [
        3 * sum((v[node] * (end[s] @ v).conj()).real for node, end in (
            (network.branches.from_node, network.admittance_from), (network.branches.to_node, network.admittance_to)))
        for s, v in enumerate(found.phasors())
    ]  # fmt: skip
    by_branch = np.sum(lost, axis=0) * network.base_mva
    np.testing.assert_allclose(found.branch_loss_mw, by_branch.mean(axis=1), rtol=1e-4, atol=1e-11)
    np.testing.assert_allclose(found.loss_mw.sum(), 3 * found.branch_loss_mw.sum(), rtol=2e-2)  # and its iron


def test_most_nodes_take_no_part_in_the_iteration(network: SequenceNetwork) -> None:
    own = PhaseLoads.of_net(network)
    nodes = np.union1d(nodes_with(network, own.wye), nodes_with(network, own.delta))
    layout, grid = compiled_grid(network, tuple(nodes.tolist()))
    assert layout.n_active <= 2 * len(nodes) + len(network.slack)  # those, and where the ways to three of them part
    one_current = grid.currents.most.shape[1] < len(network.branches) / 4
    assert one_current != _has_shunts(network)


def _has_shunts(network: SequenceNetwork) -> bool:
    """Whether lines have capacitance: then the two ends of a branch carry different currents."""
    line = np.arange(len(network.branches))
    y_ff, y_ft = (
        np.asarray(network.admittance_from[1][line, node]).ravel()
        for node in (network.branches.from_node, network.branches.to_node)
    )
    return bool((np.abs(y_ff + y_ft) > 1e-12 * np.abs(y_ff)).sum() > len(line) / 2)
