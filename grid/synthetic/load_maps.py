"""Features of maps for a synthetic grid: which files are read, and which of their features are loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from grid.errors import InputError, nearest
from grid.files.content import beside, is_file, shown_path
from grid.files.json_file import read_json
from grid.readers.maps.features import Feature, Features, geojson_features, geopackage_features, is_geojson
from grid.readers.report import PLACE as GRID_PLACE

_CONVERTED: Final = {
    ".osm": "osmium export, or QGIS", ".pbf": "osmium export, or QGIS", ".xml": "QGIS", ".shp": "ogr2ogr, or QGIS",
    ".kml": "ogr2ogr, or QGIS", ".gml": "ogr2ogr, or QGIS", ".zip": "unpack it; then ogr2ogr, or QGIS",
    ".fgb": "ogr2ogr, or QGIS", ".parquet": "ogr2ogr, or QGIS",
}  # fmt: skip
"""Formats of maps that are not read, and what writes them as one that is."""
_NUMBERED: Final = frozenset({"fid", "id", "ogc_fid", "osm_id", "objectid", "gml_id"})
"""Attributes that number features, in which equal ones may differ."""


def map_features(path: Path, place: str) -> Features:
    """The features of a map file.

    Raises:
        InputError: If it is none.
    """
    if not is_file(path):
        raise InputError.single(place, f"no file {shown_path(path)!r}", suggestion=nearest(path.name, beside(path)))
    ending = path.suffix.casefold()
    try:
        if ending == ".gpkg":
            return geopackage_features(path)
        decoded: Any = read_json(path, place) if ending in {".geojson", ".json"} else None
        if is_geojson(decoded):
            return geojson_features(decoded, path)
    except InputError as error:
        faults = [replace(fault, place=place) if fault.place == GRID_PLACE else fault for fault in error.faults]
        raise InputError(faults, error.source) from error
    if decoded is None:
        cure = f": write it as GeoJSON or GeoPackage ({_CONVERTED[ending]})" if ending in _CONVERTED else ""
        raise InputError.single(place, f"must end in .csv, .gpkg or .geojson{cure}", path.name)
    of_osm = isinstance(decoded, Mapping) and "elements" in decoded
    cure = "is of Overpass: export it as GeoJSON" if of_osm else "needs a FeatureCollection with its features"
    raise InputError.single(place, f"is JSON, but not GeoJSON of a map: it {cure}", path.name)


def without_lines(features: Sequence[Feature], guessed: list[str]) -> list[Feature]:
    """Features without lines that state no power, such as streets in the same file."""
    kept = [each for each in features if each.shape is None or "LineString" not in each.shape.geom_type
            or not {"p_kw", "p_mw"}.isdisjoint(each.properties)]  # fmt: skip
    if len(kept) < len(features):
        guessed.append(f"{len(features) - len(kept)} lines without a power are no loads.")
    return kept


def once(features: Sequence[Feature], guessed: list[str]) -> list[Feature]:
    """Features that are equal in shape and attributes once; those equal but for their names are told."""
    first: dict[object, str] = {}
    kept, alike = list[Feature](), 0
    for each in features:
        if each.shape is None:
            kept.append(each)
            continue
        stated = {name: value for name, value in each.properties.items() if name not in _NUMBERED and name != "name"}
        key = (each.layer, each.shape.normalize().wkb, repr(sorted(stated.items(), key=str)))
        name = str(each.properties.get("name") or "")
        if first.get(key) == name:
            continue
        alike += key in first
        first.setdefault(key, name)
        kept.append(each)
    tell_repeated(len(features) - len(kept), guessed)
    if alike:
        guessed.append(f"{alike} loads have place and attributes of another with another name: are they listed twice?")
    return kept


def tell_repeated(count: int, guessed: list[str]) -> None:
    """Notes loads that are left out because they stand twice."""
    if count:
        guessed.append(f"{count} loads that repeat another in place and attributes count once.")
