"""What a dispatch is good for: cost, carbon and peak import, weighed against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from grid.errors import Fault, raise_if_any

if TYPE_CHECKING:
    from optimizer.problem.problem import DispatchProblem


@dataclass(frozen=True)
class Weights:
    """The objective as a weighted sum: ``cost · C + carbon_kg · K + peak_mw · P``.

    C is the cost of the problem with its prices, demand charge, wear, fuel and price of carbon; K the carbon of imports
    and own generation; P the sum of the highest imports of the calendar months. ``Weights()`` is the plain cost,
    ``Weights(cost=0, carbon_kg=1)`` the least carbon, ``Weights(cost=0, peak_mw=1)`` the lowest peaks; a small weight
    of the cost beside them chooses among what is equally good. Only ratios matter.

    Args:
        cost: Weight of a unit of currency [1/currency].
        carbon_kg: Weight of a kilogram [1/kg].
        peak_mw: Weight of a megawatt of each month's highest import [1/MW].

    Raises:
        InputError: If a weight is negative or not finite, or all are 0.
    """

    cost: float = 1.0
    carbon_kg: float = 0.0
    peak_mw: float = 0.0

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the objective")

    def _faults(self) -> Iterator[Fault]:
        weights = {name: getattr(self, name) for name in ("cost", "carbon_kg", "peak_mw")}
        for name, weight in weights.items():
            if not 0 <= weight < np.inf:
                yield Fault(f"objective.{name}", "must be at least 0, and finite", weight)
        if not any(weights.values()):
            yield Fault("objective", "must weigh something", 0.0)

    def unit(self, problem: DispatchProblem) -> float:
        """The size of the objective relative to that of the plain cost [1/currency].

        Penalties of limits stay far above the objective only while it is of the size of a cost, so that is what the
        programme is given; its duals are brought back by this factor.
        """
        price = float(np.abs(problem.import_price_per_mwh).mean()) or 1.0
        ci, hours = float(problem.import_ci_kg_per_mwh.mean()), problem.horizon_steps * problem.clock.step_hours
        return self.cost + self.carbon_kg * ci / price + self.peak_mw / (price * hours) or 1.0

    def applied(self, problem: DispatchProblem, unit: float) -> DispatchProblem:
        """The problem whose cost is this objective of `problem`, divided by `unit`."""
        cost, carbon, peak = self.cost / unit, self.carbon_kg / unit, self.peak_mw / unit
        flexibilities = tuple(
            replace(f, wear_cost_per_mwh=cost * f.wear_cost_per_mwh, value_per_mwh=cost * f.value_per_mwh)
            for f in problem.flexibilities
        )
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
