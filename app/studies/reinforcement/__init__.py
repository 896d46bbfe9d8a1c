"""The cheapest measures after which a grid keeps its limits."""
