"""Which city is operated, and where its twin keeps what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.twin.log.store import TwinLog


@dataclass(frozen=True)
class OperatedPlace:
    """A city and its twin.

    Args:
        city: A scenario file or the folder of a result.
        log: Log of alerts, decisions and outcomes.
        state: File of the alerts as they stand; None without one.
        samples: Courses of the forecast.
        past_days: Days before a day from which its forecasts learn.
        stores: Where the store of measurements and the log are, for a process that prepares days; None without one.
    """

    city: Path
    log: TwinLog
    state: Path | None = None
    samples: int = 100
    past_days: int = 70
    stores: tuple[str, str] | None = None
