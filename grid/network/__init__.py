"""Buses, branches and the powers injected at them."""
