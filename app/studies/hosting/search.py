"""The largest size at every bus at once: brackets and bisections in step, a solve of all buses a round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from app.studies.hosting.case import Case
from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.powerflow.trials import beyond_limits

COLUMNS_AT_ONCE = 12_000
"""Operating points in one solve."""
AROUND = 0.12
"""Share of the first guess by which the first bracket is wider on both sides."""


@dataclass(frozen=True, eq=False)
class Trials:
    """What is tried: sizes at buses, each in steps of its own.

    Args:
        case: The grid with everything else, and what grows.
        buses: Places of the buses, shape (B,).
        increment: Increment of the size.
        threads: Number of threads.
    """

    case: Case
    buses: Ints
    increment: float
    threads: int = 1

    def broken(self, which: Ints, n: Ints, steps: Sequence[Ints]) -> list[Bools]:
        """Whether a limit breaks at some buses with some increments, in each step of theirs.

        Args:
            which: Places among the buses, shape (W,).
            n: Increments at each, shape (W,).
            steps: Steps to look at, for each.

        Returns:
            For each, whether each of its steps breaks a limit.
        """
        found: list[Bools] = []
        lengths = np.array([len(each) for each in steps], dtype=np.int64)
        part = np.cumsum(lengths) // COLUMNS_AT_ONCE
        for number in np.unique(part):
            at = np.flatnonzero(part == number)
            together = self._solve(which[at], n[at], np.concatenate([steps[k] for k in at.tolist()]), lengths[at])
            found += np.split(together, np.cumsum(lengths[at])[:-1])
        return found

    def _solve(self, which: Ints, n: Ints, steps: Ints, lengths: Ints) -> Bools:
        """The same for what one solve takes, steps one after the other."""
        case, within = self.case, self.case.limits.tolerated
        owner = np.repeat(np.arange(which.size), lengths)
        drawn = n[owner] * self.increment * case.p_per_unit_mw[steps]
        profiles = np.zeros((which.size, steps.size))
        profiles[owner, np.arange(steps.size)] = drawn
        bus = self.buses[which]
        shape = (case.others.n_buses, which.size)
        added = sparse.csr_array((np.ones(which.size), (bus, np.arange(which.size))), shape=shape)
        own = Injections(profiles, added, sparse.csr_array(shape))
        few = case.at_steps(steps)
        beyond, slack_mva = beyond_limits(case.network, few.others.plus(own), within.of_elements, threads=self.threads)
        if np.isfinite(within.import_max_mw):
            at_source = np.isin(case.network.buses.node[bus], case.network.slack)
            imported = few.imported_mw(slack_mva) + np.where(at_source[owner], drawn, 0.0)
            beyond = beyond | (imported > within.import_max_mw)
        return beyond


def largest(trials: Trials, guess: Floats, steps: Sequence[Ints], n_max: int, tell: Callable[[], None]) -> Ints:
    """Most increments at each bus that break no limit in its steps, shape (B,).

    Args:
        trials: What is tried.
        guess: First guess of the increments, shape (B,).
        steps: Steps to look at, for each bus.
        n_max: Where the search ends.
        tell: Called before each round; what it raises ends the search.
    """
    low, high = np.zeros(trials.buses.size, np.int64), np.full(trials.buses.size, n_max + 1, np.int64)
    guess = np.clip(np.nan_to_num(guess, nan=0.0, posinf=n_max), 0, n_max)
    for factor, more in ((1 + AROUND, 1), (1 - AROUND, 0)):
        _try(trials, np.floor(guess * factor).astype(np.int64) + more, low, high, steps, tell)
    while (high - low > 1).any():
        doubled = np.maximum(2 * low, 1)
        middle = (low + high) // 2
        _try(trials, np.where(high > n_max, np.minimum(doubled, middle), middle), low, high, steps, tell)
    return low


def _try(trials: Trials, n: Ints, low: Ints, high: Ints, steps: Sequence[Ints], tell: Callable[[], None]) -> None:
    """Solves what lies within the brackets, and narrows them."""
    tell()
    which = np.flatnonzero((n > low) & (n < high))
    for place, broken in zip(which, trials.broken(which, n[which], [steps[k] for k in which.tolist()]), strict=True):
        if broken.any():
            high[place] = n[place]
        else:
            low[place] = n[place]
