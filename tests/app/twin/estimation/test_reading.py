"""The latest state of an estimate, where the folder holds none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from app.twin.estimation.reading import latest_state
from grid.errors import InputError


def folder_of(place: Path, manifest: object, topology: object, *, settled: bool = True) -> Path:
    """An estimate of one step and one bus."""
    place.mkdir()
    (place / "manifest.json").write_text(json.dumps(manifest))
    (place / "topology.json").write_text(json.dumps(topology))
    time = pl.Series("time", [datetime(2030, 1, 7, tzinfo=UTC)])
    for name, columns in {
        "grid": {"settled": [settled]}, "buses": {"bus": ["a"]}, "branches": {"branch": ["a-b"]},
        "observability": {"bus": ["a"], "basis": ["measured"]},
    }.items():  # fmt: skip
        pl.DataFrame({"time": time, **columns}).write_parquet(place / f"{name}.parquet")
    return place


MANIFEST = {"kind": "estimate", "format": 1}
TOPOLOGY = {"buses": [{"name": "a"}], "branches": [{"name": "a-b"}]}


def test_the_last_step_that_was_solved_is_read(tmp_path: Path) -> None:
    state = latest_state(folder_of(tmp_path / "one", MANIFEST, TOPOLOGY))
    assert state.time == datetime(2030, 1, 7, tzinfo=UTC)
    assert state.buses.rows(named=True) == [{"bus": "a", "basis": "measured"}]


@pytest.mark.parametrize(
    ("manifest", "topology", "settled", "rule"),
    [
        (MANIFEST | {"format": 2}, TOPOLOGY, True, "is no estimate of format 1"),
        ([], TOPOLOGY, True, "is no estimate of format 1"),
        (MANIFEST, TOPOLOGY, False, "has no step that was solved"),
        (MANIFEST, {"buses": []}, True, "cannot be read: 'branches'"),
        (MANIFEST, [], True, "cannot be read: list indices"),
    ],
)
def test_what_is_no_estimate_is_refused(
    tmp_path: Path, manifest: object, topology: object, settled: bool, rule: str
) -> None:
    with pytest.raises(InputError) as refused:
        latest_state(folder_of(tmp_path / "one", manifest, topology, settled=settled))
    (fault,) = refused.value.faults
    assert fault.rule.startswith(rule)
