"""What meters see that the tables of a result do not hold: reactive powers, currents, angles, single plants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from app.results.folder import Result
from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from app.twin.measuring.solved_state import SolvedState, solved_state
from grid.arrays import Floats
from grid.errors import InputError
from grid.powerflow.powerflow import PowerFlow

Places = list[tuple[str, str, str, str]]
"""Kind, element, quantity and bus of each place; no bus for what measures itself."""
TELEMETERED_MW: Final = 0.1
"""Plants from this size on say what they do at any time [MW]: those that feed in must be read from afar by section 9 of
the German Renewable Energy Sources Act (EEG) above 100 kW. For loads and stores it is an assumption (from 1 MW on
Regulation (EU) 2017/1485, articles 47 and 53, has their real-time data exchanged)."""
AT_BUS: Final = ": "
"""Between the name of an asset and that of a bus, where it says what it does at each of several."""


def electrical_values(result: Result, loaded: LoadedScenario, lone: set[str]) -> Iterator[tuple[Places, Floats]]:
    """Places and their values, shape (T, places) each.

    Without the power flow, where it cannot be solved again as it was (three phases, taps that moved), only plants.

    Args:
        result: The result.
        loaded: Its scenario.
        lone: Buses that share their node with no other, whose withdrawal flows tell.
    """
    if loaded.scenario.city.own_generation == "weather":
        loaded = prepare(loaded).loaded
    generators = loaded.city.generators
    power = generators.p_mw()
    large = np.flatnonzero(np.abs(generators.p_scale) >= TELEMETERED_MW)
    names = [generators.names[k] for k in large]
    yield [("asset", name, "p_mw", "") for name in names], -power[:, large]
    if generators.q_mvar()[:, large].any():
        yield [("asset", name, "q_mvar", "") for name in names], -generators.q_mvar()[:, large]
    try:
        solved = solved_state(result, loaded)
    except InputError:
        return
    buses = solved.flow.network.buses
    kept = [k for k, name in enumerate(buses.names) if name in lone]
    yield [("bus", buses.names[k], "q_mvar", buses.names[k]) for k in kept], _drawn_mvar(solved.flow)[:, kept]
    live = np.flatnonzero(buses.node >= 0)
    angle = np.degrees(np.angle(solved.flow.voltage))[:, buses.node[live]]
    yield [("bus", buses.names[k], "va_degree", buses.names[k]) for k in live], angle
    yield from _of_branches(solved.flow)
    yield from _of_assets(solved)


def _drawn_mvar(flow: PowerFlow) -> Floats:
    """Reactive power that the grid delivers at every bus by its voltages, shape (T, B) [MVAr]."""
    network = flow.network
    current = np.asarray((network.admittance @ flow.voltage.T).T)
    drawn = -(flow.voltage * current.conj()).imag * network.base_mva
    return np.asarray(drawn[:, network.buses.node])


def _of_branches(flow: PowerFlow) -> Iterator[tuple[Places, Floats]]:
    """Reactive powers [MVAr] and currents [kA] at both ends."""
    network = flow.network
    branches, names = network.branches, network.buses.names
    ends = ((branches.from_bus, branches.from_node, "from"), (branches.to_bus, branches.to_node, "to"))
    for (bus, node, side), current in zip(ends, flow.branch_currents_pu(), strict=True):
        at = np.flatnonzero(bus >= 0)
        q_mvar = (flow.voltage[:, node] * current.conj()).imag * network.base_mva
        base_ka = network.base_mva / (np.sqrt(3.0) * network.buses.vn_kv[bus[at]])
        for quantity, values in (("q_{}_mvar", q_mvar[:, at]), ("i_{}_ka", np.abs(current[:, at]) * base_ka)):
            yield [("branch", branches.names[k], quantity.format(side), names[bus[k]]) for k in at], values


def _of_assets(solved: SolvedState) -> Iterator[tuple[Places, Floats]]:
    """Reactive power of assets at one bus; active power of others at each of their buses."""
    names = solved.flow.network.buses.names
    for name, (p_mw, q_mvar) in solved.of_assets.items():
        at = np.flatnonzero(p_mw.any(axis=0) | q_mvar.any(axis=0))
        if at.size == 1 and q_mvar.any():
            yield [("asset", name, "q_mvar", "")], q_mvar[:, at]
        if at.size > 1:
            yield [("asset", f"{name}{AT_BUS}{names[k]}", "p_mw", "") for k in at], p_mw[:, at]
