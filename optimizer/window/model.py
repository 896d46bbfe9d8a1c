"""The dispatch of one window in Pyomo: one function a constraint; the mathematics stands in ``docs/dispatch.md``.

Sets: steps ``T``, flexible units ``U`` (withdrawal within bounds: curtailable generation, engines, demand with a
value), stores ``S`` (batteries, tanks, buildings) with charging segments ``J``, groups of sessions ``V`` (assets of
many short devices, whose sessions are appended as a block, see `optimizer.window.sessions`), inverters ``Q`` of units
and stores, ramped devices ``R``, grid connections ``K`` that several assets share, the calendar months ``M`` that the
window touches, and the steps ``N`` in which the voltage has a limit of unbalance. All powers are withdrawals in MW.

The model is stated once per structure. Loads, prices, bounds and stored energies are written into the compiled
arrays window by window, so they do not appear here; a right-hand side of 0 below is where they go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from optimizer.problem.problem import Extension

PENALTY_PER_MWH = 1e4
"""Cost of importing, exporting or connecting above the limit: far above the price of energy, paid only where nothing
helps [units of price/MWh]. Prices are given to the programme in units in which the greatest is of the size of 100
(`optimizer.problem.weighting.price_unit`), and penalties are raised where a limit is exceeded although it need not be
(`optimizer.window.solve`): limits come first, whatever keeping them costs."""
PENALTY_PER_PERCENT_HOUR = 1e3
"""Cost of loading a branch above its limit [units of price/(% h)]."""
PENALTY_PER_PU_HOUR = 1e6
"""Cost of a voltage outside its limits [units of price/(pu h)]."""
PENALTY_PER_UNBALANCE_HOUR = 1e4
"""Cost of an unbalance of the voltage above its limit, as of as much voltage [units of price/(% h)]."""
PENALTY_PER_KG = 1e2
"""Cost of emitting above a cap [units of price/kg]."""
EXCESSES = (
    *("import_excess_mw", "export_excess_mw", "connection_excess_mw"),
    *("loading_excess_percent", "voltage_excess_pu", "unbalance_excess_percent", "carbon_excess_kg"),
)
"""Variables by which limits may be exceeded."""
PLACEHOLDER = 1.0
"""Cost of variables whose price is written in later; it keeps them in the objective."""


@dataclass(frozen=True)
class StoreConstants:
    """What a store has in the matrix.

    Args:
        eta_charge: Stored per drawn energy [1].
        eta_discharge: Fed in per energy taken out [1].
        retention_per_step: Share that a step of standing leaves [1].
        segments: Efficiency of each segment of its charging power, relative to `eta_charge` [1].
    """

    eta_charge: float
    eta_discharge: float
    retention_per_step: float
    segments: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class Structure:
    """What decides the shape of the model of a window.

    Args:
        n_steps: Steps of the window.
        step_hours: Length of a step [h].
        n_units: Number of flexible units.
        stores: The stores.
        n_sessions: Number of groups of sessions.
        n_inverters: Devices that can move reactive power.
        n_months: Calendar months that the window touches.
        unbalance: Whether the unbalance of the voltage has a limit.
        ramped: Devices with a ramp: ``("unit", u)`` or ``("store", s)``.
        connections: Members of each shared connection: ``("unit", u)``, ``("store", s)`` or ``("sessions", v)``.
        extend: What a user adds.
    """

    n_steps: int
    step_hours: float
    n_units: int
    stores: tuple[StoreConstants, ...] = ()
    n_sessions: int = 0
    n_inverters: int = 0
    n_months: int = 1
    unbalance: bool = False
    ramped: tuple[tuple[str, int], ...] = ()
    connections: tuple[tuple[tuple[str, int], ...], ...] = ()
    extend: Extension | None = field(default=None, compare=False)


def window_model(structure: Structure) -> Any:
    """The model of a window."""
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    s = structure
    m = pyo.ConcreteModel()
    m.h, m.structure = s.step_hours, s
    m.segments = tuple((k, relative) for k, store in enumerate(s.stores) for relative in store.segments)
    m.T, m.U, m.S, m.V = (pyo.RangeSet(0, n - 1) for n in (s.n_steps, s.n_units, len(s.stores), s.n_sessions))
    m.J, m.Q = pyo.RangeSet(0, len(m.segments) - 1), pyo.RangeSet(0, s.n_inverters - 1)
    m.R, m.K, m.M = (pyo.RangeSet(0, n - 1) for n in (len(s.ramped), len(s.connections), s.n_months))
    m.N = pyo.RangeSet(0, (s.n_steps if s.unbalance else 0) - 1)
    _add_variables(m, pyo)
    m.balance = pyo.Constraint(m.T, rule=balance)
    m.import_limit = pyo.Constraint(m.T, rule=import_limit)
    m.export_limit = pyo.Constraint(m.T, rule=export_limit)
    m.peak = pyo.Constraint(m.M, m.T, rule=peak)
    m.store_balance = pyo.Constraint(m.S, m.T, rule=store_balance)
    m.sessions_total = pyo.Constraint(m.V, m.T, rule=sessions_total)
    m.ramp = pyo.Constraint(m.R, m.T, rule=ramp)
    m.connection_draw = pyo.Constraint(m.K, m.T, rule=connection_draw)
    m.connection_feed = pyo.Constraint(m.K, m.T, rule=connection_feed)
    m.cost = pyo.Objective(rule=cost)
    if s.extend is not None:
        s.extend(m)
    return m


def _add_variables(m: Any, pyo: Any) -> None:
    """Declares the variables; those of withdrawals and energies get their bounds window by window."""
    m.import_mw = pyo.Var(m.T, bounds=(0, None))
    m.export_mw = pyo.Var(m.T, bounds=(0, None))
    m.loss_mw = pyo.Var(m.T, bounds=(0, None))
    m.peak_mw = pyo.Var(m.M, bounds=(0, None))
    m.unit_mw = pyo.Var(m.U, m.T)
    m.charge_mw = pyo.Var(m.J, m.T, bounds=(0, None))
    m.discharge_mw = pyo.Var(m.S, m.T, bounds=(0, None))
    m.energy_mwh = pyo.Var(m.S, m.T)
    m.sessions_mw = pyo.Var(m.V, m.T)
    m.q_draw_mvar = pyo.Var(m.Q, m.T, bounds=(0, None))
    m.q_supply_mvar = pyo.Var(m.Q, m.T, bounds=(0, None))
    m.import_excess_mw = pyo.Var(m.T, bounds=(0, None))
    m.export_excess_mw = pyo.Var(m.T, bounds=(0, None))
    m.loading_excess_percent = pyo.Var(m.T, bounds=(0, None))
    m.voltage_excess_pu = pyo.Var(m.T, bounds=(0, None))
    m.unbalance_excess_percent = pyo.Var(m.N, bounds=(0, None))
    m.connection_excess_mw = pyo.Var(m.K, m.T, bounds=(0, None))
    m.carbon_excess_kg = pyo.Var(bounds=(0, None))


def store_power(m: Any, s: int, t: int) -> Any:
    """Net withdrawal of a store: all segments of its charging less its discharging."""
    charge = sum(m.charge_mw[j, t] for j, (store, _) in enumerate(m.segments) if store == s)
    return charge - m.discharge_mw[s, t]


def device_power(m: Any, device: tuple[str, int], t: int) -> Any:
    """Net withdrawal of a flexible unit, a store or a group of sessions."""
    kind, place = device
    if kind == "store":
        return store_power(m, place, t)
    return m.unit_mw[place, t] if kind == "unit" else m.sessions_mw[place, t]


def balance(m: Any, t: int) -> Any:
    """What comes in is drawn or lost: import - export = units + stores + sessions + losses + fixed withdrawal."""
    drawn = sum(m.unit_mw[u, t] for u in m.U) + sum(m.sessions_mw[v, t] for v in m.V)
    stored = sum(m.charge_mw[j, t] for j in m.J) - sum(m.discharge_mw[s, t] for s in m.S)
    return m.import_mw[t] - m.export_mw[t] - drawn - stored - m.loss_mw[t] == 0


def import_limit(m: Any, t: int) -> Any:
    """Import stays below its limit, or pays for the excess."""
    return m.import_mw[t] - m.import_excess_mw[t] <= 0


def export_limit(m: Any, t: int) -> Any:
    """So does export."""
    return m.export_mw[t] - m.export_excess_mw[t] <= 0


def peak(m: Any, k: int, t: int) -> Any:
    """The peak of a month is the highest import of its steps."""
    return m.import_mw[t] - m.peak_mw[k] <= 0


def store_balance(m: Any, s: int, t: int) -> Any:
    """A store keeps what it had, less standing losses and use, plus what charging leaves, less what discharging takes.

    Charging comes in segments of falling efficiency, of which the best is used first by itself.
    """
    store = m.structure.stores[s]
    before = store.retention_per_step * m.energy_mwh[s, t - 1] if t else 0
    stored = sum(relative * m.charge_mw[j, t] for j, (owner, relative) in enumerate(m.segments) if owner == s)
    gain = m.h * store.eta_charge * stored - m.h / store.eta_discharge * m.discharge_mw[s, t]
    return m.energy_mwh[s, t] - before - gain == 0


def sessions_total(m: Any, v: int, t: int) -> Any:
    """A group of sessions draws what its sessions draw; they are appended to these rows."""
    return m.sessions_mw[v, t] == 0


def ramp(m: Any, r: int, t: int) -> Any:
    """Power changes by no more than the ramp from step to step; in the first step from what was before the window."""
    device = m.structure.ramped[r]
    before = device_power(m, device, t - 1) if t else 0
    return (0, device_power(m, device, t) - before, 0)


def connection_draw(m: Any, k: int, t: int) -> Any:
    """Assets behind one connection draw no more than it carries, or pay for the excess."""
    total = sum(device_power(m, device, t) for device in m.structure.connections[k])
    return total - m.connection_excess_mw[k, t] <= 0


def connection_feed(m: Any, k: int, t: int) -> Any:
    """Nor do they feed in more than it carries."""
    total = sum(device_power(m, device, t) for device in m.structure.connections[k])
    return -total - m.connection_excess_mw[k, t] <= 0


def cost(m: Any) -> Any:
    """Imports, exports, fuel, value, wear, peaks, what is stored last, reactive power; penalties.

    All but penalties are at prices that are written in later.
    """
    priced = sum(m.import_mw[t] + m.export_mw[t] for t in m.T) + sum(m.peak_mw[k] for k in m.M)
    priced += sum(m.unit_mw[u, t] for u in m.U for t in m.T)
    priced += sum(m.discharge_mw[s, t] for s in m.S for t in m.T) + sum(m.charge_mw[j, t] for j in m.J for t in m.T)
    priced += sum(m.energy_mwh[s, t] for s in m.S for t in m.T)
    reactive = sum(m.q_draw_mvar[q, t] + m.q_supply_mvar[q, t] for q in m.Q for t in m.T)
    excess = sum(
        PENALTY_PER_MWH * (m.import_excess_mw[t] + m.export_excess_mw[t])
        + PENALTY_PER_PERCENT_HOUR * m.loading_excess_percent[t]
        + PENALTY_PER_PU_HOUR * m.voltage_excess_pu[t]
        + sum(PENALTY_PER_MWH * m.connection_excess_mw[k, t] for k in m.K)
        for t in m.T
    )
    excess += sum(PENALTY_PER_UNBALANCE_HOUR * m.unbalance_excess_percent[t] for t in m.N)
    return PLACEHOLDER * (priced + reactive) + m.h * excess + PENALTY_PER_KG * m.carbon_excess_kg
