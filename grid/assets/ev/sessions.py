"""Charging sessions drawn from how people drive and plug in, and what of sessions lies in a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from grid.arrays import Bools, Floats, Ints
from grid.assets.ev.places import Place, draw_stays, place_table
from grid.time.clock import Clock
from grid.weather.weather import Weather

__all__ = ["Habits", "PeriodSessions", "Sessions", "draw_sessions", "place_table", "within", "year_round_service"]

REFERENCE_DEGC = 20.0
"""Temperature at which the consumption of a car is stated."""
LEAST_SOC = 0.1
"""What a car needs beyond this is charged elsewhere, and is not part of this fleet's demand."""
DAYS_AHEAD = 14
"""Days of service that are drawn beyond the period, so that its last sessions know their end."""


@dataclass(frozen=True, eq=False)
class Habits:
    """How the vehicles of a fleet are used.

    Args:
        place: Where they charge.
        km_per_day: Mean distance of a day in service, shape (V,) [km].
        consumption_mwh_per_km: From the battery, at 20 °C, shape (V,) [MWh/km].
        winter_increase_per_degc: Relative increase per degree below, shape (V,) [1/°C].
        battery_mwh: Usable energy of the battery, shape (V,) [MWh].
        charger_mw: Power of charging, the lesser of vehicle and charging point, shape (V,) [MW].
        plug_in_per_day: Chance that a vehicle at the place is plugged in, unless its battery is low.
        soc_target: State of charge wanted at departure [1].
        soc_low: State of charge below which it is plugged in in any case [1].
        efficiency_charge: Stored per energy at the meter [1].
    """

    place: Place
    km_per_day: Floats
    consumption_mwh_per_km: Floats
    winter_increase_per_degc: Floats
    battery_mwh: Floats
    charger_mw: Floats
    plug_in_per_day: float
    soc_target: float
    soc_low: float
    efficiency_charge: float

    @property
    def vehicles(self) -> int:
        """Number of vehicles V."""
        return int(self.battery_mwh.size)

    @property
    def most_missing_mwh(self) -> Floats:
        """Energy below the target of a vehicle that has used all it may, shape (V,) [MWh]."""
        return max(self.soc_target - LEAST_SOC, 0.0) * self.battery_mwh

    def distance(self, generator: np.random.Generator) -> Floats:
        """Distance of a day in service, shape (V,) [km]."""
        shape = self.place.distance_shape
        return self.km_per_day if np.isinf(shape) else generator.gamma(shape, self.km_per_day / shape)


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

    def only(self, chosen: Bools | Ints) -> Self:
        """The sessions where `chosen` holds, shape (M,), or those at these places, in their order."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class PeriodSessions(Sessions):
    """What of sessions lies in a period.

    Args:
        e_before_mwh: Energy with which the vehicle left its session before, shape (M,) [MWh]; at the beginning of the
            period for a vehicle that is plugged in then.
        owed_mwh: Energy due to it after the end of the period, as stored, shape (M,) [MWh]; 0 unless it stays.
    """

    e_before_mwh: Floats
    owed_mwh: Floats


@dataclass(frozen=True, eq=False)
class _Day:
    """A local day: its weekday, minutes from the start of the clock to its midnight, who drives, and when they do next.

    `in_service` and `days_ahead` have shape (V,).
    """

    weekday: int
    offset_min: float
    in_service: Bools
    days_ahead: Ints


def draw_sessions(
    habits: Habits, clock: Clock, time_zone: str, weather: Weather, generator: np.random.Generator
) -> PeriodSessions:
    """Lives through the period day by day, all vehicles at once.

    Each day those in service drive; at the place, with a probability, or if its battery is low, a vehicle is plugged
    in and asks for all it has used since it was last full, as far as the stay allows.

    Args:
        habits: How V vehicles are used.
        clock: The time axis.
        time_zone: IANA name of the zone whose clocks people follow.
        weather: Its temperature decides what driving takes.
        generator: Random numbers.

    Returns:
        The sessions within the clock.
    """
    most, step_min = habits.most_missing_mwh, clock.step / timedelta(minutes=1)
    missing = np.minimum(habits.distance(generator) * habits.consumption_mwh_per_km, most)  # below the target
    busy_until = np.full(habits.vehicles, -np.inf)  # minutes since the start of the clock
    drawn: list[Sessions] = []
    for day in _days(habits.place, clock, ZoneInfo(time_zone), habits.vehicles, generator):
        used = habits.consumption_mwh_per_km * _winter_factor(habits, weather, day.offset_min)
        distance = np.where(day.in_service, habits.distance(generator), 0.0)
        missing = np.minimum(missing + distance * used, most)
        arrival, departure = draw_stays(habits.place, day.weekday, day.days_ahead, generator)
        at = np.flatnonzero(_plugs_in(habits, day, missing, generator) & (day.offset_min + arrival >= busy_until))
        start, stop = _steps(habits.place, day.offset_min + arrival[at], day.offset_min + departure[at], step_min)
        most_charged = (stop - start) * clock.step_hours * habits.charger_mw[at] * habits.efficiency_charge
        lacks = missing[at]
        asked = np.minimum(lacks, most_charged)
        e_arrival = habits.soc_target * habits.battery_mwh[at] - lacks
        drawn.append(Sessions(at, start, stop, e_arrival, e_arrival + asked, used[at], lacks > most_charged))
        missing[at] = lacks - asked
        busy_until[at] = stop * step_min
    together = Sessions(*(np.concatenate([getattr(part, field.name) for part in drawn]) for field in fields(Sessions)))
    return within(clock, together, habits.charger_mw * habits.efficiency_charge)


def within(clock: Clock, sessions: Sessions, p_stored_mw: Floats) -> PeriodSessions:
    """Only what lies in the period, sorted by vehicle and time.

    At either edge of the period, a vehicle that is plugged in has what charging at full power since it came gives:
    that is what it begins with, and what is due at the end. So periods that follow one another ask together for what
    one over all of them asks for, and each for what is driven in it on average.

    Args:
        clock: The period.
        sessions: Sessions that may cross its edges, and those before it that tell what a vehicle left with; of one
            without any, that is what it leaves with next.
        p_stored_mw: What each vehicle stores at full power, shape (V,) [MW].
    """
    ordered = sessions.only(np.lexsort((sessions.start, sessions.vehicle)))
    left_with = ordered.e_departure_mwh.copy()
    again = np.flatnonzero(ordered.vehicle[1:] == ordered.vehicle[:-1]) + 1
    left_with[again] = ordered.e_departure_mwh[again - 1]
    inside = (ordered.stop > 0) & (ordered.start < clock.n_steps)
    kept, left_with = ordered.only(inside), left_with[inside]
    start, stop = np.maximum(kept.start, 0), np.minimum(kept.stop, clock.n_steps)
    e_start, e_end = (
        np.minimum(kept.e_arrival_mwh + (step - kept.start) * clock.step_hours * p_stored_mw[kept.vehicle],
                   kept.e_departure_mwh)
        for step in (start, stop)
    )  # fmt: skip
    e_end = np.where(kept.stop > stop, e_end, kept.e_departure_mwh)
    return PeriodSessions(
        vehicle=kept.vehicle,
        start=start,
        stop=stop,
        e_arrival_mwh=e_start,
        e_departure_mwh=e_end,
        mwh_per_km=kept.mwh_per_km,
        capped=kept.capped,
        e_before_mwh=np.where(kept.start < 0, e_start, left_with),
        owed_mwh=kept.e_departure_mwh - e_end,
    )


def year_round_service(place: Place) -> float:
    """Mean share of the days on which a vehicle of the place is in service."""
    return float(place.in_service.mean())


def _days(place: Place, clock: Clock, zone: ZoneInfo, vehicles: int, generator: np.random.Generator) -> Iterator[_Day]:
    """The local days from the warm-up to the end of the clock."""
    first = (clock.start.astimezone(zone) - timedelta(days=place.warm_up_days)).date()
    n_days = (clock.stop.astimezone(zone).date() - first).days + 1
    dates = [first + timedelta(days=k) for k in range(n_days)]
    weekdays = [(dates[0].weekday() + k) % 7 for k in range(n_days + DAYS_AHEAD)]
    service = _service(place, weekdays, vehicles, generator)
    tomorrow = np.ones(vehicles, dtype=np.int64)
    waits = _days_until_next(service) if place.stays_until_next_service else None
    for k, date in enumerate(dates):
        midnight = datetime(date.year, date.month, date.day, tzinfo=zone)
        ahead = tomorrow if waits is None else waits[k].astype(np.int64)
        yield _Day(weekdays[k], (midnight - clock.start) / timedelta(minutes=1), service[k], ahead)


def _service(place: Place, weekdays: list[int], vehicles: int, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which vehicles drive on which days, shape (D, V)."""
    if (place.in_service >= 1).all():
        return np.broadcast_to(True, (len(weekdays), vehicles))
    share = place.in_service[weekdays]
    return np.array([generator.random(vehicles) < part for part in share], dtype=bool)


