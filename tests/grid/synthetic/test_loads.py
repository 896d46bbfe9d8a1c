"""Tables of loads as people write them, and those that mean something else than they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grid.errors import InputError
from grid.synthetic import SyntheticSpec
from grid.synthetic.loads import LoadPoints, read_load_points

PLACES = [(8.60 + 0.003 * k, 50.10 + 0.002 * k, 12.5 + k) for k in range(6)]


def read(folder: Path, text: str) -> LoadPoints:
    (folder / "loads.csv").write_text(text)
    return read_load_points(SyntheticSpec(loads="loads.csv"), folder)


def table(header: str, *, scale: float = 1.0) -> str:
    return header + "".join(f"\nh{k},{x:.4f},{y:.4f},{p * scale}" for k, (x, y, p) in enumerate(PLACES))


def refusal(folder: Path, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    assert len(caught.value.faults) == 1, caught.value
    return caught.value


def test_semicolons_decimal_commas_and_short_names_mean_the_same(tmp_path: Path) -> None:
    plain = read(tmp_path, table("name,longitude,latitude,p_kw"))
    german = read(tmp_path, table("Name,Lon,LAT,p_kW").replace(",", ";").replace(".", ","))
    np.testing.assert_array_equal(plain.xy, german.xy)
    np.testing.assert_array_equal(plain.p_mw, german.p_mw)
    assert plain.names == german.names
    assert any("longitude 8.61, latitude 50.1" in said for said in plain.guessed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (table("name,x,y,p_kw"), "are they degrees? Call the columns longitude and latitude"),
        (table("name,longitude,latitude,p_mw"), "are they in kW instead of MW? Divide by 1000"),
        (table("name,longitude,latitude,p_kw", scale=1000), "are they in W instead of kW?"),
        (table("name,east,north,p_kw"), "must have columns longitude and latitude, or x and y"),
        (table("name,longitude,latitude,power"), "must have one column of power"),
        (table("name,longitude,latitude,p_kw") + ",9", "row 7: has more cells than the 4 of the header"),
    ],
)
def test_what_is_meant_otherwise_is_refused_once(tmp_path: Path, text: str, said: str) -> None:
    assert said in str(refusal(tmp_path, text))


@pytest.mark.parametrize("name", ["loads.csv", "loads.geojson"])
def test_a_file_of_loads_that_is_not_there_is_named_with_the_nearest(tmp_path: Path, name: str) -> None:
    (tmp_path / f"my_{name}").touch()
    with pytest.raises(InputError, match=rf"synthetic\.loads: no .*did you mean 'my_{name}'"):
        read_load_points(SyntheticSpec(loads=name), tmp_path)


def test_loads_of_one_name_are_named(tmp_path: Path) -> None:
    text = table("name,longitude,latitude,p_kw").replace("h1,", "h0,")
    assert "must have different names; not so 1; got ['h0']" in str(refusal(tmp_path, text))


def outline(x: float, y: float) -> dict[str, Any]:
    ring = [[x, y], [x + 2e-4, y], [x + 2e-4, y + 2e-4], [x, y + 2e-4], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: dict[str, Any] | None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


HOUSES = [feature(outline(x, y), name=f"h{k}", p_kw=p) for k, (x, y, p) in enumerate(PLACES)]


def read_map(folder: Path, features: list[dict[str, Any]], streets: list[dict[str, Any]] | None = None) -> LoadPoints:
    for name, found in (("loads", features), ("streets", streets or [])):
        (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    spec = SyntheticSpec(loads="loads.geojson", streets=None if streets is None else "streets.geojson")
    return read_load_points(spec, folder)


def test_features_that_stand_twice_count_once_and_those_of_another_name_are_told(tmp_path: Path) -> None:
    numbered = [feature(each["geometry"], **each["properties"], fid=k) for k, each in enumerate(HOUSES + HOUSES)]
    twice = read_map(tmp_path, numbered)
    assert twice.names == read_map(tmp_path, HOUSES).names
    assert any("6 loads that repeat another" in said for said in twice.guessed)
    renamed = [feature(each["geometry"], **each["properties"] | {"name": f"{k}"}) for k, each in enumerate(HOUSES)]
    both = read_map(tmp_path, HOUSES + renamed)
    assert len(both.names) == 12
    assert any("are they listed twice?" in said for said in both.guessed)
    nameless = table(",longitude,latitude,p_kw").replace("h", "")
    assert len(read(tmp_path, f"{nameless}\n{nameless.splitlines()[1]}").names) == 6


def test_attributes_in_capitals_and_streets_in_the_same_file(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[8.6, 50.1], [8.62, 50.11]]}
    stated = [each["properties"] for each in HOUSES]
    houses = [
        feature(each["geometry"], Name=of["name"], P_kW=of["p_kw"]) for each, of in zip(HOUSES, stated, strict=True)
    ]
    found = read_map(tmp_path, [*houses, feature(line, highway="residential")])
    assert found.names == read_map(tmp_path, HOUSES).names
    assert any("1 lines without a power are no loads" in said for said in found.guessed)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([feature(each["geometry"], **each["properties"], p_mw=1.0) for each in HOUSES], "one column of power"),
        ([feature(each["geometry"], height=9, building="yes") for each in HOUSES], "heights and uses make no loads"),
        ([*HOUSES, feature(outline(0.0, 0.0), name="nowhere", p_kw=5.0)], "Far from the others: nowhere"),
        ([*HOUSES, feature(outline(8.6, 50.12), name="odd", p_kw=9999)], "stands for a missing value"),
        ([*HOUSES, feature({"type": "LineString", "coordinates": [[8.6, 50.1], [8.61, 50.1]]}, name="l", p_kw=5.0)],
         "must be a point or an outline"),
    ],
)  # fmt: skip
def test_maps_that_mean_something_else_are_refused(tmp_path: Path, features: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_map(tmp_path, features)


def test_streets_must_lie_where_the_loads_are(tmp_path: Path) -> None:
    there = {"type": "LineString", "coordinates": [[8.6, 50.1], [8.62, 50.11]]}
    assert len(read_map(tmp_path, HOUSES, [feature(there)]).streets) == 1
    with pytest.raises(InputError, match="must have streets where the loads are"):
        read_map(tmp_path, HOUSES, [feature({"type": "LineString", "coordinates": [[10.0, 52.0], [10.1, 52.0]]})])
    exchanged = {"type": "LineString", "coordinates": [[50.1, 8.6], [50.11, 8.62]]}
    with pytest.raises(InputError, match="are longitude and latitude exchanged"):
        read_map(tmp_path, HOUSES, [feature(exchanged)])


@pytest.mark.parametrize(("name", "said"), [("town.osm", "osmium export"), ("town.shp", "ogr2ogr")])
def test_other_formats_are_met_with_what_writes_one_that_is_read(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"\0")
    with pytest.raises(InputError, match=said):
        read_load_points(SyntheticSpec(loads=name), tmp_path)
