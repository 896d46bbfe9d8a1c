"""What is likely to exceed a limit, and when to say so: pure functions, without solver and without store."""

from grid.twin.alerts.levels import AlertEvent, AlertLevel, AlertRules, AlertState, advance
from grid.twin.alerts.risks import Risk, violation_risks

__all__ = [
    "AlertEvent",
    "AlertLevel",
    "AlertRules",
    "AlertState",
    "Risk",
    "advance",
    "violation_risks",
]
