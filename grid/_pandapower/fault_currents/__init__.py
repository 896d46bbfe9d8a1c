"""Short-circuit currents, as pandapower computes them."""
