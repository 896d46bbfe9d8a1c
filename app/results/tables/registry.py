"""The tables of a result, from the arrays of a run: see `app.results.columns` for their columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl

from app.results.columns import CONVENTION_TABLES
from app.results.parquet.resolution import RESOLUTIONS, steps_of, to_multiples, to_multiples_in_sum
from app.results.tables import city as city_tables
from app.results.tables import hydrogen, marginal, phases, v2g
from app.results.tables.assets import assets
from app.results.tables.bills import bills_table
from app.results.tables.controllers import controllers
from app.results.tables.conventions import convention_tables
from app.results.tables.frames import SteppedTable, known, labels_of_steps
from app.results.tables.frames import by_element as _grid
from app.results.tables.frames import times as _times
from app.results.tables.fuels import fuels, tests_kg
from app.results.tables.vehicles import charging_hours, sessions, vehicle_classes
from app.simulation.phases import SimulationResult
from app.simulation.violations import find_violations
from grid.arrays import Floats, columns_at
from grid.network.network import Network
from grid.sharing import keep_latest


def tables(outcome: SimulationResult) -> dict[str, Callable[[], pl.DataFrame]]:
    """What makes each table of a result: those of a year are too large to hold all of them at once."""
    of_sessions, of_hydrogen = _for_two(partial(sessions, outcome)), cache(partial(hydrogen.by_step, outcome))
    clock, conventions, network = outcome.inputs.clock, outcome.accounts.conventions, outcome.flow.network
    n_buses, n_branches = len(network.buses.names), len(network.branches.names)
    of_conventions = cache(lambda: convention_tables(conventions, clock, _bus_of_node(outcome)))
    by_outcome: dict[str, Callable[[SimulationResult], pl.DataFrame]] = {
        "phase_voltages": phases.voltages,
        "phase_currents": phases.currents,
        "phase_spread": phases.spread,
        "sectors": city_tables.sectors,
        "charging_hours": charging_hours,
        "v2g_credit": v2g.avoided,
        "marginal": marginal.regional,
        "data_centres": _data_centres,
        "fuels": fuels,
        "violations": _violations,
        "city": city_tables.city,
        "ledger": city_tables.ledger,
        "months": city_tables.months,
        "sources": city_tables.sources,
        "bills": bills_table,
        "controllers": controllers,
    }
    return {
        **{name: partial(make, outcome) for name, make in by_outcome.items()},
        "buses": SteppedTable(clock.n_steps, n_buses, lambda: partial(_buses, outcome)),
        "branches": SteppedTable(clock.n_steps, n_branches, lambda: partial(_branches, outcome)),
        "nodal": SteppedTable(clock.n_steps, n_buses, lambda: partial(marginal.nodal, outcome)),
        "assets": assets(outcome),
        "sessions": of_sessions,
        "vehicle_classes": lambda: vehicle_classes(of_sessions()),
        "hydrogen": of_hydrogen,
        "hydrogen_stations": lambda: hydrogen.of_stations(of_hydrogen()),
        **{name: partial(_one_of, of_conventions, name) for name in CONVENTION_TABLES},
    }


def _for_two(make: Callable[[], pl.DataFrame]) -> Callable[[], pl.DataFrame]:
    """Gives what `make` makes, the same to two who ask for it one after the other, and holds it no longer than that."""
    made: list[pl.DataFrame] = []

    def give() -> pl.DataFrame:
        if made:
            return made.pop()
        made.append(make())
        return made[0]

    return give


def _one_of(make: Callable[[], dict[str, pl.DataFrame]], name: str) -> pl.DataFrame:
    return make()[name]


def _bus_of_node(outcome: SimulationResult) -> dict[int, str]:
    """Name of the bus at each node, of the first where several are joined by closed switches."""
    buses = outcome.flow.network.buses
    named: dict[int, str] = {}
    for name, node in zip(buses.names, buses.node.tolist(), strict=True):
        if node >= 0:
            named.setdefault(node, name)
    return named


def topology(outcome: SimulationResult) -> dict[str, Any]:
    """Buses and branches of a run, see `topology_of`."""
    takes = outcome.flow.network, outcome.inputs.limits.loading_max_percent
    return keep_latest("topology", takes, lambda: topology_of(*takes))


def topology_of(network: Network, limit: Floats) -> dict[str, Any]:
    """Buses and branches for a map; coordinates that are unknown are None.

    Args:
        network: The network.
        limit: Highest loading of each branch, shape (L,) [%]; infinite without one.
    """
    buses, branches = network.buses, network.branches
    return {
        "buses": [
            {
                "name": name,
                "zone": buses.zones[k],
                "vn_kv": float(buses.vn_kv[k]),
                "x": _known(buses.x[k]),
                "y": _known(buses.y[k]),
            }
            for k, name in enumerate(buses.names)
        ],
        "branches": [
            {
                "name": name,
                "kind": branches.kinds[k],
                "from_bus": buses.names[branches.from_bus[k]] if branches.from_bus[k] >= 0 else None,
                "to_bus": buses.names[branches.to_bus[k]] if branches.to_bus[k] >= 0 else None,
                "loading_max_percent": _known(limit[k]),
            }
            for k, name in enumerate(branches.names)
        ],
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _buses(outcome: SimulationResult, steps: slice) -> pl.DataFrame:
    shares = outcome.accounts.tracing.renewable_share, outcome.accounts.carbon_free_share
    takes = outcome.flow, shares, steps.start, steps.stop
    frame = keep_latest("table of buses without carbon", takes, lambda: _voltages_and_shares(outcome, steps))
    ci = _at_buses(outcome, outcome.accounts.tracing.ci_kg_per_mwh, steps)
    return frame.with_columns(known(np.ascontiguousarray(ci).ravel()).alias("ci_kg_per_mwh"))


def _voltages_and_shares(outcome: SimulationResult, steps: slice) -> pl.DataFrame:
    return _grid(
        outcome.inputs.clock.window(steps.start, steps.stop),
        "bus",
        outcome.flow.network.buses.names,
        vm_pu=outcome.flow.between(steps).vm_pu(),
        renewable_share=_at_buses(outcome, outcome.accounts.tracing.renewable_share, steps),
        carbon_free_share=_at_buses(outcome, outcome.accounts.carbon_free_share, steps),
    )


def _at_buses(outcome: SimulationResult, of_nodes: Floats, steps: slice) -> Floats:
    """Values of every node, shape (T, N), at the buses in some steps; NaN where they are without power."""
    node = outcome.flow.network.buses.node
    live = np.where((node < 0) | outcome.flow.failed[steps, None], np.nan, 0.0)
    values: Floats = columns_at(of_nodes[steps], node) + live
    return values


def _branches(outcome: SimulationResult, steps: slice) -> pl.DataFrame:
    takes = outcome.flow, steps.start, steps.stop
    return keep_latest("table of branches", takes, lambda: _powers_of_branches(outcome, steps))


def _powers_of_branches(outcome: SimulationResult, steps: slice) -> pl.DataFrame:
    flow = outcome.flow.between(steps)
    p_from, p_to = _as_stored(*flow.branch_powers_mw())
    clock, branches = outcome.inputs.clock.window(steps.start, steps.stop), flow.network.branches
    loading = flow.loading_percent()
    frame = _grid(clock, "branch", branches.names, p_from_mw=p_from, p_to_mw=p_to, loading_percent=loading)
    return frame.with_columns(labels_of_steps(clock, branches.kinds).alias("kind"))


def _as_stored(p_from_mw: Floats, p_to_mw: Floats) -> tuple[Floats, Floats]:
    """Powers into branches as they are stored: coarse, but with what a branch loses between them, and all of a step."""
    rounded = to_multiples(p_from_mw, steps_of(p_from_mw, "branches", "p_from_mw"))
    return rounded, to_multiples_in_sum(p_from_mw + p_to_mw, RESOLUTIONS["branches"]["p_to_mw"]) - rounded


def _data_centres(outcome: SimulationResult) -> pl.DataFrame:
    facilities = outcome.facilities
    steps = outcome.inputs.clock.n_steps

    def stacked(name: str) -> Floats:
        columns = [getattr(facility, name) for facility in facilities.values()]
        return np.column_stack(columns) if columns else np.empty((steps, 0))

    names = ("p_it_mw", "p_cooling_mw", "p_power_chain_mw", "p_total_mw", "pue", "water_l")
    columns = {name: stacked(name) for name in names}
    node = outcome.flow.network.buses.node
    at = node[[load.bus for load in outcome.inputs.data_centres]]
    columns["ci_kg_per_mwh"] = outcome.accounts.tracing.ci_kg_per_mwh[:, at]
    columns["tests_kg"] = np.broadcast_to(tests_kg(outcome), (steps, len(facilities)))
    return _grid(outcome.inputs.clock, "name", tuple(facilities), **columns)


def _violations(outcome: SimulationResult) -> pl.DataFrame:
    depends_on = outcome.accounts.side, outcome.flow, outcome.inputs.loaded.scenario.limits
    return keep_latest("table of violations", depends_on, lambda: _found_violations(outcome))


def _found_violations(outcome: SimulationResult) -> pl.DataFrame:
    frames = [
        pl.DataFrame(
            {
                "time": _times(outcome.inputs.clock, found.step),
                "element": pl.Series(list(found.element), dtype=pl.String),
                "quantity": pl.Series([found.quantity] * found.step.size, dtype=pl.String),
                "phase": pl.Series([phase or None for phase in found.phase], dtype=pl.String),
                "value": found.value,
                "limit": found.limit,
            }
        )
        for found in find_violations(outcome)
    ]
    return pl.concat(frames).with_columns(pl.col("value", "limit").fill_nan(None)).sort("time", "element")
