"""Reactive power by voltage and by power: as pandapower's controllers of inverters, and as their curves say."""

from __future__ import annotations

import copy

import numpy as np
import pandapower as pp
import pytest
from pandapower.control.controller.DERController import DERController, QModelQVCurve, QVCurve

from grid._pandapower import network_of
from grid.controllers import GridControl, controlled_flow
from grid.powerflow.newton import VoltageCurves
from tests.grid.controllers.test_switching import CLOCK, SHARE, N, feeder, withdrawal

Q_MAX_MVAR = 4.0
NARROW = ((0.975, -1.0), (0.99, 0.0), (1.0, 0.0), (1.02, 1.0))
"""A characteristic whose every part is met in a day of the feeder."""
FEED_IN_MW = 16.0
GENERATION = np.clip(np.sin(np.arange(N) / N * np.pi), 0, 1)


def curves(vm_pu: tuple[float, ...], share: tuple[float, ...]) -> VoltageCurves:
    return VoltageCurves(
        np.array([3]), np.array([0]), np.full((N, 1), Q_MAX_MVAR), np.array([vm_pu]), np.array([share])
    )


def test_reactive_power_by_voltage_is_that_of_pandapowers_inverters() -> None:
    corners, share = np.array(NARROW).T
    net = feeder()
    p_mw, q_mvar = withdrawal()
    p_mw[:, 3] -= FEED_IN_MW * GENERATION
    control = GridControl(curves=curves(tuple(corners), tuple(share)))
    found = controlled_flow(network_of(net), CLOCK, p_mw, q_mvar, control)
    assert not found.flow.failed.any()
    points = QVCurve(vm_points_pu=(0.0, *corners, 2.0), q_points_pu=(-share[0], *-share, -share[-1]))
    pp.create_sgen(net, 3, 0.0, sn_mva=Q_MAX_MVAR)
    DERController(net, 0, q_model=QModelQVCurve(points), damping_coef=1.5, max_p_error=1e-9,
                  max_q_error=1e-9)  # fmt: skip
    seen = 0
    for step in range(0, N, 3):
        one = copy.deepcopy(net)
        one.load[["p_mw", "q_mvar"]] *= SHARE[step]
        one.sgen["p_mw"] = FEED_IN_MW * GENERATION[step]
        pp.runpp(one, run_control=True, calculate_voltage_angles=True, lightsim2grid=False, max_iter=200)
        np.testing.assert_allclose(found.flow.vm_pu()[step], one.res_bus.vm_pu, rtol=0, atol=1e-7)
        assert found.q_curves_mvar[step, 3] == pytest.approx(-one.res_sgen.q_mvar[0], abs=1e-4)
        seen += abs(one.res_sgen.q_mvar[0]) > 0.1
    assert seen > 1


def test_what_is_drawn_lies_on_the_curve_and_holds_the_voltage_back() -> None:
    network = network_of(feeder())
    p_mw, q_mvar = withdrawal()
    p_mw[:, 3] -= FEED_IN_MW * GENERATION
    vm_pu, share = (0.9, 1.0, 1.02), (-0.5, 0.0, 1.0)
    free = controlled_flow(network, CLOCK, p_mw, q_mvar, GridControl())
    held = controlled_flow(network, CLOCK, p_mw, q_mvar, GridControl(curves=curves(vm_pu, share)))
    at_bus = held.flow.vm_pu()[:, 3]
    np.testing.assert_allclose(held.q_curves_mvar[:, 3], Q_MAX_MVAR * np.interp(at_bus, vm_pu, share), atol=1e-9)
    high = free.flow.vm_pu()[:, 3] > 1.01
    assert high.any()
    assert (at_bus[high] < free.flow.vm_pu()[high, 3]).all()
