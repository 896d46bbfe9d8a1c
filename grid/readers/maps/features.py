"""Features of a map: GeoJSON, or GeoPackage by SQLite; geometries by shapely."""

from __future__ import annotations

import re
import sqlite3
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.readers.maps.coordinates import WGS84, Coordinates, beyond_degrees, coordinates_of, single
from grid.readers.report import PLACE

_MOST_FEATURES: Final = 2_000_000
_ENVELOPE: Final = (0, 32, 48, 48, 64)
"""Bytes of the envelope of a geometry in a GeoPackage, by its indicator (OGC 12-128r18, clause 2.1.3)."""
_NAME: Final = re.compile(r"[^\x00]{1,200}")


@dataclass(frozen=True, eq=False)
class Feature:
    """A feature of a map.

    Args:
        layer: Its layer; empty where there is only one.
        label: What it is called in faults.
        properties: Its attributes.
        shape: Its geometry, of shapely; None where it has none.
    """

    layer: str
    label: str
    properties: Mapping[str, Any]
    shape: Any


@dataclass(frozen=True, eq=False)
class Features:
    """What a map file holds.

    Args:
        form: Its format.
        features: All its features, in degrees or metres.
        coordinates: The coordinate system in which the file has them.
    """

    form: str
    features: Sequence[Feature]
    coordinates: Coordinates

    @property
    def geographic(self) -> bool:
        """Whether coordinates are longitudes and latitudes."""
        return self.coordinates.geographic


def _in_use(form: str, found: Sequence[Feature], coordinates: Coordinates, path: Path) -> Features:
    """Features in degrees or metres.

    Raises:
        InputError: If their coordinate system is none whose distances are known, or they lie beyond it.
    """
    if not coordinates.kind:
        rule = "must be in degrees (EPSG:4326), in a plane in metres (such as UTM), or of a web map (EPSG:3857)"
        raise InputError([Fault(PLACE, rule, f"EPSG:{coordinates.epsg}")], shown_path(path))
    if coordinates.kind == "degrees":
        beyond = [feature.label for feature in found if beyond_degrees(feature.shape)]
        if beyond:
            rule = (
                f"{len(beyond)} features lie beyond longitudes and latitudes: write the map in EPSG:4326, or state its "
                "coordinate system (crs)"
            )
            raise InputError([Fault(PLACE, rule, ", ".join(beyond[:5]))], shown_path(path))
    return Features(form, [replace(each, shape=coordinates.in_use(single(each.shape))) for each in found], coordinates)


def is_geojson(decoded: Any) -> bool:
    """Whether a decoded JSON file is a collection of features."""
    return isinstance(decoded, Mapping) and decoded.get("type") == "FeatureCollection"


def geojson_features(decoded: Mapping[str, Any], path: Path) -> Features:
    """The features of a decoded GeoJSON file (RFC 7946: longitude and latitude).

    Raises:
        InputError: With all features that are none.
    """
    import shapely  # noqa: PLC0415  slow to import
    from shapely.errors import ShapelyError  # noqa: PLC0415

    rows = decoded.get("features")
    if not isinstance(rows, list):
        raise InputError([Fault("features", "must be a list of features")], shown_path(path))
    faults: list[Fault] = []
    found = []
    for k, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("properties") or {}, Mapping):
            faults.append(Fault(f"features[{k}]", "must be a feature with properties"))
            continue
        properties = dict(row.get("properties") or {})
        shape = None
        if row.get("geometry") is not None:
            try:
                shape = shapely.geometry.shape(row["geometry"])
            except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
                faults.append(Fault(f"features[{k}].geometry", f"is no geometry: {what_it_says(error)}"))
                continue
        found.append(Feature(str(properties.get("layer") or ""), _label(properties, k), properties, shape))
    raise_if_any(faults, shown_path(path))
    return _in_use("GeoJSON", found, coordinates_of(_epsg_of(decoded)), path)


