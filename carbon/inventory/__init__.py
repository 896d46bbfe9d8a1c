"""A city's greenhouse-gas inventory by the Global Protocol for Community-Scale Inventories (GPC)."""

from carbon.inventory.activities import REDUCED_BY, Activity, read_activities
from carbon.inventory.codes import GWP100, NOTATIONS, GpcCode, gpc_codes
from carbon.inventory.inventory import (
    LOCAL_GENERATION,
    Combustion,
    Inventory,
    InventoryLine,
    RunElectricity,
    calendar_years,
    compile_inventory,
)

__all__ = [
    "GWP100",
    "LOCAL_GENERATION",
    "NOTATIONS",
    "REDUCED_BY",
    "Activity",
    "Combustion",
    "GpcCode",
    "Inventory",
    "InventoryLine",
    "RunElectricity",
    "calendar_years",
    "compile_inventory",
    "gpc_codes",
    "read_activities",
]
