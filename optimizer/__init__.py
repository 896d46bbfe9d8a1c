"""Dispatch of flexible assets by linear programming, with limits of the network that hold in AC power flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.forecast.forecast import AutoregressiveError, Persistence
    from optimizer.horizon.rolling import dispatch
    from optimizer.problem.devices import battery, charging_sessions, city_of, generation, problem_of
    from optimizer.problem.objective import Weights
    from optimizer.problem.problem import DispatchProblem, Forecast
    from optimizer.problem.schedule import Schedule, Shortfall
    from optimizer.studies.frontier import Frontier, frontier
    from optimizer.studies.representative_days import Estimate, dispatch_representative
    from optimizer.window.diagnosis import Conflict, InfeasibleDispatchError, UnboundedDispatchError

_HOME = {
    "battery": "problem.devices",
    "charging_sessions": "problem.devices",
    "city_of": "problem.devices",
    "generation": "problem.devices",
    "problem_of": "problem.devices",
    "Conflict": "window.diagnosis",
    "InfeasibleDispatchError": "window.diagnosis",
    "UnboundedDispatchError": "window.diagnosis",
    "AutoregressiveError": "forecast.forecast",
    "Forecast": "problem.problem",
    "Persistence": "forecast.forecast",
    "Frontier": "studies.frontier",
    "frontier": "studies.frontier",
    "Weights": "problem.objective",
    "DispatchProblem": "problem.problem",
    "Estimate": "studies.representative_days",
    "dispatch_representative": "studies.representative_days",
    "dispatch": "horizon.rolling",
    "Schedule": "problem.schedule",
    "Shortfall": "problem.schedule",
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
