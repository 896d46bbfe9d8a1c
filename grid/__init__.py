"""The grid of a city: clock, series, weather, network, assets and AC power flow."""
