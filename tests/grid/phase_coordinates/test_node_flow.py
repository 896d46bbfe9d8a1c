"""The fixed point between phase nodes against the engine of OpenDSS, itself step by step, and the laws of circuits."""

from __future__ import annotations

import numpy as np
import pytest

from grid.errors import InputError
from grid.network.injections import Injections
from grid.phase_coordinates import NodeFlow, node_flow
from grid.readers.opendss.phases import ReadFeeder, read_feeder
from tests.grid.phase_coordinates.circuit import CIRCUIT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def feeder(tmp_path_factory: pytest.TempPathFactory) -> ReadFeeder:
    path = tmp_path_factory.mktemp("circuit") / "stress.dss"
    path.write_text(CIRCUIT)
    return read_feeder(path)


@pytest.fixture(scope="module")
def flow(feeder: ReadFeeder) -> NodeFlow:
    return node_flow(feeder.network, keep="phasors")


def scaled(feeder: ReadFeeder, factors: np.ndarray) -> Injections:
    """Own loads times a factor a step."""
    mva = factors[:, None] * feeder.network.load_mva
    return Injections.dense(mva.real, mva.imag)


def test_every_model_of_load_and_connection_gives_the_engine_s_voltages(feeder: ReadFeeder, flow: NodeFlow) -> None:
    np.testing.assert_allclose(np.abs(flow.phasors()[:, 0]), feeder.vm_pu, rtol=0, atol=1e-8)
    assert flow.loss_mw[0] == pytest.approx(feeder.loss_mw, rel=1e-7)
    lowest = flow.vm_min_pu[0]
    assert 0.5 < lowest < 0.9  # so that loads are below their limits, and generators below theirs
    assert flow.vm_max_pu[0] > 1.01


def test_what_the_sources_feed_in_is_drawn_or_lost(feeder: ReadFeeder, flow: NodeFlow) -> None:
    network, v = feeder.network, flow.phasors()[:, 0]
    into_elements = v * np.conj(network.admittance_mva @ v - network.source_mva)
    drawn = -into_elements.sum()  # what elements do not take, legs do
    shunts = sum(
        loss for loss, kind in zip(flow.element_loss_mw, network.elements.kinds, strict=True) if kind == "shunt"
    )
    assert flow.source_mva[0].real == pytest.approx(drawn.real + flow.loss_mw[0] + shunts, abs=1e-8)
    np.testing.assert_allclose(flow.element_loss_mw.sum(), flow.loss_mw[0] + shunts, rtol=1e-9)


def test_steps_do_not_depend_on_their_block_or_thread(feeder: ReadFeeder) -> None:
    factors = np.linspace(0, 1.2, 150)
    loads = scaled(feeder, factors)
    one, two = (node_flow(feeder.network, loads, keep="phasors", threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.phasors(), two.phasors())
    for step in (0, 77, 149):
        alone = node_flow(feeder.network, loads.window(step, step + 1), keep="phasors")
        np.testing.assert_allclose(one.phasors()[:, step], alone.phasors()[:, 0], rtol=0, atol=1e-9)
    vm = np.abs(one.phasors())
    np.testing.assert_allclose(one.node_vm_min_pu, vm.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(one.node_vm_max_pu, vm.max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(one.vm_min_pu, vm[feeder.network.nodes.is_phase].min(axis=0), rtol=1e-12)


def test_unbalance_is_the_negative_over_the_positive_sequence(feeder: ReadFeeder, flow: NodeFlow) -> None:
    turn = np.exp(2j * np.pi / 3)
    a, b, c = flow.phasors()[feeder.network.nodes.threes, 0]
    ratio = np.abs(a + turn**2 * b + turn * c) / np.abs(a + turn * b + turn**2 * c)
    assert flow.unbalance_max[0] == pytest.approx(ratio.max(), rel=1e-9)


def test_a_step_without_a_solution_is_said_and_others_stay(feeder: ReadFeeder, flow: NodeFlow) -> None:
    network = feeder.network
    factors = np.ones((3, len(network.legs.loads)))
    factors[1:, network.legs.loads.index("zip")] = 100, 1e5
    mva = factors * network.load_mva
    found = node_flow(network, Injections.dense(mva.real, mva.imag))
    assert found.failed.tolist() == [False, True, True]
    assert np.isnan(found.vm_min_pu[1:]).all()
    assert found.vm_min_pu[0] == pytest.approx(flow.vm_min_pu[0], abs=1e-9)
    np.testing.assert_allclose(found.node_vm_min_pu, np.abs(flow.phasors()[:, 0]), atol=1e-9)


def test_loads_of_another_network_are_refused(feeder: ReadFeeder) -> None:
    with pytest.raises(InputError, match="must have 16 rows"):
        node_flow(feeder.network, Injections.dense(np.ones((1, 3)), np.ones((1, 3))))
