"""Distances on a map: of longitudes and latitudes on a sphere, of projected coordinates in a plane."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from grid.arrays import Floats

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius of the earth (IUGG)."""


def planar_km(a: Floats, b: Floats, *, geographic: bool) -> Floats:
    """Distance between points, shape (…) [km].

    Longitudes and latitudes are taken as a plane that is scaled by the cosine of the latitude between both, which is
    right to 1e-4 over a city.

    Args:
        a: Points, shape (…, 2): longitude and latitude [degree], or metres.
        b: Points of a shape that fits.
        geographic: Whether coordinates are longitudes and latitudes.
    """
    gap = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    if not geographic:
        return np.asarray(np.hypot(gap[..., 0], gap[..., 1]) / 1e3)
    latitude = np.deg2rad((np.asarray(a)[..., 1] + np.asarray(b)[..., 1]) / 2)
    east, north = np.deg2rad(gap[..., 0]) * np.cos(latitude), np.deg2rad(gap[..., 1])
    return np.asarray(EARTH_RADIUS_KM * np.hypot(east, north))


def length_km(shape: Any, *, geographic: bool) -> float:
    """Length of a drawn line [km]; 0 for anything else."""
    import shapely  # noqa: PLC0415  slow to import

    if shape is None or "LineString" not in shape.geom_type:
        return 0.0
    parts = shapely.get_parts(shape)
    points = [shapely.get_coordinates(part) for part in parts]
    return float(sum(planar_km(p[1:], p[:-1], geographic=geographic).sum() for p in points))
