"""Measurements as they were stored, as the estimation takes them: which place is which bus or branch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Ints
from grid.network.network import Network
from grid.twin.estimation.measured import BRANCH_QUANTITIES, BUS_QUANTITIES, MeasuredValues
from grid.twin.measurements import MeasuredSeries

LEAST_DEVIATION = 1e-5
"""Least standard deviation of a value [pu, MW, MVAr, kA, degree]; a meter that states less is not believed."""


@dataclass(frozen=True, eq=False)
class GridReadings:
    """Measurements of buses and branches.

    Args:
        measured: The values on the steps of the series.
        place: Which place of the series each is, shape (M,).
        unused: Places that the estimation has no use for, or that are not in the grid.
    """

    measured: MeasuredValues
    place: Ints
    unused: Ints


def grid_readings(series: MeasuredSeries, network: Network) -> GridReadings:
    """The measurements of a series at buses and branches with supply.

    What assets say of themselves is no reading of the grid: it goes into the expectations. Loadings and states of
    switches are not used; nor is a current where both powers are measured, which come from the same transformer: it
    says nothing new, and near zero no linearisation holds for it.
    """
    both = _ends_with_powers(series)
    buses = {name: k for k, name in enumerate(network.buses.names) if network.buses.node[k] >= 0}
    branches = {name: k for k, name in enumerate(network.branches.names)}
    chosen, place, quantities = list[int](), list[int](), list[str]()
    for m, each in enumerate(series.places):
        known, names = (
            (BUS_QUANTITIES, buses) if each.element_kind == "bus" else
            (BRANCH_QUANTITIES, branches) if each.element_kind == "branch" else ((), {})
        )  # fmt: skip
        if (each.element, each.quantity) in both:
            continue
        if each.quantity in known and each.element in names:
            chosen.append(m)
            place.append(names[each.element])
            quantities.append(each.quantity)
    at = np.array(chosen, dtype=np.int64)
    deviation = np.maximum(np.nan_to_num(series.standard_deviations[:, at], nan=1.0), LEAST_DEVIATION)
    measured = MeasuredValues(tuple(quantities), np.array(place, dtype=np.int64), series.values[:, at], deviation)
    assets = [m for m, each in enumerate(series.places) if each.element_kind == "asset"]
    unused = np.setdiff1d(np.arange(len(series.places)), np.concatenate([at, np.array(assets, dtype=np.int64)]))
    return GridReadings(measured, at, unused)


def _ends_with_powers(series: MeasuredSeries) -> set[tuple[str, str]]:
    """Branches and quantities of currents at ends where active and reactive power are measured too."""
    there = {(each.element, each.quantity) for each in series.places if each.element_kind == "branch"}
    return {
        (name, f"i_{side}_ka")
        for side in ("from", "to")
        for name, quantity in there
        if quantity == f"p_{side}_mw" and (name, f"q_{side}_mvar") in there
    }
