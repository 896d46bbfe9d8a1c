"""Short-circuit currents against the formulae of IEC 60909-0, worked here for a line behind a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of
from grid.errors import InputError
from grid.network.fault_levels import FaultSource, FaultStrength
from grid.network.network import Network
from grid.powerflow.fault_levels import fault_levels

pytestmark = pytest.mark.slow

ROOT3 = np.sqrt(3.0)
STRENGTH = FaultStrength(500.0, 400.0)


def line_behind_a_grid(**grid: Any) -> Network:
    net = pp.create_empty_network()
    first, second = (pp.create_bus(net, 10.0, name=name) for name in ("source", "end"))
    pp.create_ext_grid(net, first, name="above", **grid)
    pp.create_line_from_parameters(
        net, first, second, length_km=2.0, r_ohm_per_km=0.2, x_ohm_per_km=0.1, c_nf_per_km=0.0, max_i_ka=0.3, type="cs"
    )
    pp.create_load(net, second, 1.0)
    return network_of(net)


def grid_ohm(c: float, s_mva: float) -> complex:
    x = c * 100.0 / s_mva / np.sqrt(1 + 0.1**2)
    return complex(0.1 * x, x)


def test_greatest_and_least_currents() -> None:
    most, least, assumed = fault_levels(line_behind_a_grid(), STRENGTH)
    assert most[0] == pytest.approx(500 / ROOT3 / 10)
    assert most[1] == pytest.approx(1.1 * 10 / ROOT3 / abs(grid_ohm(1.1, 500) + complex(0.4, 0.2)))
    hot = 0.4 * (1 + 0.004 * (160 - 20))  # the cable's resistance at the end of the fault
    assert least[1] == pytest.approx(10 / ROOT3 / abs(grid_ohm(1.0, 400) + complex(hot, 0.2)))
    assert any("160" in sentence for sentence in assumed)


def test_a_converter_adds_its_current_and_a_machine_its_impedance() -> None:
    network = line_behind_a_grid()
    alone = fault_levels(network, STRENGTH)[0]
    sun = fault_levels(network, STRENGTH, [FaultSource("roofs", 1, 2.0, rotating=False)])[0]
    np.testing.assert_allclose(sun - alone, 1.2 * 2.0 / ROOT3 / 10, rtol=1e-6)
    engine = fault_levels(network, STRENGTH, [FaultSource("engine", 1, 1.0, rotating=True)])[0]
    behind = grid_ohm(1.1, 500) + complex(0.4, 0.2)
    machine = complex(0.07 * 16, 16) * 1.1 / (1 + 0.16 * 0.6)  # K_G of IEC 60909-0, 6.6.1
    assert engine[1] == pytest.approx(1.1 * 10 / ROOT3 * abs(1 / behind + 1 / machine), rel=1e-6)
    assert (engine > alone).all()


def test_what_the_net_states_is_taken_and_what_it_lacks_is_named() -> None:
    stated = line_behind_a_grid(s_sc_max_mva=500.0, s_sc_min_mva=400.0, rx_max=0.1, rx_min=0.1)
    np.testing.assert_allclose(
        fault_levels(stated, FaultStrength())[0], fault_levels(line_behind_a_grid(), STRENGTH)[0]
    )
    with pytest.raises(InputError) as error:
        fault_levels(line_behind_a_grid(), FaultStrength())
    assert len(error.value.faults) == 2
    assert "ext_grid 'above', s_sc_max_mva: is not in the net: state it with --s-sc-max" in str(error.value)
