"""The AC power flow of every step with all controllers at work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.controllers.switching import State, SwitchedDevice, follow, network_at
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.newton import VoltageCurves
from grid.powerflow.powerflow import PowerFlow, node_voltages, power_flow
from grid.time.clock import Clock

if TYPE_CHECKING:
    from grid.three_phase.power_flow import PhasePowerFlow


@dataclass(frozen=True, eq=False)
class GridControl:
    """All that controls voltages and reactive power in a grid.

    Args:
        devices: What moves in steps, S of them.
        curves: Reactive power that follows the voltage; None where there is none.
    """

    devices: tuple[SwitchedDevice, ...] = ()
    curves: VoltageCurves | None = None


@dataclass(frozen=True, eq=False)
class ControlledFlow:
    """A power flow with controllers at work; T steps, S devices.

    Args:
        flow: The power flow; each step at its own positions.
        devices: What moves in steps.
        place: Place of each position among those of its device, shape (T, S).
        operations: Positions that each device moves by in each step, shape (T, S).
        hunting: Steps in which positions would go round in a circle, shape (T,).
        q_curves_mvar: Reactive power drawn by what follows the voltage, bus by bus, shape (T, B) [MVAr]; in three
            phases at the phases a, b, c of every bus, phase by phase, shape (T, 3 B).
    """

    flow: PowerFlow | PhasePowerFlow
    devices: tuple[SwitchedDevice, ...]
    place: Ints
    operations: Ints
    hunting: Bools
    q_curves_mvar: Floats

    def positions(self) -> Ints:
        """Position of each device in each step, shape (T, S)."""
        found = np.empty_like(self.place)
        for column, device in enumerate(self.devices):
            found[:, column] = device.positions[self.place[:, column]]
        return found


def controlled_flow(
    network: Network,
    clock: Clock,
    p_mw: Floats,
    q_mvar: Floats,
    control: GridControl,
    *,
    loads_mva: Complexes | None = None,
    threads: int = 1,
) -> ControlledFlow:
    """Solves the AC power flow of every step with controllers at work.

    Reactive power that follows the voltage is solved for with the voltages, in all steps at once; devices that move in
    steps keep their positions from one step to the next. A step that our kernels do not solve has failed: pandapower's
    Newton-Raphson knows nothing of the controllers.

    Args:
        network: The network, at the positions of its net.
        clock: The time axis, T steps.
        p_mw: Withdrawal of active power at every bus, shape (T, B) [MW].
        q_mvar: Withdrawal of reactive power, without that of the curves, shape (T, B) [MVAr].
        control: The controllers.
        loads_mva: As in `grid.powerflow.powerflow.power_flow`.
        threads: Number of threads.

    Raises:
        InputError: If shapes disagree or a power is not finite.
    """
    if not control.devices and control.curves is None:
        flow = power_flow(network, clock, p_mw, q_mvar, loads_mva=loads_mva, threads=threads)
        return _without_devices(flow)
    injections = Injections.dense(p_mw, q_mvar)

    def solve(state: Network, steps: Ints) -> Complexes:
        """Voltages of some steps at a set of positions; NaN where there is no solution."""
        loads = None if loads_mva is None else loads_mva[steps]
        curves = None if control.curves is None else control.curves.chosen(steps)
        voltage, solved = node_voltages(state, injections.chosen(steps), loads, curves, threads=threads)
        voltage[~solved] = np.nan
        return voltage

    networks: tuple[Network, ...] = (network,)
    of_step = np.zeros(clock.n_steps, dtype=np.int64)
    moved = follow(
        control.devices, clock.n_steps, lambda state: network_at(network, control.devices, state),
        lambda state, steps: np.abs(solve(state, steps)),
    ) if control.devices else None  # fmt: skip
    if moved is not None:
        networks, of_step = moved.networks, moved.network_of_step
    voltage = np.empty((clock.n_steps, network.n_nodes), dtype=np.complex128)
    for place, variant in enumerate(networks):
        steps = np.flatnonzero(of_step == place)
        voltage[steps] = solve(variant, steps)
    failed = np.asarray(np.isnan(voltage).any(axis=1))
    flow = PowerFlow(clock, network, voltage, np.zeros(clock.n_steps, dtype=bool), failed, networks, of_step)
    found = _without_devices(flow) if moved is None else ControlledFlow(
        flow, control.devices, moved.place, moved.operations(control.devices), moved.hunting, _nothing(flow)
    )  # fmt: skip
    if control.curves is None:
        return found
    drawn, q_mvar = _nothing(flow), np.nan_to_num(control.curves.q_mvar(flow.vm_pu()))
    np.add.at(drawn.T, control.curves.bus, q_mvar.T)
    return replace(found, q_curves_mvar=drawn)


def _nothing(flow: PowerFlow) -> Floats:
    return np.zeros((flow.clock.n_steps, len(flow.network.buses.names)))


def _without_devices(flow: PowerFlow) -> ControlledFlow:
    none = np.empty((flow.clock.n_steps, 0), dtype=np.int64)
    return ControlledFlow(flow, (), none, none, np.zeros(flow.clock.n_steps, dtype=bool), _nothing(flow))


def most_frequent(found: ControlledFlow) -> State:
    """The positions that most steps have: the place of each device's; empty where there are no devices."""
    if not found.devices:
        return ()
    states, count = np.unique(found.place, axis=0, return_counts=True)
    return tuple(states[count.argmax()].tolist())
