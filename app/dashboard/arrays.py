"""What the map draws, as arrays for the browser: geometry once, and a byte for each element and step of a layer.

A byte ``q`` stands for ``low + q (high - low) / 254``; 255 is missing. Elements are all buses, then all branches.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.dashboard.layers import LAYERS
from app.results.folder import Result
from grid.errors import InputError

Floats = NDArray[np.float64]

MISSING = 255
MAX_BYTES = 32_000_000
"""A layer longer than this is thinned to every k-th step."""


def elements(result: Result) -> dict[str, Any]:
    """Names, districts and kinds of all elements, the clock, and the city's consumption for the time bar.

    Returns:
        ``buses`` with `name`, `zone` and `kv`; ``branches`` with `name`, `kind` and `limit` of their loading [%];
        ``start_ms``, ``step_ms`` and ``n_steps`` of the arrays; ``consumption_mw`` of at most 2,000 points.
    """
    topology = result.topology
    times = _times(result)
    stride = _stride(result, len(times))
    shown = times[::stride]
    start = int(shown[0].timestamp() * 1000) if len(shown) else 0
    step = int((shown[1] - shown[0]).total_seconds() * 1000) if len(shown) > 1 else 3_600_000
    consumption = result.table("city").sort("time").select("consumption_mw").collect()["consumption_mw"]
    sparse = consumption.gather_every(max(1, math.ceil(len(consumption) / 2000)))
    return {
        "buses": [
            {"name": bus["name"], "zone": bus.get("zone") or "", "kv": bus.get("vn_kv")} for bus in topology["buses"]
        ],
        "branches": [
            {"name": branch["name"], "kind": branch["kind"], "limit": branch.get("loading_max_percent")}
            for branch in topology["branches"]
        ],
        "start_ms": start, "step_ms": step, "n_steps": len(shown), "stride": stride,
        "consumption_mw": [round(value, 4) for value in sparse.fill_null(0).to_list()],
    }  # fmt: skip


def n_steps(result: Result) -> int:
    """Number of steps the map shows: those of the result, thinned if it is very long."""
    times = _times(result)
    return len(times.gather_every(_stride(result, len(times))))


def geometry(result: Result) -> bytes:
    """Coordinates as float32: (x, y) of each bus, then the numbers of both buses of each branch.

    Coordinates that look like degrees are stretched to true proportions at their latitude; a grid without
    coordinates is laid out as a tree around its first bus. An open end has the number -1.
    """
    ends = _ends(result)
    known = [(bus.get("x"), bus.get("y")) for bus in result.topology["buses"]]
    points = np.array([(math.nan, math.nan) if None in pair else pair for pair in known], dtype=float).reshape(-1, 2)
    if np.isnan(points).all():
        points = tree_layout(len(points), ends.tolist())
    else:
        points = _beside_neighbours(points, ends)
        if np.abs(points[:, 0]).max() <= 180 and np.abs(points[:, 1]).max() <= 85:
            points[:, 0] *= math.cos(math.radians(points[:, 1].mean()))
        points -= points.mean(axis=0)  # small numbers keep their digits in float32
    return points.astype("<f4").tobytes() + ends.astype("<f4").tobytes()


def _ends(result: Result) -> NDArray[np.int64]:
    """Numbers of the two buses of each branch, shape (branches, 2); -1 where an end is open."""
    place = {bus["name"]: row for row, bus in enumerate(result.topology["buses"])}
    branches = result.topology["branches"]
    ends = [[place.get(branch["from_bus"], -1), place.get(branch["to_bus"], -1)] for branch in branches]
    return np.array(ends, dtype=np.int64).reshape(-1, 2)


def _beside_neighbours(points: Floats, ends: NDArray[np.int64]) -> Floats:
    """The points with each unknown one put where its known neighbours are on average, or in the middle of all."""
    points = points.copy()
    joined = ends[(ends >= 0).all(axis=1)]
    for _ in range(len(points)):
        unknown = np.flatnonzero(np.isnan(points[:, 0]))
        near = {bus: [*joined[joined[:, 0] == bus, 1], *joined[joined[:, 1] == bus, 0]] for bus in unknown}
        found = {bus: points[others][~np.isnan(points[others, 0])] for bus, others in near.items() if others}
        placed = {bus: spots.mean(axis=0) for bus, spots in found.items() if len(spots)}
        if not placed:
            break
        points[list(placed)] = list(placed.values())
    points[np.isnan(points[:, 0])] = np.nanmean(points, axis=0)
    return points


def tree_layout(n_buses: int, ends: list[list[int]]) -> Floats:
    """Places for buses without coordinates: rings around the first bus by number of branches, evenly spread.

    Args:
        n_buses: Number of buses.
        ends: The two buses of each branch; -1 where an end is open.

    Returns:
        Coordinates, shape (n_buses, 2).
    """
    neighbours: list[list[int]] = [[] for _ in range(n_buses)]
    for a, b in (pair for pair in ends if min(pair) >= 0):
        neighbours[a].append(b)
        neighbours[b].append(a)
    depth, order = [-1] * n_buses, []
    for root in range(n_buses):
        queue = deque([root] if depth[root] < 0 else [])
        if queue:
            depth[root] = 0 if root == 0 else 1
        while queue:
            bus = queue.popleft()
            order.append(bus)
            fresh = sorted({other for other in neighbours[bus] if depth[other] < 0})
            for other in fresh:
                depth[other] = depth[bus] + 1
            queue.extend(fresh)
    points = np.zeros((n_buses, 2))
    for level in sorted(set(depth)):
        ring = [bus for bus in order if depth[bus] == level]
        angle = 2 * math.pi * (np.arange(len(ring)) + 0.5 * (level % 2)) / max(len(ring), 1)
        points[ring] = level * np.column_stack([np.cos(angle), np.sin(angle)])
    return points


def layer_bytes(result: Result, layer: str) -> bytes:
    """One layer: ``low`` and ``high`` as float32, then uint8 of shape (steps, buses + branches).

    Raises:
        InputError: If there is no such layer.
    """
    if layer not in LAYERS:
        raise InputError.single("layer", f"must be one of {', '.join(LAYERS)}", layer)
    return _encoded(layer_values(result, layer) * LAYERS[layer].factor)


def layer_values(result: Result, layer: str) -> Floats:
    """One layer in the unit of its table, shape (steps, buses + branches); NaN where it says nothing."""
    buses = [str(bus["name"]) for bus in result.topology["buses"]]
    names = [str(branch["name"]) for branch in result.topology["branches"]]
    what = LAYERS[layer]
    if what.of_lines == "own":
        of_branches = _matrix(result, what.table, "branch", names, what.column)
        return np.hstack([np.full((len(of_branches), len(buses)), np.nan), of_branches])
    of_buses = _matrix(result, what.table, "bus", buses, what.column)
    ends = _ends(result)
    first, second = of_buses[:, ends[:, 0]], of_buses[:, ends[:, 1]]
    if what.of_lines == "mean":
        of_branches = (first + second) / 2
    else:
        forward = _matrix(result, "branches", "branch", names, "p_from_mw") >= 0
        of_branches = np.where(forward, first, second)
    of_branches[:, (ends < 0).any(axis=1)] = np.nan
    return np.hstack([of_buses, of_branches])


def _times(result: Result) -> pl.Series:
    return _times_of(result.path, result.scenario_hash)


@lru_cache(maxsize=16)
def _times_of(path: Any, _version: str) -> pl.Series:
    return pl.scan_parquet(path / "city.parquet").select("time").collect()["time"].unique().sort()


def _stride(result: Result, n_steps: int) -> int:
    n_elements = len(result.topology["buses"]) + len(result.topology["branches"])
    return max(1, math.ceil(n_steps * n_elements / MAX_BYTES))


def _matrix(result: Result, table: str, key: str, names: list[str], value: str) -> Floats:
    """A long table as an array, shape (shown steps, names); NaN where it has no row."""
    times = _times(result)
    shown = times.gather_every(_stride(result, len(times)))
    rows = pl.LazyFrame({"time": shown, "step": np.arange(len(shown))})
    columns = pl.LazyFrame({key: names, "column": np.arange(len(names))}, schema_overrides={key: pl.String})
    long = (
        result.table(table).select("time", pl.col(key).cast(pl.String), value)
        .join(rows, on="time").join(columns, on=key).select("step", "column", value).collect()
    )  # fmt: skip
    array = np.full((len(shown), len(names)), np.nan)
    array[long["step"].to_numpy(), long["column"].to_numpy()] = long[value].fill_null(math.nan).to_numpy()
    return array


def _encoded(values: Floats) -> bytes:
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 1.0)
    span = max(high - low, 1e-9)
    codes = np.full(values.shape, MISSING, dtype=np.uint8)
    codes[finite] = np.rint((values[finite] - low) / span * 254).astype(np.uint8)
    return np.array([low, low + span], dtype="<f4").tobytes() + codes.tobytes()


def version_of(result: Result) -> str:
    """What the browser caches arrays by: the scenario's hash and when the result was written."""
    written = (result.path / "manifest.json").stat().st_mtime_ns
    return f"{result.scenario_hash[:16]}-{written:x}"


def layers_for_browser(theme: Any, limits: Mapping[str, Any], currency: str, score: str = "") -> dict[str, Any]:
    """All layers' titles, classes, colours and limits, as the map and its legend read them.

    Args:
        theme: Light or dark.
        limits: The scenario's.
        currency: The scenario's.
        score: How well the hours upstream agree with measured ones; it stands beside what is marginal.
    """
    return {
        key: {
            "title": layer.title, "unit": layer.unit.replace("currency", currency), "digits": layer.digits,
            "breaks": list(layer.breaks),
            "colours": list(layer.palette(theme)), "limits": layer.limits(limits),
            "explanation": f"{layer.explanation} {score}".strip() if key == "marginal" else layer.explanation,
        }
        for key, layer in LAYERS.items()
    }  # fmt: skip
