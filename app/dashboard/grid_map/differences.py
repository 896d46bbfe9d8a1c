"""The difference of two results on the map: result minus the other, on equal elements at equal times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.dashboard.grid_map.chunks import TimeAxis, in_class, known_layer, layer_values, time_axis
from app.dashboard.grid_map.geometry import branch_names, bus_names
from app.results.folder import Result
from grid.arrays import Floats, Ints
from grid.errors import InputError


def why_not_comparable(result: Result, other: Result) -> str:
    """Why a map cannot subtract one result from another, in words; empty if it can."""
    mine, its = time_axis(result), time_axis(other)
    if mine.step_ms != its.step_ms or (mine.start_ms - its.start_ms) % mine.step_ms:
        return f"their steps differ: {_minutes(mine)} and {_minutes(its)}"
    if mine.start_ms >= its.ms_at(its.n_steps) or its.start_ms >= mine.ms_at(mine.n_steps):
        return "their periods do not overlap"
    if not set(bus_names(result)) & set(bus_names(other)):
        return "their nets have no bus in common"
    if any(result.manifest.get(key) != other.manifest.get(key) for key in ("boundary", "gas")):
        return "they count different emissions: direct or life-cycle, carbon dioxide alone or all greenhouse gases"
    return ""


def what_is_missing(result: Result, other: Result) -> str:
    """Elements and times that only one of two comparable results has, in words; empty where there are none."""
    mine, its = time_axis(result), time_axis(other)
    parts = []
    pairs = {"buses": (bus_names(result), bus_names(other)), "branches": (branch_names(result), branch_names(other))}
    for what, (names, others) in pairs.items():
        alone = len(set(names) ^ set(others))
        if alone:
            parts.append(f"{alone} {what} are in one of the two only")
    if (mine.start_ms, mine.n_steps) != (its.start_ms, its.n_steps):
        parts.append("their periods overlap in part")
    return "; ".join(parts)


def difference_bytes(result: Result, other: Result, layer: str, chunk: int) -> bytes:
    """A chunk of ``result - other`` as float32 of shape (steps, buses + branches); NaN where one says nothing.

    Each value is in the class of `Layer.difference_breaks` that the difference of the tables' own values is in.

    Raises:
        InputError: If there is no such layer or chunk, or if the results cannot be compared.
    """
    what, reason = known_layer(layer), why_not_comparable(result, other)
    if reason:
        raise InputError.single("minus", f"cannot be subtracted: {reason}", other.name)
    steps = time_axis(result).steps_of(chunk)
    values = layer_values(result, layer, steps) - aligned(result, other, layer, steps)
    return in_class(values, what.difference_breaks).tobytes()


def aligned(result: Result, other: Result, layer: str, steps: range) -> Floats:
    """A layer of another result at a result's steps, for its elements; NaN where the other has no such step or element.

    Returns:
        Shape (steps, buses + branches), in the layer's shown unit.
    """
    mine, its = time_axis(result), time_axis(other)
    shift = (mine.start_ms - its.start_ms) // mine.step_ms
    first, end = max(steps.start + shift, 0), min(steps.stop + shift, its.n_steps)
    place = _numbers([*_tagged(bus_names(result), branch_names(result))],
                     [*_tagged(bus_names(other), branch_names(other))])  # fmt: skip
    found = np.full((len(steps), len(place)), np.nan)
    if first < end:
        values = layer_values(other, layer, range(first, end))
        rows = slice(first - shift - steps.start, end - shift - steps.start)
        found[rows, place >= 0] = values[:, place[place >= 0]]
    return found


def _tagged(buses: Sequence[str], branches: Sequence[str]) -> list[tuple[str, str]]:
    return [*(("bus", name) for name in buses), *(("branch", name) for name in branches)]


def _numbers(wanted: Sequence[tuple[str, str]], among: Sequence[tuple[str, str]]) -> Ints:
    """Place of each in another list; -1 where it is not there."""
    place = {one: number for number, one in enumerate(among)}
    return np.array([place.get(one, -1) for one in wanted], dtype=np.int64)


def _minutes(axis: TimeAxis) -> str:
    return f"{axis.step_ms / 60_000:g} minutes"
