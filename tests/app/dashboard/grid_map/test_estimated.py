"""The map of an estimated state: what is drawn of an estimate's folder, and what is said where there is none."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app.dashboard import create_app
from app.dashboard.grid_map.estimated import estimated_map, foremost
from app.dashboard.grid_map.layers import LAYERS
from app.dashboard.operations.live import TwinPlace
from app.twin.estimation.reading import latest_state
from app.twin.measuring.store import opened_measurements
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused

START = datetime(2024, 1, 1, 12, tzinfo=UTC)
STEPS = [START, START + timedelta(minutes=15), START + timedelta(minutes=30)]
NAMES = ("quay <1>", "mill", "yard")


def estimate_folder(folder: Path, *, solved: tuple[bool, ...] = (True, True, False)) -> Path:
    """An estimate of three buses in a row: the voltage of the first is known well, that of the last is not."""
    folder.mkdir(parents=True)
    buses = {"vm_pu": (1.0, 0.984, 0.96), "vm_low_pu": (0.999, 0.981, 0.92), "vm_high_pu": (1.001, 0.988, 1.0),
             "ci_kg_per_mwh": (300.0, None, 120.0), "ci_low_kg_per_mwh": (290.0, None, 60.0),
             "ci_high_kg_per_mwh": (310.0, None, 190.0)}  # fmt: skip
    branches = {"p_from_mw": (1.0, -0.5), "loading_percent": (45.0, 72.0), "loading_low_percent": (41.0, 65.0),
                "loading_high_percent": (49.0, 84.0)}  # fmt: skip
    _long("bus", NAMES, buses).write_parquet(folder / "buses.parquet")
    _long("branch", ("a", "b"), branches).write_parquet(folder / "branches.parquet")
    grid = {name: [value] * 3 for name, value in (("loss_mw", 0.02), ("loss_low_mw", 0.01), ("loss_high_mw", 0.03),
            ("import_mw", 1.2), ("import_low_mw", 1.1), ("import_high_mw", 1.3), ("n_measured", 4))}  # fmt: skip
    pl.DataFrame({"time": STEPS, "settled": list(solved), **grid}).write_parquet(folder / "grid.parquet")
    basis = ("measured", "observable", "pseudo")
    pl.DataFrame({"bus": NAMES, "basis": basis}).write_parquet(folder / "observability.parquet")
    topology = {
        "buses": [{"name": name, "x": float(k), "y": 0.5 * k} for k, name in enumerate(NAMES)],
        "branches": [{"name": "a", "kind": "line", "from_bus": NAMES[0], "to_bus": "mill"},
                     {"name": "b", "kind": "line", "from_bus": "mill", "to_bus": "yard"}],
    }  # fmt: skip
    (folder / "topology.json").write_text(json.dumps(topology))
    manifest = {"format": 1, "kind": "estimate", "start": START.isoformat(), "n_bad": 2, "observability": {"pseudo": 1}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _long(key: str, names: tuple[str, ...], columns: dict[str, tuple[float | None, ...]]) -> pl.DataFrame:
    times = [step for step in STEPS for _ in names]
    values = {name: list(column) * len(STEPS) for name, column in columns.items()}
    return pl.DataFrame({"time": times, key: list(names) * len(STEPS), **values}).with_columns(
        pl.col(key).cast(pl.Categorical)
    )


def drawn(svg: str, shape: str) -> list[str]:
    return re.findall(rf"<{shape} .*?</{shape}>", svg)


def test_the_last_step_that_was_solved_is_the_state(tmp_path):
    state = latest_state(estimate_folder(tmp_path / "one"))
    assert state.time == STEPS[1]
    assert state.buses["bus"].to_list() == list(NAMES)
    assert state.buses["basis"].to_list() == ["measured", "observable", "pseudo"]
    with pytest.raises(InputError, match="has no step that was solved"):
        latest_state(estimate_folder(tmp_path / "none", solved=(False, False, False)))


def test_a_bus_is_hollow_and_a_line_dashed_where_the_band_leaves_the_class(tmp_path):
    state = latest_state(estimate_folder(tmp_path / "one"))
    voltage = estimated_map(state, "voltage", "light")
    quay, mill, yard = drawn(voltage, "circle")
    assert "quay &lt;1&gt;: 1.0000 pu (0.9990 to 1.0010), by its own measurement" in quay
    palette = LAYERS["voltage"].palette("light")
    assert f'fill="{palette[6]}"' in quay  # 0.995 to 1.005
    assert "estimated-hollow" not in mill
    assert "estimated-hollow" in yard
    loading = estimated_map(state, "loading", "dark")
    a, b = drawn(loading, "line")
    assert drawn(loading, "circle") == []
    assert "stroke-dasharray" not in a
    assert "stroke-dasharray" in b
    assert "b: 72.0 % (65.0 to 84.0)" in b


def test_a_line_has_the_carbon_of_the_bus_that_sends_its_power(tmp_path):
    a, b = drawn(estimated_map(latest_state(estimate_folder(tmp_path / "one")), "carbon", "light"), "line")
    assert "a: 300 g/kWh (290 to 310)" in a
    assert "b: 120 g/kWh (60 to 190)" in b  # from the yard
    assert "mill: not known" in estimated_map(latest_state(tmp_path / "one"), "carbon", "light")


def test_the_elements_that_matter_first_are_named(tmp_path):
    state = latest_state(estimate_folder(tmp_path / "one"))
    assert [row[0] for row in foremost(state, "voltage")] == ["yard", "mill", "quay <1>"]
    assert foremost(state, "loading")[0] == ("b", "72.0", "65.0 – 84.0", "–")
    assert foremost(state, "carbon")[0] == ("quay <1>", "300", "290 – 310", "its own measurement")


def test_the_page_is_answered_anew_only_where_something_has_changed(results, tmp_path):
    with opened_measurements(tmp_path / "twin.db"):
        pass
    (tmp_path / "estimates").mkdir()
    client = create_app(
        results, twin=TwinPlace(str(tmp_path / "twin.db"), estimate=tmp_path / "estimates")
    ).server.test_client()
    none = client.get("/operations/map")
    assert (none.status_code, "No estimate has been made yet" in none.text) == (200, True)
    estimate_folder(tmp_path / "estimates" / "one")
    first = client.get("/operations/map?layer=loading")
    assert first.status_code == 200
    assert "import 1.200 MW (1.100 – 1.300)" in first.text
    assert "Loading [%]" in first.text
    assert "The estimate is old" in first.text
    key = first.headers["X-Shown"]
    again = {"layer": "loading", "shown": key}
    assert client.get("/operations/map", query_string=again).status_code == 204
    assert client.get("/operations/map", query_string=again | {"layer": "carbon"}).status_code == 200
    (tmp_path / "estimates" / "one" / "grid.parquet").write_bytes(b"no table")
    damaged = client.get("/operations/map?layer=loading")
    assert damaged.status_code == 503
    assert "cannot be read" in damaged.text
    assert create_app(results).server.test_client().get("/operations/map").status_code == 404


def test_what_is_no_estimate_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no estimate"):
        latest_state(tmp_path)
    folder = estimate_folder(tmp_path / "one")
    (folder / "manifest.json").write_text('{"format": 2, "kind": "estimate"}')
    with pytest.raises(InputError, match="is no estimate of format 1"):
        latest_state(folder)
    refused(
        gridcarbon("serve", tmp_path, "--estimate", tmp_path / "nowhere"), "--estimate: needs --twin STORE", "no such"
    )
