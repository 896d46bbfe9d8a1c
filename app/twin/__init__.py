"""The city's grid in operation: what its equipment suffers, and what to do about it."""
