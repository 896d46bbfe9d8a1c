"""From a scenario to what happens in it: inputs, dispatch, power flow, tracing, limits, costs."""

from app.simulation.phases import SimulationResult, simulate

__all__ = ["SimulationResult", "simulate"]
