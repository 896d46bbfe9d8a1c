"""Formats of grids, and which of them a file is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grid import _pandapower
from grid.errors import InputError, nearest
from grid.files.content import beside, is_file, is_folder, shown_path
from grid.files.grid_endings import GRID_ENDINGS
from grid.files.json_file import read_json
from grid.readers.cgmes.reading import read_cim
from grid.readers.compared import compare_voltages
from grid.readers.excel import read_excel
from grid.readers.maps.features import geojson_features, geopackage_features, is_geojson
from grid.readers.maps.geographic import read_geographic
from grid.readers.matpower.reading import read_matpower
from grid.readers.opendss.reading import read_opendss
from grid.readers.power_grid_model import is_power_grid_model, read_power_grid_model
from grid.readers.pypsa_networks.reading import read_pypsa
from grid.readers.report import PLACE, GridReport, ReadGrid
from grid.readers.simbench import read_simbench
from grid.readers.ucte.reading import read_ucte


@dataclass(frozen=True)
class GridFormat:
    """A format of grids.

    Args:
        name: What it is called.
        endings: What names of its files end in.
        read: Reads a file of it.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path], ReadGrid]


def _read_json_grid(path: Path) -> ReadGrid:
    """A grid in JSON: GeoJSON, power-grid-model, or else pandapower, by what the file says."""
    decoded = read_json(path, PLACE)
    if is_geojson(decoded):
        return read_geographic(geojson_features(decoded, path), path)
    if is_power_grid_model(decoded):
        return read_power_grid_model(decoded, path)
    net = _pandapower.net_in_json(decoded, path)
    report = GridReport(
        source=path.name, form="pandapower JSON", converter="pandapower (from_json_string)",
        read=_pandapower.element_counts(net),
        compared=compare_voltages(net, _pandapower.stored_voltages(net), "The file (table res_bus)"),
    )  # fmt: skip
    return ReadGrid(net, report)


def _read_geopackage(path: Path) -> ReadGrid:
    return read_geographic(geopackage_features(path), path)


def _refuse_powerfactory(path: Path) -> ReadGrid:
    rule = "only PowerFactory itself reads its files: export the grid from it as CGMES or as pandapower JSON"
    raise InputError.single(PLACE, rule, path.name)


def _read_folder(path: Path) -> ReadGrid:
    """A folder: of CSV that PyPSA wrote, of CIM profiles, or of SimBench's tables."""
    if is_file(path / "buses.csv"):
        return read_pypsa(path)
    if any(path.glob("*.xml")):
        return read_cim(path)
    if is_file(path / "Node.csv"):
        return read_simbench(path)
    rule = "is a folder with neither buses.csv (PyPSA), profiles of CIM (.xml) nor Node.csv (SimBench)"
    raise InputError.single(PLACE, rule, shown_path(path))


FORMATS: Final = (
    GridFormat("pandapower JSON, power-grid-model JSON, GeoJSON", (".json", ".json.gz", ".geojson"), _read_json_grid),
    GridFormat("GeoPackage", (".gpkg",), _read_geopackage),
    GridFormat("pandapower Excel", (".xlsx",), read_excel),
    GridFormat("CIM/CGMES", (".zip", ".xml"), read_cim),
    GridFormat("MATPOWER", (".m", ".mat"), read_matpower),
    GridFormat("PyPSA netCDF", (".nc",), read_pypsa),
    GridFormat("UCTE-DEF", (".uct",), read_ucte),
    GridFormat("OpenDSS", (".dss",), read_opendss),
    GridFormat("PowerFactory", (".pfd", ".dz", ".dgs"), _refuse_powerfactory),
)


CURES: Final = {
    **dict.fromkeys((".shp", ".kml", ".fgb", ".gml", ".dxf"),
                    "a map must be a GeoPackage or GeoJSON with a layer for each table: ogr2ogr writes both"),
    **dict.fromkeys((".xls", ".ods"), "a workbook must be one that pandapower wrote as .xlsx: open it and save it so"),
    **dict.fromkeys((".xiidm", ".iidm"), "export the grid from PowSyBl as CGMES or MATPOWER"),
    **dict.fromkeys((".raw", ".epc"), "export the grid as CGMES or MATPOWER"),
    ".h5": "export the network of PyPSA as netCDF (export_to_netcdf)",
    ".p": "a pickle runs what it holds: write the net as pandapower JSON (pandapower.to_json)",
}  # fmt: skip
"""Endings of files that are not read, and what to do instead."""


def names_grid_file(name: str, folder: Path) -> bool:
    """Whether a name is that of a grid's file, or of a folder, rather than of a net that is shipped."""
    return name.casefold().endswith(GRID_ENDINGS) or is_folder(folder / name)


def read_grid_file(path: Path) -> ReadGrid:
    """The grid in a file or a folder, by its ending and what it holds.

    Raises:
        InputError: If there is no such file, its format is not read, or anything in it is wrong; all faults at once.
    """
    if is_folder(path):
        return _read_folder(path)
    if not is_file(path):
        raise InputError.single(PLACE, f"no file {shown_path(path)!r}", None, nearest(path.name, beside(path)))
    name = path.name.casefold()
    form = next((each for each in FORMATS if name.endswith(each.endings)), None)
    if form is None:
        for ending, rule in CURES.items():
            if name.endswith(ending):
                raise InputError.single(PLACE, rule, path.name)
        raise InputError.single(PLACE, f"must end in {', '.join(GRID_ENDINGS)}", path.name)
    return form.read(path)
