"""The hours of a period in which a limit comes nearest, and how much of something that leaves room for.

To first order a state u of the grid (a voltage, or a loading with the sign of its flow) answers to a size s at a bus in
proportion to what it draws then: ``u + c p s <= limit``. With c the same in every step, the step that binds is the one
with the least ``(limit - u) / p``, whatever the bus: so a few steps for each state decide of all buses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from app.studies.hosting.case import Case
from grid.arrays import Floats, Ints
from grid.network.injections import Injections
from grid.powerflow.full_arrays import full_arrays

PER_STATE = 4
"""Steps that are looked at for each state, the nearest to its limit first."""
TRIAL_MW = 0.02
"""Withdrawal by which answers of the grid are found [MW]."""
STEPS_AT_ONCE = 2048
"""Steps that are solved and measured together, so that memory does not grow with the period."""
LEAST_ANSWER = 1e-4
"""Answers below this are taken for none [% or pu/100 per MW]."""


@dataclass(frozen=True, eq=False)
class Room:
    """What is left to the limits in the critical steps; M of them, J states.

    Args:
        steps: The critical steps, ascending, shape (M,).
        margin: Limit less state in each of them, shape (M, J); in percent, or hundredths of a volt per unit.
        p_per_unit_mw: Withdrawal per unit of size in them, shape (M,) [MW].
    """

    steps: Ints
    margin: Floats
    p_per_unit_mw: Floats


def find_room(case: Case, threads: int = 1) -> Room:
    """Looks for the critical steps among all steps of a case, before anything is added.

    Args:
        case: The grid with everything else, and what is to grow.
        threads: Number of threads.
    """
    nearest, broken = _Nearest(), []
    for first in range(0, case.clock.n_steps, STEPS_AT_ONCE):
        steps = np.arange(first, min(first + STEPS_AT_ONCE, case.clock.n_steps))
        margin = _margins(case.at_steps(steps), threads)
        draws = np.abs(case.p_per_unit_mw[steps])
        per_unit = margin / np.maximum(draws, 1e-12)[:, None]
        nearest = nearest.with_more(np.where(draws[:, None] > 0, per_unit, np.inf), steps)
        broken.append(steps[(margin < 0).any(axis=1)][:PER_STATE])
    chosen = np.unique(np.concatenate([nearest.steps.ravel(), *broken])).astype(np.int64)
    return Room(chosen, _margins(case.at_steps(chosen), threads), case.p_per_unit_mw[chosen])


@dataclass(frozen=True, eq=False)
class _Nearest:
    """Of each state the `PER_STATE` steps with least room per unit, of all steps seen so far, shape (k, J) each."""

    ratio: Floats | None = None
    steps: Ints = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))

    def with_more(self, ratio: Floats, steps: Ints) -> _Nearest:
        """With more steps, shape (T,), and the room per unit in them, shape (T, J)."""
        at = np.broadcast_to(steps[:, None], ratio.shape)
        if self.ratio is not None:
            ratio, at = np.concatenate([self.ratio, ratio]), np.concatenate([self.steps, at])
        few = min(PER_STATE, ratio.shape[0])
        place = np.argpartition(ratio, few - 1, axis=0)[:few]
        return _Nearest(np.take_along_axis(ratio, place, 0), np.take_along_axis(at, place, 0))


def _margins(case: Case, threads: int) -> Floats:
    """Limit less state in every step of a case, shape (T, J); without a solution nothing is left."""
    margin = np.concatenate([limit - u for u, limit in _states(case, case.others, threads)], axis=1)
    return np.asarray(np.nan_to_num(margin, nan=-np.inf, posinf=np.inf))


def _states(case: Case, drawn: Injections, threads: int) -> Iterator[tuple[Floats, Floats]]:
    """States and their upper limits, tolerances included, shapes (T, j) and (j,).

    Voltages count in hundredths of a per unit, so that all states are of one size; loadings have the sign of the flow.
    The import is what is drawn and lost.
    """
    arrays = full_arrays(case.network, case.clock, drawn, threads=threads)
    within, node = case.limits.tolerated, case.network.buses.node
    live = np.flatnonzero(node >= 0)
    if np.isfinite(within.import_max_mw):
        used = drawn.p_mw[live].sum(axis=0) @ drawn.profiles + case.network.fixed_mva.real.sum() + arrays.loss_mw
        yield np.asarray(used)[:, None], np.array([within.import_max_mw])
    vm = 100.0 * arrays.vm_pu[:, node[live]].astype(np.float64)
    yield vm, 100.0 * within.vm_max_pu[live]
    yield -vm, -100.0 * within.vm_min_pu[live]
    at = np.flatnonzero(np.isfinite(within.loading_max_percent) & case.network.branches.rated)
    forward = np.where(arrays.p_from_mw[:, at] >= 0, 1.0, -1.0)
    loading = forward * arrays.loading_percent[:, at].astype(np.float64)
    yield loading, within.loading_max_percent[at]
    yield -loading, within.loading_max_percent[at]


def estimated_sizes(case: Case, buses: Ints, room: Room, threads: int = 1) -> Floats:
    """Largest size at each bus in each critical step, to first order, shape (B, M); infinite where nothing binds.

    Args:
        case: The grid with everything else, and what is to grow.
        buses: Places of the buses, shape (B,).
        room: What is left in the critical steps.
        threads: Number of threads.
    """
    step = int(np.argmin(room.margin.min(axis=1)))
    few = case.at_steps(np.full(buses.size + 1, room.steps[step]))
    shape = (few.others.n_buses, buses.size)
    added = sparse.csr_array((np.full(buses.size, TRIAL_MW), (buses, np.arange(buses.size))), shape=shape)
    own = Injections(np.eye(buses.size, buses.size + 1), added, sparse.csr_array(shape))
    u = np.concatenate([state for state, _ in _states(few, few.others.plus(own), threads)], axis=1)
    answer = (u[:-1] - u[-1]) / TRIAL_MW
    sizes = np.full((buses.size, room.steps.size), np.inf)
    for place in range(buses.size):
        push = answer[place][None, :] * room.p_per_unit_mw[:, None]
        binds = push > LEAST_ANSWER * np.abs(room.p_per_unit_mw)[:, None]
        ratio = np.where(binds, room.margin / np.where(binds, push, 1.0), np.inf)
        sizes[place] = ratio.min(axis=1)
    return sizes
