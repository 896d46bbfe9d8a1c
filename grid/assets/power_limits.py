"""Limits on the power of assets that change with time: by the hour of the local day, or by a curve from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from grid.arrays import Bools
from grid.assets.limit_curve import QUANTITIES, UNLIMITED, read_limit_curve
from grid.errors import Fault, InputError
from grid.flexibility.power_bounds import PowerBounds
from grid.spec import Spec
from grid.time.clock import Clock
from grid.units import MINUTES_PER_DAY, MINUTES_PER_HOUR

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
HOURS_PATTERN = r"^([01]?\d|2[0-3]):[0-5]\d-(([01]?\d|2[0-3]):[0-5]\d|24:00)$"
"""Hours of a day as an input writes them, such as `22:00-06:00`."""
WHOLE_DAY = "00:00-24:00"


def _have_a_length(hours: str) -> str:
    """Refuses hours without any length, which could be the whole day or nothing."""
    begin, end = hours.split("-")
    if begin.rjust(5, "0") == end.rjust(5, "0"):
        raise PydanticCustomError("hours", f"must not end as they begin; the whole day is {WHOLE_DAY}")
    return hours


Hours = Annotated[str, Field(pattern=HOURS_PATTERN), AfterValidator(_have_a_length)]
"""Hours of a day such as `22:00-06:00`, of some length."""


class PowerLimit(Spec):
    """A limit on what an asset draws and feeds in, in certain hours or by a curve of the grid operator.

    It holds for every strategy and every device, charging sessions included. A step that it touches has it whole; where
    several hold, the least counts.
    """

    hours: Hours = WHOLE_DAY
    """Hours of the local day of the city in which it holds, such as `22:00-06:00`, which ends on the next day. Default:
    the whole day."""
    days: tuple[Day, ...] = DAYS
    """Days of the week on which these hours begin, such as `[monday, friday]`. Default: all."""
    charge_max_mw: float | None = Field(default=None, ge=0)
    """Most power drawn by the whole asset, charging included [MW]; its devices share it in proportion to what each
    could draw then. Default: no limit."""
    discharge_max_mw: float | None = Field(default=None, ge=0)
    """Most power fed in by the whole asset [MW]; its devices share it in proportion to what each could feed in then.
    Default: no limit."""
    charge_max_share: float | None = Field(default=None, ge=0, le=1)
    """Most power drawn by the whole asset, as a share of what it could draw then without the limit [1]. Default: no
    limit."""
    discharge_max_share: float | None = Field(default=None, ge=0, le=1)
    """Most power fed in by the whole asset, as a share of what it could feed in then without the limit, which for sun
    and wind is what the weather gives [1]. Default: no limit."""
    file: str | None = Field(default=None, min_length=1)
    """Or a CSV file with a column `time` (ISO 8601; without an offset the local time of the city) or `time_utc`, and
    one or more of the four limits above as columns. A row holds until the time of the next, the last for as long as the
    one before it; an empty field is no limit, and there is none before the first row and after the last."""

    @model_validator(mode="after")
    def _limits_something(self) -> PowerLimit:
        stated = [name for name in QUANTITIES if getattr(self, name) is not None]
        if self.file is None and not stated:
            raise PydanticCustomError("power_limit", f"needs 'file' or at least one of {', '.join(QUANTITIES)}")
        if self.file is not None and (stated or self.hours != WHOLE_DAY or self.days != DAYS):
            raise PydanticCustomError("power_limit", "a 'file' states the times and the limits; leave out the others")
        return self

    def faults(self, at: str, time_zone: str) -> Iterator[Fault]:
        """All that is wrong with its file.

        Args:
            at: Where the limit stands in the input.
            time_zone: IANA name of the city's time zone, of times without an offset.
        """
        if self.file is not None:
            try:
                read_limit_curve(Path(self.file), time_zone)
            except InputError as error:
                for fault in error.faults:
                    yield Fault(f"{at}.{fault.place}", fault.rule, fault.value, fault.suggestion)

    def on(self, clock: Clock, time_zone: str) -> PowerBounds:
        """The limit in each step.

        Args:
            clock: The time axis, T steps.
            time_zone: IANA name of the city's time zone.

        Raises:
            InputError: If the file cannot be read.
        """
        if self.file is not None:
            return read_limit_curve(Path(self.file), time_zone).on(clock)
        holds = _steps_within(self.hours, self.days, clock, time_zone)
        stated = {name: getattr(self, name) for name in QUANTITIES}
        most = {name: UNLIMITED[name] if value is None else value for name, value in stated.items()}
        return PowerBounds(**{name: np.where(holds, most[name], UNLIMITED[name]) for name in QUANTITIES})


class SharedPowerLimit(PowerLimit):
    """A power limit for several assets, each by itself: of some kinds, or with some names."""

    kinds: tuple[str, ...] = ()
    """Kinds of assets that it holds for, such as `[battery, ev_fleet]`; batteries and cars that are part of another
    asset included."""
    names: tuple[str, ...] = ()
    """Names of further assets that it holds for."""

    @model_validator(mode="after")
    def _selects_something(self) -> SharedPowerLimit:
        if not self.kinds and not self.names:
            raise PydanticCustomError("power_limit", "needs 'kinds' or 'names': the assets that it holds for")
        return self

    def selects(self, kind: str, name: str) -> bool:
        """Whether it holds for a part of this kind of the asset called `name`."""
        return kind in self.kinds or name in self.names


def _steps_within(hours: str, days: tuple[Day, ...], clock: Clock, time_zone: str) -> Bools:
    """Steps that touch the hours of the days, shape (T,)."""
    begin, end = (MINUTES_PER_HOUR * int(time[:-3]) + int(time[-2:]) for time in hours.split("-"))
    if end <= begin:
        end += MINUTES_PER_DAY
    local = clock.pandas_index().tz_convert(ZoneInfo(time_zone))
    minute = np.asarray(local.hour) * MINUTES_PER_HOUR + np.asarray(local.minute)
    after = minute + clock.step_hours * MINUTES_PER_HOUR
    weekday = np.asarray(local.dayofweek)
    chosen = np.array([day in days for day in DAYS])
    holds = np.zeros(clock.n_steps, dtype=bool)
    for ahead in (-1, 0, 1):  # hours that began the day before, today, or begin after midnight within the step
        shift = ahead * MINUTES_PER_DAY
        holds |= chosen[(weekday + ahead) % len(DAYS)] & (minute < end + shift) & (after > begin + shift)
    return holds
