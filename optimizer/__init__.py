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

from typing import TYPE_CHECKING

from grid.public_names import on_demand

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
    "AutoregressiveError": "forecast.forecast",
    "Conflict": "window.diagnosis",
    "DispatchProblem": "problem.problem",
    "Estimate": "studies.representative_days",
    "Forecast": "problem.problem",
    "Frontier": "studies.frontier",
    "InfeasibleDispatchError": "window.diagnosis",
    "Persistence": "forecast.forecast",
    "Schedule": "problem.schedule",
    "Shortfall": "problem.schedule",
    "UnboundedDispatchError": "window.diagnosis",
    "Weights": "problem.objective",
    "battery": "problem.devices",
    "charging_sessions": "problem.devices",
    "city_of": "problem.devices",
    "dispatch": "horizon.rolling",
    "dispatch_representative": "studies.representative_days",
    "frontier": "studies.frontier",
    "generation": "problem.devices",
    "problem_of": "problem.devices",
}
"""Module of each public name, imported when it is first asked for."""

__getattr__ = on_demand(
    __name__, _MODULE, elsewhere={"Clock": "grid.time.clock", "Flexibility": "grid.flexibility.flexibility"}
)
