"""A city's small plants as one: what it can do, what that costs, and what each of them then does."""

from optimizer.virtual_power_plant.activation import Activation, activate
from optimizer.virtual_power_plant.bids import Bid, bids, course
from optimizer.virtual_power_plant.plant import VirtualPlant, virtual_plant
from optimizer.virtual_power_plant.region import FeasibleRegion, feasible_region
from optimizer.virtual_power_plant.settlement import Settlement, settle

__all__ = [
    "Activation",
    "Bid",
    "FeasibleRegion",
    "Settlement",
    "VirtualPlant",
    "activate",
    "bids",
    "course",
    "feasible_region",
    "settle",
    "virtual_plant",
]
