"""Controllers in three phases: as balanced where phases are equal, as pandapower's `runpp_3ph` at what they came to."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of, sequences_of
from grid.controllers import CapacitorBank, ControlledFlow, GridControl, TapChanger, controlled_flow
from grid.controllers.phase_flow import controlled_phase_flow
from grid.network.sequence_network import TO_PHASES
from grid.powerflow.newton import VoltageCurves
from grid.three_phase import PhaseLoads, PhasePowerFlow, phase_power_flow
from grid.time.clock import Clock
from tests.grid.three_phase.test_vector_groups import substation

N, B = 24, 4
CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), N)
SHARE = 0.55 - 0.5 * np.cos(np.arange(N) * 2 * np.pi / N) + 0.05 * np.sin(np.arange(N) * 2.3)
LOADS_MVA = {2: 0.22 + 0.11j, 3: 0.16 + 0.09j}
CHANGER = TapChanger(name="oltc", transformer="main", vm_set_pu=1.0, dead_band_pu=0.016)
SOME = [3, 12, 20]
"""Steps that are compared."""
BANK = CapacitorBank(name="bank", bus="bus 3", q_step_mvar=0.03, steps=4, delay_minutes=40, vm_low_pu=0.97)
SAGGING = VoltageCurves(
    np.array([3, B + 2]), np.array([0, 0]), np.full((N, 2), 0.02), np.array([[0.93, 0.97, 1.03, 1.07]]),
    np.array([[-1.0, 0.0, 0.0, 1.0]]),
)  # fmt: skip
"""Two inverters, on phase a of bus 3 and on phase b of bus 2."""


def street(group: str = "Dyn") -> Any:
    """A transformer of 630 kVA with taps, and two loads behind cables."""
    net = pp.create_empty_network(name="street", sn_mva=1.0)
    for place, kv in enumerate((20.0, 0.4, 0.4, 0.4)):
        pp.create_bus(net, kv, name=f"bus {place}")
    pp.create_ext_grid(net, 0, vm_pu=1.02, s_sc_max_mva=200.0, rx_max=0.1, x0x_max=1.0, r0x0_max=0.1)
    pp.create_transformer(net, 0, 1, "0.63 MVA 20/0.4 kV", name="main")
    net.trafo["tap_changer_type"], net.trafo["tap_min"], net.trafo["tap_max"] = "Ratio", -5, 5
    net.trafo[["vector_group", "vk0_percent", "vkr0_percent"]] = group, 6.0, 1.0
    net.trafo[["mag0_percent", "mag0_rx", "si0_hv_partial"]] = 100.0, 0.0, 0.9
    net.trafo["tap_step_percent"] = 1.5
    for a, b in ((1, 2), (2, 3)):
        pp.create_line_from_parameters(net, a, b, 0.05, 0.2, 0.08, 260.0, 0.3, name=f"line {a}", r0_ohm_per_km=0.8,
                                       x0_ohm_per_km=0.32, c0_nf_per_km=260.0)  # fmt: skip
    for bus, power in LOADS_MVA.items():
        pp.create_load(net, bus, power.real, power.imag)
    return net


def loads(spread: tuple[float, float, float]) -> PhaseLoads:
    """Withdrawal of all phases, spread over them."""
    drawn = np.zeros((N, 3, B), dtype=complex)
    for bus, power in LOADS_MVA.items():
        drawn[:, :, bus] = SHARE[:, None] * power * np.array(spread)
    return PhaseLoads.dense(drawn)


def controlled(net: Any, spread: tuple[float, float, float], control: GridControl) -> ControlledFlow:
    network = network_of(net)
    return controlled_phase_flow(network, sequences_of(network), CLOCK, loads(spread), control)


def devices(net: Any, *controllers: TapChanger | CapacitorBank) -> tuple[Any, ...]:
    return tuple(controller.device(network_of(net), CLOCK) for controller in controllers)


def by_runpp_3ph(net: Any, found: ControlledFlow, spread: tuple[float, float, float]) -> np.ndarray:
    """Voltages of the phases with every device at its position and every inverter at its power, shape (3, 3, B)."""
    net, vm = copy.deepcopy(net), []
    net.load = net.load.iloc[:0]
    for bus in range(1, B):
        pp.create_asymmetric_load(net, bus)
    drawn = loads(spread)
    for step in SOME:
        net.trafo["tap_pos"] = found.positions()[step, 0]
        power = np.array([*drawn.wye.at(step)]).reshape(2, 3, B)[:, :, 1:]
        power[1] += found.q_curves_mvar[step].reshape(3, B)[:, 1:]
        for k, phase in enumerate("abc"):
            net.asymmetric_load[f"p_{phase}_mw"], net.asymmetric_load[f"q_{phase}_mvar"] = power[:, k]
        net.sn_mva = 0.01
        pp.runpp_3ph(net, max_iteration=100)
        vm.append(net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy().T)
    return np.array(vm)


def test_equal_phases_move_everything_as_a_balanced_power_flow_does() -> None:
    net = street()
    control = GridControl(devices(net, CHANGER, BANK))
    three = controlled(net, (1 / 3, 1 / 3, 1 / 3), control)
    p_mw, q_mvar = np.zeros((2, N, B))
    for bus, power in LOADS_MVA.items():
        p_mw[:, bus], q_mvar[:, bus] = SHARE * power.real, SHARE * power.imag
    one = controlled_flow(network_of(net), CLOCK, p_mw, q_mvar, control)
    assert (three.operations.sum(axis=0) > 0).all()
    assert three.place.tolist() == one.place.tolist()
    np.testing.assert_allclose(three.flow.vm_pu(), one.flow.vm_pu(), atol=1e-9)
    np.testing.assert_allclose(three.flow.loading_percent(), one.flow.loading_percent(), atol=1e-6)


@pytest.mark.parametrize("group", ["Dyn", "YNyn"])
def test_positions_are_those_at_which_runpp_3ph_gives_the_same_voltages(group: str) -> None:
    net, spread = street(group), (0.7, 0.3, 0.0)
    found = controlled(net, spread, GridControl(devices(net, CHANGER), SAGGING))
    flow = found.flow
    assert isinstance(flow, PhasePowerFlow)
    assert found.operations.sum() > 2
    assert not flow.failed.any()
    assert np.abs(found.q_curves_mvar).max() > 1e-3
    np.testing.assert_allclose(flow.phase_vm_pu()[SOME], by_runpp_3ph(net, found, spread), atol=1e-8)
    positive = np.abs(flow.voltage[1, flow.network.buses.node[1]])
    at_end = np.isin(found.positions()[:, 0], (-5, 5))
    assert (np.abs(positive - 1.0)[~at_end] <= 0.008).all()


def test_controllers_behind_a_zigzag_winding_are_those_of_a_net_at_their_positions() -> None:
    """`runpp_3ph` does not converge here; a net that is given the positions and powers is solved as any other."""
    net, spread = street("Yzn"), (0.7, 0.3, 0.0)
    found = controlled(net, spread, GridControl(devices(net, CHANGER), SAGGING))
    assert isinstance(found.flow, PhasePowerFlow)
    assert found.operations.sum() > 2
    assert not found.flow.failed.any()
    assert np.abs(found.q_curves_mvar).max() > 1e-3
    drawn = loads(spread)
    for step in SOME:
        net.trafo["tap_pos"] = found.positions()[step, 0]
        network = network_of(net)
        active, reactive = drawn.wye.at(step)
        power = (active + 1j * (reactive + found.q_curves_mvar[step])).reshape(1, 3, B)
        same = phase_power_flow(network, sequences_of(network), CLOCK.window(step, step + 1), PhaseLoads.dense(power))
        np.testing.assert_allclose(found.flow.phase_vm_pu()[step], same.phase_vm_pu()[0], atol=1e-8)
    seen = found.flow.phase_vm_pu().reshape(N, -1)
    np.testing.assert_allclose(found.q_curves_mvar[:, SAGGING.bus], SAGGING.q_mvar(seen), atol=1e-12)


def test_power_balances_in_every_step_at_its_positions() -> None:
    net, spread = street(), (0.5, 0.3, 0.2)
    flow = controlled(net, spread, GridControl(devices(net, CHANGER, BANK))).flow
    assert isinstance(flow, PhasePowerFlow)
    assert len(flow.variants) > 2
    lost = np.add(*flow.branch_powers_mw()).sum(axis=1) + flow.shunt_mw().sum(axis=1)
    drawn = SHARE * sum(power.real for power in LOADS_MVA.values())
    np.testing.assert_allclose(flow.slack_mva().real.sum(axis=1), drawn + lost, atol=1e-7)
    np.testing.assert_allclose(flow.injected_mw().sum(axis=1), lost, atol=1e-9)


def test_a_window_of_the_steps_keeps_their_positions() -> None:
    flow = controlled(street(), (0.5, 0.3, 0.2), GridControl(devices(street(), CHANGER))).flow
    window = slice(3, 20)
    part = flow.between(window)
    assert np.unique(part.variant).size > 1
    np.testing.assert_array_equal(part.loading_percent(), flow.loading_percent()[window])
    np.testing.assert_array_equal(part.branch_powers_mw()[0], flow.branch_powers_mw()[0][window])
    np.testing.assert_array_equal(part.shunt_mw(), flow.shunt_mw()[window])


def test_steep_curves_settle_where_the_voltage_is_on_them() -> None:
    """Three inverters that could move the voltage by three times the band; a plain fixed point jumps to and fro."""
    steep = VoltageCurves(
        np.array([3, B + 3, 2 * B + 3]), np.zeros(3, np.int64), np.full((N, 3), 0.15), np.array([[0.98, 1.02]]),
        np.array([[-1.0, 1.0]]),
    )  # fmt: skip
    found = controlled(street(), (0.5, 0.3, 0.2), GridControl(curves=steep))
    assert isinstance(found.flow, PhasePowerFlow)
    assert not found.flow.failed.any()
    vm, drawn = found.flow.phase_vm_pu()[:, :, 3], found.q_curves_mvar.reshape(N, 3, B)[:, :, 3]
    np.testing.assert_allclose(drawn, 0.15 * np.interp(vm, [0.98, 1.02], [-1, 1]), atol=1e-9)
    assert (np.abs(drawn) < 0.149).any()
    np.testing.assert_allclose(vm[SOME], by_runpp_3ph_without_taps(found), atol=1e-7)


def by_runpp_3ph_without_taps(found: ControlledFlow) -> np.ndarray:
    """Voltages of bus 3 with the reactive power that was found."""
    net = street()
    with_position = ControlledFlow(
        found.flow, devices(net, CHANGER), np.full((N, 1), 5), found.operations, found.hunting, found.q_curves_mvar
    )
    return by_runpp_3ph(net, with_position, (0.5, 0.3, 0.2))[:, :, 3]


def test_what_has_no_neutral_follows_the_voltage_across_two_phases_and_injects_no_zero_sequence() -> None:
    """Medium voltage behind Yd, loads between phases: the powers that were found, given as such, are the same flow."""
    curves = VoltageCurves(
        np.array([3, B + 3, 2 * B + 3, B + 2]), np.zeros(4, np.int64), np.full((N, 4), 2.0), np.array([[0.96, 1.04]]),
        np.array([[-1.0, 1.0]]),
    )  # fmt: skip
    network = network_of(substation("Yd"))
    sequences, delta = sequences_of(network), np.zeros((N, 3, B), dtype=complex)
    delta[:, :, 3] = SHARE[:, None] * np.array([4.0 + 1.0j, 1.0 + 0.5j, 0.0])
    given = PhaseLoads.dense(np.zeros_like(delta), delta)
    found = controlled_phase_flow(network, sequences, CLOCK, given, GridControl(curves=curves))
    assert isinstance(found.flow, PhasePowerFlow)
    assert not found.flow.failed.any()
    assert np.abs(found.flow.voltage[0]).max() < 1e-9
    drawn = found.q_curves_mvar.reshape(N, 3, B)
    phases = np.tensordot(TO_PHASES, found.flow.voltage[:, network.buses.node[3]], axes=1)
    across = np.abs(phases - np.roll(phases, -1, axis=0)).T / np.sqrt(3)
    np.testing.assert_allclose(drawn[:, :, 3], 2.0 * np.interp(across, [0.96, 1.04], [-1, 1]), atol=1e-7)
    assert np.abs(drawn[:, :, 3]).max() > 0.1
    same = phase_power_flow(network, sequences, CLOCK, PhaseLoads.dense(np.zeros_like(delta), delta + 1j * drawn))
    np.testing.assert_allclose(found.flow.voltage, same.voltage, atol=1e-9)
    assert found.flow.delta is not None
    np.testing.assert_allclose(found.flow.delta.at(5)[1], (delta.imag + drawn)[5].ravel(), atol=1e-12)
