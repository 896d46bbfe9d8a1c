"""What may be decided about an asset: devices with bounds on their power over time, and what they fill and empty."""

from grid.flexibility.flexibility import Element, Flexibility, one_device, one_hot
from grid.flexibility.labels import Labels
from grid.flexibility.per_slot import PerSlot
from grid.flexibility.power_bounds import PowerBounds, within_bounds
from grid.flexibility.reservoir import Reservoir

__all__ = [
    "Element",
    "Flexibility",
    "Labels",
    "PerSlot",
    "PowerBounds",
    "Reservoir",
    "one_device",
    "one_hot",
    "within_bounds",
]
