"""Devices that hold a voltage by moving in steps: their positions over time, carried from step to step.

Between two movements nothing changes but the loads, so all steps of a stretch of time are solved at once with the
positions held; the first of them in which a device moves is found; there it moves, one position at a time and all
devices that are due together, until none is due; and so on from the next step. What was solved for a set of positions
in a stretch is kept, so days that go through the same few positions cost that many power flows, however often devices
move. Where the positions of a step come back to what they were, the devices hunt: those positions of the cycle stay
that miss the bands least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.network.network import Complexes, Network
from grid.network.variants import changed_network

AnyNetwork = TypeVar("AnyNetwork")
"""A network as the power flow takes it, balanced or in symmetrical components."""
STRETCH = 480
"""Steps that are solved at once for a set of positions."""

State = tuple[int, ...]
"""Place of the position of each device among its positions."""
AtPositions = Callable[[State], AnyNetwork]
"""The network at a set of positions."""
Solve = Callable[[AnyNetwork, Ints], Floats]
"""Voltages of all nodes of a network in some steps, as devices see them, shape (steps, N) [pu]."""


@dataclass(frozen=True, eq=False)
class SwitchedDevice:
    """What moves in steps to hold the voltage of a node; K positions.

    Args:
        name: Name of its controller.
        kind: Kind of its controller.
        node: Node whose voltage it holds.
        vm_low_pu: Voltage below which it moves [pu].
        vm_high_pu: Voltage above which it moves [pu].
        positions: The positions, ascending, shape (K,).
        start: Place of the first among them.
        raises: 1 where the next position raises the voltage, -1 where it lowers it.
        wait_steps: Whole steps that the voltage must have been outside of the band before it moves.
        branch: Branch that changes with the position; -1 none.
        series: Its admittances y_ff, y_ft, y_tf, y_tt by position, shape (K, 4) complex [pu].
        shunt_pu: Admittance at the node by position, shape (K,) complex [pu]; empty: none.
    """

    name: str
    kind: str
    node: int
    vm_low_pu: float
    vm_high_pu: float
    positions: Ints
    start: int
    raises: int
    wait_steps: int
    branch: int = -1
    series: Complexes = field(default_factory=lambda: np.empty((0, 4), dtype=np.complex128))
    shunt_pu: Complexes = field(default_factory=lambda: np.empty(0, dtype=np.complex128))


@dataclass(frozen=True, eq=False)
class SwitchedSteps(Generic[AnyNetwork]):
    """Positions of S devices over T steps.

    Args:
        place: Place of each position among those of its device, shape (T, S).
        hunting: Steps in which positions would go round in a circle, shape (T,).
        networks: The network at each set of positions that occurs.
        network_of_step: Which of them each step has, shape (T,).
    """

    place: Ints
    hunting: Bools
    networks: tuple[AnyNetwork, ...]
    network_of_step: Ints

    def operations(self, devices: Sequence[SwitchedDevice]) -> Ints:
        """Positions that each device moves by in each step, shape (T, S)."""
        before = np.array([[device.start for device in devices]], dtype=np.int64)
        return np.abs(np.diff(np.vstack([before, self.place]), axis=0))


def network_at(network: Network, devices: Sequence[SwitchedDevice], state: State) -> Network:
    """The balanced network at a set of positions.

    Args:
        network: The network as it stands.
        devices: The devices, S of them.
        state: Place of the position of each.
    """
    if not devices:
        return network
    at = list(zip(devices, state, strict=True))
    series = {device.branch: device.series[place] for device, place in at if device.branch >= 0}
    return changed_network(network, series, shunts_at(devices, state))


def shunts_at(devices: Sequence[SwitchedDevice], state: State) -> dict[int, complex]:
    """Admittance that capacitor banks add at a set of positions, by node [pu of the balanced network]."""
    shunts: dict[int, complex] = {}
    for device, place in zip(devices, state, strict=True):
        if device.shunt_pu.size:
            shunts[device.node] = shunts.get(device.node, 0j) + complex(device.shunt_pu[place])
    return shunts


class _Devices(Generic[AnyNetwork]):
    """The devices as arrays, and the network at their positions."""

    def __init__(self, devices: Sequence[SwitchedDevice], at_positions: AtPositions[AnyNetwork]) -> None:
        self._at_positions = at_positions
        self.node = np.array([device.node for device in devices], dtype=np.int64)
        self.low = np.array([device.vm_low_pu for device in devices])
        self.high = np.array([device.vm_high_pu for device in devices])
        self.raises = np.array([device.raises for device in devices], dtype=np.int64)
        self.last = np.array([device.positions.size - 1 for device in devices], dtype=np.int64)
        self.wait = np.array([device.wait_steps for device in devices], dtype=np.int64)
        self.networks: dict[State, AnyNetwork] = {}

    def network(self, state: State) -> AnyNetwork:
        """The network at a set of positions."""
        if state not in self.networks:
            self.networks[state] = self._at_positions(state)
        return self.networks[state]

    def outside(self, vm_pu: Floats) -> Bools:
        """Where voltages, shape (..., S), are outside of the bands."""
        found: Bools = (vm_pu < self.low) | (vm_pu > self.high)
        return found

    def moves(self, vm_pu: Floats, state: State) -> Ints:
        """Where each device would go at voltages of shape (..., S): -1, 0 or 1 position."""
        way = self.raises * ((vm_pu < self.low).astype(np.int64) - (vm_pu > self.high))
        place = np.array(state, dtype=np.int64)
        return np.where((place + way < 0) | (place + way > self.last), 0, way)

    def miss(self, vm_pu: Floats) -> float:
        """By how much voltages, shape (S,), miss the bands in all [pu]."""
        return float((np.maximum(self.low - vm_pu, 0.0) + np.maximum(vm_pu - self.high, 0.0)).sum())


def follow(
    devices: Sequence[SwitchedDevice],
    n_steps: int,
    at_positions: AtPositions[AnyNetwork],
    solve: Solve[AnyNetwork],
) -> SwitchedSteps[AnyNetwork]:
    """The positions of all devices in every step.

    Steps without a solution move nothing.

    Args:
        devices: The devices, S of them.
        n_steps: Number of steps T.
        at_positions: Makes the network at a set of positions.
        solve: Solves a network in some steps.
    """
    all_of = _Devices(devices, at_positions)
    state: State = tuple(device.start for device in devices)
    streak = np.zeros(len(devices), dtype=np.int64)
    place, hunting = np.empty((n_steps, len(devices)), dtype=np.int64), np.zeros(n_steps, dtype=bool)
    for first in range(0, n_steps, STRETCH):
        stretch = _Stretch(all_of, solve, np.arange(first, min(first + STRETCH, n_steps)))
        at = 0
        while at < stretch.size:
            held, ripe, streak = stretch.hold(at, state, streak)
            place[first + at : first + at + held] = state
            at += held
            if at < stretch.size:
                state, hunting[first + at] = stretch.settle(at, state, ripe)
                place[first + at] = state
                outside = all_of.outside(stretch.vm_pu(state)[at])
                streak = np.where(outside & ~(ripe & hunting[first + at]), streak + 1, 0)
                at += 1
    states, network_of_step = np.unique(place, axis=0, return_inverse=True)
    networks = tuple(all_of.network(tuple(row)) for row in states.tolist())
    return SwitchedSteps(place, hunting, networks, np.asarray(network_of_step, dtype=np.int64).ravel())


class _Stretch(Generic[AnyNetwork]):
    """Steps that are solved at once for each set of positions that occurs in them."""

    def __init__(self, devices: _Devices[AnyNetwork], solve: Solve[AnyNetwork], steps: Ints) -> None:
        self._devices, self._solve, self._steps = devices, solve, steps
        self._vm_pu: dict[State, Floats] = {}

    @property
    def size(self) -> int:
        """Number of steps."""
        return int(self._steps.size)

    def vm_pu(self, state: State) -> Floats:
        """Voltages that the devices see at a set of positions, shape (steps, S) [pu]."""
        if state not in self._vm_pu:
            voltage = self._solve(self._devices.network(state), self._steps)
            self._vm_pu[state] = voltage[:, self._devices.node]
        return self._vm_pu[state]

    def hold(self, at: int, state: State, streak: Ints) -> tuple[int, Bools, Ints]:
        """How many steps from `at` on nothing moves.

        Args:
            at: First step.
            state: The positions.
            streak: Steps before `at` that each voltage has been outside of its band, shape (S,).

        Returns:
            The number of steps, which devices may move in the step after them, and the streaks before that step.
        """
        vm_pu = self.vm_pu(state)[at:]
        outside, row = self._devices.outside(vm_pu), np.arange(vm_pu.shape[0])[:, None]
        inside_last = np.maximum.accumulate(np.where(outside, -1, row), axis=0)
        before = np.vstack([np.full((1, outside.shape[1]), -1), inside_last])
        row = np.arange(before.shape[0])[:, None]
        streaks = np.where(before >= 0, row - 1 - before, row + streak)
        due = (self._devices.moves(vm_pu, state) != 0) & (streaks[:-1] >= self._devices.wait)
        moving = np.flatnonzero(due.any(axis=1))
        held = int(moving[0]) if moving.size else vm_pu.shape[0]
        return held, streaks[held] >= self._devices.wait, streaks[held]

    def settle(self, at: int, state: State, ripe: Bools) -> tuple[State, bool]:
        """The positions at which a step comes to rest, and whether they went round in a circle."""
        path = [state]
        while True:
            moves = self._devices.moves(self.vm_pu(path[-1])[at], path[-1]) * ripe
            if not moves.any():
                return path[-1], False
            following = tuple((np.array(path[-1]) + moves).tolist())
            if following in path:
                cycle = path[path.index(following) :]
                return min(cycle, key=lambda one: self._devices.miss(self.vm_pu(one)[at])), True
            path.append(following)
