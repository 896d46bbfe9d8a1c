from __future__ import annotations

import io
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard import arrays, create_app, serve
from app.dashboard.layers import LAYERS
from app.dashboard.pages import PAGES, about, grid_map
from app.dashboard.view import View
from app.results.columns import TABLES
from app.results.folder import Result, open_result
from app.results.key_figures import shown_in
from app.results.verification import MANIFEST, sealed
from grid.errors import InputError
from tests.app.synthetic_results import N_BUSES, N_STEPS, STEP_HOURS


def decoded(content: bytes, n_elements: int) -> tuple[np.ndarray, float]:
    """Values and the largest rounding error of an array made for the browser."""
    low, high = np.frombuffer(content[:8], "<f4").astype(float)
    codes = np.frombuffer(content[8:], np.uint8).reshape(-1, n_elements)
    values = low + (high - low) * codes / 254
    return np.where(codes == arrays.MISSING, np.nan, values), (high - low) / 508 + 1e-5


def test_the_map_gets_the_values_of_the_tables(results: dict[str, Result]):
    result = results["optimal"]
    for layer, column in (("carbon", "ci_kg_per_mwh"), ("voltage", "vm_pu"), ("renewable", "renewable_share")):
        n_elements = N_BUSES + len(result.topology["branches"])
        values, error = decoded(arrays.layer_bytes(result, layer), n_elements)
        table = result.table("buses").collect()[column].to_numpy().reshape(N_STEPS, N_BUSES)
        assert np.abs(values[:, :N_BUSES] - table * LAYERS[layer].factor).max() <= error


def test_lines_carry_the_intensity_of_the_bus_that_sends(results: dict[str, Result]):
    result = results["unmanaged"]
    values = arrays.layer_values(result, "carbon")
    names = [bus["name"] for bus in result.topology["buses"]]
    power = result.table("branches").collect()
    for place in (5, 17, 30):
        branch = result.topology["branches"][place]
        p_from = power.filter(pl.col("branch").cast(pl.String) == branch["name"])["p_from_mw"].to_numpy()
        sender = [names.index(branch["from_bus"] if p >= 0 else branch["to_bus"]) for p in p_from]
        np.testing.assert_allclose(values[:, N_BUSES + place], values[np.arange(N_STEPS), sender])


def test_loading_says_nothing_of_buses(results: dict[str, Result]):
    values = arrays.layer_values(results["optimal"], "loading")
    assert np.isnan(values[:, :N_BUSES]).all()
    assert np.isfinite(values[:, N_BUSES:]).all()


def test_unknown_values_are_missing_bytes_and_a_constant_layer_survives():
    encoded = arrays._encoded(np.array([[1.0, np.nan], [1.0, np.inf]]))
    values, _ = decoded(encoded, 2)
    np.testing.assert_allclose(values[:, 0], 1.0)
    assert np.isnan(values[:, 1]).all()


def test_an_unknown_layer_is_refused(results: dict[str, Result]):
    with pytest.raises(InputError, match="must be one of carbon"):
        arrays.layer_bytes(results["optimal"], "temperature")


def test_geometry_holds_points_and_ends(results: dict[str, Result]):
    result = results["optimal"]
    floats = np.frombuffer(arrays.geometry(result), "<f4")
    ends = floats[2 * N_BUSES :].reshape(-1, 2)
    names = [bus["name"] for bus in result.topology["buses"]]
    assert [[names[int(a)], names[int(b)]] for a, b in ends] == [
        [branch["from_bus"], branch["to_bus"]] for branch in result.topology["branches"]
    ]
    assert np.isfinite(floats).all()


def test_a_grid_without_coordinates_is_laid_out_as_a_tree():
    points = arrays.tree_layout(6, [[0, 1], [1, 2], [1, 3], [0, 4]])  # bus 5 stands alone
    radius = np.hypot(*points.T)
    np.testing.assert_allclose(radius, [0, 1, 2, 2, 1, 1], atol=1e-12)
    assert len({tuple(np.round(point, 6)) for point in points}) == 6


def changed(result: Result, folder: Path, change: Callable[[dict[str, Any]], None]) -> Result:
    """A copy of a result whose topology was changed."""
    shutil.copytree(result.path, folder)
    topology = json.loads((folder / "topology.json").read_text(encoding="utf-8"))
    change(topology)
    (folder / "topology.json").write_text(json.dumps(topology), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(sealed(result.manifest, folder)), encoding="utf-8")
    return open_result(folder)


def test_open_ends_are_not_drawn_and_unknown_places_lie_beside_their_neighbours(
    results: dict[str, Result], tmp_path: Path
):
    def change(topology: dict[str, Any]) -> None:
        topology["branches"][-1]["to_bus"] = None
        topology["branches"][-1]["loading_max_percent"] = 42.0
        topology["buses"][-1] |= {"x": None, "y": None}

    result = changed(results["optimal"], tmp_path / "optimal", change)
    floats = np.frombuffer(arrays.geometry(result), "<f4")
    points, ends = floats[: 2 * N_BUSES].reshape(-1, 2), floats[2 * N_BUSES :].reshape(-1, 2)
    assert ends[-1].tolist() == [N_BUSES - 1, -1]
    np.testing.assert_allclose(points[-1], points[N_BUSES - 5], atol=1e-6)  # its neighbour up the feeder
    assert np.isnan(arrays.layer_values(result, "carbon")[:, -1]).all()
    assert arrays.elements(result)["branches"][-1]["limit"] == 42.0


