"""Writing a GeoPackage: layers of features in a database of SQLite, as OGC 12-128r18 has them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

APPLICATION_ID: Final = 0x47504B47
"""``GPKG`` (clause 1.1.1.1.1)."""
USER_VERSION: Final = 10300
"""Version 1.3.0 of the standard."""
UNDEFINED: Final = -1
"""Coordinate system of coordinates in a plane of which no more is known (clause 1.1.2.1.2)."""
WGS84: Final = 4326
_WGS84_WKT: Final = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,'
    'AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
_SYSTEMS: Final = (
    ("WGS 84 geodetic", WGS84, "EPSG", WGS84, _WGS84_WKT, "longitude and latitude"),
    ("Undefined Cartesian SRS", UNDEFINED, "NONE", UNDEFINED, "undefined", "undefined Cartesian coordinate system"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate system"),
)
_TABLES: Final = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""


@dataclass(frozen=True, eq=False)
class MapLayer:
    """Features of one kind.

    Args:
        name: Its name.
        shapes: Geometries of shapely, None where unknown.
        columns: Attributes by name, as long as `shapes`, each of numbers, texts or truth values, None where unknown.
        drawn_as: Kind of its geometries: ``POINT`` or ``LINESTRING``.
    """

    name: str
    shapes: Sequence[Any]
    columns: Mapping[str, Sequence[Any]]
    drawn_as: str


def write_geopackage(layers: Sequence[MapLayer], srs_id: int, path: Path) -> None:
    """Writes layers to a new file.

    Args:
        layers: The layers.
        srs_id: Coordinate system of all: `WGS84` or `UNDEFINED`.
        path: The file, which must not exist.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {USER_VERSION}")
        database.executescript(_TABLES)
        database.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", _SYSTEMS)
        for layer in layers:
            _write_layer(database, layer, srs_id)


def _write_layer(database: sqlite3.Connection, layer: MapLayer, srs_id: int) -> None:
    import shapely  # noqa: PLC0415  slow to import

    kinds = {name: _kind(values) for name, values in layer.columns.items()}
    columns = "".join(f", {_quoted(name)} {kind}" for name, kind in kinds.items())
    table = _quoted(layer.name)
    database.execute(
        f"CREATE TABLE {table} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {layer.drawn_as}{columns})"
    )
    known = [shape for shape in layer.shapes if shape is not None]
    bounds = shapely.total_bounds(known).tolist() if known else [None] * 4
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    database.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
        (layer.name, layer.name, now, *bounds, srs_id),
    )
    database.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (layer.name, layer.drawn_as, srs_id)
    )
    places = ", ".join("?" * (1 + len(kinds)))
    names = ", ".join(["geom", *map(_quoted, kinds)])
    rows = zip((_blob(shape, srs_id) for shape in layer.shapes), *layer.columns.values(), strict=True)
    database.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608  names are quoted


def _blob(shape: Any, srs_id: int) -> bytes | None:
    """A geometry in the binary format of the standard, without an envelope (clause 2.1.3)."""
    import shapely  # noqa: PLC0415  slow to import

    if shape is None:
        return None
    return b"GP" + struct.pack("<BBi", 0, 1, srs_id) + bytes(shapely.to_wkb(shape, byte_order=1))


def _kind(values: Sequence[Any]) -> str:
    """The type of a column by what is known in it."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "BOOLEAN"
    if known and all(isinstance(value, int) and not isinstance(value, bool) for value in known):
        return "INTEGER"
    return "DOUBLE" if known and all(isinstance(value, int | float) for value in known) else "TEXT"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
