"""Where the net is drawn, and what its elements are called."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app.dashboard.figures.net_layout import is_geographic, tree_layout
from app.dashboard.grid_map.chunks import layer_values
from app.dashboard.grid_map.districts import district_names, districts_of_elements
from app.dashboard.grid_map.geometry import elements, geometry, places
from app.results.folder import Result, open_result
from app.results.verification import MANIFEST, sealed
from tests.app.synthetic_results import N_BUSES


def changed(result: Result, folder: Path, change: Callable[[dict[str, Any]], None]) -> Result:
    """A copy of a result whose topology was changed."""
    shutil.copytree(result.path, folder)
    topology = json.loads((folder / "topology.json").read_text(encoding="utf-8"))
    change(topology)
    (folder / "topology.json").write_text(json.dumps(topology), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(sealed(result.manifest, folder)), encoding="utf-8")
    return open_result(folder)


def test_geometry_holds_points_and_ends(results: dict[str, Result]):
    result = results["optimal"]
    floats = np.frombuffer(geometry(result), "<f4")
    ends = floats[2 * N_BUSES :].reshape(-1, 2)
    names = [bus["name"] for bus in result.topology["buses"]]
    assert [[names[int(a)], names[int(b)]] for a, b in ends] == [
        [branch["from_bus"], branch["to_bus"]] for branch in result.topology["branches"]
    ]
    assert np.isfinite(floats).all()


def test_degrees_are_drawn_in_true_proportions(results: dict[str, Result]):
    said = elements(results["optimal"])
    assert (said["geographic"], said["placed"]) == (True, True)
    points = places(results["optimal"])
    bus = results["optimal"].topology["buses"][20]
    np.testing.assert_allclose(points[20], [bus["x"] * said["stretch"] - said["left"], bus["y"] - said["lower"]])
    assert said["stretch"] == np.cos(np.radians(np.mean([one["y"] for one in results["optimal"].topology["buses"]])))


def test_metres_and_drawings_are_no_degrees():
    assert is_geographic(np.array([[11.4, 53.6], [11.5, 53.7], [np.nan, np.nan]]))
    assert not is_geographic(np.array([[0.0, 0.0], [3.0, 2.0]]))
    assert not is_geographic(np.array([[3_431_000.0, 5_402_000.0], [3_431_100.0, 5_402_100.0]]))
    assert not is_geographic(np.array([[10.0, 50.0], [60.0, 50.0]]))


def test_a_grid_without_coordinates_is_laid_out_as_a_tree():
    points = tree_layout(6, np.array([[0, 1], [1, 2], [1, 3], [0, 4]]))  # bus 5 stands alone
    radius = np.hypot(*points.T)
    np.testing.assert_allclose(radius, [0, 1, 2, 2, 1, 1], atol=1e-12)
    assert len({tuple(np.round(point, 6)) for point in points}) == 6


def test_open_ends_are_not_drawn_and_unknown_places_lie_beside_their_neighbours(
    results: dict[str, Result], tmp_path: Path
):
    def change(topology: dict[str, Any]) -> None:
        topology["branches"][-1]["to_bus"] = None
        topology["buses"][-1] |= {"x": None, "y": None}

    result = changed(results["optimal"], tmp_path / "optimal", change)
    floats = np.frombuffer(geometry(result), "<f4")
    points, ends = floats[: 2 * N_BUSES].reshape(-1, 2), floats[2 * N_BUSES :].reshape(-1, 2)
    assert ends[-1].tolist() == [N_BUSES - 1, -1]
    np.testing.assert_allclose(points[-1], points[N_BUSES - 5], atol=1e-6)  # its neighbour up the feeder
    assert np.isnan(layer_values(result, "carbon", range(4))[:, -1]).all()


def test_a_result_without_any_place_is_laid_out(results: dict[str, Result], tmp_path: Path):
    def change(topology: dict[str, Any]) -> None:
        for bus in topology["buses"]:
            bus |= {"x": None, "y": None}

    result = changed(results["optimal"], tmp_path / "optimal", change)
    assert len({tuple(point) for point in np.round(places(result), 4).tolist()}) == N_BUSES
    assert elements(result)["placed"] is False


def test_a_line_between_districts_belongs_to_the_larger(results: dict[str, Result]):
    result = results["optimal"]
    names = district_names(result)
    of_buses, of_branches = districts_of_elements(result)
    assert names == ["Feeder 1", "Feeder 2", "Feeder 3", "Feeder 4", "Substation"]
    assert np.bincount(of_buses).tolist() == [10, 10, 9, 9, 2]
    first_of_feeder = next(k for k, branch in enumerate(result.topology["branches"]) if branch["name"] == "Line 3")
    assert names[of_branches[first_of_feeder]] == "Feeder 2"
    assert names[of_branches[0]] == "Substation"
