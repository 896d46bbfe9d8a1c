"""What a dispatch is good for: cost, carbon and peak import, weighed against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grid.errors import Fault, raise_if_any


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
