"""Limits and what exceeds them in a run: a violation is a result, not an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from app.simulation.phases import SimulationResult
from grid.arrays import Bools, Floats, Ints
from grid.network.sequence_network import PHASES
from grid.network.tolerances import UNBALANCE_MAX, UNBALANCE_PERMITTED_SHARE
from grid.time.clock import Clock

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow

TEN_MINUTES_H = 1 / 6
HOURS_PER_WEEK = 168
STEPS_AT_ONCE = 2688
"""Steps whose voltages and loadings are held together: four weeks of quarter hours."""


@dataclass(frozen=True, eq=False)
class Violations:
    """Violations of one quantity; V of them.

    Args:
        quantity: ``vm_pu``, ``loading_percent``, ``unbalance``, ``import_mw`` or ``power_flow``.
        step: Step of each, shape (V,).
        element: Name of each bus or branch, or ``city``.
        phase: Phase of each, ``a``, ``b`` or ``c``; empty where it is of all of them.
        value: What was seen, shape (V,); NaN where the power flow has no solution.
        limit: What it should not pass, shape (V,).
    """

    quantity: str
    step: Ints
    element: tuple[str, ...]
    phase: tuple[str, ...]
    value: Floats
    limit: Floats


def find_violations(outcome: SimulationResult) -> list[Violations]:
    """All violations of a run, quantity by quantity, and phase by phase where these are solved apart."""
    flow, limits = outcome.flow, outcome.inputs.limits
    tolerated = limits.tolerated
    imported = outcome.accounts.energy.import_mwh[:, None] / outcome.inputs.clock.step_hours
    import_max, too_much = np.array([limits.import_max_mw]), imported > tolerated.import_max_mw
    failed = flow.failed[:, None]
    of_grid = _balanced(outcome) if outcome.by_phase is None else _in_phases(outcome, outcome.by_phase)
    return [
        *of_grid,
        _found("import_mw", imported, import_max, too_much, ("city",)),
        _found("power_flow", np.full(failed.shape, np.nan), np.array([np.nan]), failed, ("city",)),
    ]


def _balanced(outcome: SimulationResult) -> list[Violations]:
    """Those of voltages and loadings."""
    flow, begins = outcome.flow, range(0, outcome.flow.clock.n_steps, STEPS_AT_ONCE)
    windows = []
    for first in begins:
        here = flow.between(slice(first, min(first + STEPS_AT_ONCE, flow.clock.n_steps)))
        found = _of_elements(outcome, here.vm_pu(), here.loading_percent())
        windows.append([replace(each, step=each.step + first) for each in found])
    return [_joined(parts) for parts in zip(*windows, strict=True)]


def _joined(parts: Sequence[Violations]) -> Violations:
    """Those of one quantity in windows of time that follow each other."""
    return Violations(
        quantity=parts[0].quantity,
        step=np.concatenate([part.step for part in parts]),
        element=tuple(chain.from_iterable(part.element for part in parts)),
        phase=tuple(chain.from_iterable(part.phase for part in parts)),
        value=np.concatenate([part.value for part in parts]),
        limit=np.concatenate([part.limit for part in parts]),
    )


def _of_elements(outcome: SimulationResult, vm: Floats, loading: Floats, phase: str = "") -> list[Violations]:
    """Those of voltages (T, B) and loadings (T, L)."""
    limits, tolerated = outcome.inputs.limits, outcome.inputs.limits.tolerated
    buses, branches = outcome.flow.network.buses.names, outcome.flow.network.branches.names
    loading_max, over = limits.loading_max_percent, loading > tolerated.loading_max_percent
    return [
        _found("vm_pu", vm, limits.vm_min_pu, vm < tolerated.vm_min_pu, buses, phase),
        _found("vm_pu", vm, limits.vm_max_pu, vm > tolerated.vm_max_pu, buses, phase),
        _found("loading_percent", loading, loading_max, over, branches, phase),
    ]


def _in_phases(outcome: SimulationResult, flow: PhasePowerFlow) -> list[Violations]:
    """Those of every phase, and of the unbalance of the voltage."""
    vm, (loading, _) = flow.phase_vm_pu(), flow.phase_loading_percent()
    of_phases = [
        violations
        for place, phase in enumerate(PHASES)
        for violations in _of_elements(outcome, vm[:, place], loading[:, place], phase)
    ]
    unbalance, buses = flow.unbalance(), flow.network.buses.names
    most = outcome.inputs.limits.unbalance_max
    beyond = beyond_unbalance(unbalance, flow.clock, most)
    return [*of_phases, _found("unbalance", unbalance, np.full(len(buses), most), beyond, buses)]


def beyond_unbalance(unbalance: Floats, clock: Clock, most: float = UNBALANCE_MAX) -> Bools:
    """Steps and buses with more unbalance than EN 50160 permits, shape (T, B).

    It permits a limit to be exceeded in 5 % of the means over ten minutes of a week, so what is beyond it counts at
    buses where it is more often so in a week of the run. Steps are taken for the means, shorter ones put together.

    Args:
        unbalance: Negative over positive sequence, shape (T, B) [1]; NaN where not known.
        clock: The time axis.
        most: The limit [1].

    References:
        EN 50160:2010, clause 4.2.4 (low voltage) and 5.2.4 (medium voltage).
    """
    together = max(1, round(TEN_MINUTES_H / clock.step_hours))
    first = np.arange(0, clock.n_steps, together)
    sums = np.add.reduceat(np.nan_to_num(unbalance), first, axis=0)
    means = sums / np.diff(np.append(first, clock.n_steps))[:, None]
    over = means > most
    week = first // max(together, round(HOURS_PER_WEEK / clock.step_hours))
    for one in np.unique(week):
        at = week == one
        over[at] &= over[at].mean(axis=0) > UNBALANCE_PERMITTED_SHARE
    return np.repeat(over, together, axis=0)[: clock.n_steps] & (unbalance > most)


def _found(
    quantity: str, values: Floats, limit: Floats, where: Bools, names: tuple[str, ...], phase: str = ""
) -> Violations:
    step, element = np.nonzero(where)
    of = tuple(names[k] for k in element)
    return Violations(quantity, step, of, (phase,) * len(of), values[step, element], np.asarray(limit)[element])


def violated_steps(outcome: SimulationResult) -> Ints:
    """Steps with any violation, ascending."""
    return np.unique(np.concatenate([found.step for found in find_violations(outcome)])).astype(np.int64)
