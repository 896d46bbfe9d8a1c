"""Charging sessions drawn from how people drive and plug in."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from grid.clock import Clock
from grid.series import Bools, Floats, Ints
from grid.weather import Weather

REFERENCE_DEGC = 20.0
"""Temperature at which the consumption of a car is stated."""
WARM_UP_DAYS = 7
"""Days lived through before the period, so that it begins with cars plugged in and others half empty."""
DISTANCE_SHAPE = 1.2
"""Shape of the gamma distribution of the distance of a day: skewed, with many short days (unverified)."""
LEAST_SOC = 0.1
"""What a car needs beyond this is charged elsewhere, and is not part of this fleet's demand."""
MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class Habits:
    """How the cars of a fleet are used; fields as in `grid.assets.ev_fleet.EVFleet`, in MW and MWh."""

    place: str
    vehicles: int
    km_per_day: float
    consumption_mwh_per_km: float
    winter_increase_per_degc: float
    battery_mwh: float
    charger_mw: float
    plug_in_per_day: float
    soc_target: float
    soc_low: float
    efficiency_charge: float


@dataclass(frozen=True, eq=False)
class Sessions:
    """Charging sessions on a clock, sorted by vehicle and time; M of them.

    Args:
        vehicle: Car, shape (M,), 0-based.
        start: First step, shape (M,).
        stop: Step after the last, shape (M,).
        e_arrival_mwh: Energy in the battery at the beginning, shape (M,) [MWh].
        e_departure_mwh: Energy due at the end, shape (M,) [MWh].
        mwh_per_km: Consumption on the day of arrival, shape (M,) [MWh/km].
        capped: Sessions that asked for more than their stay allows, shape (M,).
    """

    vehicle: Ints
    start: Ints
    stop: Ints
    e_arrival_mwh: Floats
    e_departure_mwh: Floats
    mwh_per_km: Floats
    capped: Bools

    def only(self, chosen: Bools | Ints) -> Sessions:
        """The sessions where `chosen` holds, shape (M,), or those at these places, in their order."""
        return Sessions(*(getattr(self, field.name)[chosen] for field in fields(self)))


@cache
def place_table(place: str) -> dict[str, Floats]:
    """The hourly statistics of a place, normalised: see ``grid/data/charging/README.md``."""
    with resources.as_file(resources.files("grid.data") / "charging" / f"{place}.csv") as path:
        frame = pl.read_csv(path)
    table = {name: frame[name].cast(pl.Float64).to_numpy().copy() for name in frame.columns}
    for name in ("plug_in_weekday", "plug_in_weekend", "plug_out_weekday", "plug_out_weekend"):
        table[name] /= table[name].sum()
    return table


