"""The map of one result less another: equal elements, equal times, its own classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.dashboard.grid_map.chunks import layer_values
from app.dashboard.grid_map.differences import aligned, difference_bytes, what_is_missing, why_not_comparable
from app.dashboard.grid_map.layers import LAYERS
from app.results.folder import Result, open_result
from app.results.verification import MANIFEST, sealed
from grid.errors import InputError
from tests.app.dashboard.grid_map.test_geometry import changed
from tests.app.synthetic_results import N_BUSES, N_STEPS


@pytest.mark.parametrize("layer", ["carbon", "loading", "losses", "marginal", "renewable", "voltage"])
def test_no_difference_is_in_another_class_than_that_of_the_tables(results: dict[str, Result], layer):
    result, other = results["optimal"], results["unmanaged"]
    steps, breaks = range(N_STEPS), LAYERS[layer].difference_breaks
    exact = layer_values(result, layer, steps) - layer_values(other, layer, steps)
    shown = np.frombuffer(difference_bytes(result, other, layer, 0), "<f4").reshape(exact.shape).astype(float)
    known = np.isfinite(exact)
    assert (np.isfinite(shown) == known).all()
    assert known.any()
    assert np.count_nonzero(np.digitize(shown[known], breaks) != np.digitize(exact[known], breaks)) == 0


def test_elements_are_matched_by_their_names(results: dict[str, Result], tmp_path: Path):
    def change(topology: dict[str, Any]) -> None:
        topology["buses"].reverse()
        topology["branches"] = topology["branches"][1:]

    other = changed(results["optimal"], tmp_path / "other", change)
    same = aligned(results["optimal"], other, "carbon", range(5))
    own = layer_values(results["optimal"], "carbon", range(5))
    np.testing.assert_array_equal(same[:, :N_BUSES], own[:, :N_BUSES])
    assert np.isnan(same[:, N_BUSES]).all()
    assert what_is_missing(results["optimal"], other) == "1 branches are in one of the two only"


def test_what_cannot_be_compared_is_refused_with_the_reason(results: dict[str, Result], tmp_path: Path):
    def change(topology: dict[str, Any]) -> None:
        for bus in topology["buses"]:
            bus["name"] += " elsewhere"

    other = changed(results["unmanaged"], tmp_path / "other", change)
    assert why_not_comparable(results["optimal"], results["unmanaged"]) == ""
    with pytest.raises(InputError, match="no bus in common"):
        difference_bytes(results["optimal"], other, "carbon", 0)
    manifest = {**results["unmanaged"].manifest, "boundary": "lifecycle"}
    (other.path / MANIFEST).write_text(json.dumps(sealed(manifest, other.path)), encoding="utf-8")
    assert "no bus" in why_not_comparable(results["optimal"], open_result(other.path))
