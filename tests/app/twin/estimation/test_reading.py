"""The latest state of an estimate, where the folder holds none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app.twin.estimation.reading import held_before, latest_state
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


def held(start: datetime, n_steps: int, first: float, last: float) -> dict[str, object]:
    """A manifest with what stores hold before its first step and after its last."""
    return MANIFEST | {
        "start": start.isoformat(), "step_minutes": 15.0, "n_steps": n_steps,
        "held_ci_kg_per_mwh": {"start": {"store": first}, "end": {"store": last}},
    }  # fmt: skip


def test_a_day_begins_with_what_stores_held_when_the_day_before_ended(tmp_path: Path) -> None:
    day = datetime(2030, 1, 7, tzinfo=UTC)
    assert held_before(tmp_path / "nowhere", day) == {}
    for name, manifest in {
        "noon": held(day - timedelta(days=1), 48, 1.0, 2.0), "night": held(day - timedelta(days=1), 96, 1.0, 3.0),
        "old": held(day - timedelta(days=9), 96, 7.0, 8.0), "torn": [], "without": MANIFEST,
    }.items():  # fmt: skip
        folder_of(tmp_path / name, manifest, TOPOLOGY)
    assert held_before(tmp_path, day) == {"store": 3.0}
    folder_of(tmp_path / "today", held(day, 1, 3.0, 4.0), TOPOLOGY)
    assert held_before(tmp_path, day) == {"store": 3.0}
    assert held_before(tmp_path, day + timedelta(days=1)) == {"store": 4.0}
    assert held_before(tmp_path, day + timedelta(days=3)) == {}


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
