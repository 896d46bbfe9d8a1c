"""An outline that somebody gives the map: a GeoJSON file of this machine, checked as any input.

Only what can be drawn is taken from it: lines and rings of longitude and latitude (RFC 7946), and names of points.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes

MOST_POSITIONS = 400_000
"""Positions up to which an outline is drawn in time for a frame."""
_MOST_FAULTS = 20
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep the positions of a geometry lie."""


@dataclass(frozen=True)
class Basemap:
    """An outline.

    Args:
        name: Name of the file.
        lines: Paths of ``[longitude, latitude]``, those of polygons closed.
        filled: Whether each path is a ring of a polygon.
        points: ``(longitude, latitude, name)`` of points that have a name.
    """

    name: str
    lines: tuple[tuple[tuple[float, float], ...], ...]
    filled: tuple[bool, ...]
    points: tuple[tuple[float, float, str], ...]


def read_basemap(path: Path) -> Basemap:
    """The outline in a GeoJSON file.

    Raises:
        InputError: If the file cannot be read or is no GeoJSON, holds nothing to draw or too much, or a position is no
            longitude and latitude; all faults at once, up to 20.
    """
    try:
        content = json.loads(read_bytes(path, "basemap"))
    except (ValueError, RecursionError) as error:
        raise InputError.single("basemap", f"must be GeoJSON ({error})", str(path)) from error
    faults: list[Fault] = []
    geometries = list(_geometries(content, "basemap", "", faults))
    parts = [part for place, geometry, name in geometries for part in _drawn(place, geometry, name, faults)]
    count = sum(len(positions) for positions, _, _ in parts)
    if count > MOST_POSITIONS:
        faults.append(Fault("basemap", f"must hold at most {MOST_POSITIONS} positions; simplify it", count))
    if not parts and not faults:
        faults.append(Fault("basemap", "must hold lines, polygons or named points; it holds nothing to draw"))
    if len(faults) > _MOST_FAULTS:
        faults = [*faults[:_MOST_FAULTS], Fault("basemap", f"has {len(faults) - _MOST_FAULTS} more faults")]
    raise_if_any(faults, str(path))
    return Basemap(
        path.name, tuple(positions for positions, kind, _ in parts if kind != "point"),
        tuple(kind == "ring" for _, kind, _ in parts if kind != "point"),
        tuple((*positions[0], name) for positions, kind, name in parts if kind == "point"),
    )  # fmt: skip


def basemap_bytes(basemap: Basemap | None) -> bytes:
    """An outline as JSON for the browser; empty where there is none."""
    if basemap is None:
        return b""
    content = {"name": basemap.name, "lines": basemap.lines, "filled": basemap.filled, "points": basemap.points}
    return json.dumps(content).encode()


def _geometries(
    content: Any, place: str, name: str, faults: list[Fault], depth: int = 0
) -> Iterator[tuple[str, Any, str]]:
    """All geometries in features and collections, each with its place and the name of its feature."""
    kind = content.get("type") if isinstance(content, dict) else None
    if depth > 8:
        faults.append(Fault(place, "must not nest collections deeper than 8"))
    elif kind in {"FeatureCollection", "GeometryCollection"}:
        key = "features" if kind == "FeatureCollection" else "geometries"
        members = content.get(key)
        if not isinstance(members, list):
            faults.append(Fault(f"{place}.{key}", "must be a list", members))
            return
        for number, member in enumerate(members):
            yield from _geometries(member, f"{place}.{key}[{number}]", name, faults, depth + 1)
    elif kind == "Feature":
        properties = content.get("properties")
        called = properties.get("name") if isinstance(properties, dict) else None
        if content.get("geometry") is not None:
            yield from _geometries(content["geometry"], f"{place}.geometry", str(called or ""), faults, depth + 1)
    elif kind in _DEPTH:
        yield place, content, name
    else:
        faults.append(Fault(f"{place}.type", f"must be one of {', '.join(['FeatureCollection', 'Feature', *_DEPTH])}",
                            kind))  # fmt: skip


def _drawn(
    place: str, geometry: Any, name: str, faults: list[Fault]
) -> Iterator[tuple[tuple[tuple[float, float], ...], str, str]]:
    """Paths of a geometry, each with its kind (`line`, `ring` or `point`) and the name of its feature."""
    kind = geometry["type"]
    ring = "Polygon" in kind
    for where, path in _paths(geometry.get("coordinates"), f"{place}.coordinates", _DEPTH[kind], faults):
        if "Point" in kind:
            yield from ((((x, y),), "point", name) for x, y in path if name)
        elif len(path) < 2:
            faults.append(Fault(where, "must have at least 2 positions", len(path)))
        else:
            yield tuple(path), "ring" if ring else "line", name


def _paths(
    coordinates: Any, place: str, depth: int, faults: list[Fault]
) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    if depth == 0:
        coordinates, depth = [coordinates], 1
    if not isinstance(coordinates, list):
        faults.append(Fault(place, "must be a list", coordinates))
    elif depth == 1:
        positions = [_position(one, f"{place}[{number}]", faults) for number, one in enumerate(coordinates)]
        yield place, [one for one in positions if one is not None]
    else:
        for number, member in enumerate(coordinates):
            yield from _paths(member, f"{place}[{number}]", depth - 1, faults)


def _position(given: Any, place: str, faults: list[Fault]) -> tuple[float, float] | None:
    """Longitude and latitude; a height is left out."""
    numbers = isinstance(given, list) and len(given) >= 2 and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in given[:2]
    )  # fmt: skip
    if numbers and abs(given[0]) <= 180 and abs(given[1]) <= 90:
        return float(given[0]), float(given[1])
    if len(faults) <= _MOST_FAULTS or not numbers:
        rule = "must be [longitude, latitude] in degrees, within -180 to 180 and -90 to 90"
        faults.append(Fault(place, rule, given if numbers else type(given).__name__))
    return None
