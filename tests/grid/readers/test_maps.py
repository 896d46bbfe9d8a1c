"""Maps as people write them: coordinate systems, parts, attributes beside types, and what no map holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grid import _pandapower
from grid.errors import InputError
from grid.readers import read_grid_file
from grid.readers.maps.coordinates import coordinates_of
from tests.grid.readers.right_files import MAP, small_net

RADIUS_M = 6378137.0


def web_map(lon: float, lat: float) -> list[float]:
    """A point as EPSG:3857 has it."""
    return [RADIUS_M * np.deg2rad(lon), RADIUS_M * float(np.arcsinh(np.tan(np.deg2rad(lat))))]


def written(path: Path, change: Callable[[dict[str, dict[str, Any]], dict[str, Any]], None]) -> Path:
    """The right map with changes of its features, by name, and of the whole."""
    found = copy.deepcopy(MAP)
    change({feature["properties"].get("name", "tree"): feature for feature in found["features"]}, found)
    path.write_text(json.dumps(found))
    return path


def moved(point: Callable[[float, float], list[float]], crs: str | None) -> Callable[..., None]:
    """A change of all coordinates."""

    def change(_: dict[str, Any], found: dict[str, Any]) -> None:
        for feature in found["features"]:
            shape = feature["geometry"]
            points = shape["coordinates"]
            shape["coordinates"] = point(*points) if shape["type"] == "Point" else [point(*each) for each in points]
        if crs:
            found["crs"] = {"type": "name", "properties": {"name": crs}}

    return change


def test_web_maps_have_the_lengths_of_the_ground(tmp_path: Path) -> None:
    plain = read_grid_file(written(tmp_path / "a.geojson", lambda *_: None)).net.line.length_km
    web = written(tmp_path / "b.geojson", moved(web_map, "urn:ogc:def:crs:EPSG::3857"))
    np.testing.assert_allclose(read_grid_file(web).net.line.length_km, plain, rtol=1e-9)


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        (None, "9 features lie beyond longitudes and latitudes"),
        ("EPSG:4258", "lie beyond"),
        ("EPSG:2263", "must be in degrees"),
    ],
)
def test_coordinates_that_are_none_of_their_system_are_refused(tmp_path: Path, crs: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_grid_file(written(tmp_path / "a.geojson", moved(web_map, crs)))
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("epsg", "definition", "kind", "metres"),
    [
        (4258, 'GEOGCS["ETRS89",UNIT["degree",0.0174532925199433]]', "degrees", 1.0),
        (2263, 'PROJCS["NY",GEOGCS["NAD83",UNIT["degree",0.0174]],UNIT["US survey foot",0.304800609601219]]', "plane",
         0.304800609601219),
        (3395, 'PROJCS["World Mercator",PROJECTION["Mercator_1SP"],UNIT["metre",1]]', "", 1.0),
        (102100, 'PROJCS["Web",PROJECTION["Mercator_Auxiliary_Sphere"],UNIT["metre",1]]', "mercator", 1.0),
        (32632, "", "plane", 1.0),
        (0, "undefined", "degrees", 1.0),
        (-1, "undefined", "plane", 1.0),
        (2263, "", "", 1.0),
    ],
)  # fmt: skip
def test_coordinate_systems(epsg: int, definition: str, kind: str, metres: float) -> None:
    found = coordinates_of(epsg, definition)
    assert (found.kind, found.metres) == (kind, metres)


def test_parts_that_join_are_one_line_and_heights_are_left_out(tmp_path: Path) -> None:
    def change(named: dict[str, dict[str, Any]], _: dict[str, Any]) -> None:
        one, two, three = named["cable"]["geometry"]["coordinates"]
        named["cable"]["geometry"] = {"type": "MultiLineString", "coordinates": [[two, three], [one, two]]}
        named["main"]["geometry"] = {"type": "MultiPoint", "coordinates": [[8.0, 50.0, 120.0]]}

    plain = read_grid_file(written(tmp_path / "a.geojson", lambda *_: None)).net.line
    parts = read_grid_file(written(tmp_path / "b.geojson", change)).net.line
    np.testing.assert_allclose(parts.length_km, plain.length_km, rtol=1e-12)
    assert {parts.from_bus[0], parts.to_bus[0]} == {plain.from_bus[0], plain.to_bus[0]}


def test_attributes_hold_beside_a_type_as_in_pandapower(tmp_path: Path) -> None:
    import pandapower as pp  # noqa: PLC0415  slow to import

    def change(named: dict[str, dict[str, Any]], _: dict[str, Any]) -> None:
        named["cable"]["properties"] |= {"length_km": 3.0, "r_ohm_per_km": 0.5, "g_us_per_km": 40.0, "parallel": 2}
        named["substation"]["properties"] |= {"tap_pos": 1, "parallel": 2, "vk_percent": 5.0}
        named["homes"]["properties"] |= {"scaling": 1.5, "const_z_p_percent": 50.0, "owner": "x"}

    read = read_grid_file(written(tmp_path / "a.geojson", change))
    assert "Attributes of table load that are not read: owner (1)." in read.report.dropped
    net = small_net()
    net.line.loc[0, ["r_ohm_per_km", "g_us_per_km", "parallel"]] = [0.5, 40.0, 2]
    net.trafo.loc[0, ["tap_pos", "parallel", "vk_percent"]] = [1, 2, 5.0]
    net.load.loc[0, ["scaling", "const_z_p_percent"]] = [1.5, 50.0]
    pp.runpp(net, **_pandapower.RUNPP_OPTIONS)
    np.testing.assert_allclose(_pandapower.voltages(read.net), net.res_bus.vm_pu, atol=1e-9, rtol=0)


def test_what_no_map_holds_and_lines_to_themselves_are_refused(tmp_path: Path) -> None:
    def change(named: dict[str, dict[str, Any]], _: dict[str, Any]) -> None:
        named["tree"]["properties"]["element"] = "shunt"
        named["cable"]["properties"] |= {"from_bus": "town", "to_bus": "town"}
        named["substation"]["properties"] |= {"tap_pos": 1, "tap_step_percent": 0}

    with pytest.raises(InputError) as caught:
        read_grid_file(written(tmp_path / "a.geojson", change))
    assert [str(fault).partition(";")[0] for fault in caught.value.faults] == [
        "city.network: a shunt is not read from maps", "line cable, from_bus, to_bus: must be two buses",
        "trafo substation, tap_pos: needs tap_step_percent, and no tap_step_degree, where it is not tap_neutral",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lines.shp", "GeoPackage or GeoJSON"),
        ("net.xls", r"\.xlsx"),
        ("case.raw", "CGMES or MATPOWER"),
        ("x.txt", "must end in"),
    ],
)
def test_other_endings_say_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match=said):
        read_grid_file(tmp_path / name)
