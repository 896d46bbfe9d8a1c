"""A city: its network, and what its loads and local generators do over time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.city.own_profiles import own_profile_faults, own_profiles_report
from grid.city.source import GridSource
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.report import FileReport
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.readers import GridReport
from grid.sharing import shared
from grid.time.clock import Clock
from grid.units import HOURS_PER_YEAR

UNSPECIFIED_SECTOR = "I.6"
"""GPC sub-sector of consumption of which nothing is known ("non-specified sources")."""
GPC_CODE = re.compile(r"(I|II|III|IV|V|VI)(\.\d+)*")
BUFFERED_GENERATION = re.compile(r"(PV|Wind|Wind_Offshore)_Storage(_MV)?")
"""Types of storage units of SimBench's future grids that only feed in: photovoltaics or wind with a battery, whose
profile is what the battery lets through. They are generation, neither stores nor negative loads."""


@dataclass(frozen=True, eq=False)
class Elements:
    """Loads, storage units or static generators of the net over time; E elements, F profiles, T steps.

    Elements share profiles, so the powers are kept as factors: ``p = profiles[:, p_profile] * p_scale``.

    Args:
        table: Table of pandapower: ``load``, ``storage`` or ``sgen``.
        names: Unique names.
        bus: Place of each element's bus, shape (E,).
        profiles: Profiles on the clock, shape (T, F).
        p_profile: Profile of each element's active power, shape (E,).
        p_scale: Its factor, in the sign of the table, shape (E,) [MW].
        q_profile: Profile of each element's reactive power, shape (E,).
        q_scale: Its factor, shape (E,) [MVAr].
    """

    table: str
    names: tuple[str, ...]
    bus: Ints
    profiles: Floats
    p_profile: Ints
    p_scale: Floats
    q_profile: Ints
    q_scale: Floats

    def p_mw(self) -> Floats:
        """Active power, shape (T, E) [MW], in the sign of the table."""
        return self.profiles[:, self.p_profile] * self.p_scale

    def q_mvar(self) -> Floats:
        """Reactive power, shape (T, E) [MVAr], in the sign of the table."""
        return self.profiles[:, self.q_profile] * self.q_scale

    def energy_mwh(self, step_hours: float) -> Floats:
        """Energy of each element over the clock, shape (E,) [MWh]."""
        return np.asarray(self.profiles.sum(axis=0)[self.p_profile] * self.p_scale * step_hours)

    @property
    def peak_mw(self) -> float:
        """What the elements draw at most if all peak together [MW], in the sign of the table."""
        return float((np.maximum(self.profiles.max(axis=0), 0.0)[self.p_profile] * np.maximum(self.p_scale, 0.0)).sum())

    def injections(self, n_buses: int, sign: float) -> Injections:
        """Withdrawal of the buses in the elements' profiles; `sign` is -1 where the table counts feed-in."""
        shape = (n_buses, self.profiles.shape[1])
        p = sparse.csr_array((sign * self.p_scale, (self.bus, self.p_profile)), shape=shape)
        q = sparse.csr_array((sign * self.q_scale, (self.bus, self.q_profile)), shape=shape)
        return Injections(self.profiles.T, p, q)

    def at_buses(self, n_buses: int) -> tuple[Floats, Floats]:
        """Active and reactive power summed to buses, shape (T, B) each, in the sign of the table."""
        shape = (self.profiles.shape[1], n_buses)
        p = sparse.csr_array((self.p_scale, (self.p_profile, self.bus)), shape=shape)
        q = sparse.csr_array((self.q_scale, (self.q_profile, self.bus)), shape=shape)
        return np.asarray(self.profiles @ p), np.asarray(self.profiles @ q)


