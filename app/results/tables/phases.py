"""The tables of a result that say what each phase does; without rows where the power flow is solved balanced."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.tables.frames import by_element
from app.simulation.phases import SimulationResult
from grid.arrays import Floats
from grid.network.sequence_network import PHASES

AS_CONNECTED, EVENLY = "as_connected", "evenly"
"""Ways of spreading the powers over the phases."""


def voltages(outcome: SimulationResult) -> pl.DataFrame:
    """Voltages of the phases and their unbalance, by step and bus."""
    flow = outcome.by_phase
    if flow is None:
        return pl.DataFrame(schema=TABLES["phase_voltages"])
    vm = flow.phase_vm_pu()
    columns = {f"vm_{phase}_pu": vm[:, place] for place, phase in enumerate(PHASES)}
    return by_element(flow.clock, "bus", flow.network.buses.names, **columns, unbalance=flow.unbalance())


def currents(outcome: SimulationResult) -> pl.DataFrame:
    """Loadings of the phases and of the way back, by step and branch."""
    flow = outcome.by_phase
    if flow is None:
        return pl.DataFrame(schema=TABLES["phase_currents"])
    loading, neutral = flow.phase_loading_percent()
    columns = {f"loading_{phase}_percent": loading[:, place] for place, phase in enumerate(PHASES)}
    return by_element(flow.clock, "branch", flow.network.branches.names, **columns, neutral_percent=neutral)


def spread(outcome: SimulationResult) -> pl.DataFrame:
    """What the run has as its units are connected, and what the same powers spread evenly would give.

    Both without the steps that have no solution.
    """
    flow, even = outcome.by_phase, outcome.even
    if flow is None or even is None:
        return pl.DataFrame(schema=TABLES["phase_spread"])
    solved = ~(flow.failed | even.failed)
    vm, (loading, neutral) = flow.phase_vm_pu()[solved], flow.phase_loading_percent()
    branches, hours = flow.network.branches, flow.clock.step_hours
    lost_mw = np.add(*flow.branch_powers_mw()).sum(axis=1) + flow.shunt_mw().sum(axis=1)

    def highest(values: Floats, kind: str | None = None) -> float | None:
        of = values[solved][..., slice(None) if kind is None else branches.of_kind(kind)]
        return float(np.nanmax(of)) if np.isfinite(of).any() else None

    rows = {
        "spread": [AS_CONNECTED, EVENLY],
        "vm_min_pu": [float(np.nanmin(vm)), float(even.vm_min_pu[solved].min())] if solved.any() else [None, None],
        "vm_max_pu": [float(np.nanmax(vm)), float(even.vm_max_pu[solved].max())] if solved.any() else [None, None],
        "unbalance_max": [highest(flow.unbalance()), 0.0],
        "line_loading_max_percent": [highest(loading, "line"), highest(even.line_loading_percent)],
        "trafo_loading_max_percent": [highest(loading, "trafo"), highest(even.trafo_loading_percent)],
        "neutral_max_percent": [highest(neutral), 0.0],
        "grid_loss_mwh": [float(part[solved].sum()) * hours for part in (lost_mw, even.loss_mw)],
    }
    return pl.DataFrame(rows, schema=TABLES["phase_spread"])