def test_a_result_without_any_place_is_laid_out(results: dict[str, Result], tmp_path: Path):
    def change(topology: dict[str, Any]) -> None:
        for bus in topology["buses"]:
            bus |= {"x": None, "y": None}

    result = changed(results["optimal"], tmp_path / "optimal", change)
    points = np.frombuffer(arrays.geometry(result), "<f4")[: 2 * N_BUSES].reshape(-1, 2)
    assert len({tuple(point) for point in np.round(points, 4).tolist()}) == N_BUSES


def test_long_results_are_thinned_to_what_a_browser_holds(results: dict[str, Result], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arrays, "MAX_BYTES", 4000)
    elements = arrays.elements(results["optimal"])
    assert elements["stride"] * elements["n_steps"] >= N_STEPS > elements["n_steps"]
    assert elements["step_ms"] == elements["stride"] * STEP_HOURS * 3_600_000
    assert arrays.layer_values(results["optimal"], "carbon").shape[0] == elements["n_steps"]


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_can_be_made_for_every_result(
    page, theme, results: dict[str, Result], plain_results: dict[str, Result]
):
    for shown, name in ((results, "optimal"), (results, "unmanaged"), (plain_results, "plain")):
        content = page.content(View.of(shown, {"search": f"?result={name}", "theme": theme}))
        # a page that shows a result says whose time its hours are
        assert "Europe/Berlin" in json.dumps(content, cls=PlotlyJSONEncoder) or not page.needs_result


def test_missing_devices_are_explained(plain_results: dict[str, Result]):
    view = View.of(plain_results, {})
    texts = {page.path: str(page.content(view)) for page in PAGES}
    assert "There are no electric cars in this result" in texts["/ev"]
    assert "There is no data centre in this result" in texts["/data-centres"]
    assert "no electric cars in this result" in texts["/"]
    without = {"pue_mean", "ev_ci_g_per_kwh", "ev_g_per_km"}
    assert without <= set(shown_in("overview"))
    assert all(view.result.summary.get(key) is None for key in without)


def test_provenance_says_which_factors_a_source_gives_and_leaves_out_none():
    given = [{"technology": "hard_coal", "value_kg_per_mwh": 807.2, "source": "A report"},
             {"technology": "lignite", "value_kg_per_mwh": 1057.1, "source": "A report"}]  # fmt: skip
    sets = [{"name": "mine", "title": "Me", "source": source, "status": status}
            for source, status in (("Another", "verified"), ("A report", "unverified"))]  # fmt: skip
    text = str(about.factors_used({"factors": given, "factor_sets": sets}))
    assert "hard coal 807.2, lignite 1057.1" in text
    assert text.index("A report") < text.index("Another")
    assert "not used" in text


def test_violations_are_gathered_by_element(results: dict[str, Result]):
    frame = grid_map.violations(results["unmanaged"])
    table = results["unmanaged"].table("violations").collect()
    assert frame["steps"].sum() == table.height > 0
    worst = table.filter(pl.col("quantity").cast(pl.String) == "loading_percent")["value"].max()
    assert frame.filter(pl.col("quantity") == "loading_percent")["worst"].max() == worst


@pytest.fixture(scope="module")
def client(results: dict[str, Result]):
    return create_app(results).server.test_client()


def test_arrays_are_served_once(client):
    first = client.get("/map/optimal/carbon.bin")
    assert first.status_code == 200
    again = client.get("/map/optimal/carbon.bin", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/map/unmanaged/carbon.bin").headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("path", ["/map/none/carbon.bin", "/map/optimal/secrets.bin", "/download/optimal/none.csv",
                                  "/download/../city.csv", "/download/optimal/passwd"])  # fmt: skip
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/download/..%2Foptimal/city.csv", "/download/optimal/..%2F..%2Fmanifest.json"])
def test_no_address_leads_out_of_the_results(client, path):
    answer = client.get(path)
    assert "Content-Disposition" not in answer.headers
    assert b"<!DOCTYPE html>" in answer.data  # the dashboard itself, which says that there is no such page


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_downloaded(client, results: dict[str, Result], table):
    answer = client.get(f"/download/optimal/{table}.csv")
    frame = pl.read_csv(io.BytesIO(answer.data))
    assert frame.columns == list(TABLES[table])
    assert frame.height == results["optimal"].table(table).collect().height
    assert "attachment" in answer.headers["Content-Disposition"]


def test_downloads_come_in_pieces_without_losing_a_row(client, monkeypatch: pytest.MonkeyPatch):
    whole = client.get("/download/optimal/city.csv").data
    monkeypatch.setattr("app.dashboard.routes._ROWS_AT_ONCE", 50)
    assert client.get("/download/optimal/city.csv").data == whole
    assert json.loads(client.get("/download/optimal/summary.json").data)["steps"] == N_STEPS


def test_the_browser_may_load_from_here_only(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_a_dashboard_of_nothing_is_refused():
    with pytest.raises(InputError, match="at least one result"):
        create_app({})


def test_a_port_in_use_is_an_error_with_a_cure(results_folder: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="choose another with --port"):
            serve(results_folder, "127.0.0.1", taken.getsockname()[1], open_browser=False)
