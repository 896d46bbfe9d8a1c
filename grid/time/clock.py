"""The one time axis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from grid.errors import Fault, InputError, raise_if_any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Clock:
    """Equal steps in UTC, each labelled by its beginning; there is no daylight saving time here.

    Args:
        start: Beginning of the first step, with time zone; kept in UTC.
        step: Length of a step.
        n_steps: Number of steps, at least 1.

    Raises:
        InputError: If `start` has no time zone, `step` is not positive or there is no step.
    """

    start: datetime
    step: timedelta
    n_steps: int

    def __post_init__(self) -> None:
        faults = []
        if self.start.tzinfo is None:
            faults.append(Fault("clock.start", "must have a time zone", self.start.isoformat()))
        if self.step <= timedelta(0):
            faults.append(Fault("clock.step", "must be longer than 0", str(self.step)))
        if self.n_steps < 1:
            faults.append(Fault("clock.n_steps", "must be at least 1", self.n_steps))
        raise_if_any(faults)
        object.__setattr__(self, "start", self.start.astimezone(UTC))

    @property
    def stop(self) -> datetime:
        """End of the last step."""
        return self.start + self.n_steps * self.step

    @property
    def step_hours(self) -> float:
        """Length of a step [h]."""
        return self.step / timedelta(hours=1)

    @property
    def steps_per_day(self) -> int:
        """Steps in 24 hours (at least 1)."""
        return max(1, round(timedelta(days=1) / self.step))

    @cached_property
    def times(self) -> npt.NDArray[np.datetime64]:
        """Beginning of every step in UTC, shape (T,), dtype datetime64[us], read-only."""
        first = np.datetime64(self.start.replace(tzinfo=None), "us")
        times = first + np.arange(self.n_steps) * np.timedelta64(self.step)
        times.flags.writeable = False
        return times

    def pandas_index(self) -> pd.DatetimeIndex:
        """The steps as pandas' index, UTC, for the libraries that ask for one."""
        import pandas as pd  # noqa: PLC0415  slow to import

        return pd.DatetimeIndex(self.times, tz="UTC")

    def year(self) -> Clock:
        """The hours of the calendar year in which it begins."""
        start = self.start.replace(month=1, day=1, hour=0, minute=0)
        hour = timedelta(hours=1)
        return Clock(start, hour, (start.replace(year=start.year + 1) - start) // hour)

    def window(self, first: int, stop: int) -> Clock:
        """The clock of the steps `first` (included) to `stop` (excluded)."""
        if not 0 <= first < stop <= self.n_steps:
            raise InputError.single("clock", f"steps must lie within 0..{self.n_steps}", (first, stop))
        return Clock(self.start + first * self.step, self.step, stop - first)
