"""AC power flow of every step: all voltages here, what a planner asks of a year in `extremes`, N-1 in `outages`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from grid.powerflow.powerflow import PowerFlow, power_flow, stream, voltages
    from grid.powerflow.zbus import Limits

_MODULE = {
    "Limits": "zbus",
    "PowerFlow": "powerflow",
    "power_flow": "powerflow",
    "stream": "powerflow",
    "voltages": "powerflow",
}
"""Module of each public name, imported when it is first asked for."""

__all__ = ["Limits", "PowerFlow", "power_flow", "stream", "voltages"]

__getattr__ = on_demand(__name__, _MODULE)
