"""When a price holds: months, days of the week and hours in local time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field

from grid.arrays import Bools, Ints
from grid.assets.power_limits import DAYS, WHOLE_DAY, Day, Hours
from grid.spec import Spec
from grid.time.clock import Clock
from grid.units import MINUTES_PER_DAY, MINUTES_PER_HOUR

MONTHS = tuple(range(1, 13))
SUNDAY = len(DAYS) - 1


class Times(Spec):
    """Months, days and hours in which something holds, in local time; a step counts by its beginning."""

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = MONTHS
    """Months, 1 to 12. Default: all."""
    days: tuple[Day, ...] = DAYS
    """Days of the week. Default: all."""
    hours: tuple[Hours, ...] = (WHOLE_DAY,)
    """Hours of these days, such as `[07:00-11:00, 17:00-19:00]`; `22:00-06:00` are the first six and the last two hours
    of each of them. Default: the whole day."""

    def hold(self, at: LocalTimes) -> Bools:
        """Whether each of the local times is among them, shape (T,)."""
        within = np.zeros(at.minute.shape, dtype=bool)
        for hours in self.hours:
            begin, end = (MINUTES_PER_HOUR * int(time[:-3]) + int(time[-2:]) for time in hours.split("-"))
            after, before = at.minute >= begin, at.minute < end
            within |= (after & before) if begin < end else (after | before)
        month = np.isin(at.month, self.months)
        chosen = np.array([day in self.days for day in DAYS])
        held: Bools = within & month & chosen[at.weekday]
        return held


@dataclass(frozen=True, eq=False)
class LocalTimes:
    """Local time of T steps.

    Args:
        month: Month, 1 to 12, shape (T,).
        weekday: Day of the week, Monday 0, shape (T,).
        minute: Minute of the day, shape (T,).
        billing_month: Calendar month in local time, shape (T,), ``datetime64[M]``.
    """

    month: Ints
    weekday: Ints
    minute: Ints
    billing_month: np.ndarray

    @classmethod
    def of_clock(cls, clock: Clock, time_zone: str, sundays: Iterable[date] = ()) -> LocalTimes:
        """The steps of a clock by the wall clock.

        Args:
            clock: The time axis.
            time_zone: IANA name.
            sundays: Days that count as Sundays.
        """
        local = clock.pandas_index().tz_convert(ZoneInfo(time_zone)).tz_localize(None)
        day = local.to_numpy().astype("datetime64[D]")
        free = np.isin(day, np.array(sorted(sundays), dtype="datetime64[D]"))
        minute = np.asarray(local.hour) * MINUTES_PER_HOUR + np.asarray(local.minute)
        return cls(
            month=np.asarray(local.month, dtype=np.int64),
            weekday=np.where(free, SUNDAY, np.asarray(local.dayofweek)).astype(np.int64),
            minute=minute.astype(np.int64),
            billing_month=day.astype("datetime64[M]"),
        )

    @classmethod
    def every(cls) -> LocalTimes:
        """Every minute of the week in every month, by steps of five minutes: what a rate sheet has to say."""
        month, weekday, minute = np.meshgrid(
            MONTHS, np.arange(len(DAYS)), np.arange(0, MINUTES_PER_DAY, 5), indexing="ij"
        )
        return cls(month.ravel(), weekday.ravel(), minute.ravel(), np.zeros(month.size, "datetime64[M]"))

    def words(self, at: int) -> str:
        """One of the times in words."""
        minute = int(self.minute[at])
        return f"{DAYS[self.weekday[at]]} {minute // 60:02d}:{minute % 60:02d} in month {self.month[at]}"


def first_that_holds(periods: Iterable[Times], at: LocalTimes) -> Ints:
    """Place of the first of some periods that holds, shape (T,); -1 where none does."""
    found = np.full(at.minute.shape, -1, dtype=np.int64)
    for place, times in enumerate(periods):
        found[(found < 0) & times.hold(at)] = place
    return found


def never_first(periods: Sequence[Times]) -> Ints:
    """Places of periods that count at no time of the year, since those before them hold whenever they do."""
    counted = first_that_holds(periods, LocalTimes.every())
    return np.setdiff1d(np.arange(len(periods)), counted)
