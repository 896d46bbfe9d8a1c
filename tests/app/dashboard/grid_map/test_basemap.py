"""An outline from a file: what is drawn of it, and every fault of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.dashboard.grid_map import basemap
from app.dashboard.grid_map.basemap import basemap_bytes, read_basemap
from grid.errors import InputError

RING = [[11.3, 53.6], [11.5, 53.6], [11.5, 53.7], [11.3, 53.6]]


def feature(kind: str, coordinates: Any, name: str = "") -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name}, "geometry": {"type": kind, "coordinates": coordinates}}


def written(folder: Path, content: Any) -> Path:
    place = folder / "outline.geojson"
    place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return place


def test_lines_rings_and_named_points_are_taken(tmp_path: Path):
    features = [
        feature("MultiPolygon", [[RING, RING]]), feature("LineString", [[11.3, 53.6, 40.0], [11.4, 53.7]]),
        feature("Point", [11.4, 53.65], "Old town"), feature("Point", [11.4, 53.65]),
        {"type": "Feature", "geometry": None},
    ]  # fmt: skip
    found = read_basemap(written(tmp_path, {"type": "FeatureCollection", "features": features}))
    assert found.filled == (True, True, False)
    assert found.lines[2] == ((11.3, 53.6), (11.4, 53.7))
    assert found.points == ((11.4, 53.65, "Old town"),)
    assert json.loads(basemap_bytes(found))["filled"] == [True, True, False]
    assert basemap_bytes(None) == b""


def test_all_faults_are_told_at_once_with_their_places(tmp_path: Path):
    features = [feature("LineString", [[200, 53], ["x", 1], [11, 53]]), feature("Circle", []), feature("Polygon", 4)]
    with pytest.raises(InputError) as caught:
        read_basemap(written(tmp_path, {"type": "FeatureCollection", "features": features}))
    places = [fault.place for fault in caught.value.faults]
    assert places == [
        "basemap.features[1].geometry.type", "basemap.features[0].geometry.coordinates[0]",
        "basemap.features[0].geometry.coordinates[1]", "basemap.features[0].geometry.coordinates",
        "basemap.features[2].geometry.coordinates",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "must be GeoJSON"), ("[1, 2]", "must be one of FeatureCollection"), ("[" * 100_000, "must be GeoJSON"),
     ({"type": "FeatureCollection", "features": []}, "nothing to draw"),
     ({"type": "FeatureCollection"}, "must be a list")],
)  # fmt: skip
def test_what_is_no_outline_is_refused(tmp_path: Path, content: Any, words: str):
    with pytest.raises(InputError, match=words):
        read_basemap(written(tmp_path, content))


def test_too_much_to_draw_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(basemap, "MOST_POSITIONS", 3)
    with pytest.raises(InputError, match="at most 3 positions"):
        read_basemap(written(tmp_path, feature("Polygon", [RING])))
    with pytest.raises(InputError):
        read_basemap(tmp_path / "missing.geojson")
