"""Tracing against a sparse solve per step, and a dense one on small grids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from benchmarks.engines import Engine, network_and_injections
from benchmarks.grids import BenchmarkGrid
from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.powerflow.powerflow import voltages
from grid.time.clock import Clock

STAY = 36
"""Steps of a charging session."""


def flows_of(grid: BenchmarkGrid, steps: int) -> tuple[Flows, Sources]:
    """Flows of the grid, with its import and its generators as sources."""
    network, injections = network_and_injections(grid)
    clock = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), steps)
    flow = voltages(network, clock, injections.window(0, steps), threads=2)
    p_from, p_to = flow.branch_powers_mw()
    position = {bus: place for place, bus in enumerate(grid.net.bus.index)}
    node = network.buses.node[[position[bus] for bus in grid.net.sgen.bus]]
    imported = flow.slack_mva().real
    power = np.concatenate([grid.sgen_p[:steps], np.maximum(imported, 0.0)], axis=1)
    ci = np.concatenate([np.zeros(node.size), np.full(imported.shape[1], 400.0)])
    branches = network.branches
    return (
        Flows(network.n_nodes, branches.from_node, branches.to_node, p_from, p_to),
        Sources(np.concatenate([node, network.slack]), power, ci, (ci == 0).astype(float)),
    )


def gridcarbon(flows: Flows, sources: Sources, operation: StockOperation | None, threads: int) -> Engine:
    """Ours: intensity and renewable share at every node."""

    def solve(steps: int) -> np.ndarray:
        if steps == flows.n_steps:
            return trace(flows, sources, 0.25, operation, threads=threads).ci_kg_per_mwh
        part = Flows(flows.n_nodes, flows.from_node, flows.to_node, flows.p_from_mw[:steps], flows.p_to_mw[:steps])
        fed = Sources(
            sources.node, sources.p_mw[:steps], sources.ci_kg_per_mwh[:steps], sources.renewable_share[:steps]
        )
        return trace(part, fed, 0.25, operation, threads=threads).ci_kg_per_mwh

    return solve


def one_solve_per_step(flows: Flows, sources: Sources, *, dense: bool) -> Engine:
    """A linear solve per step, as the formula stands in the literature."""
    forward, backward = flows.received_mw()
    n = flows.n_nodes

    def solve(steps: int) -> np.ndarray:
        ci = np.empty((steps, n))
        for k in range(steps):
            fed = np.bincount(sources.node, sources.p_mw[k], n)
            carried = np.bincount(sources.node, sources.p_mw[k] * sources.ci_kg_per_mwh[k], n)
            rows = np.concatenate([flows.to_node, flows.from_node])
            columns = np.concatenate([flows.from_node, flows.to_node])
            received = np.concatenate([forward[k], backward[k]])
            inflow = fed + np.bincount(rows, received, n)
            inflow[inflow <= 1e-9] = 1.0
            matrix = sparse.csc_array((-received, (rows, columns)), shape=(n, n)) + sparse.diags_array(inflow)
            ci[k] = np.linalg.solve(matrix.toarray(), carried) if dense else spsolve(sparse.csc_array(matrix), carried)
        return ci

    return solve


def operation(n_nodes: int, steps: int, sessions: int = 500) -> StockOperation:
    """Three batteries over the whole time and so many charging sessions a day of 9 hours, half of them with V2G.

    Nine hours, and charging at 11 kW for a good hour of them, are what the demonstration's fleet does on average.
    """
    rng = np.random.default_rng(0)
    days = max(1, steps // 96)
    n_sessions = sessions * days
    car = np.tile(np.arange(sessions), days)
    arrival = np.repeat(np.arange(days), sessions) * 96 + rng.integers(0, 48, n_sessions)
    keep = arrival + STAY <= steps
    car, arrival = car[keep], arrival[keep]
    order = np.lexsort((arrival, car))
    car, arrival = car[order], arrival[order]
    charge_only = np.concatenate([np.full(5, 0.011), np.zeros(STAY - 5)])
    pattern = np.concatenate([np.zeros(8), np.full(4, -0.011), np.zeros(STAY - 22), np.full(10, 0.011)])
    power = np.concatenate([pattern if c % 2 else charge_only for c in car] or [np.empty(0)])
    battery = np.tile(np.concatenate([np.full(48, 0.5), np.full(48, -0.4)]), days + 1)[:steps]
    n = car.size + 3
    return StockOperation(
        owner=np.concatenate([car, sessions + np.arange(3)]),
        node=np.concatenate([rng.integers(0, n_nodes, sessions)[car], rng.integers(0, n_nodes, 3)]),
        start=np.concatenate([arrival, [0, 0, 0]]),
        stop=np.concatenate([arrival + STAY, [steps] * 3]),
        p_mw=np.concatenate([power, battery, battery, battery]),
        e_start_mwh=np.concatenate([np.full(car.size, 0.03), [6.0, 6.0, 6.0]]),
        eta_charge=np.full(n, 0.95),
        eta_discharge=np.full(n, 0.95),
        retention_per_step=np.ones(n),
        vehicle=np.concatenate([np.ones(sessions, dtype=bool), np.zeros(3, dtype=bool)]),
        ci_initial_kg_per_mwh=np.full(sessions + 3, 400.0),
        renewable_share_initial=np.full(sessions + 3, 0.4),
    )
