"""From a scenario to its result: inputs, dispatch, power flow, tracing, limits, costs."""
