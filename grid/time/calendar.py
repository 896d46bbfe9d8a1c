"""Which day of a profile year stands for which day of the scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError, nearest
from grid.time.clock import Clock
from grid.time.rows import edges_may_be_filled

SUNDAY = 7
DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, eq=False)
class ProfileTable:
    """Columns of consecutive steps from a start, such as a year of quarter hours.

    Args:
        names: One name a column.
        values: Shape (R, F).
        start: Beginning of the first row, UTC.
        step: Length of a row.
        source: File that they were read from; empty where they were not.
        form: Kind of that file.
        missing: Values that the file has not, which were filled, shape (R, F); None: it has all.
        mended: What was done to its rows, in words.
    """

    names: tuple[str, ...]
    values: Floats
    start: datetime
    step: timedelta
    source: str = ""
    form: str = "Parquet"
    missing: Bools | None = None
    mended: tuple[str, ...] = ()

    @property
    def n_days(self) -> int:
        """Whole days held."""
        return int(len(self.values) * self.step / timedelta(days=1))

    @property
    def stop(self) -> datetime:
        """End of the last row, UTC."""
        return self.start + len(self.values) * self.step

    def covers(self, clock: Clock) -> bool:
        """Whether the rows cover a clock from beginning to end."""
        return self.start <= clock.start and clock.stop <= self.stop

    def reaching(self, clock: Clock) -> ProfileTable:
        """The same with its first and last day repeated, where it lacks only edges of a clock that may be filled.

        Which may, says `grid.time.rows.edges_may_be_filled`; where more is lacking it stays as it is.
        """
        hour = timedelta(hours=1)
        early, late = self.start - clock.start, clock.stop - self.stop
        a_day = round(timedelta(days=1) / self.step)
        overlap = self.start < clock.stop and clock.start < self.stop
        if self.covers(clock) or not overlap or not edges_may_be_filled(early / hour, late / hour, clock):
            return self
        rows = len(self.values)
        before, after = (max(0, math.ceil(lacking / self.step)) for lacking in (early, late))
        at = np.arange(-before, rows + after)
        at = np.where(at < 0, at % a_day, np.where(at >= rows, rows - a_day + (at - rows) % a_day, at)) % rows
        return replace(self, values=self.values[at], start=self.start - before * self.step, missing=None)

    def on(self, clock: Clock, country: str | None) -> Floats:
        """The profiles on the steps of `clock`, shape (T, F): means over each step.

        Rows that cover the clock itself are taken as they are. Otherwise a day takes the profile day of the same ISO
        week and weekday; a public holiday of `country` takes the Sunday of its week, and a working day never takes
        a holiday of the profile year but the same weekday of a neighbouring week. Days begin when the profiles begin:
        a file of local days, from 23:00 or 05:00 UTC on, keeps its own civil days.
        """
        reaching = self.reaching(clock)
        if reaching is not self:
            return reaching.on(clock, country)
        after_midnight = civil_midnight(self.start)
        day_of = None if self.covers(clock) else _place_of_days(self, clock, country)
        step_us, row_us = (round(length / timedelta(microseconds=1)) for length in (clock.step, self.step))
        first = round((clock.start - self.start) / timedelta(microseconds=1))
        part = math.gcd(step_us, row_us, first)
        parts = step_us // part
        begins = (clock.start - after_midnight).replace(hour=0, minute=0, second=0, microsecond=0) + after_midnight
        since_day = round((clock.start - begins) / timedelta(microseconds=1))
        sums = np.zeros((clock.n_steps, self.values.shape[1]))
        for k in range(parts):
            at = np.arange(clock.n_steps, dtype=np.int64) * step_us + k * part
            if day_of is None:
                at = at + first
            else:
                at = at + since_day
                at = day_of[at // DAY_US] * DAY_US + at % DAY_US
            sums += self.values[np.minimum(at // row_us, len(self.values) - 1)]
        return sums / parts


def civil_midnight(start: datetime) -> timedelta:
    """When the days of profiles begin that start at a time, after midnight UTC; before it if less than 0.

    Args:
        start: Beginning of the first row, UTC; in the afternoon it is taken as the beginning of the next day.
    """
    since = start - start.replace(hour=0, minute=0, second=0, microsecond=0)
    return since if since <= timedelta(hours=12) else since - timedelta(days=1)


def days_taken(profiles: ProfileTable, clock: Clock, country: str | None) -> list[tuple[date, date]]:
    """Each civil day that the clock touches, with the day of the profiles that stands for it.

    Args:
        profiles: They do not cover the clock.
        clock: The time axis.
        country: Whose public holidays take Sundays.

    Raises:
        InputError: If the profiles hold no whole day.
    """
    days = profiles.n_days
    if days < 1:
        raise InputError.single("profiles", "must hold at least one whole day")
    after_midnight = civil_midnight(profiles.start)
    first_day = (profiles.start - after_midnight).date()
    held = [first_day + timedelta(days=k) for k in range(days)]
    start, last = clock.start - after_midnight, clock.stop - after_midnight - timedelta(microseconds=1)
    wanted = [start.date() + timedelta(days=k)
              for k in range(last.date().toordinal() - start.date().toordinal() + 1)]  # fmt: skip
    off = holidays_of(country, {day.year for day in (*held, *wanted)})
    by_week: dict[tuple[int, int], int] = {}
    for k, day in enumerate(held):
        _, week, weekday = day.isocalendar()
        if (weekday == SUNDAY or day not in off) and (week, weekday) not in by_week:
            by_week[week, weekday] = k
    return [(day, held[_profile_day(day, by_week, day in off, days)]) for day in wanted]


def _place_of_days(profiles: ProfileTable, clock: Clock, country: str | None) -> Ints:
    """Place of the profile day for each civil day that the clock touches."""
    first_day = (profiles.start - civil_midnight(profiles.start)).date()
    return np.array([(taken - first_day).days for _, taken in days_taken(profiles, clock, country)], dtype=np.int64)


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
    from holidays.registry import EntityLoader  # noqa: PLC0415

    code, _, subdivision = country.partition("-")
    codes = tuple(EntityLoader.get_country_codes())  # with their parts they would be 250 modules
    if code not in codes:
        raise InputError.single("city.holidays", "no such country code", country, nearest(code, codes))
    parts = getattr(holidays, code).subdivisions
    if subdivision and subdivision not in parts:
        raise InputError.single("city.holidays", f"no such part of {code}", country, nearest(subdivision, parts))
    return set(holidays.country_holidays(code, subdiv=subdivision or None, years=years))
