"""No device charges and discharges in the same step.

A linear programme may do both at once where that pays, since it burns energy: at a negative price, but also at a
positive one, where a limit of export binds and nothing can be curtailed. What is seen to do so gets binaries, for those
steps alone; they are then fixed, so that the optimum is that of a linear programme again, with its prices. Where many
do so at once, as where a limit of voltage cannot be kept, binaries take minutes to gain a ten-thousandth: there each
goes on in the direction in which it moves more power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.series import Floats, Ints
from optimizer._highs import Solver
from optimizer.programme import Window

BOTH_MW = 1e-5
"""Less than this in both directions is rounding."""
MOST_BINARIES = 30
"""Most steps of devices that are decided by binaries at once."""
MOST_TIMES = 6
"""How often a window is asked again whether new steps go both ways."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Columns that charge and discharge the same device in the same step; P pairs, J charging columns.

    Args:
        charge: Charging columns, shape (J,).
        pair: Pair of each, shape (J,).
        discharge: Discharging column of each pair, shape (P,).
    """

    charge: Ints
    pair: Ints
    discharge: Ints

    @classmethod
    def of(cls, window: Window) -> Pairs:
        """All pairs of a window: stores step by step, and the slots of fleets that can feed in."""
        columns, n = window.compiled.columns, window.n_steps
        steps = np.arange(n)
        charge, discharge = [columns["charge_mw"]], [columns["discharge_mw"]]
        pair = [(window.segment_store[:, None] * n + steps).ravel()]
        count = columns["discharge_mw"].size
        for block, at in zip(window.blocks, window.block_at, strict=True):
            fed = np.flatnonzero(block.with_feed_in)
            charge.append(at + fed)
            discharge.append(at + block.slot.size + np.arange(fed.size))
            pair.append(count + np.arange(fed.size))
            count += fed.size
        return cls(np.concatenate(charge), np.concatenate(pair), np.concatenate(discharge))

    def drawn_mw(self, x: Floats) -> Floats:
        """What each pair draws in the solution `x`, shape (P,) [MW]."""
        return np.bincount(self.pair, weights=x[self.charge], minlength=self.discharge.size).astype(np.float64)

    def both(self, x: Floats) -> Ints:
        """Pairs of which both directions are used in the solution `x`."""
        return np.flatnonzero(np.minimum(self.drawn_mw(x), x[self.discharge]) > BOTH_MW)


def go_one_way(solver: Solver, window: Window, pairs: Pairs, x: Floats) -> bool:
    """Decides for every pair that goes both ways which way it goes, and fixes that.

    Args:
        solver: The solver at a linear optimum.
        window: Its window.
        pairs: The pairs of the window.
        x: The linear optimum, shape (columns,).

    Returns:
        Whether anything was fixed, so that the programme must be solved again.
    """
    both = pairs.both(x)
    if not both.size:
        return False
    place = np.full(pairs.discharge.size, -1)
    place[both] = np.arange(both.size)
    mine = place[pairs.pair] >= 0
    charge, owner, discharge = pairs.charge[mine], place[pairs.pair[mine]], pairs.discharge[both]
    if both.size > MOST_BINARIES:
        charges = pairs.drawn_mw(x)[both] > x[discharge]
    else:
        charges = solver.either_or(
            np.concatenate([charge, discharge]),
            np.concatenate([owner, np.arange(both.size)]),
            np.concatenate([np.ones(charge.size, dtype=bool), np.zeros(both.size, dtype=bool)]),
            window.program.upper,
        )
    shut = np.concatenate([charge[~charges[owner]], discharge[charges]])
    low = window.program.lower[shut]
    solver.bound(shut, np.minimum(low, 0.0), np.zeros(shut.size))
    return True
