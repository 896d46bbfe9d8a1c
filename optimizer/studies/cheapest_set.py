"""The cheapest set of measures after which a test holds that only an exact calculation can make.

What a set of measures achieves in a grid is no sum of what each does alone, so the programme that chooses is not given
effects but lessons: the cheapest set that contradicts none of them is tested; where it fails, it is grown by further
measures as long as it still fails, and the lesson is that one of those left out is needed. If more measures never
break the test, no set that passes is ever ruled out, and the first that passes is the cheapest (implicit hitting sets:
Moreno-Centeno and Karp, "The implicit hitting set approach to solve combinatorial optimization problems", Operations
Research 61(2), 2013). Choices of which at most one is taken, such as taps, may break the test: a lesson then holds for
the choices that it was learnt with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from optimizer._highs.covering import cheapest_cover


@dataclass(frozen=True, eq=False)
class CheapestSet:
    """What was found.

    Args:
        chosen: The cheapest set, shape (M,); None if no set passes.
        cost: Its cost.
        tests: Sets that were tested.
        lessons: Rows of the last programme.
    """

    chosen: Bools | None
    cost: float
    tests: int
    lessons: int


def cheapest_set(
    cost: Floats, passes: Callable[[Bools], bool], exclusive: Sequence[Sequence[int]] = (), order: Floats | None = None
) -> CheapestSet:
    """The cheapest set of measures that passes a test.

    Args:
        cost: Cost of each measure, shape (M,), not negative.
        passes: The test of a set, shape (M,). More of the measures that are in no group never break it.
        exclusive: Groups of measures of which at most one is taken.
        order: Measures with a low value are the first that a failing set is grown by, shape (M,): those that do least.
    """
    known: dict[bytes, bool] = {}

    def tested(chosen: Bools) -> bool:
        key = np.packbits(chosen).tobytes()
        if key not in known:
            known[key] = passes(chosen)
        return known[key]

    n = cost.size
    choices = sorted({place for group in exclusive for place in group})
    plain = np.setdiff1d(np.arange(n), choices)
    grow = plain if order is None else plain[np.argsort(order[plain], kind="stable")]
    rows: list[tuple[Floats, float, float]] = [
        (np.isin(np.arange(n), group).astype(float), -np.inf, 1.0) for group in exclusive
    ]
    while (chosen := cheapest_cover(cost, rows)) is not None:
        if tested(chosen):
            return CheapestSet(chosen, float(cost[chosen].sum()), len(known), len(rows) - len(exclusive))
        grown = chosen.copy()
        for place in grow:
            grown[place] = True
            if chosen[place] or not tested(grown):
                continue
            grown[place] = False
        rows.append(_lesson(grown, plain, exclusive))
    return CheapestSet(None, np.inf, len(known), len(rows) - len(exclusive))


def _lesson(failed: Bools, plain: np.ndarray, exclusive: Sequence[Sequence[int]]) -> tuple[Floats, float, float]:
    """That one of the measures left out is needed, or another choice in a group."""
    row = np.zeros(failed.size)
    row[plain[~failed[plain]]] = 1.0
    needed = 1.0
    for group in exclusive:
        taken = [place for place in group if failed[place]]
        if taken:  # giving up the choice counts, and so does any other in its place
            row[taken[0]] = -1.0
            needed -= 1.0
        else:
            row[list(group)] = 1.0
    return row, needed, np.inf
