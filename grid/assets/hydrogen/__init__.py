"""Hydrogen stations, and when an electrolyser that nobody manages runs."""

from grid.assets.hydrogen.station import HydrogenStation
from grid.assets.hydrogen.supply import Electrolyser

__all__ = ["Electrolyser", "HydrogenStation"]
