"""What was measured of one quantity, up to now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import numpy as np

from grid.arrays import Floats, Ints, read_only
from grid.errors import Fault, raise_if_any
from grid.time.calendar import holidays_of
from grid.time.clock import Clock

SeriesKind = Literal["demand", "pv", "wind", "charging"]
KINDS: tuple[SeriesKind, ...] = ("demand", "pv", "wind", "charging")
"""What is forecast."""
NEVER_NEGATIVE = ("pv", "wind", "charging")
"""Kinds of which nothing less than 0 is forecast; demand may have feed-in among it."""


@dataclass(frozen=True, eq=False)
class PowerHistory:
    """One quantity as it was measured; T steps, the last of them the latest known.

    Args:
        name: Its name.
        kind: What it is.
        clock: The time axis.
        values_mw: Withdrawal, or for sun and wind what is fed in, shape (T,) [MW]; NaN where nothing was measured.
        time_zone: Zone whose hours people and working days follow.
        country: Country whose public holidays count; None for none.
        weather: Weather as measured and then as forecast, by name, shape (T + ahead,) each; any unit.

    Raises:
        InputError: If shapes disagree, or nothing at all was measured.
    """

    name: str
    kind: SeriesKind
    clock: Clock
    values_mw: Floats
    time_zone: str = "UTC"
    country: str | None = None
    weather: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "values_mw", read_only(self.values_mw))
        raise_if_any(self._faults(), f"the measurements of {self.name!r}")

    def _faults(self) -> Iterator[Fault]:
        n = self.clock.n_steps
        if self.values_mw.shape != (n,):
            yield Fault(self.name, f"must have shape ({n},)", self.values_mw.shape)
        elif not np.isfinite(self.values_mw).any():
            yield Fault(self.name, "must hold at least one value that is finite")
        if self.kind not in KINDS:
            yield Fault(self.name, f"must be one of {', '.join(KINDS)}", self.kind)
        for name, values in self.weather.items():
            if values.ndim != 1 or values.size < n:
                yield Fault(f"{self.name}.weather.{name}", f"must cover the {n} steps at least", values.shape)

    @property
    def least_mw(self) -> float:
        """Least value that a forecast of it may take [MW]."""
        return 0.0 if self.kind in NEVER_NEGATIVE else -np.inf

    @property
    def most_mw(self) -> float:
        """Greatest value that a forecast of it may take: for sun and wind the most that was seen [MW]."""
        return float(np.nanmax(self.values_mw)) if self.kind in ("pv", "wind") else np.inf

    def before(self, origin: int) -> PowerHistory:
        """What was known of it when step `origin` began; weather forecasts stay."""
        return replace(self, clock=self.clock.window(0, origin), values_mw=self.values_mw[:origin])

    @cached_property
    def holidays(self) -> frozenset[date]:
        """Public holidays in and after its years."""
        start, stop = self.clock.start.year, self.clock.stop.year + 1
        return frozenset(holidays_of(self.country, set(range(start - 1, stop + 1))))

    def calendar(self, steps: Ints) -> Floats:
        """Hour of the local day, weekday, day of the year, and whether it is a holiday, of some steps, shape (n, 4)."""
        import pandas as pd  # noqa: PLC0415  slow to import

        clock = self.clock
        times = np.datetime64(clock.start.replace(tzinfo=None), "us") + steps * np.timedelta64(clock.step)
        local = pd.DatetimeIndex(times, tz="UTC").tz_convert(self.time_zone)
        holiday = np.array([day in self.holidays for day in local.date], dtype=bool)
        hour = local.hour + local.minute / 60
        return np.column_stack([hour, local.dayofweek, local.dayofyear, holiday]).astype(np.float64)

    def at(self, steps: Ints) -> Floats:
        """Values of some steps, of their shape [MW]; NaN outside of what was measured."""
        inside = (steps >= 0) & (steps < self.clock.n_steps)
        return np.where(inside, self.values_mw[np.clip(steps, 0, self.clock.n_steps - 1)], np.nan)
