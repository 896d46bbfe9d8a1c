"""What a window is given and what it decides: steps and model, the state it takes over, schedules, session cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import INFINITY, Compiled
from optimizer.network.network_limits import like_rows
from optimizer.problem.problem import DispatchProblem
from optimizer.window.roles import Roles
from optimizer.window.sessions import SessionBlock

SlotValues = tuple[Ints, Floats]
"""Some slots of a flexibility and a value for each."""


@dataclass(frozen=True, eq=False)
class WindowSchedule:
    """Powers in the steps of a window, by flexibility.

    Args:
        p_mw: Active withdrawal [MW].
        q_mvar: Reactive withdrawal of those that have inverters [MVAr].
    """

    p_mw: dict[str, SlotValues]
    q_mvar: dict[str, SlotValues]


@dataclass(frozen=True, eq=False)
class WindowState:
    """What a window takes over from the one before.

    Args:
        e_now_mwh: Energy of every device with a reservoir when the window begins, by flexibility, shape (N,) [MWh].
        peak_mw: Highest import so far in the month of the first step [MW].
        p_before_mw: Power of every device before the first step, by flexibility, shape (N,) [MW]; None at the start.
        carbon_cap_kg: Most carbon of the window [kg].
        decided_steps: First steps of the window, which it decides for good; it only looks ahead at the others.
            None: all.
        ahead: What the window before saw ahead for steps of this one; None at the start.
    """

    e_now_mwh: Mapping[str, Floats]
    peak_mw: float = 0.0
    p_before_mw: Mapping[str, Floats] | None = None
    carbon_cap_kg: float = INFINITY
    decided_steps: int | None = None
    ahead: WindowSchedule | None = None


@dataclass(frozen=True, eq=False)
class WindowModel:
    """Some steps of a problem and the model of a window of that length, before numbers are written into it.

    Args:
        problem: The problem.
        roles: Parts of its flexibilities.
        first: First step of the window.
        stop: Step after its last.
        compiled: The Pyomo part, with the places of its components.
    """

    problem: DispatchProblem
    roles: Roles
    first: int
    stop: int
    compiled: Compiled

    @property
    def n_steps(self) -> int:
        """Steps in the window."""
        return self.stop - self.first

    @property
    def steps(self) -> slice:
        """Steps of the clock in the window."""
        return slice(self.first, self.stop)

    @property
    def months(self) -> Ints:
        """Place of the month of each step among the months of the window, shape (n_steps,)."""
        months = self.problem.clock.times[self.steps].astype("datetime64[M]")
        return np.asarray(np.unique(months, return_inverse=True)[1])

    @property
    def n_months(self) -> int:
        """Calendar months that the window touches."""
        return int(self.months[-1]) + 1

    def slots(self, flexibility: Flexibility) -> Ints:
        """Slots in the window of a flexibility that lasts throughout, shape (N, n_steps)."""
        return flexibility.offsets[:-1, None] + np.arange(self.first, self.stop)


@dataclass(frozen=True, eq=False)
class SessionCells:
    """Sums over the sessions of a block that draw at the same terminals in one step; C columns of sessions, D cells.

    Args:
        cell: Cell in which each column draws, blocks one after another, shape (C,); any where `sign` is 0.
        sign: 1 for withdrawal, -1 for feed-in, 0 for energies, shape (C,).
        block: Block of each cell, shape (D,).
        step: Step in the window of each cell, shape (D,).
        device: One of the devices that draw in each cell, shape (D,); the others have the same shares.
    """

    cell: Ints
    sign: Floats
    block: Ints
    step: Ints
    device: Ints

    @classmethod
    def from_blocks(cls, blocks: Sequence[SessionBlock], shares: Sequence[sparse.csr_array], n_steps: int) -> Self:
        """The cells of the blocks of a window, with the shares of their devices at the terminals."""
        cells, signs, of_cells, count = [], [], [np.empty((3, 0), dtype=np.int64)], 0
        for place, (block, at_terminals) in enumerate(zip(blocks, shares, strict=True)):
            device = block.device[np.searchsorted(block.local, np.arange(block.needed_mwh.size))]
            like = like_rows(sparse.csr_array(at_terminals[device]))
            _, first, at = np.unique(like, return_index=True, return_inverse=True)
            slot = at[block.local] * n_steps + block.step
            used = np.flatnonzero(np.bincount(slot, minlength=first.size * n_steps))
            cell_of = np.zeros(first.size * n_steps, dtype=np.int64)
            cell_of[used] = count + np.arange(used.size)
            cell = cell_of[slot]
            no_power = np.zeros(block.n_columns - slot.size - block.fed.size, dtype=np.int64)
            cells += [cell, cell[block.fed], no_power]
            signs.append(np.repeat([1.0, -1.0, 0.0], [slot.size, block.fed.size, no_power.size]))
            of_cells.append(np.stack([np.full(used.size, place), used % n_steps, device[first][used // n_steps]]))
            count += used.size
        joined = np.concatenate(of_cells, axis=1)
        return cls(np.concatenate(cells), np.concatenate(signs), joined[0], joined[1], joined[2])
