"""The dispatch of one window in Pyomo: one function a constraint.

Sets: steps ``T``, converters ``C`` (withdrawal within bounds: curtailable generation, shiftable demand), stores ``S``
(batteries and the like) and fleets ``F`` (assets of many short devices, whose sessions are appended as a block, see
`optimizer.sessions`). All powers are withdrawals in MW.

The model is stated once per structure. Loads, prices, bounds and stored energies are written into the compiled
arrays window by window, so they do not appear here; a right-hand side of 0 below is where they go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PENALTY_PER_MWH = 1e4
"""Cost of importing above the limit: far above any price of energy, so that it is paid only where nothing helps."""
PENALTY_PER_PERCENT_HOUR = 1e3
"""Cost of loading a branch above its limit [currency/(% h)]."""


@dataclass(frozen=True)
class StoreConstants:
    """What a store has in the matrix: efficiencies and what standing leaves [1]."""

    eta_charge: float
    eta_discharge: float
    retention_per_step: float


def window_model(
    n_steps: int, step_hours: float, n_converters: int, stores: Sequence[StoreConstants], n_fleets: int
) -> Any:
    """The model of a window.

    Args:
        n_steps: Steps of the window.
        step_hours: Length of a step [h].
        n_converters: Number of converters.
        stores: The stores.
        n_fleets: Number of fleets.
    """
    import pyomo.environ as pyo  # noqa: PLC0415  slow to import

    m = pyo.ConcreteModel()
    m.h, m.store = step_hours, stores
    m.T, m.C = pyo.RangeSet(0, n_steps - 1), pyo.RangeSet(0, n_converters - 1)
    m.S, m.F = pyo.RangeSet(0, len(stores) - 1), pyo.RangeSet(0, n_fleets - 1)

    m.import_mw = pyo.Var(m.T, bounds=(0, None))
    m.export_mw = pyo.Var(m.T, bounds=(0, None))
    m.loss_mw = pyo.Var(m.T, bounds=(0, None))
    m.peak_mw = pyo.Var(bounds=(0, None))
    m.import_excess_mw = pyo.Var(m.T, bounds=(0, None))
    m.loading_excess_percent = pyo.Var(m.T, bounds=(0, None))
    m.converter_mw = pyo.Var(m.C, m.T)
    m.charge_mw = pyo.Var(m.S, m.T, bounds=(0, None))
    m.discharge_mw = pyo.Var(m.S, m.T, bounds=(0, None))
    m.energy_mwh = pyo.Var(m.S, m.T)
    m.fleet_mw = pyo.Var(m.F, m.T)

    m.balance = pyo.Constraint(m.T, rule=balance)
    m.import_limit = pyo.Constraint(m.T, rule=import_limit)
    m.peak = pyo.Constraint(m.T, rule=peak)
    m.store_balance = pyo.Constraint(m.S, m.T, rule=store_balance)
    m.fleet_total = pyo.Constraint(m.F, m.T, rule=fleet_total)
    m.cost = pyo.Objective(rule=cost)
    return m


def balance(m: Any, t: int) -> Any:
    """What comes in is drawn or lost: import - export = converters + stores + fleets + losses + fixed withdrawal."""
    drawn = sum(m.converter_mw[c, t] for c in m.C) + sum(m.fleet_mw[f, t] for f in m.F)
    stored = sum(m.charge_mw[s, t] - m.discharge_mw[s, t] for s in m.S)
    return m.import_mw[t] - m.export_mw[t] - drawn - stored - m.loss_mw[t] == 0


def import_limit(m: Any, t: int) -> Any:
    """Import stays below its limit, or pays for the excess."""
    return m.import_mw[t] - m.import_excess_mw[t] <= 0


def peak(m: Any, t: int) -> Any:
    """The month's peak is the highest import of its steps."""
    return m.import_mw[t] - m.peak_mw <= 0


def store_balance(m: Any, s: int, t: int) -> Any:
    """A store keeps what it had, less standing losses, plus what charging leaves, less what discharging takes."""
    store = m.store[s]
    before = store.retention_per_step * m.energy_mwh[s, t - 1] if t else 0
    gain = m.h * store.eta_charge * m.charge_mw[s, t] - m.h / store.eta_discharge * m.discharge_mw[s, t]
    return m.energy_mwh[s, t] - before - gain == 0


def fleet_total(m: Any, f: int, t: int) -> Any:
    """A fleet draws what its sessions draw; the sessions are appended to these rows."""
    return m.fleet_mw[f, t] == 0


def cost(m: Any) -> Any:
    """Imports, exports, wear and the peak at their prices (written in later), and penalties for exceeded limits.

    The factors 1 are placeholders that keep the variables in the objective.
    """
    energy = sum(m.import_mw[t] + m.export_mw[t] for t in m.T)
    wear = sum(m.discharge_mw[s, t] for s in m.S for t in m.T)
    excess = sum(
        PENALTY_PER_MWH * m.import_excess_mw[t] + PENALTY_PER_PERCENT_HOUR * m.loading_excess_percent[t] for t in m.T
    )
    return energy + wear + m.peak_mw + m.h * excess
