"""What a run costs and what its cost is made of, step by step and month by month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.accounts.grid_elements import is_store
from app.simulation.phases import SimulationResult
from grid.arrays import Floats
from grid.flexibility.energy_pieces import final_mwh
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of
from grid.sharing import keep_latest
from grid.units import KG_PER_T

_Rate = Callable[[Flexibility, Floats], Floats]
"""A rate in every slot, shape (K,), of a flexibility with its withdrawal, shape (K,) [MW]."""


@dataclass(frozen=True, eq=False)
class MonthlyPeaks:
    """The highest import of each calendar month (UTC) that the run touches, M of them.

    Args:
        month: First day of each, shape (M,), ``datetime64[M]``.
        import_mw: Highest import, as a mean over a step, shape (M,) [MW].
        demand_charge: What it costs, shape (M,) [currency].
    """

    month: np.ndarray
    import_mw: Floats
    demand_charge: Floats


@dataclass(frozen=True, eq=False)
class OfAssets:
    """What all assets together do in every step, whatever carbon it carries; shape (T,) each.

    Args:
        curtailed_mwh: Local generation that sun or wind offered and that was not fed in [MWh].
        wear_cost: Wear and fuel of what feeds in [currency].
        forgone_value: What users lose who go without energy that has a value to them [currency].
        stock_gain_mwh: What stores whose time ends with a step hold more than is due, as they would feed it in [MWh].
        heat_mwh: Heat that heat pumps make [MWh].
    """

    curtailed_mwh: Floats
    wear_cost: Floats
    forgone_value: Floats
    stock_gain_mwh: Floats
    heat_mwh: Floats


def of_assets(outcome: SimulationResult) -> OfAssets:
    """What all assets together do; kept for runs that have their powers in common."""
    renewable = tuple(f.name for f in _renewable(outcome))
    return keep_latest(
        "what assets do in every step",
        (outcome.accounts.side, renewable),
        lambda: OfAssets(
            curtailed_mwh(outcome),
            wear_cost(outcome),
            forgone_value(outcome),
            stock_gain_mwh(outcome),
            heat_mwh(outcome),
        ),
    )


def monthly_peaks(outcome: SimulationResult) -> MonthlyPeaks:
    """The highest import of each month, and the demand charge for it."""
    clock, price = outcome.inputs.clock, outcome.inputs.prices.demand_per_mw_month
    month_of_step = clock.times.astype("datetime64[M]")
    month, place = np.unique(month_of_step, return_inverse=True)
    peak = np.zeros(month.size)
    np.maximum.at(peak, place, outcome.accounts.energy.import_mwh / clock.step_hours)
    return MonthlyPeaks(month, peak, price * peak)


def carbon_cost(outcome: SimulationResult) -> Floats:
    """The price of the carbon of all sources, by step, shape (T,) [currency]."""
    price = outcome.inputs.loaded.scenario.dispatch.carbon_price_per_t
    cost: Floats = price * outcome.accounts.carbon.source_kg / KG_PER_T
    return cost


def wear_cost(outcome: SimulationResult) -> Floats:
    """Wear and fuel of what feeds in, by step, shape (T,) [currency]."""
    total = np.zeros(outcome.inputs.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities:
        fed_mw = np.negative(outcome.p_mw[flexibility.name])
        np.maximum(fed_mw, 0.0, out=fed_mw)
        total += flexibility.by_step(fed_mw, flexibility.wear_cost_per_mwh)
    return total * outcome.inputs.clock.step_hours


def forgone_value(outcome: SimulationResult) -> Floats:
    """What users lose who go without energy that has a value to them, by step, shape (T,) [currency]."""
    valued = [f for f in outcome.inputs.flexibilities if values_of(f.value_per_mwh).any()]
    return _by_step(outcome, lambda f, p_mw: (f.unmanaged_power() - p_mw) * f.per_slot(f.value_per_mwh), valued)


def curtailed_mwh(outcome: SimulationResult) -> Floats:
    """Local generation that sun or wind offered and that was not fed in, by step, shape (T,) [MWh]."""
    return _by_step(outcome, lambda f, p_mw: np.maximum(p_mw - f.unmanaged_power(), 0.0), _renewable(outcome))


def _renewable(outcome: SimulationResult) -> list[Flexibility]:
    """Generation by sun or wind."""
    factors = outcome.inputs.factors
    return [
        f
        for f in outcome.inputs.flexibilities
        if f.technology is not None and f.reservoir is None and factors.renewable(f.technology)
    ]


def stock_gain_mwh(outcome: SimulationResult) -> Floats:
    """What stores whose time ends with a step hold more than is due, as they would feed it in, shape (T,) [MWh]."""
    total = np.zeros(outcome.inputs.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities:
        store = flexibility.reservoir
        if store is None or not is_store(flexibility):
            continue
        last = flexibility.offsets[1:] - 1
        surplus = final_mwh(flexibility, outcome.p_mw[flexibility.name]) - store.e_end_mwh
        gained = surplus * flexibility.at_slots(store.eta_discharge, last)
        total += np.bincount(flexibility.stop - 1, gained, total.size)
    return total


def heat_mwh(outcome: SimulationResult) -> Floats:
    """Heat that heat pumps make, by step, shape (T,) [MWh]."""
    total = np.zeros(outcome.inputs.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities:
        if flexibility.reservoir is not None and flexibility.reservoir.holds == "heat":
            total += flexibility.by_step(flexibility.gain_mwh(outcome.p_mw[flexibility.name]))
    return total


def _by_step(outcome: SimulationResult, rate: _Rate, flexibilities: Sequence[Flexibility] | None = None) -> Floats:
    """A rate per hour of some flexibilities (of all by default), summed to steps, shape (T,)."""
    total = np.zeros(outcome.inputs.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities if flexibilities is None else flexibilities:
        total += flexibility.by_step(rate(flexibility, outcome.p_mw[flexibility.name]))
    return total * outcome.inputs.clock.step_hours
