"""A problem whose cost is a weighted objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.problem.objective import Weights
from optimizer.problem.problem import DispatchProblem


def objective_unit(weights: Weights, problem: DispatchProblem) -> float:
    """The size of a weighted objective relative to that of the plain cost [1/currency].

    Penalties of limits stay far above the objective only while it is of the size of a cost, so that is what the
    programme is given; its duals are brought back by this factor.

    Args:
        weights: Weights of cost, carbon and peak import.
        problem: The problem with its prices.
    """
    price = float(np.abs(problem.import_price_per_mwh).mean()) or 1.0
    ci, hours = float(problem.import_ci_kg_per_mwh.mean()), problem.horizon_steps * problem.clock.step_hours
    return weights.cost + weights.carbon_kg * ci / price + weights.peak_mw / (price * hours) or 1.0


def weighted_problem(weights: Weights, problem: DispatchProblem, unit: float) -> DispatchProblem:
    """The problem whose cost is a weighted objective of `problem`, divided by `unit`.

    Args:
        weights: Weights of cost, carbon and peak import.
        problem: The problem with its prices [currency].
        unit: What the objective is divided by, see `objective_unit` [1/currency].
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
        objective=None,
    )
