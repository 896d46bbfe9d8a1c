"""By how much a power flow is beyond its limits, and where on the way between two of them the limits are met."""

from __future__ import annotations

import numpy as np

from grid.arrays import Bools, Floats
from grid.network.tolerances import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU

SETTLED = {"loading": 0.14, "vm_min": VOLTAGE_TOLERANCE_PU, "vm_max": VOLTAGE_TOLERANCE_PU}
"""Rounds go on while a limit is exceeded by more than this; of loadings so little that what the power flow of the real
facilities adds still stays within the tolerance [percentage points, pu]."""
ROOM = {"loading": LOADING_TOLERANCE_PERCENT, "vm_min": VOLTAGE_TOLERANCE_PU, "vm_max": VOLTAGE_TOLERANCE_PU}
"""A row that binds in the programme, but leaves more room than this in the power flow, is stated anew."""
NEAR_STEPS = 4
"""So many steps before and after one in which a branch is too full get a row too: what one step gives up, its
neighbours take."""
WORST = 4
"""Most buses a step, above and below, that a round adds."""

OverLimits = dict[str, Floats]
"""Excess beyond what the slacks of the programme admit: ``loading`` of each branch, shape (n_steps, L) [percentage
points], ``vm_min`` and ``vm_max`` of each node, shape (n_steps, N) [pu]; negative within the limit, -inf if there is
none."""


def boundary_shares(before: OverLimits, now: OverLimits) -> Floats:
    """How far along the way between two points the limits of each step are just met, shape (n_steps,) [1].

    By linear interpolation: of a step that goes beyond its limits the first limit that is met, of one that comes back
    within them the last; 1 where no limit lies between the points.

    Args:
        before: Excess at the point where the way begins.
        now: Excess where it ends.
    """
    n_steps = len(now["loading"])
    leaving, returning = np.ones(n_steps), np.zeros(n_steps)
    for kind in now:
        known = np.isfinite(before[kind]) & np.isfinite(now[kind])
        begin, end = (np.where(known, over[kind], 0.0) for over in (before, now))
        crossing = np.divide(begin, begin - end, out=np.zeros_like(begin), where=begin != end)
        out, back = known & (begin <= 0) & (end > SETTLED[kind]), known & (begin > SETTLED[kind]) & (end <= 0)
        leaving = np.minimum(leaving, np.where(out, crossing, 1.0).min(axis=1, initial=1.0))
        returning = np.maximum(returning, np.where(back, crossing, 0.0).max(axis=1, initial=0.0))
    beyond = np.any([(excess > SETTLED[kind]).any(axis=1) for kind, excess in now.items()], axis=0)
    return np.where(beyond, leaving, np.where(returning > 0, returning, 1.0))


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
