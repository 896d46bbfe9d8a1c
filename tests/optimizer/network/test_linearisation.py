from __future__ import annotations

from functools import cache

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of
from grid.arrays import Floats
from grid.city.city import make_city
from grid.city.source import read_grid
from grid.network.network import Network
from grid.powerflow.powerflow import power_flow
from optimizer.network.linearisation import loading_rows, loss_rows, voltage_rows
from tests.optimizer.small_cases import builtin, clock_of, feeder

pytestmark = pytest.mark.slow

STEP_MW = 1e-3
"""Change of power for the finite differences: far above the residual of the power flow, far below the powers."""


@cache
def phase_shifter() -> Network:
    """Two parallel transformers of which one turns the phase, so that power circulates; a line behind them."""
    net = pp.create_empty_network(name="phase shifter")
    high, low, end = (pp.create_bus(net, kv, name=name) for kv, name in ((110.0, "a"), (20.0, "b"), (20.0, "c")))
    pp.create_ext_grid(net, high)
    for name, shift in (("plain", 0.0), ("turned", 2.0)):
        pp.create_transformer_from_parameters(
            net, high, low, sn_mva=25.0, vn_hv_kv=110.0, vn_lv_kv=20.0, vkr_percent=0.4, vk_percent=12.0,
            pfe_kw=14.0, i0_percent=0.07, shift_degree=shift, name=name,
        )  # fmt: skip
    pp.create_line_from_parameters(net, low, end, 5.0, 0.2, 0.12, 250.0, 0.4, name="line")
    pp.create_shunt(net, end, q_mvar=-0.5, p_mw=0.05)
    return network_of(net)


@cache
def reference() -> tuple[Network, Floats, Floats]:
    """The reference city at one step of a winter evening."""
    city = make_city(read_grid("reference"), clock_of(18))
    p, q = city.withdrawal()
    return city.network, p[-1], q[-1]


def case(name: str) -> tuple[Network, Floats, Floats]:
    """A network with a withdrawal at every bus, shape (B,)."""
    if name == "reference":
        return reference()
    if name == "feeder":
        return feeder(4), np.array([0.0, 0.8, -1.5, 1.1]), np.array([0.0, 0.2, 0.1, -0.3])
    if name == "phase shifter":
        return phase_shifter(), np.array([0.0, 3.0, 6.0]), np.array([0.0, 1.0, 2.0])
    return builtin(name)


def differences(network: Network, p: Floats, q: Floats, buses: Floats) -> tuple[Floats, Floats]:
    """Change per MW, by central differences, of all loadings (b, L) and of the losses (b,), for each bus."""
    step = np.zeros((2 * buses.size, p.size))
    step[np.arange(buses.size), buses] = STEP_MW
    step[buses.size :] = -step[: buses.size]
    flow = power_flow(network, clock_of(len(step)), p + step, np.broadcast_to(q, step.shape))
    assert not flow.failed.any()
    loading = flow.loading_percent()
    drawn = flow.slack_mva().real.sum(axis=1) - (p + step).sum(axis=1) - network.fixed_mva.real.sum()
    half = buses.size
    return (loading[:half] - loading[half:]) / (2 * STEP_MW), (drawn[:half] - drawn[half:]) / (2 * STEP_MW)


@pytest.mark.parametrize("name", ["feeder", "phase shifter", "mv_oberrhein", "case33bw", "reference"])
def test_rows_are_the_derivatives_of_the_power_flow(name: str) -> None:
    network, p, q = case(name)
    rng = np.random.default_rng(1)
    live = np.flatnonzero(network.buses.node >= 0)
    buses = np.unique(rng.choice(live, min(15, live.size)))
    flow = power_flow(network, clock_of(1), p[None], q[None])
    rated = np.flatnonzero(np.nan_to_num(flow.loading_percent()[0]) > 0)
    branches = rated[np.argsort(-flow.loading_percent()[0, rated])][:12]
    loading, losses = differences(network, p, q, buses)

    rows = loading_rows(flow, np.zeros(branches.size, dtype=np.int64), branches)
    np.testing.assert_allclose(rows.value, flow.loading_percent()[0, branches], rtol=1e-9)
    np.testing.assert_allclose(
        rows.per_mw[:, buses], loading[:, branches].T, rtol=1e-4, atol=1e-4 * np.abs(loading[:, branches]).max()
    )
    loss = loss_rows(flow, np.zeros(1, dtype=np.int64))
    drawn = flow.slack_mva().real.sum() - p[live].sum() - network.fixed_mva.real.sum()
    np.testing.assert_allclose(loss.value, drawn, atol=1e-6)
    np.testing.assert_allclose(loss.per_mw[0, buses], losses, rtol=1e-3, atol=1e-4 * np.abs(losses).max())


