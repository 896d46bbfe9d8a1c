"""The arrays of a fault's mixed-integer programme, from the AC power flow of what the breaker leaves supplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.network.network import Complexes
from grid.powerflow import power_flow
from optimizer.switching.faulted_grid import FaultedGrid
from optimizer.switching.supply_model import IslandSource, SupplyCase


def supply_case(grid: FaultedGrid, minutes: Floats, sources: Sequence[IslandSource]) -> SupplyCase:
    """What the programme of a fault is made of.

    Args:
        grid: The grid after the fault.
        minutes: Time that switching each branch takes, shape (L,) [min].
        sources: What can supply an island by itself.
    """
    network, meshed = grid.network, grid.network.meshed
    branches, hours = meshed.branches, grid.clock.step / timedelta(hours=1)
    supplied = grid.supplied_nodes(grid.tripped)
    closed = ~grid.tripped & supplied[branches.from_node] & supplied[branches.to_node]
    series = _series_impedance(grid)
    drawn, square, flow = _operating_point(grid)
    offset = square[:, branches.to_node] - square[:, branches.from_node]
    offset += 2 * (series.real * flow.real + series.imag * flow.imag)
    offset[:, ~closed] = 0.0
    drawn[:, meshed.slack] = complex(np.nan, np.nan)
    looked_at = _steps(grid, supplied, sources)
    low, high = _square_limits(grid)
    return SupplyCase(
        from_node=branches.from_node,
        to_node=branches.to_node,
        resistance=series.real,
        reactance=series.imag,
        rating=_ratings(grid, square, flow, closed),
        supplied=supplied,
        closed=closed,
        candidates=_candidates(grid, supplied),
        fixed=~network.switchable,
        barred=grid.barred_nodes,
        p=drawn.real[looked_at],
        q=drawn.imag[looked_at],
        value=_energy_mwh(grid, hours),
        square=square[looked_at],
        offset=offset[looked_at],
        loss=(np.abs(flow) ** 2 / square[:, branches.from_node])[looked_at],
        square_min=low,
        square_max=high,
        effort=minutes,
        step_hours=hours,
        sources=[_in_per_unit(source, int(meshed.buses.node[source.bus]), meshed.base_mva) for source in sources],
    )


def _in_per_unit(source: IslandSource, node: int, base_mva: float) -> IslandSource:
    """A source at a node, its powers and energy per unit of the base power."""
    return replace(
        source,
        bus=node,
        p_max_mw=source.p_max_mw / base_mva,
        q_max_mvar=source.q_max_mvar / base_mva,
        e_mwh=source.e_mwh / base_mva,
    )


def _candidates(grid: FaultedGrid, supplied: Bools) -> Ints:
    """Branches that may be closed, with at least one end without supply and none at the fault."""
    branches, barred = grid.network.meshed.branches, grid.barred_nodes
    dark = ~supplied & ~barred
    candidates = dark[branches.from_node] | dark[branches.to_node]
    candidates &= ~barred[branches.from_node] & ~barred[branches.to_node]
    candidates[grid.faulted_branches] = False
    return np.flatnonzero(candidates)


def _steps(grid: FaultedGrid, supplied: Bools, sources: Sequence[IslandSource]) -> Ints:
    """Steps of the programme: that in which most is without supply; all where the energy of a source counts."""
    if sources:
        return np.arange(grid.clock.n_steps)
    dark = ~supplied[grid.network.meshed.buses.node]
    return np.array([int(np.argmax(grid.p_mw[:, dark].sum(axis=1)))])


def _series_impedance(grid: FaultedGrid) -> Complexes:
    """Series impedance of every branch, shape (L,) complex [pu]."""
    meshed = grid.network.meshed
    transfer = meshed.admittance_from[np.arange(len(meshed.branches)), meshed.branches.to_node]
    return np.asarray(-1 / np.asarray(transfer).ravel())


def _operating_point(grid: FaultedGrid) -> tuple[Complexes, Floats, Complexes]:
    """Withdrawal of every node (T, N), squared voltage (T, N) and flow of every branch (T, L), complex [pu].

    A supplied node draws what arrives at it, with half the losses of each of its branches, so that the linear equations
    hold as long as nothing changes. The voltage of nodes without supply is 1.
    """
    meshed = grid.network.meshed
    n, base = meshed.n_nodes, meshed.base_mva
    drawn = np.tile(meshed.fixed_mva, (grid.clock.n_steps, 1)).astype(np.complex128)
    live = meshed.buses.node >= 0
    at = meshed.buses.node[live]
    np.add.at(drawn.T, at, (grid.p_mw + 1j * grid.q_mvar)[:, live].T)
    drawn /= base
    opened = grid.tripped.copy()
    opened[grid.faulted_branches] = True
    operated, kept = grid.network.operated(opened)
    solved = power_flow(operated, grid.clock, grid.p_mw, grid.q_mvar)
    place = np.full(n, -1, dtype=np.int64)
    branches = operated.branches
    place[meshed.branches.from_node[kept]], place[meshed.branches.to_node[kept]] = branches.from_node, branches.to_node
    place[meshed.slack] = operated.slack
    square = np.ones((grid.clock.n_steps, n))
    there = place >= 0
    square[:, there] = np.abs(solved.voltage[:, place[there]]) ** 2
    i_from, i_to = solved.branch_currents_pu()
    sent = solved.voltage[:, branches.from_node] * i_from.conj()
    received = -solved.voltage[:, branches.to_node] * i_to.conj()
    flow = np.zeros((grid.clock.n_steps, len(meshed.branches)), dtype=np.complex128)
    flow[:, kept] = (sent + received) / 2
    drawn[:, there] = 0.0
    np.add.at(drawn.T, meshed.branches.to_node[kept], flow[:, kept].T)
    np.subtract.at(drawn.T, meshed.branches.from_node[kept], flow[:, kept].T)
    return drawn, square, flow


def _ratings(grid: FaultedGrid, square: Floats, flow: Complexes, closed: Bools) -> Floats:
    """Most apparent power of every branch at the highest voltage, and at least what it carries already, shape (L,)."""
    branches = grid.network.meshed.branches
    per_pu = np.maximum(branches.percent_per_pu_from, branches.percent_per_pu_to)
    with np.errstate(divide="ignore"):
        rated = np.where(per_pu > 0, grid.limits.loading_max_percent / per_pu, np.inf) * np.sqrt(square.max())
    carried = np.where(closed, np.abs(flow).max(axis=0), 0.0)
    return np.asarray(np.maximum(rated, carried))


def _square_limits(grid: FaultedGrid) -> tuple[Floats, Floats]:
    """Limits of the squared voltage of every node: the narrowest of its buses, shape (N,) each [pu²]."""
    node, n = grid.network.meshed.buses.node, grid.network.meshed.n_nodes
    low, high = np.zeros(n), np.full(n, 2.0)
    live = node >= 0
    np.maximum.at(low, node[live], grid.limits.vm_min_pu[live])
    np.minimum.at(high, node[live], grid.limits.vm_max_pu[live])
    return np.asarray(low**2), np.asarray(high**2)


def _energy_mwh(grid: FaultedGrid, hours: float) -> Floats:
    """What the buses of every node draw until the repair, feeding in not counted, shape (N,) [MWh]."""
    node = grid.network.meshed.buses.node
    live = node >= 0
    energy = np.zeros(grid.network.meshed.n_nodes)
    np.add.at(energy, node[live], np.maximum(grid.p_mw[:, live], 0.0).sum(axis=0) * hours)
    energy[grid.supplied_nodes(grid.tripped)] = 0.0
    return energy
