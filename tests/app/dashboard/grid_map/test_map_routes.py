"""What the map fetches: kept for good by its version, refused where the result was replaced."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.dashboard import create_app
from app.dashboard.grid_map.chunks import chunk_bytes, version_of
from app.dashboard.grid_map.violations import rows_for_table, violations
from app.results.folder import Result
from tests.app.synthetic_results import DATA_CENTRE, DC_BUS, N_BUSES, N_STEPS


@pytest.fixture(scope="module")
def client(results: dict[str, Result]):
    return create_app(results).server.test_client()


def test_a_chunk_of_a_known_version_is_kept_for_good(client, results: dict[str, Result]):
    version = version_of(results["optimal"])
    answer = client.get(f"/map/optimal/carbon-0.bin?v={version}")
    assert answer.data == chunk_bytes(results["optimal"], "carbon", 0)
    assert "immutable" in answer.headers["Cache-Control"]
    again = client.get("/map/optimal/carbon-0.bin", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["Cache-Control"]) == (304, b"", "private, no-cache")
    assert client.get("/map/unmanaged/carbon-0.bin").headers["ETag"] != answer.headers["ETag"]


def test_a_page_of_a_replaced_result_gets_no_values_of_the_new_one(client):
    answer = client.get("/map/optimal/carbon-0.bin?v=older")
    assert (answer.status_code, "load the page again" in answer.text) == (410, True)
    answer = client.get("/map/optimal/carbon-0.bin?minus=unmanaged&w=older")
    assert (answer.status_code, "unmanaged has been replaced" in answer.text) == (410, True)


def test_a_difference_is_served(client, results: dict[str, Result]):
    first, second = (np.frombuffer(client.get(f"/map/{name}/loading-0.bin").data[: 4 * N_STEPS * 81], "<f4")
                     for name in ("optimal", "unmanaged"))  # fmt: skip
    less = np.frombuffer(client.get("/map/optimal/loading-0.bin?minus=unmanaged").data, "<f4")
    np.testing.assert_allclose(less, first - second, atol=2e-5)


@pytest.mark.parametrize("path", [
    "none/carbon-0.bin", "optimal/secrets-0.bin", "optimal/carbon-9.bin", "optimal/carbon.bin",
    "optimal/carbon--1.bin", "optimal/carbon-0.bin?minus=none", "optimal/carbon-99999999999.bin",
    "optimal/districts/secrets.json", "optimal/districts/carbon.json?hour=24",
])  # fmt: skip
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(f"/map/{path}").status_code == 404


def test_the_net_is_told_with_its_clock_and_districts(client):
    net = json.loads(client.get("/map/optimal/elements.json").data)
    assert (len(net["buses"]), len(net["branches"]), net["n_steps"]) == (N_BUSES, 41, N_STEPS)
    assert net["branches"][3]["zone"] == "Feeder 2"
    assert net["step_ms"] == 900_000


def test_devices_stand_at_their_buses_with_their_highest_power(client, results: dict[str, Result]):
    told = json.loads(client.get("/map/optimal/symbols.json").data)
    assert told["kinds"] == {"charging": "Charging places", "data_centre": "Data centres"}
    centre = next(one for one in told["symbols"] if one["kind"] == "data_centre")
    assert results["optimal"].topology["buses"][centre["bus"]]["name"] == DC_BUS
    assert centre["names"] == [DATA_CENTRE]
    assert centre["mw"] == pytest.approx(results["optimal"].table("data_centres").collect()["p_total_mw"].max())
    powers = [one["mw"] for one in told["symbols"]]
    assert powers == sorted(powers, reverse=True)


def test_districts_are_served_in_their_order(client):
    rows = json.loads(client.get("/map/optimal/districts/carbon.json?hour=19").data)
    assert {row["zone"] for row in rows} == {"Feeder 1", "Feeder 2", "Feeder 3", "Feeder 4", "Substation"}
    assert rows[0]["value"] > rows[3]["value"]


def test_violations_are_gathered_by_element(results: dict[str, Result]):
    frame = violations(results["unmanaged"])
    table = results["unmanaged"].table("violations").collect()
    assert frame["steps"].sum() == table.height > 0
    worst = table.filter(table["quantity"].cast(str) == "loading_percent")["value"].max()
    assert frame.filter(frame["quantity"] == "loading_percent")["worst"].max() == worst


def test_a_violation_says_where_it_is_shown_and_what_removes_it(results: dict[str, Result]):
    rows = rows_for_table(results["unmanaged"], {"optimal": results["optimal"]})
    there = {(row["element"], row["quantity"]): row for row in rows_for_table(results["optimal"], {})}
    assert rows
    for row in rows:
        assert row["layer"] == {"Voltage": "voltage", "Loading": "loading"}[row["quantity"]]
        assert row["key"].startswith("bus:" if row["layer"] == "voltage" else "branch:")
        other = there.get((row["element"], row["quantity"]))
        said = (
            "not in optimal"
            if other is None
            else "as many in optimal"
            if other["steps"] == row["steps"]
            else f"{other['steps']} in optimal"
        )
        assert row["removed"] == said
    assert any(row["removed"] == "not in optimal" for row in rows)