def draw_sessions(
    habits: Habits, clock: Clock, time_zone: str, weather: Weather, generator: np.random.Generator
) -> Sessions:
    """Lives through the period day by day, all cars at once.

    Each day every car drives; with a probability, or if its battery is low, it is plugged in when it comes home and
    asks for all it has used since it was last full, as far as the stay allows.
    """
    zone = ZoneInfo(time_zone)
    first_day = (clock.start.astimezone(zone) - timedelta(days=WARM_UP_DAYS)).date()
    n_days = (clock.stop.astimezone(zone).date() - first_day).days + 1
    n = habits.vehicles
    missing = np.minimum(  # energy below the target
        generator.gamma(DISTANCE_SHAPE, habits.km_per_day * habits.consumption_mwh_per_km / DISTANCE_SHAPE, n),
        _most_missing(habits),
    )
    busy_until = np.full(n, -np.inf)  # minutes since the start of the clock
    drawn: list[tuple[Ints, Ints, Ints, Floats, Floats, Floats, Bools]] = []
    for k in range(n_days):
        day = first_day + timedelta(days=k)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        offset = (midnight - clock.start) / timedelta(minutes=1)
        consumption = habits.consumption_mwh_per_km * _winter_factor(habits, weather, offset)
        distance = generator.gamma(DISTANCE_SHAPE, habits.km_per_day / DISTANCE_SHAPE, n)
        missing = np.minimum(missing + distance * consumption, _most_missing(habits))
        low = habits.soc_target * habits.battery_mwh - missing < habits.soc_low * habits.battery_mwh
        arrival, departure = _stay(habits.place, midnight.weekday(), n, generator)
        plugged = (generator.random(n) < habits.plug_in_per_day) | low
        plugged &= offset + arrival >= busy_until
        start = np.ceil((offset + arrival) / _minutes(clock)).astype(np.int64)
        stop = np.maximum(np.floor((offset + departure) / _minutes(clock)).astype(np.int64), start + 1)
        most = (stop - start) * clock.step_hours * habits.charger_mw * habits.efficiency_charge
        asked = np.minimum(missing, most)
        at = np.flatnonzero(plugged)
        e_arrival = habits.soc_target * habits.battery_mwh - missing
        used = np.full(at.size, consumption)
        drawn.append((at, start[at], stop[at], e_arrival[at], (e_arrival + asked)[at], used, (missing > most)[at]))
        missing = np.where(plugged, missing - asked, missing)
        busy_until = np.where(plugged, stop * _minutes(clock), busy_until)
    columns = [np.concatenate(column) for column in zip(*drawn, strict=True)]
    return _within(clock, Sessions(*columns), habits)


def _within(clock: Clock, sessions: Sessions, habits: Habits) -> Sessions:
    """Only what lies in the period.

    A session begun before it has charged at full power from its arrival; one that goes on after it asks for its
    share by time.
    """
    start = np.maximum(sessions.start, 0)
    stop = np.minimum(sessions.stop, clock.n_steps)
    before = (start - sessions.start) * clock.step_hours * habits.charger_mw * habits.efficiency_charge
    e_start = np.minimum(sessions.e_arrival_mwh + before, sessions.e_departure_mwh)
    length = np.maximum(sessions.stop - start, 1)
    e_end = e_start + (sessions.e_departure_mwh - e_start) * np.maximum(stop - start, 0) / length
    kept = np.flatnonzero(stop > start)
    kept = kept[np.lexsort((start[kept], sessions.vehicle[kept]))]
    inside = replace(sessions, start=start, stop=stop, e_arrival_mwh=e_start, e_departure_mwh=e_end)
    return inside.only(kept)


def _most_missing(habits: Habits) -> float:
    return max(habits.soc_target - LEAST_SOC, 0.0) * habits.battery_mwh


def _minutes(clock: Clock) -> float:
    return clock.step / timedelta(minutes=1)


def _winter_factor(habits: Habits, weather: Weather, offset: float) -> float:
    """Consumption of a day against that at `REFERENCE_DEGC`, by the day's mean temperature."""
    first = int(np.clip(offset // _minutes(weather.clock), 0, weather.clock.n_steps - 1))
    day = weather.t_dry_bulb_degc[first : first + weather.clock.steps_per_day]
    return 1 + habits.winter_increase_per_degc * max(0.0, REFERENCE_DEGC - float(day.mean()))


def _stay(place: str, weekday: int, n: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Arrival and departure of `n` cars in minutes after local midnight of the day of arrival (0 is Monday)."""
    table = place_table(place)
    saturday, sunday = 5, 6
    hour = generator.choice(24, n, p=table["plug_in_weekend" if weekday >= saturday else "plug_in_weekday"])
    arrival = 60 * (hour + generator.random(n))
    overnight = generator.random(n) < table["overnight_share"][hour]
    tomorrow_is_weekend = weekday + 1 in (saturday, sunday)
    out = generator.choice(24, n, p=table["plug_out_weekend" if tomorrow_is_weekend else "plug_out_weekday"])
    morning = MINUTES_PER_DAY + 60 * (out + generator.random(n))
    same_day = arrival + 60 * generator.exponential(table["same_day_stay_h"][hour])
    return arrival, np.where(overnight, morning, np.minimum(same_day, MINUTES_PER_DAY))
