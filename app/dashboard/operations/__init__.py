"""The grid as it is now: what the twin's store of measurements and its file of alerts say, asked again and again."""

from app.dashboard.operations.estimated import MAP_CLASS, MapDrawing
from app.dashboard.operations.panel import PLACE_CLASS
from app.dashboard.operations.routes import TWIN, add_operations

__all__ = ["MAP_CLASS", "PLACE_CLASS", "TWIN", "MapDrawing", "add_operations"]