@dataclass(frozen=True, eq=False)
class City:
    """A network with what its own elements do on a clock.

    Args:
        name: Name of the city.
        clock: The time axis.
        network: The network.
        loads: Its loads and storage units; withdrawal positive.
        generators: Its static generators, then storage units that are generation with a battery; feed-in positive.
        sectors: GPC sub-sectors that occur, S of them.
        sector_shares: Share of each load's energy in each sector, shape (E, S); rows sum to 1.
        technologies: Technology of each generator, as the factor sets call it.
        is_area: Loads that stand for a low-voltage area not modelled to the house, shape (E,).
        energy_year_mwh: Energy of each load in a mean year of its profile, without growth, shape (E,) [MWh].
        feeds_in: Which of the net's storage units are among the generators, shape (number of storage units,).
        licences: Licences of the data behind it.
        profiles_report: What was read of a file of profiles; None where there is none.
        grid_report: What was read of the grid's file; None where the grid is shipped.
    """

    name: str
    clock: Clock
    network: Network
    loads: Elements
    generators: Elements
    sectors: tuple[str, ...]
    sector_shares: Floats
    technologies: tuple[str, ...]
    is_area: Bools
    energy_year_mwh: Floats
    feeds_in: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    licences: tuple[str, ...] = ()
    profiles_report: FileReport | None = None
    grid_report: GridReport | None = None

    @property
    def n_buses(self) -> int:
        """Number of buses B."""
        return len(self.network.buses.names)

    def injections(self) -> Injections:
        """Withdrawal of all its own elements, in the profiles that they share."""
        return self.loads.injections(self.n_buses, 1.0).plus(self.generators.injections(self.n_buses, -1.0))

    def withdrawal(self) -> tuple[Floats, Floats]:
        """Withdrawal of all its own elements by bus, active [MW] and reactive [MVAr], shape (T, B) each."""
        load_p, load_q = self.loads.at_buses(self.n_buses)
        generator_p, generator_q = self.generators.at_buses(self.n_buses)
        return load_p - generator_p, load_q - generator_q

    def voltage_dependent_loads_mva(self) -> Complexes | None:
        """What the loads draw at 1 pu at the buses where they depend on voltage, shape (T, V) [MW + j MVAr].

        None if no load depends on voltage.
        """
        at = self.network.voltage_dependent_bus
        if not at.size:
            return None
        p_mw, q_mvar = self.loads.at_buses(self.n_buses)
        return np.asarray(p_mw[:, at] + 1j * q_mvar[:, at])


@shared()
def make_city(
    source: GridSource, clock: Clock, *, holidays: str | None = None, demand_growth: float = 0.0,
    sector: str = UNSPECIFIED_SECTOR,
) -> City:  # fmt: skip
    """Puts a net on a clock.

    Args:
        source: The net and its profiles.
        clock: The time axis.
        holidays: Country whose public holidays count as Sundays when profiles of another year are used.
        demand_growth: Growth of all loads against the profiles, 0.05 for 5 %.
        sector: GPC sub-sector of loads that name none.

    Raises:
        InputError: If a profile names an element that does not exist, or a load a sector that is neither a GPC code
            nor a mix of the source.
    """
    network = source.network
    given = [profiles for profiles in (source.profiles, source.own_profiles) if profiles is not None]
    names = tuple(name for profiles in given for name in profiles.names)
    own = source.profiles if source.element_profiles else source.own_profiles
    tables = network.elements
    if own is not None:
        raise_if_any(own_profile_faults(own, clock, tables), own.source or "the profiles")
    shapes = np.column_stack([np.ones((clock.n_steps, 1)), *(profiles.on(clock, holidays) for profiles in given)])
    column = {name: place + 1 for place, name in enumerate(names)}
    by_table = {
        table: _elements(table, columns, column, shapes, source.element_profiles) for table, columns in tables.items()
    }
    feeds_in = np.array([bool(BUFFERED_GENERATION.fullmatch(kind or "")) for kind in tables["storage"]["type"]], bool)
    stores, buffered = _chosen(by_table["storage"], ~feeds_in), _negative(_chosen(by_table["storage"], feeds_in))
    present = _joined(by_table["load"], stores)
    loads = _grown(present, demand_growth, len(tables["load"]["name"]))
    named = [*tables["load"]["sector"], *[None] * len(stores.names)]
    sectors, shares = _sector_shares(named, source.sector_mixes, sector)
    profile_names = [*tables["load"]["profile"], *[None] * len(stores.names)]
    is_area = [
        (name is not None and name in source.sector_mixes) or (profile or "").startswith("lv_")
        for name, profile in zip(named, profile_names, strict=True)
    ]
    return City(
        name=source.name,
        clock=clock,
        network=network,
        loads=loads,
        generators=_joined(by_table["sgen"], buffered),
        sectors=sectors,
        sector_shares=shares,
        technologies=_technologies(tables, feeds_in),
        is_area=np.array(is_area, dtype=bool),
        energy_year_mwh=HOURS_PER_YEAR * _profile_means(source)[present.p_profile] * present.p_scale,
        feeds_in=feeds_in,
        licences=source.licences,
        grid_report=source.report,
        profiles_report=None if own is None else own_profiles_report(own, clock, holidays, tables, shapes),
    )


def _technologies(tables: Mapping[str, Mapping[str, Sequence[Any]]], feeds_in: Bools) -> tuple[str, ...]:
    """Technology of each generator of the net, then of each of its stores that stands for buffered generation."""
    rows = {"sgen": range(len(tables["sgen"]["name"])), "storage": np.flatnonzero(feeds_in)}
    return tuple(
        _technology(tables[table]["technology"][k], tables[table]["type"][k]) for table, at in rows.items() for k in at
    )


