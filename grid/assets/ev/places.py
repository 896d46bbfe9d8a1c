"""Places where vehicles charge: when they come, how long they stay, what they are connected to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints
from grid.units import MINUTES_PER_DAY

PlaceName = Literal["home", "workplace", "public", "fast", "bus_depot"]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = 5


@dataclass(frozen=True, eq=False)
class Place:
    """A place; the columns of ``grid/data/charging/places.csv`` and the hours of its own table.

    Args:
        place: Its name.
        current: Whether its charging points give ``ac`` or ``dc``.
        charger_kw: Power of a charging point [kW].
        plug_in_per_day: Chance that a vehicle that is there is plugged in, unless its battery is low.
        soc_target: State of charge wanted at departure [1].
        soc_low: State of charge below which it is plugged in in any case [1].
        efficiency_charge: Stored per energy at the meter [1].
        efficiency_discharge: At the meter per energy taken out [1].
        distance_shape: Shape of the gamma distribution of a day's distance; infinite: the same every day.
        stay_shape: Shape of the gamma distribution of stays within the day.
        present: Share of the vehicles in service that come, by weekday, shape (7,), Monday first.
        in_service: Share of the vehicles that drive, by weekday, shape (7,).
        stays_until_next_service: Whether a vehicle stays plugged in until it drives again.
        whole_steps: Whether a session keeps the whole steps of its stay, or moves to the nearest.
        warm_up_days: Days lived through before the period, so that it begins with vehicles plugged in.
        vehicle_class: Class of the vehicles, unless another is stated.
        plug_in: Share of the sessions of a weekday that begin in each hour, shape (7, 24).
        plug_out: Share of the overnight sessions that end in each hour, by the weekday of the end, shape (7, 24).
        overnight_share: Share of the sessions of an hour that last beyond midnight, shape (24,).
        same_day_stay_h: Mean stay of the others, shape (24,) [h].
    """

    place: str
    current: str
    charger_kw: float
    plug_in_per_day: float
    soc_target: float
    soc_low: float
    efficiency_charge: float
    efficiency_discharge: float
    distance_shape: float
    stay_shape: float
    present: Floats
    in_service: Floats
    stays_until_next_service: bool
    whole_steps: bool
    warm_up_days: int
    vehicle_class: str
    plug_in: Floats
    plug_out: Floats
    overnight_share: Floats
    same_day_stay_h: Floats


@cache
def place_table(place: str) -> dict[str, Floats]:
    """The hourly statistics of a place, normalised: see ``grid/data/charging/README.md``."""
    frame = _read(f"{place}.csv")
    table = {name: frame[name].cast(pl.Float64).to_numpy().copy() for name in frame.columns}
    for name, values in table.items():
        if name.startswith(("plug_in_", "plug_out_")):
            table[name] = values / values.sum()
    return table


@cache
def read_place(place: str) -> Place:
    """A place by name."""
    row = _read("places.csv").filter(pl.col("place") == place).to_dicts()[0]
    shape = row["distance_shape"]
    table = place_table(place)
    known = {field.name for field in fields(Place)} & set(row)
    return Place(
        **{name: row[name] for name in known} | {
            "distance_shape": np.inf if shape is None else float(shape),
            "stays_until_next_service": bool(row["stays_until_next_service"]),
            "whole_steps": bool(row["whole_steps"]),
        },
        present=_by_weekday("present", row),
        in_service=_by_weekday("in_service", row),
        plug_in=np.array([table[_column("plug_in", k, table)] for k in range(7)]),
        plug_out=np.array([table[_column("plug_out", k, table)] for k in range(7)]),
        overnight_share=table["overnight_share"],
        same_day_stay_h=table["same_day_stay_h"],
    )  # fmt: skip


def draw_stays(place: Place, weekday: int, days_ahead: Ints, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Arrivals and departures of one day.

    Args:
        place: Where.
        weekday: Of the arrivals, Monday is 0.
        days_ahead: Days until an overnight stay ends, shape (V,).
        generator: Random numbers.

    Returns:
        Minutes of arrival and of departure since local midnight of the day, shape (V,) each.
    """
    n = days_ahead.size
    hour = _hours(place.plug_in, np.full(n, weekday), generator)
    arrival = 60 * (hour + generator.random(n))
    overnight = generator.random(n) < place.overnight_share[hour]
    out = _hours(place.plug_out, (weekday + days_ahead) % 7, generator)
    morning = MINUTES_PER_DAY * days_ahead + 60 * (out + generator.random(n))
    same_day = arrival + 60 * generator.gamma(place.stay_shape, place.same_day_stay_h[hour] / place.stay_shape)
    return arrival, np.where(overnight, morning, np.minimum(same_day, MINUTES_PER_DAY))


def _hours(shares: Floats, weekday: Ints, generator: np.random.Generator) -> Ints:
    """An hour of the day for each vehicle, shape (V,), by inverse transform of its weekday's row of `shares`."""
    drawn = generator.random(weekday.size)
    hour = np.empty(weekday.size, dtype=np.int64)
    for day in np.flatnonzero(np.bincount(weekday, minlength=7)):
        cumulated = shares[day].cumsum()
        at = np.flatnonzero(weekday == day)
        hour[at] = (cumulated / cumulated[-1]).searchsorted(drawn[at], side="right")
    return hour


def _read(name: str) -> pl.DataFrame:
    return pl.read_csv((resources.files("grid.data") / "charging" / name).read_bytes())


def _column(quantity: str, weekday: int, names: dict[str, Floats]) -> str:
    """Column of a weekday: its own, or that of working days or weekends."""
    own = f"{quantity}_{DAYS[weekday]}"
    return own if own in names else f"{quantity}_{'weekday' if weekday < SATURDAY else 'weekend'}"


def _by_weekday(quantity: str, row: dict[str, object]) -> Floats:
    weekday, saturday, sunday = (float(str(row[f"{quantity}_{day}"])) for day in ("weekday", "saturday", "sunday"))
    return np.array([weekday] * SATURDAY + [saturday, sunday])