def test_a_row_belongs_to_its_step() -> None:
    network = feeder(3)
    p = np.array([[0.0, 0.5, 1.0], [0.0, 0.5, -1.0], [0.0, 0.0, 2.0]])
    flow = power_flow(network, clock_of(3), p, np.zeros_like(p))
    steps = np.array([2, 0, 2])
    rows = loading_rows(flow, steps, np.array([0, 1, 1]))
    for row, (step, branch) in enumerate(zip(steps, (0, 1, 1), strict=True)):
        alone = power_flow(network, clock_of(1), p[[step]], np.zeros((1, 3)))
        one = loading_rows(alone, np.array([0]), np.array([branch]))
        np.testing.assert_allclose(rows.per_mw[row], one.per_mw[0], rtol=1e-7, atol=1e-9)
        assert rows.value[row] == pytest.approx(one.value[0], rel=1e-9)


def test_withdrawal_at_the_external_grid_loads_and_loses_nothing() -> None:
    network, p, q = case("mv_oberrhein")
    flow = power_flow(network, clock_of(1), p[None], q[None])
    slack = np.isin(network.buses.node, network.slack)
    assert slack.any()
    assert (loss_rows(flow, np.array([0])).per_mw[0, slack] == 0).all()
    branches = np.arange(5)
    assert (loading_rows(flow, np.zeros(5, dtype=np.int64), branches).per_mw[:, slack] == 0).all()


def test_losses_are_convex_along_the_power_of_a_bus() -> None:
    network = feeder(3)
    p = np.zeros((9, 3))
    p[:, 2] = np.linspace(-3, 3, 9)
    flow = power_flow(network, clock_of(9), p, np.zeros_like(p))
    rows = loss_rows(flow, np.arange(9))
    tangents = rows.value[:, None] + rows.per_mw[:, [2]] * (p[None, :, 2] - p[:, [2]])
    assert (tangents <= rows.value[None, :] + 1e-9).all()


def test_rows_beside_a_generator_that_holds_its_voltage_are_derivatives_too() -> None:
    net = pp.create_empty_network()
    buses = [pp.create_bus(net, 20.0, name=f"B{k}") for k in range(4)]
    pp.create_ext_grid(net, buses[0])
    for k in range(3):
        pp.create_line(net, buses[k], buses[k + 1], 6.0, "NA2XS2Y 1x240 RM/25 12/20 kV", name=f"L{k}")
    pp.create_gen(net, buses[2], p_mw=2.0, vm_pu=1.01)
    network = network_of(net)
    p, q, step_mw = np.array([0.0, 1.0, 0.5, 1.5]), np.array([0.0, 0.3, 0.1, 0.4]), 0.01
    flow = power_flow(network, clock_of(1), p[None], q[None])
    steps = step_mw * np.vstack([np.eye(4)[1:], -np.eye(4)[1:]])
    moved = power_flow(network, clock_of(6), p + steps, np.tile(q, (6, 1)))
    first = np.zeros(3, dtype=np.int64)
    for rows, value in (
        (loading_rows(flow, first, np.arange(3)), moved.loading_percent()[:, :3]),
        (voltage_rows(flow, first, network.buses.node[1:]), moved.vm_pu()[:, 1:]),
        (loss_rows(flow, first[:1]), moved.injected_mw().sum(axis=1)[:, None]),
    ):
        expected = ((value[:3] - value[3:]) / (2 * step_mw)).T
        np.testing.assert_allclose(rows.per_mw[:, 1:], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert np.abs(voltage_rows(flow, first[:1], network.buses.node[[2]]).per_mw).max() < 1e-9, "its own is held"
