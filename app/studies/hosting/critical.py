"""The hours of a period in which a limit comes nearest, and how much of something that leaves room for.

To first order a state u of the grid (a voltage, or a loading with the sign of its flow) answers to a size s at a bus in
proportion to what it draws then: ``u + c p s <= limit``. With c the same in every step, the step that binds is the one
with the least ``(limit - u) / p``, whatever the bus: so a few steps for each state decide of all buses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from app.studies.hosting.case import Case
from grid.arrays import Floats, Ints
from grid.network.injections import Injections
from grid.powerflow.full_arrays import FullArrays, full_arrays
from grid.time.clock import Clock

PER_STATE = 4
"""Steps that are looked at for each state, the nearest to its limit first."""
TRIAL_MW = 0.02
"""Withdrawal by which answers of the grid are found [MW]."""
COLUMNS_AT_ONCE = 64
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
    arrays = full_arrays(case.network, case.clock, case.others, threads=threads)
    draws = np.abs(case.p_per_unit_mw)
    chosen: list[Ints] = []
    for u, limit in _states(case, arrays):
        margin = np.nan_to_num(limit - u, nan=-np.inf, posinf=np.inf)
        ratio = np.where(draws[:, None] > 0, margin / np.maximum(draws, 1e-12)[:, None], np.inf)
        few = min(PER_STATE, ratio.shape[0])
        chosen.append(np.argpartition(ratio, few - 1, axis=0)[:few].ravel())
        chosen.append(np.flatnonzero((margin < 0).any(axis=1))[:few])
    steps = np.unique(np.concatenate(chosen)).astype(np.int64)
    few_steps = _at_steps(arrays, steps, case)
    margin = np.concatenate([limit - u for u, limit in _states(case.at_steps(steps), few_steps)], axis=1)
    return Room(steps, margin, case.p_per_unit_mw[steps])


def _at_steps(arrays: FullArrays, steps: Ints, case: Case) -> FullArrays:
    """The arrays of a choice of steps."""
    clock = Clock(case.clock.start, case.clock.step, steps.size)
    names = ("vm_pu", "loading_percent", "p_from_mw", "p_to_mw", "loss_mw", "by_newton", "failed")
    return FullArrays(clock, arrays.network, *(getattr(arrays, name)[steps] for name in names))


def _states(case: Case, arrays: FullArrays) -> Iterator[tuple[Floats, Floats]]:
    """States and their upper limits, tolerances included, a block of columns at a time, shapes (T, j) and (j,).

    Voltages count in hundredths of a per unit, so that all states are of one size; loadings have the sign of the flow.
    """
    within, node = case.limits.tolerated, case.network.buses.node
    live = np.flatnonzero(node >= 0)
    for at in _blocks(live):
        vm = 100.0 * arrays.vm_pu[:, node[at]].astype(np.float64)
        yield vm, 100.0 * within.vm_max_pu[at]
        yield -vm, -100.0 * within.vm_min_pu[at]
    for at in _blocks(np.flatnonzero(np.isfinite(within.loading_max_percent) & case.network.branches.rated)):
        forward = np.where(arrays.p_from_mw[:, at] >= 0, 1.0, -1.0)
        loading = forward * arrays.loading_percent[:, at].astype(np.float64)
        yield loading, within.loading_max_percent[at]
        yield -loading, within.loading_max_percent[at]


def _blocks(places: Ints) -> Iterator[Ints]:
    for first in range(0, places.size, COLUMNS_AT_ONCE):
        yield places[first : first + COLUMNS_AT_ONCE]


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
    arrays = full_arrays(few.network, few.clock, few.others.plus(own), threads=threads)
    u = np.concatenate([state for state, _ in _states(few, arrays)], axis=1)
    answer = (u[:-1] - u[-1]) / TRIAL_MW
    sizes = np.full((buses.size, room.steps.size), np.inf)
    for place in range(buses.size):
        push = answer[place][None, :] * room.p_per_unit_mw[:, None]
        binds = push > LEAST_ANSWER * np.abs(room.p_per_unit_mw)[:, None]
        ratio = np.where(binds, room.margin / np.where(binds, push, 1.0), np.inf)
        sizes[place] = ratio.min(axis=1)
    return sizes
