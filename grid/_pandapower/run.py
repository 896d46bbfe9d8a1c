"""pandapower's power flow as everything here runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from grid.arrays import Bools

RUNPP_OPTIONS: Mapping[str, Any] = {
    "algorithm": "nr",
    "calculate_voltage_angles": True,
    "tolerance_mva": 1e-8,
    "lightsim2grid": False,
    "init": "auto",
}
"""One setting for the matrices, the fallback and the export, so that all three agree."""
_REACTANCE_SHARE: Final = 1e-3
"""Of the resistance: the reactance with which the start of branches is found that have none."""


def run_power_flow(net: Any) -> None:
    """Solves a net in place with `RUNPP_OPTIONS`.

    pandapower starts from the direct-current solution, which divides by the reactance of each branch. Where a branch
    has none, a solution with a small reactance there is the start.

    Raises:
        LoadflowNotConverged: Of pandapower, if the net has no solution.
    """
    import pandapower  # noqa: PLC0415  slow to import

    line, trafo = net.line, net.trafo
    of_line = _in_service(line) & (line.x_ohm_per_km.to_numpy(dtype=float) == 0)
    vk, vkr = (trafo[column].to_numpy(dtype=float) for column in ("vk_percent", "vkr_percent"))
    of_trafo = _in_service(trafo) & (np.abs(vk) == np.abs(vkr))
    if not (of_line.any() or of_trafo.any()):
        pandapower.runpp(net, **RUNPP_OPTIONS)
        return
    kept = line.x_ohm_per_km.copy(), trafo.vk_percent.copy()
    try:
        net.line.loc[of_line, "x_ohm_per_km"] = _REACTANCE_SHARE * line.r_ohm_per_km[of_line]
        net.trafo.loc[of_trafo, "vk_percent"] = trafo.vk_percent[of_trafo] * np.hypot(1, _REACTANCE_SHARE)
        pandapower.runpp(net, **RUNPP_OPTIONS)
    finally:
        net.line["x_ohm_per_km"], net.trafo["vk_percent"] = kept
    pandapower.runpp(net, **{**RUNPP_OPTIONS, "init": "results"})


def _in_service(frame: Any) -> Bools:
    used: Bools = frame.in_service.to_numpy(dtype=bool)
    return used
