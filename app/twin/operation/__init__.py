"""The twin at work: looks ahead as measurements arrive, says alerts, locates faults, and writes what came of it."""

from app.twin.operation.follower import CityOperation
from app.twin.operation.place import OperatedPlace

__all__ = ["CityOperation", "OperatedPlace"]
