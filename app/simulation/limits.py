"""The limits of a scenario's grid, resolved once: the scenario's own where it states one, else those of the net."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.scenario.schema import LimitsSpec
from grid.arrays import Floats
from grid.network.network import Network
from grid.network.tolerances import (
    IMPORT_TOLERANCE,
    LOADING_TOLERANCE_PERCENT,
    UNBALANCE_MAX,
    VOLTAGE_TOLERANCE_PU,
)
from grid.powerflow.zbus import Limits

AFTER_OUTAGE = LimitsSpec(vm_min_pu=0.9, vm_max_pu=1.1, line_loading_max_percent=100, trafo_loading_max_percent=100)
"""Limits that hold after an outage, until the grid is as it was."""


@dataclass(frozen=True, eq=False)
class GridLimits:
    """Limits by bus and branch, without tolerances; B buses, L branches.

    Args:
        vm_min_pu: Least voltage of each bus, shape (B,) [pu].
        vm_max_pu: Greatest voltage of each bus, shape (B,) [pu].
        loading_max_percent: Highest loading of each branch, shape (L,) [%]; infinite where there is no limit.
        import_max_mw: Most import of the city [MW]; infinite if there is no limit.
        unbalance_max: Highest ratio of the negative to the positive sequence of the voltage [1]; it counts where three
            phases are solved apart.
    """

    vm_min_pu: Floats
    vm_max_pu: Floats
    loading_max_percent: Floats
    import_max_mw: float
    unbalance_max: float = UNBALANCE_MAX

    @property
    def tolerated(self) -> GridLimits:
        """What is exceeded by a violation only: the limits, tolerances included."""
        return GridLimits(
            self.vm_min_pu - VOLTAGE_TOLERANCE_PU,
            self.vm_max_pu + VOLTAGE_TOLERANCE_PU,
            self.loading_max_percent + LOADING_TOLERANCE_PERCENT,
            self.import_max_mw * (1 + IMPORT_TOLERANCE),
            self.unbalance_max,
        )

    @property
    def of_elements(self) -> Limits:
        """Those of buses and branches, as the power flow counts what exceeds them."""
        return Limits(self.vm_min_pu, self.vm_max_pu, self.loading_max_percent)


def resolve_limits(spec: LimitsSpec, network: Network) -> GridLimits:
    """The limits of a network under a scenario.

    Args:
        spec: What the scenario states.
        network: The network with its own limits.
    """
    buses, branches = network.buses, network.branches
    low = buses.vm_min_pu if spec.vm_min_pu is None else np.full(len(buses.names), spec.vm_min_pu)
    high = buses.vm_max_pu if spec.vm_max_pu is None else np.full(len(buses.names), spec.vm_max_pu)
    loading = branches.loading_max_percent.copy()
    for kind, limit in (("line", spec.line_loading_max_percent), ("trafo", spec.trafo_loading_max_percent)):
        if limit is not None:
            loading[np.array(branches.kinds) == kind] = limit
    unbalance = spec.voltage_unbalance_max_percent
    return GridLimits(
        low, high, loading,
        import_max_mw=np.inf if spec.import_max_mw is None else spec.import_max_mw,
        unbalance_max=UNBALANCE_MAX if unbalance is None else unbalance / 100,
    )  # fmt: skip
