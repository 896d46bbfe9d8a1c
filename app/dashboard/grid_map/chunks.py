"""The values of a layer, some days at a time, as the browser reads them: each in the class that the table puts it in.

A chunk is float32 of shape (steps, buses + branches) in the layer's shown unit, NaN where nothing is known. Rounding to
float32 never moves a value across a border of its layer's classes. After it, for layers that limits hold for, comes a
bit for each value, least significant first: whether the table of violations has that element at that step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.dashboard.grid_map.geometry import branch_names, bus_names, ends_of
from app.dashboard.grid_map.hosting.kept import hosting_by_bus
from app.dashboard.grid_map.layers import LAYERS, POWER, Layer
from app.results.folder import Result
from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError

MOST_CELLS = 400_000
"""Values in a chunk at most: 1.6 MB, so that the first picture of a year comes as fast as that of a week."""
MOST_DAYS = 7
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class TimeAxis:
    """The steps of a result, and how many of them a chunk holds.

    Args:
        start_ms: When the first step begins, in milliseconds since 1970, UTC.
        step_ms: Length of a step [ms].
        n_steps: Number of steps.
        chunk_steps: Steps in each chunk but the last.
    """

    start_ms: int
    step_ms: int
    n_steps: int
    chunk_steps: int

    @property
    def n_chunks(self) -> int:
        """Number of chunks."""
        return math.ceil(self.n_steps / self.chunk_steps)

    def steps_of(self, chunk: int) -> range:
        """Steps of a chunk.

        Raises:
            InputError: If there is no such chunk.
        """
        if not 0 <= chunk < self.n_chunks:
            raise InputError.single("chunk", f"must be from 0 to {self.n_chunks - 1}", chunk)
        return range(chunk * self.chunk_steps, min((chunk + 1) * self.chunk_steps, self.n_steps))

    def step_at(self, at_ms: float) -> int:
        """The step that a moment lies in, or the nearest."""
        return min(max(int((at_ms - self.start_ms) // self.step_ms), 0), max(self.n_steps - 1, 0))

    def ms_at(self, step: int) -> int:
        """When a step begins, in milliseconds since 1970, UTC."""
        return self.start_ms + step * self.step_ms


def time_axis(result: Result) -> TimeAxis:
    """The steps of a result; chunks of whole days, up to a week, where a day is not too much for one."""
    start_ms, step_ms, n_steps = _clock(result.path, version_of(result))
    n_elements = len(result.topology["buses"]) + len(result.topology["branches"])
    day, room = max(1, _DAY_MS // step_ms), MOST_CELLS // max(n_elements, 1)
    steps = min(MOST_DAYS, room // day) * day if room >= day else max(1, room)
    return TimeAxis(start_ms, step_ms, n_steps, steps)


@lru_cache(maxsize=64)
def _clock(path: Path, _version: str) -> tuple[int, int, int]:
    times = pl.scan_parquet(path / "city.parquet").select("time").collect()["time"].unique().sort()
    if times.is_empty():
        return 0, 3_600_000, 0
    ms = times.dt.epoch("ms").to_numpy()
    return int(ms[0]), int(ms[1] - ms[0]) if len(ms) > 1 else 3_600_000, len(ms)


def version_of(result: Result) -> str:
    """What the browser keeps arrays by: the hash of the manifest, which holds the hash of every other file."""
    return str(result.manifest.get("sha256", result.scenario_hash))[:16]


def layer_values(result: Result, layer: str, steps: range) -> Floats:
    """A layer in its shown unit, shape (steps, buses + branches); NaN where it says nothing."""
    what, ends = LAYERS[layer], ends_of(result)
    n_buses, n_branches = len(result.topology["buses"]), len(result.topology["branches"])
    if what.of_lines == "own":
        of_branches = _added(read(result, what.table, "branch", branch_names(result), what.columns, steps))
        return np.hstack([np.full((len(steps), n_buses), np.nan), of_branches * what.factor])
    of_buses = _of_buses(result, what, steps) * what.factor
    if what.of_lines == "none" or not n_branches:
        return np.hstack([of_buses, np.full((len(steps), n_branches), np.nan)])
    first, second = of_buses[:, ends[:, 0]], of_buses[:, ends[:, 1]]
    if what.of_lines == "mean":
        of_branches = (first + second) / 2
    else:
        power = read(result, "branches", "branch", branch_names(result), ("p_from_mw",), steps)[0]
        of_branches = np.where(power >= 0, first, second)
    of_branches[:, (ends < 0).any(axis=1)] = np.nan
    return np.hstack([of_buses, of_branches])


def power_of_buses(result: Result, steps: range) -> Floats:
    """What is drawn at each bus, less what is fed in there, shape (steps, buses) [MW]."""
    return brought_by_branches(result, branch_powers(result, steps))


def branch_powers(result: Result, steps: range) -> list[Floats]:
    """Power that enters each branch at its first and at its second end, shape (steps, branches) each [MW]."""
    return read(result, "branches", "branch", branch_names(result), ("p_from_mw", "p_to_mw"), steps)


def brought_by_branches(result: Result, of_ends: Sequence[Floats]) -> Floats:
    """What its branches bring to each bus, shape (steps, buses) [MW].

    Args:
        result: The result.
        of_ends: From `branch_powers`; NaN counts as nothing.
    """
    from scipy import sparse  # noqa: PLC0415  slow to import

    ends = ends_of(result)
    n_buses, n_branches = len(result.topology["buses"]), len(ends)
    drawn = np.zeros((n_buses, len(of_ends[0])))
    for bus, leaving in zip(ends.T, of_ends, strict=True):
        joined = np.flatnonzero(bus >= 0)
        at_bus = sparse.csr_array((np.ones(len(joined)), (bus[joined], joined)), shape=(n_buses, n_branches))
        drawn -= at_bus @ np.nan_to_num(leaving.T)
    return np.ascontiguousarray(drawn.T)


def chunk_bytes(result: Result, layer: str, chunk: int) -> bytes:
    """A chunk of a layer, or of what is drawn at each bus (`POWER`); see the module.

    Raises:
        InputError: If there is no such layer or chunk.
    """
    steps = time_axis(result).steps_of(chunk)
    if layer == POWER:
        return power_of_buses(result, steps).astype("<f4").tobytes()
    what = known_layer(layer)
    values = in_class(layer_values(result, layer, steps), what.breaks).tobytes()
    return values + (np.packbits(violated(result, what, steps), bitorder="little").tobytes() if what.violated else b"")


def known_layer(layer: str) -> Layer:
    """A layer by its key.

    Raises:
        InputError: If there is none of this key.
    """
    if layer not in LAYERS:
        raise InputError.single("layer", f"must be one of {', '.join(LAYERS)}", layer)
    return LAYERS[layer]


def in_class(values: Floats, breaks: Sequence[float]) -> NDArray[np.float32]:
    """Values as float32, each on the same side of every border as it was."""
    rounded = values.astype("<f4")
    moved = np.digitize(values, breaks) != np.digitize(rounded.astype(np.float64), breaks)
    moved &= np.isfinite(values)
    towards = np.where(rounded > values, -np.inf, np.inf).astype("<f4")
    rounded[moved] = np.nextafter(rounded[moved], towards[moved])
    return rounded


def violated(result: Result, layer: Layer, steps: range) -> Bools:
    """Which elements the table of violations has at which step, shape (steps, buses + branches)."""
    names = bus_names(result) if layer.violated == "vm_pu" else branch_names(result)
    first = 0 if layer.violated == "vm_pu" else len(result.topology["buses"])
    rows = (
        _within(result, "violations", steps).filter(pl.col("quantity").cast(pl.String) == layer.violated)
        .select("time", pl.col("element").cast(pl.String)).collect()
    )  # fmt: skip
    marked = np.zeros((len(steps), len(result.topology["buses"]) + len(result.topology["branches"])), dtype=bool)
    step, place, known = _places(result, rows["time"], rows["element"], names, steps)
    marked[step[known], first + place[known]] = True
    return marked


def read(
    result: Result, table: str, key: str, names: Sequence[str], columns: Sequence[str], steps: range
) -> list[Floats]:
    """Columns of a long table as arrays, shape (steps, names) each; NaN where it has no row or no value.

    Args:
        result: The result.
        table: Its table, with columns `time` and `key`.
        key: The column that holds the names.
        names: What the columns of the arrays stand for.
        columns: What is read.
        steps: Steps of the result's `time_axis`; only their rows are read.
    """
    rows = _within(result, table, steps).select("time", key, *columns).collect()
    shape = len(steps), len(names)
    if _in_order(result, rows, key, names, steps):
        return [rows[column].cast(pl.Float64).fill_null(math.nan).to_numpy().reshape(shape) for column in columns]
    step, place, known = _places(result, rows["time"], rows[key].cast(pl.String), names, steps)
    arrays = []
    for column in columns:
        array = np.full((len(steps), len(names)), np.nan)
        array[step[known], place[known]] = rows[column].cast(pl.Float64).fill_null(math.nan).to_numpy()[known]
        arrays.append(array)
    return arrays


def _in_order(result: Result, rows: pl.DataFrame, key: str, names: Sequence[str], steps: range) -> bool:
    """Whether rows are those of each step, and in it those of each name, in order, as they are written."""
    shape, axis = (len(steps), len(names)), time_axis(result)
    if rows.height != len(steps) * len(names) or not rows.height or rows[key].dtype != pl.Categorical:
        return False
    ms, codes = rows["time"].dt.epoch("ms").to_numpy().reshape(shape), rows[key].to_physical().to_numpy().reshape(shape)
    begins = axis.start_ms + axis.step_ms * np.arange(steps.start, steps.stop)
    same = bool((ms == begins[:, None]).all() and (codes == codes[0]).all())
    return same and rows[key][: len(names)].cast(pl.String).to_list() == list(names)


def _added(arrays: Sequence[Floats]) -> Floats:
    return np.asarray(np.sum(arrays, axis=0))


def values_of_buses(result: Result, layer: Layer, steps: range) -> Floats:
    """A layer of buses in its shown unit, shape (steps, buses)."""
    return _of_buses(result, layer, steps) * layer.factor


def _of_buses(result: Result, layer: Layer, steps: range) -> Floats:
    if not layer.table:
        return np.tile(hosting_by_bus(result, *layer.columns), (len(steps), 1))
    return _added(read(result, layer.table, "bus", bus_names(result), layer.columns, steps))


def _within(result: Result, table: str, steps: range) -> pl.LazyFrame:
    """Rows of some steps; what polars knows of the times in each part of the file spares it the others."""
    axis = time_axis(result)
    first, end = (pl.from_epoch(pl.Series([axis.ms_at(step)]), "ms").dt.replace_time_zone("UTC")[0]
                  for step in (steps.start, steps.stop))  # fmt: skip
    return result.table(table).filter(pl.col("time") >= first, pl.col("time") < end)


def _places(
    result: Result, times: pl.Series, keys: pl.Series, names: Sequence[str], steps: range
) -> tuple[Ints, Ints, Bools]:
    """Step within `steps` and number of the name of each row, and whether the name is known."""
    axis = time_axis(result)
    step = (times.dt.epoch("ms").to_numpy() - axis.ms_at(steps.start)) // axis.step_ms
    numbers = keys.cast(pl.Enum(list(names)), strict=False).to_physical().cast(pl.Int64)
    return step.astype(np.int64), numbers.fill_null(-1).to_numpy(), numbers.is_not_null().to_numpy()
