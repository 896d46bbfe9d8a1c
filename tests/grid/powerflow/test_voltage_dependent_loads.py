"""Loads that depend on voltage draw, bus by bus, what pandapower says they draw, whatever else is connected there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

from grid._pandapower.control.voltage_control import mean_coefficients
from grid.city.city import City, make_city
from grid.city.source import read_grid
from grid.powerflow.powerflow import power_flow
from grid.time.clock import Clock
from tests.grid.shipped_nets import mv_oberrhein

pytestmark = pytest.mark.slow

HOUR = Clock(datetime(2030, 6, 1, tzinfo=UTC), timedelta(hours=1), 1)
BUS = 5
"""Place, among the loads of the net, of the load whose bus gets more of them."""


def net_with_mixed_buses() -> Any:
    """Buses with one load and with several, of constant power and not, and one out of service."""
    net = mv_oberrhein()
    buses = net.load.bus.to_list()
    pp.create_load(
        net,
        buses[BUS],
        p_mw=2.0,
        q_mvar=0.4,
        name="zip",
        const_z_p_percent=40,
        const_i_p_percent=30,
        const_z_q_percent=40,
    )
    pp.create_load(
        net, buses[BUS], p_mw=1.0, q_mvar=0.1, name="impedance", const_z_p_percent=100, const_z_q_percent=100
    )
    pp.create_load(net, buses[7], p_mw=3.0, name="off", const_z_p_percent=100, in_service=False)
    for k in (3, 4, 5, 6, 7):
        pp.create_load(net, buses[k], p_mw=0.2, q_mvar=0.05, name=f"more {k}")
    return net


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("mixed")
    pp.to_json(net_with_mixed_buses(), str(folder / "net.json"))
    return make_city(read_grid("net.json", folder=folder), HOUR)


def solved_by_pandapower() -> Any:
    net = net_with_mixed_buses()
    pp.runpp(net, calculate_voltage_angles=True)
    return net


def test_only_loads_in_service_that_depend_on_voltage_count(city: City) -> None:
    assert city.network.voltage_dependent_bus.tolist() == [city.loads.bus[BUS]]


@pytest.mark.parametrize("known", [True, False])
def test_a_bus_of_several_loads_draws_what_pandapower_says(city: City, known: bool) -> None:
    loads = city.voltage_dependent_loads_mva() if known else None
    flow = power_flow(city.network, HOUR, *city.withdrawal(), loads_mva=loads)
    net = solved_by_pandapower()
    np.testing.assert_allclose(flow.vm_pu()[0], net.res_bus.vm_pu, atol=1e-8)
    assert flow.slack_mva().real.sum() == pytest.approx(net.res_ext_grid.p_mw.sum(), abs=1e-6)


@pytest.mark.parametrize("feed_in_mw", [0.5, 2.5, 3.2, 8.0])
def test_what_feeds_in_beside_such_loads_is_of_constant_power(city: City, feed_in_mw: float) -> None:
    p_mw, q_mvar = city.withdrawal()
    bus = int(city.loads.bus[BUS])
    loads_mva = city.voltage_dependent_loads_mva()
    assert loads_mva is not None
    p_mw[0, bus] -= feed_in_mw
    flow = power_flow(city.network, HOUR, p_mw, q_mvar, loads_mva=loads_mva)
    # the same by pandapower alone: constant powers, with the loads at what they draw at the voltage found
    vm_pu = flow.vm_pu()[0, bus]
    i_p, z_p, i_q, z_q = mean_coefficients(city.network.net, [bus])[0]
    net = net_with_mixed_buses()
    index = net.bus.index[bus]
    net.load.loc[net.load.bus == index, "in_service"] = False
    net.load[["const_i_p_percent", "const_z_p_percent", "const_z_q_percent"]] = 0.0
    at_voltage = loads_mva[0, 0].real * (1 - i_p - z_p + i_p * vm_pu + z_p * vm_pu**2) - feed_in_mw
    pp.create_load(
        net, index, p_mw=at_voltage, q_mvar=loads_mva[0, 0].imag * (1 - i_q - z_q + i_q * vm_pu + z_q * vm_pu**2)
    )
    pp.runpp(net, calculate_voltage_angles=True)
    np.testing.assert_allclose(flow.vm_pu()[0], net.res_bus.vm_pu, atol=1e-8)
