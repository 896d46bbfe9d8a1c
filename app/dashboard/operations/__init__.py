"""The grid as it is now: what the twin's store of measurements and its file of alerts say, asked again and again."""

from app.dashboard.operations.estimated import MapDrawing
from app.dashboard.operations.panel import PLACE_CLASS, Cells, map_place, plain_row
from app.dashboard.operations.routes import TWIN, add_operations

__all__ = ["PLACE_CLASS", "TWIN", "Cells", "MapDrawing", "add_operations", "map_place", "plain_row"]
