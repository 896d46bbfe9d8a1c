"""What is exported is read back and solved: the same voltages, in every format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyogrio
import pytest

from grid import _pandapower
from grid.city.city import City, make_city
from grid.city.export import ENDINGS, AddedElement, ExportForm, _net_at, form_of, write_step
from grid.city.source import read_grid
from grid.errors import InputError
from grid.readers import read_grid_file
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

ADDED = (
    AddedElement("storage", "depot @ Bus 5", "Bus 5", 0.2, 1.0),
    AddedElement("sgen", "roof @ Bus 6", "Bus 6", -0.1),
)


@cache
def city() -> City:
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 2)
    return make_city(read_grid("create_cigre_network_mv_pv_wind"), clock)


@cache
def exported() -> np.ndarray:
    """Voltages of the net with its assets, as plain pandapower has them."""
    voltages = _pandapower.voltages(_net_at(city(), 1, ADDED))
    assert voltages is not None
    return voltages


@pytest.mark.parametrize("form", ENDINGS)
def test_a_file_is_read_back_and_solved(tmp_path: Path, form: ExportForm) -> None:
    file = tmp_path / f"net{ENDINGS[form][0]}"
    results = {"bus": {"Bus 5": {"ci_kg_per_mwh": 250.0}}, "branch": {"Line 2-3": {"loading_percent": 12.5}}}
    left_out = write_step(city(), 1, ADDED, file, form, results)
    found = read_grid_file(file).net
    assert left_out == ()
    assert np.allclose(_pandapower.voltages(found), exported(), atol=1e-9)


def test_a_geopackage_opens_in_gdal_with_its_results(tmp_path: Path) -> None:
    file = tmp_path / "city.gpkg"
    write_step(city(), 0, ADDED, file, "geopackage", {"branch": {"Line 2-3": {"loading_percent": 12.5}}})
    layers = dict(pyogrio.list_layers(file).tolist())
    assert layers["line"] == "LineString"
    assert layers["bus"] == layers["storage"] == "Point"
    info = pyogrio.read_info(file, layer="line")
    assert info["crs"] == "EPSG:4326"
    assert info["dtypes"][list(info["fields"]).index("loading_percent")] == "float64"
    assert info["features"] == len(city().network.net.line)


def test_formats_go_by_the_ending_or_by_name() -> None:
    assert [form_of(Path(f"x{end}"), None) for end in (".json", ".xlsx", ".geojson", ".gpkg")] == [
        "pandapower-json", "pandapower-xlsx", "geojson", "geopackage",
    ]  # fmt: skip
    with pytest.raises(InputError, match="did you mean 'geopackage'"):
        form_of(Path("x.gpkg"), "geopackag")


def test_a_map_needs_coordinates_and_geojson_degrees(tmp_path: Path) -> None:
    clock = city().clock
    bare = make_city(read_grid("simple_four_bus_system"), clock)
    bare.network.buses.x[:] = np.nan
    with pytest.raises(InputError, match="has no coordinates"):
        write_step(bare, 0, (), tmp_path / "x.gpkg", "geopackage")
    bare.network.buses.x[:], bare.network.buses.y[:] = 450_000.0, 5_500_000.0
    with pytest.raises(InputError, match="write a GeoPackage"):
        write_step(bare, 0, (), tmp_path / "x.geojson", "geojson")
    assert list(tmp_path.iterdir()) == []
