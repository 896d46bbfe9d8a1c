"""The latest state of an estimate, read from its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from grid.errors import InputError
from grid.files.content import is_file, shown_path

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TOPOLOGY: Final = "topology.json"


@dataclass(frozen=True, eq=False)
class LatestState:
    """A grid at the last step of an estimate that was solved.

    Args:
        time: Beginning of the step, UTC.
        manifest: Manifest of the estimate.
        topology: Buses and branches with their coordinates, as a result has them.
        buses: A row for each bus, in the order of the topology: the columns of ``buses.parquet`` but for the time, and
            ``basis``, what its voltage rests on.
        branches: A row for each branch, in the order of the topology: the columns of ``branches.parquet``.
        grid: The row of ``grid.parquet``.
    """

    time: datetime
    manifest: Mapping[str, Any]
    topology: Mapping[str, Any]
    buses: pl.DataFrame
    branches: pl.DataFrame
    grid: Mapping[str, Any]


def holds_estimate(place: Path) -> bool:
    """Whether there is an estimate at a place, or in a folder of estimates."""
    return is_file(place / MANIFEST) or any(place.glob(f"[!.]*/{MANIFEST}"))


def newest_estimate(place: Path) -> Path:
    """The estimate at a place, or the one that was written last into a folder of estimates.

    Raises:
        InputError: If there is none.
    """
    if is_file(place / MANIFEST):
        return place
    try:
        found = {file.parent: file.stat().st_mtime for file in place.glob(f"[!.]*/{MANIFEST}")}
    except OSError as error:
        raise InputError.single("--estimate", f"cannot be read: {error.strerror}", shown_path(place)) from error
    if not found:
        rule = "holds no estimate; gridcarbon twin estimate RESULT MEASUREMENTS FOLDER writes one"
        raise InputError.single("--estimate", rule, shown_path(place))
    return max(found, key=lambda folder: (found[folder], folder.name))


def latest_state(place: Path) -> LatestState:
    """The state that an estimate ends with.

    Args:
        place: The folder of an estimate, or one of estimates, of which the last is read.

    Raises:
        InputError: If there is none, it is damaged, of another format, or none of its steps was solved.
    """
    folder = newest_estimate(place)
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if not isinstance(manifest, dict) or (manifest.get("kind"), manifest.get("format")) != ("estimate", FORMAT):
            raise InputError.single("--estimate", f"is no estimate of format {FORMAT}", shown_path(folder))
        topology = json.loads((folder / TOPOLOGY).read_text("utf-8"))
        solved = pl.scan_parquet(folder / "grid.parquet").filter("settled").tail(1).collect()
        if solved.is_empty():
            raise InputError.single("--estimate", "has no step that was solved", shown_path(folder))
        row = solved.row(0, named=True)
        buses, branches = _at(folder, "buses", row["time"]), _at(folder, "branches", row["time"])
        basis = pl.read_parquet(folder / "observability.parquet").select(pl.col("bus").cast(pl.String), "basis")
        buses = buses.join(basis, on="bus", how="left", maintain_order="left")
        return LatestState(
            row["time"], manifest, topology,
            _ordered(buses, "bus", topology["buses"]), _ordered(branches, "branch", topology["branches"]), row,
        )  # fmt: skip
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise InputError.single("--estimate", f"cannot be read: {error}", shown_path(folder)) from error


def _at(folder: Path, table: str, time: datetime) -> pl.DataFrame:
    """The rows of a table at one time, with names as text."""
    frame = pl.scan_parquet(folder / f"{table}.parquet").filter(pl.col("time") == time).drop("time")
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()


def _ordered(frame: pl.DataFrame, key: str, elements: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows in the order of the topology; values of an element that has none are null."""
    names = pl.DataFrame({key: [str(one["name"]) for one in elements]}, schema={key: pl.String})
    return names.join(frame, on=key, how="left", maintain_order="left")


def held_before(place: Path, start: datetime) -> Mapping[str, float]:
    """What assets hold at the beginning of a day by the estimates of a folder: intensity by name [kg/MWh].

    The newest estimate of the same day began with it, or the last one of the day before ended with it; empty without
    one of both. What cannot be read is passed over: the day is then estimated without.

    Args:
        place: Folder of estimates.
        start: When the day begins.
    """
    found: list[tuple[datetime, dict[str, float]]] = []
    for file in place.glob(f"[!.]*/{MANIFEST}"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads(file.read_text("utf-8"))
            begun, held = datetime.fromisoformat(manifest["start"]), manifest["held_ci_kg_per_mwh"]
            stop = begun + manifest["n_steps"] * timedelta(minutes=manifest["step_minutes"])
            if begun == start:
                found.append((stop, dict(held["start"])))
            elif start - timedelta(days=1) < stop <= start:
                found.append((stop, dict(held["end"])))
    return max(found, key=lambda each: each[0], default=(start, {}))[1]
