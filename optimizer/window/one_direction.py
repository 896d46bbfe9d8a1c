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

from grid.arrays import Floats, Ints
from optimizer._highs import Solver
from optimizer._highs.binaries import either_or
from optimizer.window.programme import Window

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
    def from_window(cls, window: Window) -> Pairs:
        """All pairs of a window: stores step by step, and the slots of sessions that can feed in."""
        columns, steps, every = window.compiled.columns, np.arange(window.n_steps), np.arange(window.n_columns)
        charge, discharge = [columns["charge_mw"].ravel()], [columns["discharge_mw"].ravel()]
        pair = [(window.segment_store[:, None] * window.n_steps + steps).ravel()]
        count = discharge[0].size
        for block, at in window.placed_blocks():
            charge.append(at.charge.start + block.fed)
            discharge.append(every[at.discharge])
            pair.append(count + np.arange(block.fed.size))
            count += block.fed.size
        return cls(np.concatenate(charge), np.concatenate(pair), np.concatenate(discharge))

    def drawn_mw(self, x: Floats) -> Floats:
        """What each pair draws in the solution `x`, shape (P,) [MW]."""
        return np.bincount(self.pair, weights=x[self.charge], minlength=self.discharge.size).astype(np.float64)

    def both(self, x: Floats) -> Ints:
        """Pairs of which both directions are used in the solution `x`."""
        return np.flatnonzero(np.minimum(self.drawn_mw(x), x[self.discharge]) > BOTH_MW)


class OneDirection:
    """What keeps a window's devices from going both ways.

    Pairs that were decided before are decided again together with new ones: what was best for some alone may be bad
    for all.

    Args:
        solver: The solver of the window.
        window: The window.
    """

    def __init__(self, solver: Solver, window: Window) -> None:
        self._solver, self._pairs = solver, Pairs.from_window(window)
        self._decided: Ints = np.empty(0, dtype=np.int64)
        self._lower, self._upper = np.empty((2, 0))
        self._times = 0

    def enforce(self, x: Floats) -> bool:
        """Decides for every pair that goes both ways in the optimum `x` which way it goes, and fixes that.

        Returns:
            Whether anything was fixed, so that the programme must be solved again.
        """
        both = self._pairs.both(x)
        if not both.size or self._times == MOST_TIMES:
            return False
        if not self._times:
            self._lower, self._upper = self._solver.bounds()  # as minimum loads have left them
        self._times += 1
        self._reopen()
        self._decided = np.union1d(self._decided, both)
        charge, owner, discharge = self._columns()
        if self._decided.size > MOST_BINARIES:
            charges = self._pairs.drawn_mw(x)[self._decided] > x[discharge]
        else:
            charges = either_or(
                self._solver,
                np.concatenate([charge, discharge]),
                np.concatenate([owner, np.arange(discharge.size)]),
                np.concatenate([np.ones(charge.size, dtype=bool), np.zeros(discharge.size, dtype=bool)]),
                self._upper,
            )
        shut = np.concatenate([charge[~charges[owner]], discharge[charges]])
        low = self._lower[shut]
        self._solver.bound(shut, np.minimum(low, 0.0), np.zeros(shut.size))
        return True

    def _columns(self) -> tuple[Ints, Ints, Ints]:
        """Charging columns of the decided pairs, the pair among them that each belongs to, and discharging columns."""
        pairs = self._pairs
        place = np.full(pairs.discharge.size, -1)
        place[self._decided] = np.arange(self._decided.size)
        mine = place[pairs.pair] >= 0
        return pairs.charge[mine], place[pairs.pair[mine]], pairs.discharge[self._decided]

    def _reopen(self) -> None:
        charge, _, discharge = self._columns()
        columns = np.concatenate([charge, discharge])
        if columns.size:
            self._solver.bound(columns, self._lower[columns], self._upper[columns])
