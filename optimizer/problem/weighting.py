"""A problem whose cost is a weighted objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.problem.objective import Weights
from optimizer.problem.problem import DispatchProblem

TYPICAL_PRICE = 100.0
"""Size of prices for which the penalties of the model of a window are made [currency/MWh]."""
LIKE_TYPICAL = 10.0
"""Prices up to this factor above or below it are left as they are [1]."""


def price_unit(problem: DispatchProblem, weights: Weights | None = None) -> float:
    """A power of ten that brings the greatest price of a problem to the size of `TYPICAL_PRICE` [1].

    Prices may be in any currency, and weights of an objective of any size, while penalties of limits and the tolerances
    of the solver are made for one size: so the programme is given all prices divided by this, and its duals are
    brought back by it. It is 1 where the greatest price lies within 10..1000, and where a user's extension adds terms
    of its own.

    Args:
        problem: The problem with its prices.
        weights: Weights of its objective; None: the plain cost.
    """
    if weights is None and problem.extend is not None:
        return 1.0
    w = weights or Weights()
    carbon, hours = w.cost * problem.carbon_price_per_kg + w.carbon_kg, problem.horizon_steps * problem.clock.step_hours
    imports = np.abs(w.cost * problem.import_price_per_mwh + carbon * problem.import_ci_kg_per_mwh).max()
    exports = w.cost * np.abs(problem.export_price_per_mwh).max()
    greatest = max(float(imports), float(exports), w.peak_mw / hours)
    if greatest == 0 or TYPICAL_PRICE / LIKE_TYPICAL <= greatest <= TYPICAL_PRICE * LIKE_TYPICAL:
        return 1.0
    return float(10.0 ** np.round(np.log10(greatest / TYPICAL_PRICE)))


def weighted_problem(weights: Weights, problem: DispatchProblem, unit: float) -> DispatchProblem:
    """The problem whose cost is a weighted objective of `problem`, divided by `unit`.

    Args:
        weights: Weights of cost, carbon and peak import.
        problem: The problem with its prices [currency].
        unit: What the objective is divided by, see `price_unit` [1].
    """
    cost, carbon, peak = weights.cost / unit, weights.carbon_kg / unit, weights.peak_mw / unit
    flexibilities = tuple(f.with_costs_scaled(cost) for f in problem.flexibilities)
    return replace(
        problem,
        flexibilities=flexibilities if cost != 1.0 else problem.flexibilities,
        import_price_per_mwh=cost * problem.import_price_per_mwh,
        export_price_per_mwh=cost * problem.export_price_per_mwh,
        stored_value_per_mwh=cost * problem.stored_value_per_mwh,
        demand_charge_per_mw_month=cost * problem.demand_charge_per_mw_month + peak,
        carbon_price_per_kg=cost * problem.carbon_price_per_kg + carbon,
        reactive_cost_per_mvarh=problem.reactive_cost_per_mvarh / unit,  # a tie-breaker, whatever weighs
        objective=None,
    )
