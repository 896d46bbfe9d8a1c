"""In which order the switches of a restoration are operated: radial, and within limits, after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import InputError
from grid.units import MINUTES_PER_HOUR
from optimizer.switching.faulted_grid import FaultedGrid
from optimizer.switching.supply_model import IslandSource

MOST_ORDERED = 5
"""Branches to close of which all orders are tried; of more, only the order of their numbers and its reverse."""


@dataclass(frozen=True, eq=False)
class SwitchTimes:
    """How long switching takes; one switch is operated after the other, while crews are on their ways at the same time.

    Args:
        remote: Branches whose switches are controlled from afar, shape (L,).
        remote_min: Time that such a switch takes [min].
        manual_min: Time that a crew takes for any other, the way to it included [min].
        crews: Crews for these, at least 1.

    Raises:
        InputError: If there is no crew.
    """

    remote: Bools
    remote_min: float = 1.0
    manual_min: float = 30.0
    crews: int = 1

    def __post_init__(self) -> None:
        if self.crews < 1:
            raise InputError.single("crews", "must be at least 1", self.crews)

    @property
    def minutes(self) -> Floats:
        """Time that switching each branch takes, shape (L,) [min]."""
        return np.where(self.remote, self.remote_min, self.manual_min)


@dataclass(frozen=True)
class SwitchAction:
    """One switch that is operated.

    Args:
        minute: When it is done, since the fault [min].
        branch: Name of the branch.
        closes: Whether it is closed, else it is opened.
        remote: Whether that is done from afar.
        restored_mw: Load that is supplied again by it, in the step in which it is done [MW].
        crew: Number of the crew from 1; 0 from afar.
    """

    minute: float
    branch: str
    closes: bool
    remote: bool
    restored_mw: float
    crew: int = 0


@dataclass(frozen=True, eq=False)
class SwitchSequence:
    """Switches in order.

    Args:
        actions: The switches.
        open: Branches that are open in the end, shape (L,).
        energy_not_supplied_mwh: What buses without supply would have drawn until the repair [MWh].
    """

    actions: tuple[SwitchAction, ...]
    open: Bools
    energy_not_supplied_mwh: float


def switch_sequence(
    grid: FaultedGrid, final: Bools, leaders: Sequence[IslandSource], times: SwitchTimes
) -> SwitchSequence | None:
    """The order that leaves least energy not supplied; None if none keeps the limits that were kept after the trip.

    Args:
        grid: The grid after the fault.
        final: Branches that are open in the end, shape (L,).
        leaders: Sources that lead an island in the end.
        times: How long switching takes.
    """
    closing = np.flatnonzero(grid.tripped & ~final).tolist()
    orders: Iterable[Sequence[int]] = permutations(closing)
    if len(closing) > MOST_ORDERED:
        orders = (closing, closing[::-1])
    limits = _Limits(grid, leaders)
    found = [_sequence(limits, switches, times) for order in orders for switches in _switches(limits, final, order)]
    return min(found, key=lambda each: each.energy_not_supplied_mwh, default=None)


class _Limits:
    """Which states of a grid with some islands keep what was kept when the breaker had opened; each is solved once."""

    def __init__(self, grid: FaultedGrid, leaders: Sequence[IslandSource]) -> None:
        self.grid, self.leaders = grid, leaders
        self.allowed = grid.exceeded(grid.tripped) or frozenset()
        self.known: dict[bytes, bool] = {}

    def keeps(self, state: Bools) -> bool:
        """Whether a state breaks no limit that was kept before."""
        key = state.tobytes()
        if key not in self.known:
            over = self.grid.exceeded(state, self.leaders)
            self.known[key] = over is not None and over <= self.allowed
        return self.known[key]


def _switches(limits: _Limits, final: Bools, order: Sequence[int]) -> Iterator[list[tuple[int, bool]]]:
    """Branches to open (False) and close (True) in one order of closing, if that keeps the limits, else nothing.

    First the fault is parted from the rest. A branch that would close a loop comes after another one of that loop was
    opened; one that would supply too much comes after the parts were cut off that another branch will supply.
    """
    grid, branches = limits.grid, limits.grid.network.meshed.branches
    state, switches = grid.tripped.copy(), []

    def switch(branch: int, closes: bool) -> None:
        state[branch] = not closes
        switches.append((branch, closes))

    for branch in _around_fault(grid):
        switch(branch, closes=False)
    if limits.leaders:  # an island is parted from the rest before anything is closed
        for branch in _left(grid, state, final):
            switch(branch, closes=False)
        if not limits.keeps(state):
            return
    for closing in order:
        left = _left(grid, state, final)
        trial = state.copy()
        trial[closing] = False
        supplied = grid.supplied_nodes(state, limits.leaders)
        if supplied[branches.from_node[closing]] and supplied[branches.to_node[closing]]:
            first = [k for k in left if _is_tree(grid, trial, k)][:1]
        else:
            reached = grid.supplied_nodes(trial, limits.leaders)
            dark = [k for k in left if not supplied[branches.from_node[k]] and not supplied[branches.to_node[k]]]
            inner = [k for k in dark if reached[branches.from_node[k]] or reached[branches.to_node[k]]]
            first = [] if limits.keeps(trial) else inner
        for branch in first:
            switch(branch, closes=False)
        switch(closing, closes=True)
        if not _is_tree(grid, state) or not limits.keeps(state):
            return
    yield switches


def _left(grid: FaultedGrid, state: Bools, final: Bools) -> list[int]:
    """Branches that are closed and are to be open in the end."""
    return [k for k in np.flatnonzero(final & ~state).tolist() if k not in grid.faulted_branches]


def _is_tree(grid: FaultedGrid, state: Bools, opened: int | None = None) -> bool:
    """Whether a state has no loop, with one more branch open."""
    state = state.copy()
    state[grid.faulted_branches] = True
    if opened is not None:
        state[opened] = True
    return grid.network.is_radial(state)


def _around_fault(grid: FaultedGrid) -> list[int]:
    """Closed branches with a switch between the fault and the rest."""
    if grid.network.switchable[grid.branch]:
        return [] if grid.tripped[grid.branch] else [grid.branch]
    branches, barred = grid.network.meshed.branches, grid.barred_nodes
    edge = (barred[branches.from_node] != barred[branches.to_node]) & ~grid.tripped & grid.network.switchable
    return np.flatnonzero(edge).tolist()


def _sequence(limits: _Limits, switches: Sequence[tuple[int, bool]], times: SwitchTimes) -> SwitchSequence:
    """The switches with their times, and the energy that is not supplied until the repair.

    The crew that is free first goes to the next manual switch, and operates it when the one before has been operated:
    the order holds, so that the grid stays radial after each.
    """
    free = [0.0] * times.crews
    grid, state, minute = limits.grid, limits.grid.tripped.copy(), 0.0
    supplied = grid.supplied_buses(state)
    actions, missing_mwh = [], 0.0
    for branch, closes in switches:
        crew, done = 0, minute + times.remote_min
        if not times.remote[branch]:
            at = free.index(min(free))
            done = free[at] = max(minute, free[at] + times.manual_min)
            crew = at + 1
        missing_mwh += _missing_mwh(grid, supplied, minute, done)
        minute, state[branch] = done, not closes
        now = grid.supplied_buses(state, limits.leaders if _leads(limits, state) else ())
        restored_mw = float(np.maximum(grid.p_mw[_step_of(grid, minute), now & ~supplied], 0.0).sum())
        name, remote = grid.network.meshed.branches.names[branch], bool(times.remote[branch])
        actions.append(SwitchAction(minute, name, closes, remote, restored_mw, crew))
        supplied = now
    missing_mwh += _missing_mwh(grid, supplied, minute, np.inf)
    return SwitchSequence(tuple(actions), state, missing_mwh)


def _leads(limits: _Limits, state: Bools) -> bool:
    """Whether the islands can be led already: once all that parts them from the rest is open."""
    return bool(limits.leaders) and _is_tree(limits.grid, state) and limits.keeps(state)


def _step_of(grid: FaultedGrid, minute: float) -> int:
    """The step in which a minute lies; the last one after the end."""
    return min(int(minute * 60 // grid.clock.step.total_seconds()), grid.clock.n_steps - 1)


def _missing_mwh(grid: FaultedGrid, supplied: Bools, begin_min: float, end_min: float) -> float:
    """What buses without supply would draw between two minutes, until the repair, feeding in not counted [MWh]."""
    step_min = grid.clock.step.total_seconds() / 60
    begins = np.arange(grid.clock.n_steps) * step_min
    hours = (
        np.clip(np.minimum(end_min, begins + step_min) - np.maximum(begin_min, begins), 0.0, None) / MINUTES_PER_HOUR
    )
    return float(hours @ np.maximum(grid.p_mw[:, ~supplied], 0.0).sum(axis=1))
