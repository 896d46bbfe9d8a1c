"""Electric vehicles: fleets drawn from how people drive, recorded sessions, places and vehicle classes."""

from grid.assets.ev.fleet import EVFleet
from grid.assets.ev.recorded import EVRecorded

__all__ = ["EVFleet", "EVRecorded"]
