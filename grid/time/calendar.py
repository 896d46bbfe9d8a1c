"""Which day of a profile year stands for which day of the scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import InputError, nearest
from grid.time.clock import Clock

SUNDAY = 7


@dataclass(frozen=True, eq=False)
class ProfileTable:
    """Columns of consecutive steps from a start, such as a year of quarter hours.

    Args:
        names: One name a column.
        values: Shape (R, F).
        start: Beginning of the first row, UTC.
        step: Length of a row.
    """

    names: tuple[str, ...]
    values: Floats
    start: datetime
    step: timedelta

    @property
    def n_days(self) -> int:
        """Whole days held."""
        return int(len(self.values) * self.step / timedelta(days=1))

    def on(self, clock: Clock, country: str | None) -> Floats:
        """The profiles on the steps of `clock`, shape (T, F): means over each step.

        Rows that cover the clock itself are taken as they are. Otherwise a day takes the profile day of the same ISO
        week and weekday; a public holiday of `country` takes the Sunday of its week, and a working day never takes
        a holiday of the profile year but the same weekday of a neighbouring week.
        """
        covers = self.start <= clock.start and clock.stop <= self.start + len(self.values) * self.step
        day_of = None if covers else _day_map(self, clock, country)
        step_min = round(clock.step / timedelta(minutes=1))
        row_min = round(self.step / timedelta(minutes=1))
        part = math.gcd(step_min, row_min)
        sums = np.zeros((clock.n_steps, self.values.shape[1]))
        parts = step_min // part
        first = int((clock.start - self.start) / timedelta(minutes=1))
        for k in range(parts):
            minute = first + np.arange(clock.n_steps) * step_min + k * part
            if day_of is not None:
                midnight = datetime.combine(clock.start.date(), datetime.min.time(), UTC)
                minute -= int((midnight - self.start) / timedelta(minutes=1))
                minute = day_of[minute // 1440] * 1440 + minute % 1440
            sums += self.values[minute // row_min]
        return sums / parts


def _day_map(profiles: ProfileTable, clock: Clock, country: str | None) -> Ints:
    """Place of the profile day for each UTC day that the clock touches."""
    days = profiles.n_days
    if days < 1:
        raise InputError.single("profiles", "must hold at least one whole day")
    held = [profiles.start.date() + timedelta(days=k) for k in range(days)]
    place = {day: k for k, day in enumerate(held)}
    wanted = [clock.start.date() + timedelta(days=k)
              for k in range((clock.stop - timedelta(microseconds=1)).date().toordinal()
                             - clock.start.date().toordinal() + 1)]  # fmt: skip
    off = holidays_of(country, {day.year for day in (*held, *wanted)})
    by_week: dict[tuple[int, int], int] = {}
    for day, k in place.items():
        _, week, weekday = day.isocalendar()
        if (weekday == SUNDAY or day not in off) and (week, weekday) not in by_week:
            by_week[week, weekday] = k
    return np.array([_profile_day(day, by_week, day in off, days) for day in wanted], dtype=np.int64)


def _profile_day(day: date, by_week: dict[tuple[int, int], int], holiday: bool, days: int) -> int:
    """The profile day for `day`: same week and weekday, else the nearest week that has that weekday."""
    _, week, weekday = day.isocalendar()
    if holiday:
        weekday = SUNDAY
    for distance in range(54):
        for near in (week - distance, week + distance):
            place = by_week.get(((near - 1) % 53 + 1, weekday))
            if place is not None:
                return place
    return (day.timetuple().tm_yday - 1) % days


def holidays_of(country: str | None, years: set[int]) -> set[date]:
    """Public holidays of a country (ISO 3166 code, or with a subdivision: ``DE-BY``) in the given years."""
    if country is None:
        return set()
    import holidays  # noqa: PLC0415  slow to import

    code, _, subdivision = country.partition("-")
    supported = holidays.list_supported_countries()
    if code not in supported:
        raise InputError.single("city.holidays", "no such country code", country, nearest(code, supported))
    if subdivision and subdivision not in supported[code]:
        raise InputError.single(
            "city.holidays", f"no such part of {code}", country, nearest(subdivision, supported[code])
        )
    return set(holidays.country_holidays(code, subdiv=subdivision or None, years=years))
