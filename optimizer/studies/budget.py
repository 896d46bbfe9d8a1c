"""Measures that are worth most within a budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grid.arrays import Bools, Floats
from optimizer._highs.covering import cheapest_cover


def most_valuable_set(value: Floats, cost: Floats, budget: float, exclusive: Sequence[Sequence[int]] = ()) -> Bools:
    """The measures with the highest sum of values whose costs keep a budget, to optimality (a knapsack problem).

    Args:
        value: Value of each measure, shape (M,); one without any is not taken.
        cost: Its cost, shape (M,), not negative.
        budget: What all may cost.
        exclusive: Groups of measures of which at most one is taken.

    Returns:
        Those that are taken, shape (M,).
    """
    worth = np.flatnonzero((value > 0) & (cost <= budget))
    taken = np.zeros(value.size, dtype=bool)
    if not worth.size:
        return taken
    rows = [(cost[worth], -np.inf, float(budget))]
    rows += [(np.isin(worth, group).astype(np.float64), -np.inf, 1.0) for group in exclusive]
    chosen = cheapest_cover(-value[worth] / value[worth].max(), rows)
    if chosen is not None:  # nothing at all is always within the budget
        taken[worth[chosen]] = True
    return taken
