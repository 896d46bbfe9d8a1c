"""Limits and what exceeds them in a run: a violation is a result, not an error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.simulation.phases import SimulationResult
from grid.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Violations:
    """Violations of one quantity; V of them.

    Args:
        quantity: ``vm_pu``, ``loading_percent``, ``import_mw`` or ``power_flow``.
        step: Step of each, shape (V,).
        element: Name of each bus or branch, or ``city``.
        value: What was seen, shape (V,); NaN where the power flow has no solution.
        limit: What it should not pass, shape (V,).
    """

    quantity: str
    step: Ints
    element: tuple[str, ...]
    value: Floats
    limit: Floats


def find_violations(outcome: SimulationResult) -> list[Violations]:
    """All violations of a run, quantity by quantity."""
    flow, limits = outcome.flow, outcome.inputs.limits
    tolerated = limits.tolerated
    buses, branches = flow.network.buses.names, flow.network.branches.names
    vm, loading, loading_max = flow.vm_pu(), flow.loading_percent(), limits.loading_max_percent
    imported = outcome.accounts.energy.import_mwh[:, None] / outcome.inputs.clock.step_hours
    import_max, too_much = np.array([limits.import_max_mw]), imported > tolerated.import_max_mw
    failed = flow.failed[:, None]
    return [
        _found("vm_pu", vm, limits.vm_min_pu, vm < tolerated.vm_min_pu, buses),
        _found("vm_pu", vm, limits.vm_max_pu, vm > tolerated.vm_max_pu, buses),
        _found("loading_percent", loading, loading_max, loading > tolerated.loading_max_percent, branches),
        _found("import_mw", imported, import_max, too_much, ("city",)),
        _found("power_flow", np.full(failed.shape, np.nan), np.array([np.nan]), failed, ("city",)),
    ]


def _found(quantity: str, values: Floats, limit: Floats, where: Bools, names: tuple[str, ...]) -> Violations:
    step, element = np.nonzero(where)
    return Violations(
        quantity, step, tuple(names[k] for k in element), values[step, element], np.asarray(limit)[element]
    )


def violated_steps(outcome: SimulationResult) -> Ints:
    """Steps with any violation, ascending."""
    return np.unique(np.concatenate([found.step for found in find_violations(outcome)])).astype(np.int64)
