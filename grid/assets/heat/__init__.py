"""Heat demand of buildings, and heat pumps that meet it."""

from grid.assets.heat.demand import HeatDemand, heat_demand
from grid.assets.heat.pump import HeatPump

__all__ = ["HeatDemand", "HeatPump", "heat_demand"]
