from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of
from grid.powerflow.powerflow import power_flow
from grid.time.clock import Clock
from optimizer import battery, city_of, dispatch, problem_of
from optimizer.problem.totals import schedule_totals

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 6)


def one_bus() -> pp.pandapowerNet:
    net = pp.create_empty_network(name="one")
    bus = pp.create_bus(net, 10.0, name="one")
    pp.create_ext_grid(net, bus, vm_pu=1.02)
    pp.create_load(net, bus, 1.0, 0.2, name="load")
    return net


def test_a_net_of_one_bus_has_a_power_flow() -> None:
    net = one_bus()
    pp.create_shunt(net, 0, q_mvar=0.5, p_mw=0.1)
    pp.runpp(net)
    network = network_of(net)
    flow = power_flow(network, CLOCK, np.ones((6, 1)), np.full((6, 1), 0.2))
    assert not flow.failed.any()
    np.testing.assert_allclose(flow.vm_pu(), 1.02)
    into = flow.slack_mva()[0, 0] + 1.0 + 0.2j
    assert into.real == pytest.approx(net.res_ext_grid.p_mw[0])
    assert into.imag == pytest.approx(net.res_ext_grid.q_mvar[0])


def test_a_net_of_external_grids_alone_has_a_power_flow() -> None:
    net = one_bus()
    other, fused = pp.create_bus(net, 10.0, name="other"), pp.create_bus(net, 10.0, name="fused")
    pp.create_bus(net, 10.0, name="off", in_service=False)
    pp.create_ext_grid(net, other)
    pp.create_switch(net, other, fused, et="b")
    pp.create_line_from_parameters(net, 0, other, 1.0, 0.3, 0.1, 0.0, 0.3, name="line")
    pp.runpp(net)
    flow = power_flow(network_of(net), CLOCK, np.zeros((6, 4)), np.zeros((6, 4)))
    np.testing.assert_array_equal(network_of(net).buses.node, [0, 1, 1, -1])
    np.testing.assert_allclose(flow.loading_percent()[0], net.res_line.loading_percent, rtol=1e-6)
    np.testing.assert_allclose(flow.slack_mva()[0].real + np.array([1.0, 0.0]), net.res_ext_grid.p_mw, rtol=1e-6)


def test_a_store_at_the_only_bus_is_dispatched() -> None:
    city = city_of(one_bus(), CLOCK)
    store = battery(city, "store", "one", 1.0, 4.0)
    problem = problem_of(city, [store], import_price_per_mwh=[10, 20, 90, 90, 20, 10])
    schedule = dispatch(problem)
    assert not schedule.shortfalls
    drawn = 1.0 + schedule.p_mw["store"]
    np.testing.assert_allclose(schedule.import_mw, drawn, atol=1e-9)
    np.testing.assert_allclose(schedule.import_mw[2:4], 0.0, atol=1e-9)
    assert schedule_totals(problem, schedule).cost == pytest.approx(schedule.costs.total, rel=1e-9)