def _elements(
    table: str, columns: Mapping[str, Sequence[Any]], column: Mapping[str, int], shapes: Floats, own: bool
) -> Elements:
    """The elements of one table; `own` profiles are in MW, shared ones relative to the value of the net."""
    n = len(columns["name"])
    in_service = np.array(columns["in_service"], dtype=float)
    profile = {"p_mw": np.zeros(n, dtype=np.int64), "q_mvar": np.zeros(n, dtype=np.int64)}
    scale = {quantity: np.array(columns[quantity], dtype=float) for quantity in profile}
    taken = set(columns["name"])
    for k in range(n):
        for quantity, shape in (("p_mw", "profile_p"), ("q_mvar", "profile_q")):
            keys = [f"{table}/{columns['name'][k]}/{quantity}"]
            if str(columns["index"][k]) not in taken:  # a name goes before an index
                keys.append(f"{table}/{columns['index'][k]}/{quantity}")
            found = next((column[key] for key in keys if key in column), None)
            if found is not None:
                profile[quantity][k], scale[quantity][k] = found, 1.0
            elif not own and columns[shape][k] is not None:
                if columns[shape][k] not in column:
                    raise InputError.single(f"{table}.{shape}", f"no profile called {columns[shape][k]!r}")
                profile[quantity][k] = column[columns[shape][k]]
    return Elements(
        table,
        tuple(columns["name"]),
        np.array(columns["bus"], dtype=np.int64),
        shapes,
        profile["p_mw"],
        scale["p_mw"] * in_service,
        profile["q_mvar"],
        scale["q_mvar"] * in_service,
    )


def _profile_means(source: GridSource) -> Floats:
    """Mean of the constant profile and of each profile of the source, shape (F,)."""
    given = (profiles for profiles in (source.profiles, source.own_profiles) if profiles is not None)
    return np.concatenate([[1.0], *(profiles.values.mean(axis=0) for profiles in given)])


def _chosen(elements: Elements, which: Bools) -> Elements:
    """The elements where `which` holds, shape (E,)."""
    return replace(
        elements,
        names=tuple(name for name, wanted in zip(elements.names, which, strict=True) if wanted),
        bus=elements.bus[which],
        p_profile=elements.p_profile[which],
        p_scale=elements.p_scale[which],
        q_profile=elements.q_profile[which],
        q_scale=elements.q_scale[which],
    )


def _negative(elements: Elements) -> Elements:
    """The same elements with the opposite sign."""
    return replace(elements, p_scale=-elements.p_scale, q_scale=-elements.q_scale)


def _joined(a: Elements, b: Elements) -> Elements:
    """Elements of two tables as one list, in the sign of the first."""
    return Elements(
        a.table,
        a.names + b.names,
        np.concatenate([a.bus, b.bus]),
        a.profiles,
        np.concatenate([a.p_profile, b.p_profile]),
        np.concatenate([a.p_scale, b.p_scale]),
        np.concatenate([a.q_profile, b.q_profile]),
        np.concatenate([a.q_scale, b.q_scale]),
    )


def _grown(elements: Elements, growth: float, n_loads: int) -> Elements:
    factor = np.where(np.arange(len(elements.names)) < n_loads, 1.0 + growth, 1.0)
    return Elements(
        elements.table, elements.names, elements.bus, elements.profiles, elements.p_profile,
        elements.p_scale * factor, elements.q_profile, elements.q_scale * factor,
    )  # fmt: skip


def _sector_shares(
    named: list[str | None], mixes: Mapping[str, Mapping[str, float]], default: str
) -> tuple[tuple[str, ...], Floats]:
    """GPC sub-sectors and each load's shares of them."""
    rows: list[Mapping[str, float]] = []
    faults = []
    for name in named:
        code = name or default
        if code in mixes:
            rows.append(mixes[code])
        elif GPC_CODE.fullmatch(code):
            rows.append({code: 1.0})
        else:
            faults.append(Fault("load.sector", "must be a GPC code such as I.1", code, nearest(code, mixes)))
    raise_if_any(dict.fromkeys(faults), "the net")
    sectors = tuple(sorted({code for row in rows for code in row})) or (default,)
    shares = np.array([[row.get(code, 0.0) for code in sectors] for row in rows]).reshape(len(rows), len(sectors))
    return sectors, shares


def _technology(technology: str | None, kind: str | None) -> str:
    """Technology of a static generator from its own column, else from pandapower's ``type``."""
    if technology is not None:
        return technology
    text = (kind or "").lower()
    for word, name in (("pv", "solar"), ("solar", "solar"), ("res", "solar"), ("offshore", "wind_offshore"),
                       ("wind", "wind_onshore"), ("wp", "wind_onshore"), ("hydro", "hydro"), ("river", "hydro"),
                       ("bio", "biomass"), ("chp", "gas")):  # fmt: skip
        if word in text:
            return name
    return "unknown"
