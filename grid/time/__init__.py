"""Time: the clock of a run, the calendar that maps profile years onto it, and shapes of demand by the hour."""

from grid.time.calendar import ProfileTable, holidays_of
from grid.time.clock import Clock
from grid.time.demand_shapes import StandardProfile, demand_shape, standard_shape

__all__ = ["Clock", "ProfileTable", "StandardProfile", "demand_shape", "holidays_of", "standard_shape"]