def _days_until_next(service: npt.NDArray[np.bool_]) -> npt.NDArray[np.int16]:
    """Days until a vehicle drives again, shape (D, V), at least 1; as if all drove on the day after the last."""
    waits = np.ones(service.shape, dtype=np.int16)
    for k in range(len(service) - 2, -1, -1):
        waits[k] = np.where(service[k + 1], 1, waits[k + 1] + 1)
    return waits


def _steps(place: Place, arrival_min: Floats, departure_min: Floats, step_min: float) -> tuple[Ints, Ints]:
    """First step of each session and the step after its last, from minutes since the start of the clock."""
    first, last = (np.ceil, np.floor) if place.whole_steps else (np.rint, np.rint)
    start, stop = first(arrival_min / step_min).astype(np.int64), last(departure_min / step_min).astype(np.int64)
    return start, np.maximum(stop, start + 1)


def _plugs_in(habits: Habits, day: _Day, missing: Floats, generator: np.random.Generator) -> Bools:
    """Vehicles in service that come to the place and are plugged in, shape (V,)."""
    low = habits.soc_target * habits.battery_mwh - missing < habits.soc_low * habits.battery_mwh
    plugged: Bools = ((generator.random(habits.vehicles) < habits.plug_in_per_day) | low) & day.in_service
    present = habits.place.present[day.weekday]
    return plugged if present >= 1 else plugged & (generator.random(habits.vehicles) < present)


def _winter_factor(habits: Habits, weather: Weather, offset_min: float) -> Floats:
    """Consumption of a day against that at `REFERENCE_DEGC`, by the day's mean temperature, shape (V,)."""
    step_min = weather.clock.step / timedelta(minutes=1)
    first = int(np.clip(offset_min // step_min, 0, weather.clock.n_steps - 1))
    day = weather.t_dry_bulb_degc[first : first + weather.clock.steps_per_day]
    return 1 + habits.winter_increase_per_degc * max(0.0, REFERENCE_DEGC - float(day.mean()))
