"""The arrays of a fault's mixed-integer programme, from the AC power flow of what the breaker leaves supplied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.network import Complexes, Network
from grid.powerflow import power_flow
from optimizer.switching.faulted_grid import FaultedGrid
from optimizer.switching.supply_model import IslandSource, SupplyCase

LEAST_SQUARE_PU2: Final = 0.25
"""Below half the voltage of its source a given power has no stable solution [pu²]."""


def supply_case(
    grid: FaultedGrid, minutes: Floats, sources: Sequence[IslandSource], steps: Collection[int] = ()
) -> SupplyCase:
    """What the programme of a fault is made of.

    Args:
        grid: The grid after the fault.
        minutes: Time that switching each branch takes, shape (L,) [min].
        sources: What can supply an island by itself.
        steps: Steps to look at besides that in which most is without supply.

    Raises:
        InputError: If what stays supplied when the breaker has opened has no power flow in some steps.
    """
    meshed, hours = grid.network.meshed, grid.clock.step / timedelta(hours=1)
    branches = meshed.branches
    supplied = grid.supplied_nodes(grid.tripped)
    closed = ~grid.tripped & supplied[branches.from_node] & supplied[branches.to_node]
    drawn, square, flow = _solved(operating_point(grid, grid.tripped))
    drawn[:, meshed.slack] = complex(np.nan, np.nan)
    looked_at = np.union1d(_steps(grid, supplied, sources), np.array(sorted(steps), dtype=np.int64))
    low, high = _square_limits(grid)
    dark = drawn[looked_at][:, ~supplied]
    live = meshed.buses.node[meshed.buses.node >= 0]
    lowest, highest = max(float(low[live].min()), LEAST_SQUARE_PU2), float(square.max())
    if sources or (dark.real < 0).any() or (dark.imag < 0).any():  # what feeds in raises voltages
        highest = max(highest, float(high[live].max()))
    given = [_in_per_unit(source, int(meshed.buses.node[source.bus]), meshed.base_mva) for source in sources]
    of_branches = _branch_parameters(grid, square, flow, closed, highest)
    of_branches |= {name: of_branches[name][looked_at] for name in ("offset", "loss")}
    return SupplyCase(
        from_node=branches.from_node,
        to_node=branches.to_node,
        supplied=supplied,
        closed=closed,
        candidates=_candidates(grid, supplied),
        fixed=~grid.network.switchable,
        barred=grid.barred_nodes,
        steps=looked_at,
        p=drawn.real[looked_at],
        q=drawn.imag[looked_at],
        value=_energy_mwh(grid, hours),
        square=square[looked_at],
        lowest=lowest,
        highest=highest,
        most_along=np.abs(dark).sum(axis=1) * float(np.sqrt(highest / lowest)),
        most_against=_most_against(dark, 2 * highest * float(of_branches["charging"].clip(0.0).sum()), given),
        square_min=low,
        square_max=high,
        effort=minutes,
        step_hours=hours,
        sources=given,
        **of_branches,
    )


def _solved(point: tuple[Complexes, Floats, Complexes]) -> tuple[Complexes, Floats, Complexes]:
    """An operating point, if it has a solution in every step."""
    solved = np.isfinite(point[1]).all(axis=1)
    if not solved.all():
        rule = "draws more than it can carry where it stays supplied: no power flow when the breaker has opened"
        raise InputError.single("network", rule, f"in {np.count_nonzero(~solved)} of {solved.size} steps")
    return point


def _branch_parameters(
    grid: FaultedGrid, square: Floats, flow: Complexes, closed: Bools, highest: float
) -> dict[str, Floats]:
    """Parameters of the branches in `SupplyCase` by name, those of steps over all steps of the grid."""
    branches = grid.network.meshed.branches
    series, charging, ratio_square = _equivalent_circuits(grid.network.meshed)
    from_square = square[:, branches.from_node] / ratio_square
    fall = 2 * (series.real * flow.real + series.imag * flow.imag)
    loss = np.abs(flow) ** 2 / from_square
    current = _most_squared_current(grid, ratio_square, charging, highest)
    return {
        "resistance": series.real,
        "reactance": series.imag,
        "ratio_square": ratio_square,
        "charging": charging,
        "current_max": np.where(closed, np.maximum(current, loss.max(axis=0)), current),
        "offset": np.where(closed, square[:, branches.to_node] - from_square + fall, 0.0),
        "loss": loss,
    }


def _most_against(dark: Complexes, charging: float, sources: Sequence[IslandSource]) -> dict[str, Floats]:
    """Most that flows towards the supply: all that feeds in where there is none now, shape (T,) each [pu]."""
    p_max, q_max = (sum(getattr(source, name) for source in sources) for name in ("p_max_mw", "q_max_mvar"))
    return {
        "p": np.maximum(-dark.real, 0.0).sum(axis=1) + p_max,
        "q": np.maximum(-dark.imag, 0.0).sum(axis=1) + q_max + charging,
    }


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


def _equivalent_circuits(meshed: Network) -> tuple[Complexes, Floats, Floats]:
    """What every branch is made of, by its admittances ``Y_ft = -y / conj(a)`` and ``Y_tf = -y / a``.

    Returns:
        Series impedance ``1 / y``, shape (L,) complex [pu], half the susceptance to earth, shape (L,) [pu], and the
        squared ratio of the ideal transformer at the "from" end, shape (L,) [pu].
    """
    branches = meshed.branches
    rows = np.arange(len(branches))

    def entry(matrix: sparse.csr_array, node: Ints) -> Complexes:
        return np.asarray(matrix[rows, node]).ravel()

    own_from, mutual_from = (entry(meshed.admittance_from, ends) for ends in (branches.from_node, branches.to_node))
    mutual_to, own_to = (entry(meshed.admittance_to, ends) for ends in (branches.from_node, branches.to_node))
    ratio_square: Floats = np.abs(own_to / own_from)
    series = np.sqrt(mutual_from * mutual_to * ratio_square)
    series = np.where(series.real - series.imag < 0, -series, series)  # of both roots that of a coil
    return np.asarray(1 / series, dtype=np.complex128), np.asarray((own_to - series).imag), ratio_square


def operating_point(grid: FaultedGrid, open_branches: Bools) -> tuple[Complexes, Floats, Complexes]:
    """Withdrawal of every node (T, N), squared voltage (T, N) and flow of every branch (T, L), complex [pu].

    NaN in steps without a solution. A supplied node draws what arrives at it, with half the losses of each of its
    branches, so that the linear equations hold as long as nothing changes. The voltage of nodes without supply is 1.
    """
    meshed = grid.network.meshed
    n, base = meshed.n_nodes, meshed.base_mva
    drawn = np.tile(meshed.fixed_mva, (grid.clock.n_steps, 1)).astype(np.complex128)
    live = meshed.buses.node >= 0
    at = meshed.buses.node[live]
    np.add.at(drawn.T, at, (grid.p_mw + 1j * grid.q_mvar)[:, live].T)
    drawn /= base
    opened = open_branches.copy()
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


def _most_squared_current(grid: FaultedGrid, ratio_square: Floats, charging: Floats, highest: float) -> Floats:
    """Most squared series current of every branch within the limits of loading at its ends, shape (L,) [pu²]."""
    branches = grid.network.meshed.branches
    with np.errstate(divide="ignore"):
        at_from, at_to = (
            np.where(per_pu > 0, grid.limits.loading_max_percent / per_pu, np.inf)
            for per_pu in (branches.percent_per_pu_from, branches.percent_per_pu_to)
        )
    at_ends = np.minimum(at_from * np.sqrt(ratio_square), at_to)
    return np.asarray((at_ends + np.maximum(charging, 0.0) * np.sqrt(highest)) ** 2)


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
