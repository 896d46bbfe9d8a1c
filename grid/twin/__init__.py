"""The grid in operation: how its equipment warms and ages, without solver and without web."""
