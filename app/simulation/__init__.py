"""From a scenario to what happens in it: inputs, dispatch, power flow, tracing, limits, costs."""

from app.simulation.phases import SimulationResult, simulate
from app.simulation.reuse import PhaseReuse

__all__ = ["PhaseReuse", "SimulationResult", "simulate"]
