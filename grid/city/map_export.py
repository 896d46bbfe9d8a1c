"""A net as a map: points and lines with its own attributes and any results, in GeoJSON or GeoPackage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.errors import InputError
from grid.files.geopackage import UNDEFINED, WGS84, MapLayer, write_geopackage
from grid.network.network import Network

Results = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Values by table (``bus``, ``branch``), by name of the element, by name of the attribute."""
ENDS: Final = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}


def map_layers(net: Any, network: Network, results: Results) -> tuple[list[MapLayer], tuple[str, ...]]:
    """Layers of a net with results as attributes, and what of the net they do not hold.

    Args:
        net: The pandapower net, whose buses are those of the network.
        network: The network, for coordinates and names of branches.
        results: Results to be put beside the net's own columns.

    Raises:
        InputError: If no bus has coordinates.
    """
    import shapely  # noqa: PLC0415  slow to import

    buses = network.buses
    known = np.isfinite(buses.x) & np.isfinite(buses.y)
    if not known.any():
        raise InputError.single("FILE", "the grid has no coordinates, so there is no map of it")
    at = {name: shapely.Point(buses.x[k], buses.y[k]) for k, name in enumerate(buses.names) if known[k]}
    tables, others = _pandapower.drawn_tables(net)
    layers = []
    for table, columns in tables.items():
        if not columns["name"]:
            continue
        kind = "LINESTRING" if table in ENDS else "POINT"
        shapes = list(_shapes(table, columns, at))
        added = _added(table, columns["name"], results)
        layers.append(MapLayer(table, shapes, {**columns, **added}, kind))
    left_out = [f"{count} of table {table}" for table, count in others.items()]
    return layers, tuple(left_out)


def _shapes(table: str, columns: Mapping[str, Sequence[Any]], at: Mapping[str, Any]) -> Iterator[Any]:
    """Geometries of a table; None where a bus has no coordinates."""
    import shapely  # noqa: PLC0415  slow to import

    if table in ENDS:
        for ends in zip(*(columns[column] for column in ENDS[table]), strict=True):
            points = [at.get(bus) for bus in ends]
            yield shapely.LineString(points) if all(point is not None for point in points) else None
    else:
        yield from (at.get(bus) for bus in columns["name" if table == "bus" else "bus"])


def _added(table: str, names: Sequence[str], results: Results) -> dict[str, list[Any]]:
    """Columns of results of a table, None where an element has none."""
    found = results.get("bus" if table == "bus" else "branch" if table in ENDS else "", {})
    # a name that occurs among lines and transformers has its table before it, see `Branches`
    rows = [found.get(name) or found.get(f"{table} {name}") or {} for name in names]
    columns = dict.fromkeys(key for row in rows for key in row)
    return {column: [row.get(column) for row in rows] for column in columns}


def is_geographic(network: Network) -> bool:
    """Whether coordinates may be longitudes and latitudes."""
    x, y = network.buses.x, network.buses.y
    return bool((np.abs(x[np.isfinite(x)]) <= 180).all() and (np.abs(y[np.isfinite(y)]) <= 90).all())


def write_map(layers: Sequence[MapLayer], path: Path, *, form: str, geographic: bool) -> None:
    """Writes layers as ``geojson`` or ``geopackage``.

    Raises:
        InputError: If GeoJSON, which holds longitudes and latitudes, is asked for other coordinates.
    """
    if form == "geopackage":
        write_geopackage(layers, WGS84 if geographic else UNDEFINED, path)
        return
    if not geographic:
        rule = "GeoJSON holds longitudes and latitudes, and the grid's coordinates are none: write a GeoPackage"
        raise InputError.single("--format", rule)
    collection = {"type": "FeatureCollection", "features": list(_features(layers))}
    path.write_text(json.dumps(collection, allow_nan=False), encoding="utf-8")


def _features(layers: Sequence[MapLayer]) -> Iterator[dict[str, Any]]:
    import shapely  # noqa: PLC0415  slow to import

    for layer in layers:
        for shape, *values in zip(layer.shapes, *layer.columns.values(), strict=True):
            properties = {"element": layer.name, **dict(zip(layer.columns, values, strict=True))}
            geometry = None if shape is None else shapely.geometry.mapping(shape)
            yield {"type": "Feature", "properties": properties, "geometry": geometry}
