"""What a window is given and what it decides: steps and model, the state it takes over, schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import INFINITY, Compiled
from optimizer.problem.problem import DispatchProblem
from optimizer.window.roles import Roles

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
