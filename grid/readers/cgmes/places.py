"""Coordinates of buses by the profile of geographical locations (GL)."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats
from grid.readers.cgmes.nodes import CimNodes
from grid.readers.cgmes.objects import CimObjects


def bus_coordinates(objects: CimObjects, nodes: CimNodes) -> tuple[Floats, Floats]:
    """Coordinates of each bus, of its voltage level or substation; NaN where none are stated, shape (B,) each."""
    x, y = np.full(len(nodes.names), np.nan), np.full(len(nodes.names), np.nan)
    objects.looked_at |= {"Location", "CoordinateSystem"}
    of_resource = {
        each.values.get("Location.PowerSystemResources", ""): each.key for each in objects.of("Location")
    }  # fmt: skip
    points: dict[str, tuple[float, float]] = {}
    for point in objects.of("PositionPoint"):
        at = (
            objects.number(point, "PositionPoint.xPosition", np.nan),
            objects.number(point, "PositionPoint.yPosition", np.nan),
        )
        points.setdefault(point.values.get("PositionPoint.Location", ""), at)
    if not points:
        return x, y
    for bus, key in enumerate(nodes.keys):
        node = objects.get(key)
        container = objects.followed(node, "TopologicalNode.ConnectivityNodeContainer") or objects.followed(
            node, "ConnectivityNode.ConnectivityNodeContainer"
        )
        level = objects.followed(container, "Bay.VoltageLevel") or container
        for place in (container, level, objects.followed(level, "VoltageLevel.Substation")):
            location = "" if place is None else of_resource.get(place.key, "")
            if location in points:
                x[bus], y[bus] = points[location]
                break
    return x, y
