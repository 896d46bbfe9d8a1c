"""Limits and what exceeds them in a run: a violation is a result, not an error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.simulation.phases import SimulationResult
from grid.arrays import Bools, Floats, Ints

VOLTAGE_TOLERANCE_PU = 1e-4
LOADING_TOLERANCE_PERCENT = 0.2
"""A limit is violated when it is exceeded by more than this [pu; percentage points]."""


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
    flow, limits = outcome.flow, outcome.inputs.loaded.scenario.limits
    buses, branches = flow.network.buses, flow.network.branches
    vm, loading = flow.vm_pu(), flow.loading_percent()
    low, high = outcome.inputs.voltage_limits_pu
    imported = outcome.accounts.energy.import_mwh[:, None] / outcome.inputs.clock.step_hours
    import_max = np.array([np.inf if limits.import_max_mw is None else limits.import_max_mw])
    import_tolerance = LOADING_TOLERANCE_PERCENT / 100 * import_max[0] if np.isfinite(import_max[0]) else 0.0
    failed = flow.failed[:, None]
    return [
        _found("vm_pu", vm, low, vm < low - VOLTAGE_TOLERANCE_PU, buses.names),
        _found("vm_pu", vm, high, vm > high + VOLTAGE_TOLERANCE_PU, buses.names),
        _found(
            "loading_percent",
            loading,
            outcome.inputs.loading_max_percent,
            loading > outcome.inputs.loading_max_percent + LOADING_TOLERANCE_PERCENT,
            branches.names,
        ),
        _found("import_mw", imported, import_max, imported > import_max + import_tolerance, ("city",)),
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
