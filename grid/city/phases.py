"""On which phases things are connected: as the net or the scenario states, else by a rule of grid connection.

What takes up to 4.6 kVA may be connected to one phase, whatever is larger is connected to all three [1]. Which phase a
single-phase unit is on, nobody records; it is drawn with the scenario's seed, each phase with the same chance, once for
each unit, so that a charging point keeps its phase from session to session.

References:
    [1] VDE-AR-N 4100:2019-04, clause 5.5 (unbalance of at most 4.6 kVA between the phases of a connection); the same
        bound for generation in VDE-AR-N 4105:2018-11, clause 5.6. The clauses are as cited in public summaries of the
        rules, which are not public themselves: unverified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import sparse

from grid import _pandapower
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City, Elements
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot
from grid.network.injections import Injections
from grid.network.network import Network
from grid.network.sequence_network import SequenceNetwork
from grid.sharing import shared
from grid.units import LOW_VOLTAGE_KV

SINGLE_PHASE_MAX_MVA = 0.0046
"""Most that is connected to one phase: VDE-AR-N 4100 [MVA]."""
ROUNDING = 1 + 1e-9
"""A unit of just that is single-phase, however its share of an asset is rounded."""
ConnectedPhases = Literal["a", "b", "c", "abc"]
N_PHASES = 3
_ALL = np.full(N_PHASES, 1 / N_PHASES)


@shared()
def three_phase_network(network: Network) -> SequenceNetwork:
    """A balanced network in symmetrical components, with its nodes in the same order.

    Raises:
        InputError: If the net has elements that are not solved in three phases, by name, or some whose phases cancel,
            so that a profile of their power says nothing of them.
    """
    raise_if_any(_cancelling(network.elements), "the net")
    return _pandapower.sequences_of(network)


@dataclass(frozen=True, eq=False)
class CityPhases:
    """Withdrawal of a city's own elements by phase; rows are phase by phase: 3 times B buses.

    Args:
        wye: Between phase and neutral.
        delta: Between the phases ab, bc, ca.
        n_single: Number of elements on one phase by the rule.
    """

    wye: Injections
    delta: Injections
    n_single: int


@dataclass(frozen=True, eq=False)
class _ElementPhases:
    """Shares of active and reactive power in each phase, shape (E, 3) each, and which elements are delta, (E,)."""

    p: Floats
    q: Floats
    delta: Bools
    single: Bools


def city_phases(city: City, seed: int) -> CityPhases:
    """On which phases the city's own elements are.

    Those whose phases the net states are on these. Where it states none at all, elements of low voltage follow the
    rule; beside elements with phases, those without are taken to be balanced, as the net has them.

    Args:
        city: The city.
        seed: Seed of the phases that are drawn.
    """
    drawn = not any("connection" in columns for columns in city.network.elements.values())
    parts = [
        (city.loads, _of_table(city, "load", len(city.loads.names), drawn, seed), 1.0),
        (city.generators, _of_table(city, "sgen", len(city.generators.names), drawn, seed), -1.0),
    ]
    wye, delta = (_injections(city, parts, delta=delta) for delta in (False, True))
    return CityPhases(wye, delta, sum(int(found.single.sum()) for _, found, _ in parts))


def _cancelling(tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> Iterator[Fault]:
    for table, columns in tables.items():
        for place, connection in enumerate(columns.get("connection", ())):
            if connection is not None and None in (columns["p_shares"][place], columns["q_shares"][place]):
                name = columns["name"][place]
                yield Fault(f"net.asymmetric_{table} {name!r}", "its phases cancel: give each phase a load of its own")


def _of_table(city: City, table: str, n_elements: int, drawn: bool, seed: int) -> _ElementPhases:
    """The elements of a table of the net, and storage units behind them; single phases of unknown ones are `drawn`."""
    columns, buses = city.network.elements[table], city.network.buses
    n = len(columns["name"])
    p, q = np.tile(_ALL, (n_elements, 1)), np.tile(_ALL, (n_elements, 1))
    delta, single = np.zeros(n_elements, dtype=bool), np.zeros(n_elements, dtype=bool)
    for place, connection in enumerate(columns.get("connection", ())):
        if connection is not None:
            p[place], q[place] = columns["p_shares"][place], columns["q_shares"][place]
            delta[place] = connection == "delta"
    if drawn:
        rated = np.hypot(np.array(columns["p_mw"], dtype=float), np.array(columns["q_mvar"], dtype=float))
        low = buses.vn_kv[np.array(columns["bus"], dtype=np.int64)] <= LOW_VOLTAGE_KV
        single[:n] = (rated <= SINGLE_PHASE_MAX_MVA * ROUNDING) & (rated > 0) & low
        phase = np.random.default_rng([seed, *f"phases of {table}".encode()]).integers(N_PHASES, size=n_elements)
        p[single] = q[single] = np.eye(N_PHASES)[phase[single]]
    return _ElementPhases(p, q, delta, single)


def _injections(city: City, parts: Sequence[tuple[Elements, _ElementPhases, float]], *, delta: bool) -> Injections:
    """Withdrawal of the elements of one connection, in the profiles that they share."""
    loads, generators = (
        _by_phase(elements, phases, sign * (phases.delta == delta), city.n_buses) for elements, phases, sign in parts
    )
    return loads.plus(generators)


def _by_phase(elements: Elements, phases: _ElementPhases, factor: Floats, n_buses: int) -> Injections:
    """Withdrawal of elements times a `factor` each, shape (E,); rows phase by phase."""
    shape = (N_PHASES * n_buses, elements.profiles.shape[1])
    rows = np.concatenate([phase * n_buses + elements.bus for phase in range(N_PHASES)])
    p, q = (
        sparse.csr_array(((shares * (factor * scale)[:, None]).T.ravel(), (rows, np.tile(column, N_PHASES))), shape)
        for shares, scale, column in (
            (phases.p, elements.p_scale, elements.p_profile), (phases.q, elements.q_scale, elements.q_profile)
        )
    )  # fmt: skip
    for matrix in (p, q):
        matrix.eliminate_zeros()
    return Injections(elements.profiles.T, p, q)


def phase_shares(
    flexibility: Flexibility, vn_kv: Floats, rated_mw: float, stated: ConnectedPhases | None, seed: int
) -> sparse.csr_array:
    """Share of each device of an asset in each phase of each bus, shape (N, 3 B), phase by phase.

    What an asset has at a bus is one unit, such as the roofs of a street; of vehicles every one is a unit of its own,
    with its own charging point at each bus.

    Args:
        flexibility: The asset, N devices on B buses.
        vn_kv: Rated voltage of the buses, shape (B,) [kV].
        rated_mw: Power of the whole asset [MW]; 0 where it states none: then the highest of its bounds counts.
        stated: Phases that all its units are on; None: by the rule.
        seed: Seed of the phases that are drawn.
    """
    shares = flexibility.shares.tocoo()
    device, bus, share = shares.row.astype(np.int64), shares.col.astype(np.int64), shares.data
    n_buses = flexibility.shares.shape[1]
    if stated is not None:
        weights = np.tile(_ALL if stated == "abc" else np.eye(N_PHASES)["abc".index(stated)], (share.size, 1))
    else:
        store = flexibility.reservoir
        of_vehicles = store is not None and store.vehicle
        rated = np.full(share.size, rated_mw) if rated_mw and not of_vehicles else _highest_mw(flexibility)[device]
        owner = store.owner[device] if store is not None and of_vehicles else np.zeros_like(device)
        on_phase = np.random.default_rng([seed, *f"phases of {flexibility.name}".encode()])
        weights = _by_rule(owner * n_buses + bus, share * rated, vn_kv[bus] <= LOW_VOLTAGE_KV, on_phase)
    columns = np.concatenate([phase * n_buses + bus for phase in range(N_PHASES)])
    values = (weights * share[:, None]).T.ravel()
    shape = (flexibility.n_devices, N_PHASES * n_buses)
    found = sparse.csr_array((values, (np.tile(device, N_PHASES), columns)), shape=shape)
    found.eliminate_zeros()
    return found


def _highest_mw(flexibility: Flexibility) -> Floats:
    """The highest power of each device, either way, shape (N,) [MW]."""
    highest = [
        np.maximum.reduceat(np.abs(bound.values), flexibility.offsets[:-1])
        if isinstance(bound, PerSlot)
        else np.abs(bound)
        for bound in (flexibility.p_min_mw, flexibility.p_max_mw)
    ]
    return np.asarray(np.maximum(*highest))


def _by_rule(unit: Ints, rated_mw: Floats, low_voltage: Bools, random: np.random.Generator) -> Floats:
    """Share in each phase by unit, shape (U, 3): one phase up to 4.6 kVA in low voltage, else all three.

    Args:
        unit: Which unit each row is of, shape (U,).
        rated_mw: Its power, shape (U,) [MW]; the highest of its rows counts.
        low_voltage: Whether it is in low voltage, shape (U,).
        random: Draws the phases, unit by unit.
    """
    _, of = np.unique(unit, return_inverse=True)
    largest = np.zeros(of.max(initial=-1) + 1)
    np.maximum.at(largest, of, rated_mw)
    single = (largest[of] <= SINGLE_PHASE_MAX_MVA * ROUNDING) & low_voltage
    weights = np.tile(_ALL, (of.size, 1))
    weights[single] = np.eye(N_PHASES)[random.integers(N_PHASES, size=largest.size)[of[single]]]
    return weights
