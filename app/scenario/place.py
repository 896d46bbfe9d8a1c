"""Where a city is, for its sun and its weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.scenario.schema import CitySpec
from grid.arrays import Floats
from grid.network.network import Buses
from grid.time.zones import place_of_zone
from grid.weather.weather import standard_offset

MIDDLE_OF_GERMANY = (51.16, 10.45)
"""Latitude and longitude of a city in German time that states none: where the reference region is."""
GERMAN_TIME = "Europe/Berlin"
FARTHEST_FROM_ZONE_H = 3.0
"""How far a place's mean solar time can be from its standard time: the west of China comes near it [h]."""
_FARTHEST_SOUTH, _FARTHEST_NORTH = 20, 75
"""Latitudes of cities, without sign [degree]."""
A_YEAR = 2023


@dataclass(frozen=True)
class CityPlace:
    """Where a city is.

    Args:
        latitude: North positive [degree].
        longitude: East positive [degree].
        note: What a reader should know if it was not stated; else empty.
    """

    latitude: float
    longitude: float
    note: str = ""


def city_place(spec: CitySpec, buses: Buses) -> CityPlace:
    """The place of a city; see `place_among`.

    Args:
        spec: The city's part of the scenario.
        buses: Of its grid.
    """
    return place_among(spec, buses.x, buses.y)


def place_among(spec: CitySpec, x: Floats, y: Floats) -> CityPlace:
    """The place that the scenario states, else that of the grid's coordinates, else that of the time zone.

    Coordinates of the grid count if they are geographic and lie where the city's time is used.

    Args:
        spec: The city's part of the scenario.
        x: Easting or longitude of its buses, shape (B,); NaN where unknown.
        y: Northing or latitude of them, shape (B,).
    """
    if spec.latitude is not None and spec.longitude is not None:
        return CityPlace(spec.latitude, spec.longitude)
    known = np.isfinite(x) & np.isfinite(y)
    offset_h = standard_offset(spec.time_zone, A_YEAR).total_seconds() / 3600
    why = "The grid has no geographic coordinates"
    if known.any():
        longitude, latitude = float(x[known].mean()), float(y[known].mean())
        if _lies_within(longitude, latitude, offset_h):
            return CityPlace(latitude, longitude)
        if abs(longitude) <= 180 and _FARTHEST_SOUTH <= abs(latitude) <= _FARTHEST_NORTH:
            why = f"The grid's coordinates do not lie in the time zone {spec.time_zone}"
        if _lies_within(latitude, longitude, offset_h) and not _lies_within(longitude, latitude, offset_h):
            why = (
                f"The grid's coordinates lie in the time zone {spec.time_zone} if longitude and latitude are exchanged"
            )
    if spec.time_zone == GERMAN_TIME:
        return CityPlace(*MIDDLE_OF_GERMANY, f"{why}: the sun is that of the middle of Germany.")
    latitude, longitude = place_of_zone(spec.time_zone) or (MIDDLE_OF_GERMANY[0], 15 * offset_h)
    where = f"latitude {latitude:.1f}, longitude {longitude:.1f}, where {spec.time_zone} is"
    return CityPlace(latitude, longitude, f"{why}: the sun is that of {where}.")


def _lies_within(longitude: float, latitude: float, offset_h: float) -> bool:
    """Whether a city in a time zone may lie there; schematic plans have small or large numbers, no degrees."""
    apart_h = (longitude / 15 - offset_h + 12) % 24 - 12
    degrees = abs(longitude) <= 180 and _FARTHEST_SOUTH <= abs(latitude) <= _FARTHEST_NORTH
    return degrees and abs(apart_h) <= FARTHEST_FROM_ZONE_H
