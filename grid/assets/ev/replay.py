"""Recorded sessions brought to the dates of a scenario.

A session belongs to the local day of its plug-in and takes its whole stay along. The wall clock of the recording
becomes the wall clock of the city, so that people come home at the same time of day; weekdays become weekdays. Public
holidays are not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from grid.arrays import Bools, Floats, Ints, rank_in_run, run_of
from grid.charging_records import LONGEST_STAY, Records
from grid.errors import InputError
from grid.time.clock import Clock

Repeat = Literal["auto", "never", "calendar", "cycle"]
DAYS_OF_A_WEEK = 7
DAYS_OF_A_YEAR = 364
"""52 weeks."""
WEEKS_OF_A_YEAR = 53
"""ISO 8601 numbers weeks up to 53."""
GOLDEN_RATIO = (5**0.5 - 1) / 2
MINUTE = np.timedelta64(60_000_000, "us")
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, eq=False)
class Replay:
    """Recorded sessions on the dates of a scenario; M of them, in no order.

    Args:
        start_min: Minutes from the start of the clock to plug-in, shape (M,).
        stop_min: The same to plug-out, shape (M,).
        energy_mwh: Energy at the meter, shape (M,) [MWh].
        vehicle: Vehicle, shape (M,), 0-based; one of its own for a session whose vehicle is not known.
        location: Where, shape (M,), 0-based: the station, else the vehicle.
    """

    start_min: Floats
    stop_min: Floats
    energy_mwh: Floats
    vehicle: Ints
    location: Ints


def replay(records: Records, clock: Clock, time_zone: str, repeat: Repeat, scale: float) -> Replay:
    """Brings recorded sessions to a clock.

    Args:
        records: What was recorded.
        clock: The scenario's time axis.
        time_zone: IANA name of the city's zone.
        repeat: ``never``: sessions stay when they were. ``calendar``: a date takes the recorded day of the same ISO
            week and weekday, of the nearest week where there is none, the latest where there are several. ``cycle``:
            the whole recorded weeks follow one another again and again. ``auto``: the first of these that fits: the
            recording covers the clock; it is 364 days or longer; else cycle.
        scale: Vehicles for each recorded one. Copy number c lives c weeks ahead of the original, unless nothing is
            repeated; a broken number is reached by copying some of them, spread evenly.

    Raises:
        InputError: If less than a week is to be repeated, or nothing is and no session lies in the period.
    """
    how = chosen_repeat(records, clock, time_zone, repeat)
    if how == "never":
        rows, start = _as_recorded(records, clock)
        copies = [(rows, start)] * int(np.ceil(scale))
    else:
        copies = [_copy(records, clock, time_zone, how, ahead) for ahead in range(int(np.ceil(scale)))]
    parts = [_part(records, rows, start, number, scale - number) for number, (rows, start) in enumerate(copies)]
    start_min, row, vehicle, location = (np.concatenate(column) for column in zip(*parts, strict=True))
    stay = ((records.stop - records.start) / MINUTE)[row]
    nameless = np.flatnonzero(vehicle < 0)
    vehicle[nameless] = len(records.vehicles) * len(copies) + np.arange(nameless.size)
    if not records.stations:
        location = vehicle
    return Replay(start_min, start_min + stay, records.energy_kwh[row] / 1000, vehicle, location)


def chosen_repeat(records: Records, clock: Clock, time_zone: str, repeat: Repeat) -> Repeat:
    """How a recording is repeated, once ``auto`` is resolved.

    Raises:
        InputError: If less than a week is to be repeated, or nothing is and no session lies in the period.
    """
    days = _local_days(records, time_zone)
    first, last = date.fromordinal(int(days.min())), date.fromordinal(int(days.max()))
    wanted = _wanted(clock, time_zone)
    covers = first <= wanted[LONGEST_STAY.days] and wanted[-1] <= last
    n_days = (last - first).days + 1
    how: Repeat = repeat
    if repeat == "auto":
        how = "never" if covers else "calendar" if n_days >= DAYS_OF_A_YEAR else "cycle"
    if how != "never" and n_days < DAYS_OF_A_WEEK:
        rule = f"less than a week, {first} to {last}, cannot be repeated; record more, or set it to 'never'"
        raise InputError.single("repeat", rule, repeat)
    if how == "never" and not _as_recorded(records, clock)[0].size:
        raise InputError.single(
            "repeat", f"no session lies in the period; they were recorded from {first} to {last}", repeat
        )
    return how


def _part(records: Records, rows: Ints, start: Floats, number: int, left: float) -> tuple[Floats, Ints, Ints, Ints]:
    """One copy of the sessions: minutes of plug-in, rows, vehicles and locations; `left` is how many of them count."""
    vehicle, n_vehicles, n_stations = records.vehicle[rows], len(records.vehicles), len(records.stations)
    who = np.where(vehicle >= 0, vehicle, n_vehicles + rows)
    counts: Bools = (who * GOLDEN_RATIO) % 1 < left
    rows, vehicle = rows[counts], vehicle[counts]
    station = np.maximum(records.station[rows], 0)
    return start[counts], rows, np.where(vehicle >= 0, vehicle + number * n_vehicles, -1), station + number * n_stations


def _as_recorded(records: Records, clock: Clock) -> tuple[Ints, Floats]:
    """Rows of the sessions in the clock, and minutes to their plug-in."""
    begin, end = (np.datetime64(each.replace(tzinfo=None), "us") for each in (clock.start, clock.stop))
    rows = np.flatnonzero((records.stop > begin) & (records.start < end))
    return rows, (records.start[rows] - begin) / MINUTE


def _copy(records: Records, clock: Clock, time_zone: str, how: Repeat, weeks_ahead: int) -> tuple[Ints, Floats]:
    """Rows of the sessions of each date of the clock, and minutes from its start to their plug-in."""
    days = _local_days(records, time_zone)
    order = np.argsort(days, kind="stable")
    wanted = _wanted(clock, time_zone)
    ordinals = np.array([each.toordinal() for each in wanted]) + 7 * weeks_ahead
    taken = (_cycled if how == "cycle" else _same_week)(ordinals, int(days.min()), int(days.max()))
    first, after = np.searchsorted(days[order], taken), np.searchsorted(days[order], taken, side="right")
    counts = after - first
    which = run_of(counts)
    within = rank_in_run(counts)
    rows = order[first[which] + within]
    return rows, _minutes_to(
        ordinals[which] - 7 * weeks_ahead, _minute_of_day(records, time_zone)[rows], clock, time_zone
    )


def _cycled(wanted: Ints, first: int, last: int) -> Ints:
    """Recorded day of each date, as ordinals: whole weeks from the first day on, again and again."""
    return np.asarray(first + (wanted - first) % (7 * ((last - first + 1) // 7)))


def _same_week(wanted: Ints, first: int, last: int) -> Ints:
    """Recorded day of each date, as ordinals: same weekday, nearest ISO week, the latest of these."""
    held = np.arange(first, last + 1)
    apart = np.abs(_iso_week(wanted)[:, None] - _iso_week(held))
    apart = np.minimum(apart, WEEKS_OF_A_YEAR - apart)
    unlike = (wanted[:, None] - held) % 7 != 0
    at = np.argmin(apart * 1.0e6 + np.where(unlike, np.inf, 0.0) - (held - first), axis=1)
    return np.asarray(held[at])


def _iso_week(ordinals: Ints) -> Ints:
    return np.array([date.fromordinal(int(each)).isocalendar().week for each in ordinals], dtype=np.int64)


def _wanted(clock: Clock, time_zone: str) -> list[date]:
    """Local dates of the clock, and of as many days before as a session may have begun earlier."""
    zone = ZoneInfo(time_zone)
    first = clock.start.astimezone(zone).date() - LONGEST_STAY
    last = (clock.stop - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=k) for k in range((last - first).days + 1)]


def _minutes_to(day: Ints, minute_of_day: Floats, clock: Clock, time_zone: str) -> Floats:
    """Minutes from the start of the clock to local times of days given as ordinals, shape (M,).

    An hour that summer time skips is taken one hour later, of a doubled hour the first.
    """
    wall = (day - EPOCH).astype("datetime64[D]") + np.rint(minute_of_day * 60).astype("timedelta64[s]")
    local = pl.Series(wall.astype("datetime64[us]"))
    there = local.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    later = local.dt.offset_by("1h").dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    utc = there.fill_null(later).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    begin = np.datetime64(clock.start.replace(tzinfo=None), "us")
    return np.asarray((utc.to_numpy().astype("datetime64[us]") - begin) / MINUTE)


def _local(records: Records, time_zone: str) -> pl.Series:
    return pl.Series(records.start).dt.replace_time_zone("UTC").dt.convert_time_zone(records.local_zone or time_zone)


def _local_days(records: Records, time_zone: str) -> Ints:
    """Local date of each plug-in as an ordinal, shape (R,)."""
    return np.asarray(_local(records, time_zone).dt.date().to_physical().to_numpy(), dtype=np.int64) + EPOCH


def _minute_of_day(records: Records, time_zone: str) -> Floats:
    """Local time of day of each plug-in, shape (R,) [min]."""
    local = _local(records, time_zone)
    return np.asarray(local.dt.hour().cast(pl.Float64) * 60 + local.dt.minute() + local.dt.second() / 60)
