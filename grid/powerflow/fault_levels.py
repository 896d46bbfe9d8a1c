"""Short-circuit currents by IEC 60909 at every bus of a network."""

from grid._pandapower import fault_levels

__all__ = ["fault_levels"]
