"""Hosting capacities on the map: those that are kept beside the results, and the card that has them computed."""
