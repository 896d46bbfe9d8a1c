"""Where the columns of a programme draw their power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints

Part = tuple[Ints, Ints, float, Ints, bool]
"""Places, steps, sign, share rows of some columns, and whether they move reactive power."""


@dataclass(frozen=True, eq=False)
class Withdrawals:
    """Columns of a programme that withdraw power from buses; W of them, sorted by step.

    Args:
        place: Place of each column, shape (W,).
        step: Step in the window, shape (W,).
        sign: 1 for withdrawal, -1 for feed-in, shape (W,).
        share_row: Row of `shares` that says where, shape (W,).
        reactive: Whether it is reactive power, shape (W,).
        shares: Shares at the buses, shape (R, B).
    """

    place: Ints
    step: Ints
    sign: Floats
    share_row: Ints
    reactive: Bools
    shares: sparse.csr_array

    @classmethod
    def of(cls, parts: Sequence[Part], shares: Sequence[sparse.csr_array]) -> Withdrawals:
        """Joins parts and sorts them by step."""
        place = np.concatenate([part[0] for part in parts] or [np.empty(0, dtype=np.int64)])
        step = np.concatenate([part[1] for part in parts] or [np.empty(0, dtype=np.int64)])
        sign = np.concatenate([np.full(part[0].size, part[2]) for part in parts] or [np.empty(0)])
        row = np.concatenate([part[3] for part in parts] or [np.empty(0, dtype=np.int64)])
        reactive = np.concatenate([np.full(part[0].size, part[4]) for part in parts] or [np.empty(0, dtype=bool)])
        order = np.argsort(step, kind="stable")
        joined = sparse.csr_array(sparse.vstack(shares))
        return cls(place[order], step[order], sign[order], row[order], reactive[order], joined)

    @cached_property
    def _edges(self) -> Ints:
        last = int(self.step.max(initial=-1))
        return np.searchsorted(self.step, np.arange(last + 2))

    def of_step(self, step: int) -> slice:
        """Where the columns of a step stand."""
        return slice(int(self._edges[step]), int(self._edges[step + 1])) if step + 1 < self._edges.size else slice(0, 0)

    def coefficients(self, step: int, per_mw: Floats, per_mvar: Floats) -> Floats:
        """What a megawatt (or megavar) more of each column of a step changes, shape (W_t, J).

        Args:
            step: The step.
            per_mw: Change of J functions per withdrawal at the buses, shape (J, B) [1/MW].
            per_mvar: The same for reactive power, shape (J, B) [1/MVAr].
        """
        at = self.of_step(step)
        shares = self.shares[self.share_row[at]]
        active = np.asarray(shares @ per_mw.T)
        if self.reactive[at].any():
            active = np.where(self.reactive[at, None], np.asarray(shares @ per_mvar.T), active)
        return np.asarray(self.sign[at, None] * active)
