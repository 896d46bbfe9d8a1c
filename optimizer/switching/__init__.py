"""Which branches of a distribution grid are open: for low losses or carbon, and to restore supply after a fault."""

from optimizer.switching.faulted_grid import FaultedGrid
from optimizer.switching.reconfiguration import Exchange, Reconfiguration, reconfigure
from optimizer.switching.relief import OpenPointRelief, relieve
from optimizer.switching.restoration import Restoration, restore
from optimizer.switching.sequence import SwitchAction, SwitchTimes
from optimizer.switching.supply_model import IslandSource

__all__ = [
    "Exchange",
    "FaultedGrid",
    "IslandSource",
    "OpenPointRelief",
    "Reconfiguration",
    "Restoration",
    "SwitchAction",
    "SwitchTimes",
    "reconfigure",
    "relieve",
    "restore",
]
