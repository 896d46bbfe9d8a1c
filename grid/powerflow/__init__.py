"""AC power flow of every step: all voltages here, what a planner asks of a year in `extremes`, N-1 in `outages`."""

import grid.code_cache  # noqa: F401  before any function is compiled
from grid.powerflow.powerflow import PowerFlow, power_flow, stream, voltages
from grid.powerflow.zbus import Limits

__all__ = ["Limits", "PowerFlow", "power_flow", "stream", "voltages"]
