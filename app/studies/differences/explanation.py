"""What explains the difference of a figure between two results, as a list of causes that sum to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.studies.differences.run_ledger import RunLedger
from grid.arrays import Floats
from grid.errors import InputError
from grid.units import HOURS_PER_DAY


@dataclass(frozen=True, eq=False)
class Cause:
    """One cause of a difference.

    Args:
        kind: What kind of cause it is, such as ``timing``.
        of: Which use of energy it concerns; empty if none.
        amount: What it adds, in the unit of the figure.
        by_step: What it adds in every step, shape (T,); None where it is of no step.
    """

    kind: str
    of: str
    amount: float
    by_step: Floats | None = None


def cause(kind: str, by_step: Floats, of: str = "") -> Cause:
    """A cause by what it adds in every step, shape (T,)."""
    return Cause(kind, of, float(by_step.sum()), by_step)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a figure differs between two results.

    Args:
        figure: Key of the figure.
        unit: Its unit.
        before: Its value in the first result.
        after: Its value in the second.
        kinds: The kinds of causes there can be, in their order; the last is what no other explains.
        causes: What explains the difference; they sum to it.
        hour: Local hour of each step, 0 to 23.
    """

    figure: str
    unit: str
    before: float
    after: float
    kinds: tuple[str, ...]
    causes: tuple[Cause, ...]
    hour: np.ndarray

    @property
    def change(self) -> float:
        """The difference, second less first."""
        return self.after - self.before

    def by_kind(self) -> dict[str, float]:
        """What the causes of each kind add together."""
        return {kind: math.fsum(c.amount for c in self.causes if c.kind == kind) for kind in self.kinds}

    def by_hour(self) -> pl.DataFrame:
        """What each kind adds in the local hours of all days: columns `hour` (0 to 23) and one for each kind."""
        sums = dict.fromkeys(self.kinds, np.zeros(HOURS_PER_DAY))
        for one in self.causes:
            if one.by_step is not None:
                sums[one.kind] = sums[one.kind] + np.bincount(self.hour, one.by_step, HOURS_PER_DAY)
        return pl.DataFrame({"hour": np.arange(HOURS_PER_DAY), **sums})


def explanation(
    figure: str, unit: str, before: RunLedger, after: RunLedger, kinds: tuple[str, ...], causes: Iterable[Cause]
) -> Explanation:
    """An explanation of a key figure as printed; the last of the kinds is what the causes leave."""
    found = tuple(causes)
    totals = (before.figures[figure], after.figures[figure])
    rest = Cause(kinds[-1], "", totals[1] - totals[0] - math.fsum(one.amount for one in found))
    return Explanation(figure, unit, *totals, kinds, (*found, rest), after.hour)


def check_same_steps(before: int, after: int) -> None:
    """Refuses results with another number of steps.

    Raises:
        InputError: If the numbers differ.
    """
    if before != after:
        raise InputError.single("RESULT", f"must have the {before} steps of the other", after)
