"""The grid in operation, as pure functions: measurements, estimation, forecasts, alerts, ageing, reliability."""
