"""Dispatch of flexible assets by linear programming, with limits of the network that hold in AC power flow.

State a problem, dispatch it, read the answer:

- `city_of` puts a pandapower net on a `Clock`; `battery`, `generation` and `charging_sessions` make devices on it, each
  a `Flexibility`; `problem_of` joins them to a `DispatchProblem`.
- `dispatch` decides what every device does, a `Schedule`; a limit that it could not keep is a `Shortfall`, a problem
  that has no answer raises `InfeasibleDispatchError` with its `Conflict`, or `UnboundedDispatchError`.
- `Weights` weigh cost, carbon and peak import; `Persistence`, `AutoregressiveError` or any `Forecast` say what a
  window knows of the steps ahead.
- `frontier` finds what each tonne less costs, a `Frontier`; `dispatch_representative` estimates a long period by a few
  of its days, an `Estimate`.

Powers are withdrawals in MW, positive when drawn; energies in MWh, reactive power in MVAr, voltages in pu, loadings in
%, carbon in kg, prices in one currency.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grid.flexibility.flexibility import Flexibility
    from grid.time.clock import Clock
    from optimizer.forecast.forecast import AutoregressiveError, Persistence
    from optimizer.horizon.rolling import dispatch
    from optimizer.problem.devices import battery, charging_sessions, city_of, generation, problem_of
    from optimizer.problem.objective import Weights
    from optimizer.problem.problem import DispatchProblem, Forecast
    from optimizer.problem.schedule import Schedule, Shortfall
    from optimizer.studies.frontier import Frontier, frontier
    from optimizer.studies.representative_days import Estimate, dispatch_representative
    from optimizer.window.diagnosis import Conflict, InfeasibleDispatchError, UnboundedDispatchError

__all__ = [
    "AutoregressiveError",
    "Clock",
    "Conflict",
    "DispatchProblem",
    "Estimate",
    "Flexibility",
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

_MODULE = {
    "AutoregressiveError": "optimizer.forecast.forecast",
    "Clock": "grid.time.clock",
    "Conflict": "optimizer.window.diagnosis",
    "DispatchProblem": "optimizer.problem.problem",
    "Estimate": "optimizer.studies.representative_days",
    "Flexibility": "grid.flexibility.flexibility",
    "Forecast": "optimizer.problem.problem",
    "Frontier": "optimizer.studies.frontier",
    "InfeasibleDispatchError": "optimizer.window.diagnosis",
    "Persistence": "optimizer.forecast.forecast",
    "Schedule": "optimizer.problem.schedule",
    "Shortfall": "optimizer.problem.schedule",
    "UnboundedDispatchError": "optimizer.window.diagnosis",
    "Weights": "optimizer.problem.objective",
    "battery": "optimizer.problem.devices",
    "charging_sessions": "optimizer.problem.devices",
    "city_of": "optimizer.problem.devices",
    "dispatch": "optimizer.horizon.rolling",
    "dispatch_representative": "optimizer.studies.representative_days",
    "frontier": "optimizer.studies.frontier",
    "generation": "optimizer.problem.devices",
    "problem_of": "optimizer.problem.devices",
}


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: the command line must start fast."""
    if name not in _MODULE:
        raise AttributeError(f"module 'optimizer' has no attribute {name!r}")
    return getattr(import_module(_MODULE[name]), name)
