"""Forecasts of totals, made once for the period or again and again, in the place of the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.per_slot import values_of
from optimizer.forecast.forecast import available_power, is_available, with_values
from optimizer.problem.problem import DispatchProblem


@dataclass(frozen=True, eq=False)
class TotalsForecast:
    """A window sees what was forecast for its steps, whenever it begins; prices, carbon and cars are known.

    Args:
        p_change_mw: What it sees of fixed withdrawal beyond the truth, shape (T, B) [MW].
        q_change_mvar: The same of reactive power, shape (T, B) [MVAr].
        available: What it sees of the power that sun and wind allow, relative to the truth, by name of the asset,
            shape (T,) each [1]; no device is seen with more than it can feed in at all.
    """

    p_change_mw: Floats
    q_change_mvar: Floats
    available: Mapping[str, Floats]

    def __call__(self, problem: DispatchProblem, first: int, stop: int) -> DispatchProblem:
        """The problem as seen at the beginning of step `first`."""
        at, flexibilities = np.arange(first, stop), list(problem.flexibilities)
        for place, flexibility in enumerate(flexibilities):
            share = self.available.get(flexibility.name)
            if share is not None and is_available(flexibility):
                least, starts = values_of(flexibility.p_min_mw), flexibility.offsets[:-1]
                lowest = np.minimum.reduceat(least, starts)[:, None]
                seen = np.maximum(least[starts[:, None] + at] * share[at], lowest)
                flexibilities[place] = available_power(flexibility, at, seen)
        return replace(
            problem,
            p_fixed_mw=with_values(problem.p_fixed_mw, at, problem.p_fixed_mw[at] + self.p_change_mw[at]),
            q_fixed_mvar=with_values(problem.q_fixed_mvar, at, problem.q_fixed_mvar[at] + self.q_change_mvar[at]),
            flexibilities=tuple(flexibilities),
        )


@dataclass(frozen=True, eq=False)
class TotalsByIssue:
    """A window sees the newest of several forecasts that were made by its beginning.

    Args:
        first: First step at which each was made, ascending, shape (I,); the first is made by the first window.
        issue: The forecasts by their place.
    """

    first: Ints
    issue: Callable[[int], TotalsForecast]

    def __call__(self, problem: DispatchProblem, first: int, stop: int) -> DispatchProblem:
        """The problem as seen at the beginning of step `first`."""
        newest = int(np.searchsorted(self.first, first, side="right")) - 1
        return self.issue(newest)(problem, first, stop)
