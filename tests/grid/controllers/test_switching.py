"""Devices that move in steps: as pandapower's control loop moves them, however time is cut, and never in circles."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.control
import pytest

from grid._pandapower import network_of, tap_positions
from grid.controllers import CapacitorBank, ControlledFlow, GridControl, TapChanger, controlled_flow, switching
from grid.errors import InputError
from grid.network.network import Network
from grid.time.clock import Clock

N = 24
CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), N)
SHARE = 0.55 - 0.5 * np.cos(np.arange(N) * 2 * np.pi / N) + 0.05 * np.sin(np.arange(N) * 2.3)
"""Load of each step: a day with ups and downs."""
LOADS_MVA = {2: 9.0 + 3.0j, 3: 6.0 + 2.5j}


def feeder() -> Any:
    """A transformer of 25 MVA with nine positions, and two loads behind long lines."""
    net = pp.create_empty_network(name="feeder")
    for place, kv in enumerate((110.0, 20.0, 20.0, 20.0)):
        pp.create_bus(net, kv, name=f"bus {place}")
    pp.create_ext_grid(net, 0, vm_pu=1.02)
    pp.create_transformer(net, 0, 1, "25 MVA 110/20 kV", name="main")
    net.trafo["tap_changer_type"] = "Ratio"
    for a, b in ((1, 2), (2, 3)):
        pp.create_line_from_parameters(net, a, b, 4.0, 0.12, 0.11, 270.0, 0.4, name=f"line {a}")
    for bus, power in LOADS_MVA.items():
        pp.create_load(net, bus, power.real, power.imag)
    return net


def withdrawal() -> tuple[Any, Any]:
    p_mw, q_mvar = np.zeros((2, N, 4))
    for bus, power in LOADS_MVA.items():
        p_mw[:, bus], q_mvar[:, bus] = SHARE * power.real, SHARE * power.imag
    return p_mw, q_mvar


def controlled(network: Network, *controllers: TapChanger | CapacitorBank) -> ControlledFlow:
    devices = tuple(controller.device(network, CLOCK) for controller in controllers)
    return controlled_flow(network, CLOCK, *withdrawal(), GridControl(devices))


def by_pandapower(net: Any, read: Any) -> tuple[list[Any], Any]:
    """What `read` says after the control loop of each step, and voltages; positions are carried on."""
    net, seen, vm_pu = copy.deepcopy(net), [], []
    nominal = net.load[["p_mw", "q_mvar"]].to_numpy()
    for share in SHARE:
        net.load[["p_mw", "q_mvar"]] = nominal * share
        pp.runpp(net, run_control=True, calculate_voltage_angles=True, lightsim2grid=False, tolerance_mva=1e-9)
        seen.append(read(net))
        vm_pu.append(net.res_bus.vm_pu.to_numpy())
    return seen, np.array(vm_pu)


CHANGER = TapChanger(name="oltc", transformer="main", vm_set_pu=1.0, dead_band_pu=0.02)


@pytest.mark.parametrize("tap_side", ["hv", "lv"])
def test_a_tap_changer_moves_as_pandapowers_discrete_control(tap_side: str) -> None:
    net = feeder()
    net.trafo["tap_side"] = tap_side
    found = controlled(network_of(net), CHANGER)
    pandapower.control.DiscreteTapControl(net, 0, vm_lower_pu=0.99, vm_upper_pu=1.01, side="lv")
    positions, vm_pu = by_pandapower(net, lambda net: int(net.trafo.tap_pos[0]))
    assert len(set(positions)) > 2
    assert found.positions()[:, 0].tolist() == positions
    np.testing.assert_allclose(found.flow.vm_pu(), vm_pu, rtol=0, atol=1e-8)
    assert not found.hunting.any()
    moved = np.abs(np.diff([int(net.trafo.tap_pos[0]), *positions])).sum()
    assert found.operations.sum() == moved


def test_power_balances_at_every_position() -> None:
    flow = controlled(network_of(feeder()), CHANGER).flow
    p_from, p_to = flow.branch_powers_mw()
    lost = (p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1)
    np.testing.assert_allclose(flow.injected_mw().sum(axis=1), lost, atol=1e-9)
    np.testing.assert_allclose(flow.net_import_mw(withdrawal()[0]), withdrawal()[0].sum(axis=1) + lost, atol=1e-6)
    assert len(flow.variants) > 2


def test_a_capacitor_bank_switches_as_pandapowers_shunt_control() -> None:
    net = feeder()
    bank = CapacitorBank(name="bank", bus="bus 3", q_step_mvar=0.9, steps=6, vm_low_pu=0.985, vm_high_pu=1.015)
    found = controlled(network_of(net), bank)
    pp.create_shunt(net, 3, q_mvar=-0.9, step=0, max_step=6)
    pandapower.control.DiscreteShuntController(net, 0, vm_set_pu=1.0, tol=0.015)
    steps, vm_pu = by_pandapower(net, lambda net: int(net.shunt.step[0]))
    assert len(set(steps)) > 2
    assert found.positions()[:, 0].tolist() == steps
    np.testing.assert_allclose(found.flow.vm_pu(), vm_pu, rtol=0, atol=1e-8)


@pytest.mark.parametrize("stretch", [1, 5])
def test_how_time_is_cut_changes_nothing(stretch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(feeder())
    bank = CapacitorBank(name="bank", bus="bus 3", q_step_mvar=0.9, steps=4, delay_minutes=40)
    whole = controlled(network, CHANGER, bank)
    monkeypatch.setattr(switching, "STRETCH", stretch)
    parts = controlled(network, CHANGER, bank)
    assert parts.place.tolist() == whole.place.tolist()
    np.testing.assert_allclose(parts.flow.voltage, whole.flow.voltage, atol=1e-9)


def test_a_delay_lets_the_voltage_be_outside_for_so_many_steps_first() -> None:
    network = network_of(feeder())
    at_once, delayed = controlled(network, CHANGER), controlled(network, CHANGER.with_changes({"delay_minutes": 30}))
    first = int(np.flatnonzero(at_once.operations[:, 0])[0])
    first_delayed = int(np.flatnonzero(delayed.operations[:, 0])[0])
    assert first_delayed >= first + 2
    outside = np.abs(delayed.flow.vm_pu()[:, 1] - 1.0) > 0.01
    assert outside[first_delayed - 2 : first_delayed].all()
    assert delayed.operations.sum() <= at_once.operations.sum()


def test_a_band_narrower_than_a_step_makes_it_hunt_which_ends_nearest_to_the_band_and_is_told() -> None:
    network = network_of(feeder())
    found = controlled(network, CHANGER.with_changes({"dead_band_pu": 0.002}))
    assert found.hunting.any()
    steps = np.flatnonzero(found.hunting)
    taps = tap_positions(network, "main")
    step_pu = np.abs(np.diff(np.abs(taps.series[:, 2] / taps.series[:, 3]))).max()
    assert (np.abs(found.flow.vm_pu()[steps, 1] - 1.0) < step_pu).all()


def test_end_positions_are_kept() -> None:
    network = network_of(feeder())
    found = controlled(network, CHANGER.with_changes({"vm_set_pu": 1.3}))
    last = found.positions()[:, 0]
    assert set(last.tolist()) == {-9}
    assert not found.hunting.any()


def test_a_transformer_without_taps_and_names_that_are_not_there_are_refused_by_place() -> None:
    net = feeder()
    net.trafo["tap_step_percent"] = np.nan
    network = network_of(net)
    (fault,) = CHANGER.faults(network, {}, "controllers[0]")
    assert fault.place == "controllers[0].transformer"
    assert "has no tap changer" in fault.rule
    (fault,) = CHANGER.with_changes({"transformer": "mian"}).faults(network, {}, "controllers[0]")
    assert fault.suggestion == "main"
    with pytest.raises(InputError):
        tap_positions(network, "main")
