"""By how much a power flow is beyond its limits, and where on the way between two of them the limits are met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from grid.network.network import Complexes
from grid.network.tolerances import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU

SETTLED = {"loading": 0.1, "vm_min": VOLTAGE_TOLERANCE_PU, "vm_max": VOLTAGE_TOLERANCE_PU, "unbalance": 0.0}
"""Rounds go on while a limit is exceeded by more than this; of loadings so little that what the power flow of the real
facilities adds still stays within the tolerance [percentage points, pu]."""
ROOM = {
    "loading": LOADING_TOLERANCE_PERCENT, "vm_min": VOLTAGE_TOLERANCE_PU, "vm_max": VOLTAGE_TOLERANCE_PU,
    "unbalance": 0.02,
}  # fmt: skip
"""A row that binds in the programme, but leaves more room than this in the power flow, is stated anew."""
SLACK = {
    "loading": "loading_excess_percent", "vm_min": "voltage_excess_pu", "vm_max": "voltage_excess_pu",
    "unbalance": "unbalance_excess_percent",
}  # fmt: skip
"""Variable by which a limit of each kind may be exceeded."""
NEAR_STEPS = 4
"""So many steps before and after one in which a branch is too full get a row too: what one step gives up, its
neighbours take."""
WORST = 4
"""Most buses a step, above and below, that a round adds."""

OverLimits = dict[str, Floats]
"""Excess beyond what the slacks of the programme admit: ``loading`` of each branch, shape (n_steps, L) [percentage
points], ``vm_min`` and ``vm_max`` of each node, shape (n_steps, N) [pu], ``unbalance`` of each node in three phases
[percentage points]; negative within the limit, -inf if there is none. Where phases are solved apart, each phase of a
branch or node is an element of its own."""


@dataclass(frozen=True, eq=False)
class LoadingWay:
    """Loadings as phasors on the way between two points; the current between them changes nearly linearly.

    Args:
        begin: At the point where the way begins, shape (n_steps, L) [%]; NaN without a rating or a solution.
        end: Where it ends, shape (n_steps, L) [%].
        limit: The limit with what the slacks admit, shape (n_steps, L) [%].
    """

    begin: Complexes
    end: Complexes
    limit: Floats

    @classmethod
    def between(cls, begin: tuple[Complexes, Complexes], end: tuple[Complexes, Complexes], limit: Floats) -> LoadingWay:
        """The way between two points, at the end of each branch that is loaded more when it is over.

        Args:
            begin: Loadings at the two ends of each branch where the way begins, shape (n_steps, L) each [%].
            end: Where it ends.
            limit: The limit with what the slacks admit, shape (n_steps, L) [%].
        """
        at_from = np.abs(end[0]) >= np.abs(end[1])
        return cls(np.where(at_from, *begin), np.where(at_from, *end), limit)

    def crossings(self) -> tuple[Floats, Floats]:
        """Shares of the way at which each limit is met when loading falls and when it rises, shape (n_steps, L) each.

        Loading is convex along the way: where a current turns around it falls first, and meets its limit only near
        the end. NaN where the limit is not met.
        """
        step = self.end - self.begin
        with np.errstate(divide="ignore", invalid="ignore"):
            square, middle = np.abs(step) ** 2, -(self.begin.conj() * step).real / np.abs(step) ** 2
            root = np.sqrt(middle**2 - (np.abs(self.begin) ** 2 - self.limit**2) / square)
        return middle - root, middle + root


def boundary_shares(before: OverLimits, now: OverLimits, loadings: LoadingWay) -> Floats:
    """How far along the way between two points the limits of each step are just met, shape (n_steps,) [1].

    Of a step that goes beyond its limits the first limit that is met, of one that comes back within them the last; 1
    where no limit lies between the points. Voltages are interpolated linearly.

    Args:
        before: Excess at the point where the way begins.
        now: Excess where it ends.
        loadings: The loadings on the way.
    """
    n_steps = len(now["loading"])
    leaving, returning = np.ones(n_steps), np.zeros(n_steps)
    for kind in now:
        known = np.isfinite(before[kind]) & np.isfinite(now[kind])
        begin, end = (np.where(known, over[kind], 0.0) for over in (before, now))
        linear = np.divide(begin, begin - end, out=np.zeros_like(begin), where=begin != end)
        falls, rises = loadings.crossings() if kind == "loading" else (linear, linear)
        out, back = known & (begin <= 0) & (end > SETTLED[kind]), known & (begin > SETTLED[kind]) & (end <= 0)
        leaving = np.minimum(leaving, np.where(out, rises, 1.0).min(axis=1, initial=1.0))
        returning = np.maximum(returning, np.where(back, falls, 0.0).max(axis=1, initial=0.0))
    beyond = np.any([(excess > SETTLED[kind]).any(axis=1) for kind, excess in now.items()], axis=0)
    return np.where(beyond, leaving, np.where(returning > 0, returning, 1.0))


def within(over: OverLimits, steps: slice) -> OverLimits:
    """An excess in some steps alone."""
    found = {kind: np.full_like(excess, -np.inf) for kind, excess in over.items()}
    for kind, excess in over.items():
        found[kind][steps] = excess[steps]
    return found


def with_neighbours(bad: Bools) -> Bools:
    """Pairs of step and branch within `NEAR_STEPS` steps of one of `bad`, of the same branch, shape (n_steps, L)."""
    near = bad.copy()
    for shift in range(1, NEAR_STEPS + 1):
        near[shift:] |= bad[:-shift]
        near[:-shift] |= bad[shift:]
    return near


def worst_nodes(over: Floats, tolerance: float) -> set[tuple[int, int]]:
    """(step, node) of up to `WORST` greatest excesses of each step."""
    most = np.argsort(-over, axis=1)[:, :WORST]
    step = np.repeat(np.arange(len(over)), most.shape[1])
    node = most.ravel()
    bad = over[step, node] > tolerance
    return set(zip(step[bad].tolist(), node[bad].tolist(), strict=True))
