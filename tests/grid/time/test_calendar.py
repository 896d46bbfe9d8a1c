from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from grid.errors import InputError
from grid.time.calendar import ProfileTable, holidays_of
from grid.time.clock import Clock

START = datetime(2016, 1, 1, tzinfo=UTC)
DAYS = 366
# each quarter hour holds its own day of the year, and its own place in the day
YEAR = ProfileTable(
    ("day", "quarter"),
    np.column_stack([np.repeat(np.arange(DAYS), 96), np.tile(np.arange(96), DAYS)]).astype(float),
    START,
    timedelta(minutes=15),
)


def day_for(day: date, country: str | None = None) -> date:
    clock = Clock(datetime(day.year, day.month, day.day, tzinfo=UTC), timedelta(hours=24), 1)
    return START.date() + timedelta(days=int(YEAR.on(clock, country)[0, 0]))


@pytest.mark.parametrize("day", [date(2030, 3, 13), date(2031, 7, 26), date(2028, 2, 29), date(2033, 11, 6)])
def test_a_day_takes_the_same_week_and_weekday(day: date) -> None:
    assert day_for(day).isocalendar()[1:] == day.isocalendar()[1:]


def test_week_53_takes_a_neighbouring_week() -> None:
    taken = day_for(date(2032, 12, 29))  # ISO week 53
    assert taken.isoweekday() == date(2032, 12, 29).isoweekday()
    assert taken.isocalendar()[1] in {52, 53}


def test_a_holiday_takes_the_sunday_of_its_week_and_a_working_day_never_takes_a_holiday() -> None:
    unity = date(2030, 10, 3)  # a Thursday
    assert day_for(unity, "DE").isoweekday() == 7
    assert day_for(unity).isoweekday() == 4
    off = holidays_of("DE", {2016})
    assert all(
        day_for(day, "DE") not in off or day_for(day, "DE").isoweekday() == 7
        for day in (date(2031, 1, 1) + timedelta(days=k) for k in range(365))
        if day not in holidays_of("DE", {2031})
    )


def test_rows_that_cover_the_clock_are_taken_as_they_are() -> None:
    clock = Clock(datetime(2016, 10, 3, 6, tzinfo=UTC), timedelta(minutes=15), 8)
    values = YEAR.on(clock, "DE")
    assert (values[:, 0] == (date(2016, 10, 3) - START.date()).days).all()
    assert values[:, 1].tolist() == list(range(24, 32))


@pytest.mark.parametrize("minutes", [5, 10, 15, 20, 30, 60])
def test_other_steps_keep_the_mean(minutes: int) -> None:
    clock = Clock(datetime(2030, 3, 13, tzinfo=UTC), timedelta(minutes=minutes), 1440 // minutes)
    values = YEAR.on(clock, None)
    assert values[:, 1].mean() == pytest.approx(47.5)
    assert (np.diff(values[:, 1]) >= 0).all()


def test_countries_and_their_parts_are_known_or_refused() -> None:
    assert date(2030, 6, 20) in holidays_of("DE-BY", {2030})
    assert holidays_of(None, {2030}) == set()
    with pytest.raises(InputError, match="no such country"):
        holidays_of("XX", {2030})
    with pytest.raises(InputError, match="no such part of DE"):
        holidays_of("DE-QQ", {2030})


@pytest.mark.parametrize(("hour", "day_before"), [(23, 1), (5, 0), (0, 0), (12, 0)])
def test_days_of_another_year_begin_when_the_profiles_begin(hour: int, day_before: int) -> None:
    start = datetime(2029, 1, 1, hour, tzinfo=UTC) - timedelta(days=day_before)
    days = np.repeat([(date(2029, 1, 1) + timedelta(days=k)).isoweekday() for k in range(364)], 24)
    local_hours = np.tile(np.arange(24), 364)
    year = ProfileTable(
        ("weekday", "hour"), np.column_stack([days, local_hours]).astype(float), start, timedelta(hours=1)
    )
    values = year.on(Clock(datetime(2030, 1, 11, hour, tzinfo=UTC), timedelta(hours=1), 48), None)
    first = date(2030, 1, 11) + timedelta(days=day_before)
    assert values[:24, 0].tolist() == [first.isoweekday()] * 24
    assert values[:, 1].tolist() == list(range(24)) * 2


@pytest.mark.parametrize("seconds", [1, 30, 90, 1200])
def test_steps_of_any_length_keep_the_mean_of_each_step(seconds: int) -> None:
    n = 86_400 // seconds
    start = datetime(2030, 1, 6, tzinfo=UTC)
    rows = ProfileTable(("at",), np.arange(n, dtype=float)[:, None] * seconds, start, timedelta(seconds=seconds))
    for step in (timedelta(minutes=15), timedelta(hours=1)):
        values = rows.on(Clock(start, step, round(timedelta(days=1) / step)), None)[:, 0]
        middles = (np.arange(values.size) + 0.5) * step.total_seconds() - seconds / 2
        assert values == pytest.approx(middles, abs=seconds / 2 + 1e-6)
        assert values.mean() == pytest.approx(rows.values.mean())
