"""Levers: what planners turn first, and sweeps of two of them."""
