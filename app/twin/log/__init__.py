"""The log of the twin: alerts, decisions and outcomes, kept as they came, and what they teach."""

from app.twin.log.lessons import Lessons, lessons_of
from app.twin.log.store import TwinLog, opened_log

__all__ = ["Lessons", "TwinLog", "lessons_of", "opened_log"]
