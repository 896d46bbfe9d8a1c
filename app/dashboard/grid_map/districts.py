"""Districts (`zone` of each bus) ranked by a layer over the whole period or at an hour of its days."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from app.dashboard.grid_map.chunks import layer_values, power_of_buses, time_axis, values_of_buses, version_of
from app.dashboard.grid_map.geometry import ends_of
from app.dashboard.grid_map.layers import LAYERS, Layer
from app.dashboard.local_time import zone_of
from app.results.folder import Result
from grid.arrays import Floats, Ints

if TYPE_CHECKING:
    from scipy import sparse

_HOURS = 24
_LEAST_MWH = 1e-6
_ADDING_UP = Lock()


def district_names(result: Result) -> list[str]:
    """Names of all districts, in alphabetical order; buses without one belong to none."""
    return sorted({str(bus["zone"]) for bus in result.topology["buses"] if bus.get("zone")})


def districts_of_elements(result: Result) -> tuple[Ints, Ints]:
    """Number of the district of each bus and of each branch; -1 where there is none.

    A branch between two districts counts in the one with more buses, so that a feeder has the line that feeds it.
    """
    names = {name: number for number, name in enumerate(district_names(result))}
    of_buses = np.array([names.get(str(bus.get("zone") or ""), -1) for bus in result.topology["buses"]], dtype=np.int64)
    size = Counter(of_buses.tolist())
    ends = ends_of(result)
    of_ends = np.where(ends >= 0, of_buses[ends], -1)
    weight = np.array([[size[zone] if zone >= 0 else -1 for zone in pair] for pair in of_ends.tolist()]).reshape(-1, 2)
    return of_buses, np.where(weight[:, 0] >= weight[:, 1], of_ends[:, 0], of_ends[:, 1])


def over_period(result: Result, layer: str, hour: int | None = None) -> list[dict[str, Any]]:
    """Each district's figure over the whole period, or over one local hour of all its days.

    Intensities, shares and prices are means by the energy that is drawn at the buses, net of what is fed in there;
    voltages are plain means, loadings the highest of any line, losses the mean of their sum.

    Args:
        result: The result.
        layer: A key of `LAYERS`.
        hour: Hour of the wall clock, 0 to 23; all of them by default.

    Returns:
        ``zone``, ``value`` (None where nothing is known) and ``mwh`` drawn, in descending order of the value; districts
        where nobody draws power, such as a substation, come after those where somebody does.
    """
    with _ADDING_UP:  # who asks for the same meanwhile finds it
        sums = _by_hour(_Key(result), layer)
    chosen = slice(None) if hour is None else slice(hour, hour + 1)
    value = _figures(sums, LAYERS[layer], chosen)
    rows = [
        {
            "zone": zone,
            "value": None if np.isnan(value[k]) else float(value[k]),
            "mwh": float(sums.mwh[chosen, k].sum()),
        }
        for k, zone in enumerate(district_names(result))
    ]
    return sorted(rows, key=lambda row: (row["value"] is None, row["mwh"] < _LEAST_MWH, -(row["value"] or 0.0)))


class _Key:
    """A result as the key of a cache: equal while it is the same version of the same folder."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self._identity = (result.path, version_of(result))

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity


class _Sums:
    """What is gathered of districts by local hour, shape (24, districts) each."""

    def __init__(self, n_districts: int) -> None:
        shape = (_HOURS, n_districts)
        self.weighted, self.weight, self.plain = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.count, self.steps, self.mwh = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.highest = np.full(shape, -np.inf)


@lru_cache(maxsize=32)
def _by_hour(key: _Key, layer: str) -> _Sums:
    """Sums over all chunks, so that a year takes the memory of a week."""
    result, axis, what = key.result, time_axis(key.result), LAYERS[layer]
    of_buses, of_branches = districts_of_elements(result)
    sums = _Sums(len(district_names(result)))
    members = [_members(district, sums.weight.shape[1]) for district in (of_buses, of_branches)]
    for chunk in range(axis.n_chunks):
        steps = axis.steps_of(chunk)
        hours, drawn = _local_hours(result, steps), np.maximum(power_of_buses(result, steps), 0.0)
        np.add.at(sums.mwh, hours, drawn @ members[0] * axis.step_ms / 3_600_000)
        if what.of_lines == "own":
            values = layer_values(result, layer, steps)[:, len(of_buses) :]
            _gather(sums, hours, members[1], values, np.ones_like(values))
            _raise_highest(sums, hours, of_branches, values)
        else:
            values = values_of_buses(result, what, steps)
            _gather(sums, hours, members[0], values, drawn)
            if what.of_areas == "highest":
                _raise_highest(sums, hours, of_buses, values)
    return sums


def _members(district: Ints, n_districts: int) -> sparse.csr_array:
    """1 where an element belongs to a district, shape (elements, districts)."""
    from scipy import sparse  # noqa: PLC0415  slow to import

    within = np.flatnonzero(district >= 0)
    return sparse.csr_array((np.ones(len(within)), (within, district[within])), shape=(len(district), n_districts))


def _gather(sums: _Sums, hours: Ints, members: sparse.csr_array, values: Floats, weights: Floats) -> None:
    """Adds some steps: values and weights of shape (steps, elements), the local hour of each step."""
    known = np.isfinite(values)
    clean = np.where(known, values, 0.0)
    for total, part in (
        (sums.weighted, clean * weights), (sums.weight, weights * known), (sums.plain, clean),
        (sums.count, known.astype(np.float64)),
    ):  # fmt: skip
        np.add.at(total, hours, part @ members)
    np.add.at(sums.steps, hours, 1.0)


def _raise_highest(sums: _Sums, hours: Ints, district: Ints, values: Floats) -> None:
    values = np.where(np.isfinite(values), values, -np.inf)
    for place in range(sums.highest.shape[1]):
        np.maximum.at(sums.highest[:, place], hours, values[:, district == place].max(axis=1, initial=-np.inf))


def _figures(sums: _Sums, layer: Layer, hours: slice) -> Floats:
    weighted, weight, plain, count, steps = (
        part[hours].sum(axis=0) for part in (sums.weighted, sums.weight, sums.plain, sums.count, sums.steps)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = plain / count
        if layer.of_areas == "energy":
            return np.asarray(np.where(weight > 0, weighted / weight, mean))
        if layer.of_areas == "sum":
            return np.where(count > 0, plain / steps, np.nan)
        if layer.of_areas == "highest":
            return np.where(count > 0, sums.highest[hours].max(axis=0), np.nan)
        return np.asarray(mean)


def _local_hours(result: Result, steps: range) -> Ints:
    axis = time_axis(result)
    ms = pl.Series([axis.ms_at(step) for step in steps], dtype=pl.Int64)
    times = pl.from_epoch(ms, "ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone_of(result.scenario))
    return times.dt.hour().cast(pl.Int64).to_numpy()
