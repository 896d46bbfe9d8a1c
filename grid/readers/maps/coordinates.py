"""Coordinate systems of maps: longitudes and latitudes, planes in metres or another length, and Web Mercator.

Distances in Web Mercator are not those on the ground, so its coordinates are turned into longitudes and latitudes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

WGS84: Final = 4326
_DEGREES: Final = frozenset({4326, 4258, 4269, 4979, 4937, 0})
"""Codes of longitudes and latitudes; in a GeoPackage 0 stands for undefined ones."""
_METRES: Final = (*range(32601, 32661), *range(32701, 32761), *range(25828, 25839), *range(31466, 31470), 3035, 2056,
                  21781, 2154, 27700, 28992, 31370, 5514, 3006, 3067, 2180, 7415, -1)  # fmt: skip
"""Codes of planes in metres, where a file tells no more than its code: UTM, and national ones; -1: undefined."""
_MERCATOR: Final = frozenset({3857, 3785, 900913, 102100, 102113})
"""Codes of Web Mercator, of today and of earlier."""
_RADIUS_M: Final = 6378137.0
"""Of the sphere of web maps (EPSG:3857)."""
_UNIT: Final = re.compile(r'(?:LENGTHUNIT|UNIT)\s*\[\s*"[^"]*"\s*,\s*([-+.\deE]+)')


@dataclass(frozen=True)
class Coordinates:
    """What the numbers of a map are.

    Args:
        epsg: Code of their system.
        kind: ``degrees``, ``plane`` or ``mercator``; empty where it is not known or of no use.
        metres: Metres of a unit of a plane.
    """

    epsg: int
    kind: str
    metres: float = 1.0

    @property
    def geographic(self) -> bool:
        """Whether they are longitudes and latitudes, once `in_use` has made them such."""
        return self.kind in {"degrees", "mercator"}

    def in_use(self, shape: Any) -> Any:
        """A geometry in degrees or metres."""
        import shapely  # noqa: PLC0415  slow to import

        if shape is None or (self.kind != "mercator" and self.metres == 1.0):
            return shape
        if self.kind == "mercator":
            return shapely.transform(shape, _from_mercator)
        return shapely.transform(shape, lambda xy: xy * self.metres)


def coordinates_of(epsg: int, definition: str = "") -> Coordinates:
    """A coordinate system by its code and, where a file has it, its definition (WKT)."""
    known = definition.strip()
    if epsg in _MERCATOR or "Pseudo" in known or "Mercator_Auxiliary_Sphere" in known:
        return Coordinates(epsg, "mercator")
    if re.match(r"(?i)(GEOGCS|GEOGCRS|GEODCRS|GEODETICCRS|GEOGRAPHICCRS)", known) or epsg in _DEGREES:
        return Coordinates(epsg, "degrees")
    if re.match(r"(?i)(PROJCS|PROJCRS|PROJECTEDCRS)", known):
        units = _UNIT.findall(known)
        plain_mercator = "Mercator" in known and not re.search(r"(?i)transverse|oblique", known)
        return Coordinates(epsg, "" if plain_mercator or not units else "plane", float(units[-1]) if units else 1.0)
    return Coordinates(epsg, "plane" if epsg in _METRES else "")


def beyond_degrees(shape: Any) -> bool:
    """Whether a geometry has points that are no longitudes and latitudes."""
    import shapely  # noqa: PLC0415  slow to import

    points = shapely.get_coordinates(shape) if shape is not None else np.zeros((0, 2))
    return bool((np.abs(points) > (180.0, 90.0)).any())


def single(shape: Any) -> Any:
    """The geometry of a collection of one part, and the line of parts that join."""
    import shapely  # noqa: PLC0415  slow to import

    if shape is None or not shape.geom_type.startswith(("Multi", "GeometryCollection")):
        return shape
    if shape.geom_type == "MultiLineString":
        shape = shapely.line_merge(shape)
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


def _from_mercator(xy: Any) -> Any:
    """Longitudes and latitudes [degree] of points of a web map [m]."""
    return np.rad2deg(np.column_stack([xy[:, 0] / _RADIUS_M, np.arctan(np.sinh(xy[:, 1] / _RADIUS_M))]))
