"""What a forecast is made from: a file of totals, or a city with what its profiles or a store say of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.twin.alerts.watch import corrected
from app.twin.forecasts.file import read_histories
from app.twin.forecasts.measured import stored_histories
from app.twin.forecasts.period import OperatedCity, operated_city
from app.twin.log.lessons import Lessons
from grid.errors import InputError, nearest
from grid.files.content import is_folder
from grid.time.zones import zone_names
from grid.twin.forecast import make_forecaster
from grid.twin.forecast.forecaster import Forecaster
from grid.twin.forecast.history import PowerHistory


@dataclass(frozen=True, eq=False)
class ForecastSource:
    """The past that a forecast learns from.

    Args:
        histories: The totals by kind.
        city: The city of which they are; None of a file.
        words: What each comes from, where a store was asked.
    """

    histories: Sequence[PowerHistory]
    city: OperatedCity | None = None
    words: Sequence[str] = ()

    @classmethod
    def of_file(cls, path: Path, time_zone: str, country: str | None) -> ForecastSource:
        """The totals of a file.

        Args:
            path: Parquet or CSV.
            time_zone: Zone whose hours people follow.
            country: Country whose public holidays count; None: none do.

        Raises:
            InputError: If the file is wrong.
        """
        return cls(read_histories(path, time_zone, country))

    @classmethod
    def of_city(cls, path: Path, days: int | None, measurements: str | None) -> ForecastSource:
        """The totals of a city before its period.

        Args:
            path: A scenario file or the folder of a result.
            days: Days of its period; None: all.
            measurements: Store of what was measured; None: its profiles stand for that.

        Raises:
            InputError: If the city or the store is wrong.
            StoreError: If the store cannot be reached.
        """
        city = operated_city(path, None, days=days)
        if measurements is None:
            return cls(city.histories, city)
        histories, words = stored_histories(city, measurements)
        return cls(histories, city, words)

    def trained(self, hours: int, test_days: int, lessons: Lessons) -> list[Forecaster]:
        """A forecaster of each total, corrected where that has helped.

        Args:
            hours: Hours ahead.
            test_days: Days of the past that are forecast again.
            lessons: What the log of the twin teaches.

        Raises:
            InputError: If the past is too short.
        """
        made = []
        for history in self.histories:
            n_steps = max(1, round(timedelta(hours=hours) / history.clock.step))
            made.append(corrected(make_forecaster(history, n_steps, days=test_days), lessons.correction(history.kind)))
        return made


def require_zone(name: str) -> None:
    """Raises an `InputError` if there is no such time zone."""
    if name not in zone_names():
        raise InputError.single("--time-zone", "is no time zone", name, nearest(name, zone_names()))


def is_city(path: Path) -> bool:
    """Whether a path names a scenario or a result, rather than a file of totals."""
    return path.suffix.casefold() in {".yaml", ".yml"} or is_folder(path)