def _epsg_of(decoded: Mapping[str, Any]) -> int:
    """The coordinate system that older GeoJSON names; else longitude and latitude."""
    crs = decoded.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = str(properties.get("name", "")) if isinstance(properties, Mapping) else ""
    found = re.search(r"EPSG:{1,2}(\d{1,6})$", name)
    return int(found.group(1)) if found else WGS84


def geopackage_features(path: Path) -> Features:
    """The features of all layers of a GeoPackage.

    Raises:
        InputError: With all that is wrong: no such file, no GeoPackage, layers of several coordinate systems.
    """
    content = read_bytes(path, PLACE)
    if not content.startswith(b"SQLite format 3\x00"):
        raise InputError.single(PLACE, "is not a GeoPackage (a database of SQLite 3)", shown_path(path))
    faults: list[Fault] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.gpkg"
            copy.write_bytes(content)  # so that nothing is written beside the file, and its journal is not looked for
            with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as database:
                database.execute("PRAGMA trusted_schema=OFF")
                database.execute("PRAGMA cell_size_check=ON")
                layers = _layers(database)
                found = [feature for layer in layers for feature in _features(database, layer, faults)]
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise InputError.single(
            PLACE, f"is not a complete GeoPackage: {what_it_says(error)}", shown_path(path)
        ) from error
    systems = {system.epsg: system for _, _, system in layers}
    if len(systems) > 1:
        faults.append(Fault(PLACE, "must have one coordinate system for all layers", sorted(systems)))
    if not layers:
        faults.append(Fault(PLACE, "has no layer of features"))
    raise_if_any(faults, shown_path(path))
    return _in_use("GeoPackage", found, next(iter(systems.values())), path)


def _layers(database: sqlite3.Connection) -> list[tuple[str, str, Coordinates]]:
    """Layers with their column of geometries and their coordinate system."""
    query = (
        "SELECT c.table_name, g.column_name, COALESCE(s.organization_coordsys_id, g.srs_id), "
        "COALESCE(s.definition, '') FROM gpkg_contents c "
        "JOIN gpkg_geometry_columns g ON g.table_name = c.table_name "
        "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type = 'features'"
    )
    return [(str(name), str(column), coordinates_of(int(epsg), str(definition)))
            for name, column, epsg, definition in database.execute(query)]  # fmt: skip


def _features(
    database: sqlite3.Connection, layer: tuple[str, str, Coordinates], faults: list[Fault]
) -> Iterator[Feature]:
    """The features of a layer."""
    import shapely  # noqa: PLC0415  slow to import
    from shapely.errors import ShapelyError  # noqa: PLC0415

    name, column, _ = layer
    if not _NAME.fullmatch(name):
        return
    quoted = name.replace('"', '""')
    cursor = database.execute(f'SELECT * FROM "{quoted}" LIMIT {_MOST_FEATURES}')  # noqa: S608  the name is quoted
    names = [entry[0] for entry in cursor.description]
    for k, row in enumerate(cursor):
        properties = dict(zip(names, row, strict=True))
        blob = properties.pop(column, None)
        shape = None
        if blob is not None:
            try:
                shape = shapely.from_wkb(_wkb(blob))
            except (ShapelyError, ValueError, TypeError, struct.error) as error:
                faults.append(Fault(f"{name} row {k + 1}", f"is no geometry: {what_it_says(error)}"))
                continue
        properties = {key: value for key, value in properties.items() if not isinstance(value, bytes)}
        yield Feature(name, _label(properties, k), properties, shape)


def _wkb(blob: Any) -> bytes:
    """The well-known binary within a geometry of a GeoPackage."""
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        raise ValueError("it lacks the header of a GeoPackage")
    indicator = (blob[3] >> 1) & 7
    if indicator >= len(_ENVELOPE):
        raise ValueError("its envelope is of no known kind")
    return blob[8 + _ENVELOPE[indicator] :]


def _label(properties: Mapping[str, Any], row: int) -> str:
    name = properties.get("name")
    return str(name)[:80] if isinstance(name, str) and name else f"row {row + 1}"
