"""What a city's grid is likely to suffer in the hours ahead, and the cheapest action that is enough."""

from app.twin.alerts.action import ActionPart, ProposedAction, propose, switching_relief
from app.twin.alerts.watch import GridWatch, watch_over

__all__ = ["ActionPart", "GridWatch", "ProposedAction", "propose", "switching_relief", "watch_over"]
