"""Dispatch of flexible assets by linear programming, with limits of the network that hold in AC power flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.devices import battery, charging_sessions, city_of, generation, problem_of
    from optimizer.diagnosis import Conflict, InfeasibleDispatchError, UnboundedDispatchError
    from optimizer.forecast import AutoregressiveError, Forecast, Persistence
    from optimizer.frontier import Frontier, frontier
    from optimizer.objective import Weights
    from optimizer.problem import DispatchProblem
    from optimizer.representative_days import Estimate, dispatch_representative
    from optimizer.rolling import dispatch
    from optimizer.schedule import Schedule, Shortfall

_HOME = {
    "battery": "devices",
    "charging_sessions": "devices",
    "city_of": "devices",
    "generation": "devices",
    "problem_of": "devices",
    "Conflict": "diagnosis",
    "InfeasibleDispatchError": "diagnosis",
    "UnboundedDispatchError": "diagnosis",
    "AutoregressiveError": "forecast",
    "Forecast": "forecast",
    "Persistence": "forecast",
    "Frontier": "frontier",
    "frontier": "frontier",
    "Weights": "objective",
    "DispatchProblem": "problem",
    "Estimate": "representative_days",
    "dispatch_representative": "representative_days",
    "dispatch": "rolling",
    "Schedule": "schedule",
    "Shortfall": "schedule",
}

__all__ = [
    "AutoregressiveError",
    "Conflict",
    "DispatchProblem",
    "Estimate",
    "Forecast",
    "Frontier",
    "InfeasibleDispatchError",
    "Persistence",
    "Schedule",
    "Shortfall",
    "UnboundedDispatchError",
    "Weights",
    "battery",
    "charging_sessions",
    "city_of",
    "dispatch",
    "dispatch_representative",
    "frontier",
    "generation",
    "problem_of",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: the command line must start fast."""
    if name not in _HOME:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"optimizer.{_HOME[name]}"), name)
