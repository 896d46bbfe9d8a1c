"""Commands about the grid of a scenario or a run: what it takes, what it loses, what it needs."""
