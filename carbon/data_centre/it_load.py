"""IT load over time: utilisation over the week, power of the servers, growth over the years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.cooling import CoolingTechnology
from carbon.data_centre.server import Server
from carbon.data_centre.utilisation_file import utilisation_from_csv
from grid.arrays import Floats, read_only
from grid.errors import InputError, nearest
from grid.spec import Spec
from grid.time.clock import Clock
from grid.units import DAYS_PER_JULIAN_YEAR

_OFFICE = (*(0.4,) * 6, 0.5, 0.8, *(1.6,) * 9, 1.4, 1.0, 0.7, *(0.5,) * 4)
_OFFICE_REST = (0.4,) * 24
_WEB = (0.80, 0.66, 0.57, 0.53, 0.52, 0.55, 0.65, 0.80, 0.95, 1.05, 1.12, 1.16, 1.18, 1.17, 1.15, 1.14, 1.15, 1.18,
        1.25, 1.34, 1.40, 1.36, 1.22, 1.00)  # fmt: skip
_BATCH = (*(1.6,) * 6, 1.2, *(0.7,) * 13, 0.9, 1.2, 1.4, 1.5)

PROFILES: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = MappingProxyType(
    {
        "flat": ((1.0,) * 24, (1.0,) * 24),
        "office": (_OFFICE, _OFFICE_REST),
        "web": (_WEB, _WEB),
        "batch": (_BATCH, _BATCH),
    }
)
"""Relative work in each local hour of a working day and of a day at the weekend; scaled to a mean of 1 over the week.
The shapes are ours: `office` follows working hours, `web` peaks in the evening, `batch` runs at night."""


class FillUp(Spec):
    """A hall that is filled with servers over the years, at a steady pace."""

    opened: dt.date
    """Date on which the hall opens."""
    share_at_opening: float = Field(default=0.3, ge=0, le=1)
    """Servers installed on that date, as a share of the hall's capacity [1]."""
    share_per_year: float = Field(default=0.15, ge=-1, le=1)
    """Servers added in a year, as a share of the hall's capacity [1/year]; negative where servers are removed."""
    share_max: float = Field(default=1.0, gt=0, le=1)
    """Highest share of the hall's capacity that is installed [1]."""

    def share(self, clock: Clock) -> Floats:
        """Servers installed in each step, shape (T,), as a share of what the hall is built for [1]; none before."""
        since = clock.times - np.datetime64(self.opened, "us")
        years = since / np.timedelta64(1, "D") / DAYS_PER_JULIAN_YEAR
        filled = np.clip(self.share_at_opening + self.share_per_year * years, 0.0, self.share_max)
        return np.where(years >= 0, filled, 0.0)


class ItLoad(Spec):
    """The work of a hall, from the utilisation of its processors to the power of its servers."""

    profile: Literal["flat", "office", "web", "batch"] | None = None
    """Shape of the utilisation over the week, by local hour: flat, office hours, web (evening peak) or batch (night).
    Default: flat. Instead of `csv`."""
    csv: str | None = None
    """CSV file with the hourly columns `time_utc` and `utilisation` (0 to 1), instead of `profile` and
    `cpu_utilisation`."""
    cpu_utilisation: float = Field(default=0.4, gt=0, le=1)
    """Mean utilisation of the processors over the week, with `profile` [1]. Default: an assumption (unverified)."""
    installed_share: float = Field(default=1.0, gt=0, le=1)
    """Servers installed, as a share of the hall's capacity [1]; ignored with `fill_up`."""
    fill_up: FillUp | None = None
    """Growth of the installed servers over the years, instead of `installed_share`."""
    server: Server = Server()
    """The servers; a full hall at full utilisation and the reference inlet temperature draws its rated power."""

    @model_validator(mode="after")
    def _one_source(self) -> ItLoad:
        if self.profile is not None and self.csv is not None:
            raise ValueError("needs either 'profile' or 'csv', not both")
        if self.csv is None and self.cpu_utilisation * shape_of(self.profile or "flat").max() > 1.0 + 1e-12:
            raise ValueError("cpu_utilisation times the highest hour of the profile must not exceed 1")
        return self

    def utilisation(self, clock: Clock, time_zone: str, folder: Path = Path()) -> Floats:
        """Utilisation of the processors in each step, shape (T,) [1].

        Args:
            clock: The time axis.
            time_zone: IANA name of the city's time zone.
            folder: Folder that the CSV file's name is relative to.

        Raises:
            InputError: If there is no such time zone, or the file is faulty.
        """
        if self.csv is not None:
            return utilisation_from_csv(folder / self.csv, clock)
        hour, weekend = local_hours(clock, time_zone)
        shape = shape_of(self.profile or "flat")
        return np.asarray(self.cpu_utilisation * shape[weekend.astype(int), hour.astype(int)])

    def installed(self, clock: Clock) -> Floats:
        """Servers installed in each step, shape (T,), as a share of what the hall is built for [1]."""
        return np.full(clock.n_steps, self.installed_share) if self.fill_up is None else self.fill_up.share(clock)

    def power_share(self, clock: Clock, time_zone: str, t_inlet_degc: Floats, folder: Path = Path()) -> Floats:
        """Power of all servers as a share of the hall's rating, shape (T,) [1]; what exceeds the rating is capped.

        Args:
            clock: The time axis.
            time_zone: IANA name of the city's time zone.
            t_inlet_degc: Inlet air of the servers, shape (T,) [°C].
            folder: Folder that the CSV file's name is relative to.
        """
        each = self.server.power_share(self.utilisation(clock, time_zone, folder), t_inlet_degc)
        return np.minimum(self.installed(clock) * each, 1.0)


def shape_of(profile: str) -> Floats:
    """Relative work by kind of day (working day, weekend) and local hour, shape (2, 24); 1 in the week's mean."""
    shape = np.array(PROFILES[profile])
    return np.asarray(shape / (np.array([5, 2]) @ shape.mean(axis=1) / 7))


def supply_air_degc(cooling: CoolingTechnology, air: OutdoorAir, otherwise_degc: float) -> Floats:
    """Air that a cooling technology sends to the servers, shape (T,) [°C].

    Args:
        cooling: The technology; it answers by ``t_supply_degc``, a number or a function of the outdoor air.
        air: Outdoor air, T steps.
        otherwise_degc: What counts where the technology sends no air.
    """
    supply = getattr(cooling, "t_supply_degc", otherwise_degc)
    return np.broadcast_to(np.asarray(supply(air) if callable(supply) else supply, dtype=np.float64),
                           air.t_dry_bulb_degc.shape)  # fmt: skip


def local_hours(clock: Clock, time_zone: str) -> tuple[Floats, Floats]:
    """Local hour of the day at the middle of each step [h], and whether it is a weekend's (1) or not (0), (T,) each.

    Raises:
        InputError: If there is no such time zone.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        suggestion = nearest(time_zone, available_timezones())
        raise InputError.single("time_zone", "must be an IANA time zone", time_zone, suggestion) from error
    return _local_hours(clock, zone)


@lru_cache(maxsize=16)
def _local_hours(clock: Clock, zone: ZoneInfo) -> tuple[Floats, Floats]:
    """The same of a zone that exists; kept, since every design of a hall asks for the same hours."""
    local = (clock.pandas_index() + clock.step / 2).tz_convert(zone).tz_localize(None)
    hour = np.asarray(local.hour + local.minute / 60.0 + local.second / 3600.0, dtype=np.float64)
    return read_only(hour), read_only(np.asarray(local.dayofweek >= 5, dtype=np.float64))
