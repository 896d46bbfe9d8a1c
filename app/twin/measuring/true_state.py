"""What a stored result says that really happened: the state that a simulated city measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario import check_scenario
from app.studies.halls.site import folder_of
from app.twin.measuring.electrical import electrical_values
from grid.arrays import Floats
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class TrueState:
    """True values of what can be measured; T steps, M places.

    Args:
        clock: The time axis.
        element_kinds: What each is measured at, (M,).
        elements: Names of the elements, (M,).
        quantities: What is measured, (M,).
        values: Shape (T, M), in the units of the quantities; NaN where there is none, as without supply.
        at_bus: The bus at which it is measured; empty for assets, which measure themselves, (M,).
    """

    clock: Clock
    element_kinds: tuple[str, ...]
    elements: tuple[str, ...]
    quantities: tuple[str, ...]
    values: Floats
    at_bus: tuple[str, ...]


def true_state(result: Result) -> TrueState:
    """The true state of a result: voltages, powers at both ends of branches, loadings, assets, withdrawal of buses.

    The withdrawal of a bus is what its branches carry to it. Buses joined by closed switches share theirs, which
    no flow tells apart: it is left out there. Reactive powers, currents and angles are those of the power flow solved
    again, where it can be (`app.twin.measuring.electrical`); large generators, and assets at each of several buses, are
    assets that measure themselves.

    Raises:
        InputError: If a table of the result is damaged, or a file that its scenario refers to cannot be read.
    """
    loaded = check_scenario(dict(result.scenario), folder_of(result), str(result.path / "scenario.yaml"))
    clock, buses = loaded.scenario.clock, loaded.city.network.buses
    parts = [_of_buses(result, clock), *_of_branches(result, clock), *_of_assets(result, clock)]
    alone = np.bincount(buses.node[buses.node >= 0])[buses.node] == 1
    lone = [name for name, single in zip(buses.names, alone & (buses.node >= 0), strict=True) if single]
    parts.append(_withdrawal(result, parts[1], parts[2], lone))
    parts += [_Part(*each) for each in electrical_values(result, loaded, set(lone))]
    rows = [row for part in parts for row in part.places]
    kinds, elements, quantities, at_bus = (tuple(column) for column in zip(*rows, strict=True))
    return TrueState(clock, kinds, elements, quantities, np.hstack([part.values for part in parts]), at_bus)


@dataclass(frozen=True, eq=False)
class _Part:
    """Some places, each (kind, element, quantity, bus), and their values, shape (T, places)."""

    places: list[tuple[str, str, str, str]]
    values: Floats


def _matrix(result: Result, table: str, name: str, column: str, clock: Clock) -> tuple[list[str], Floats]:
    """A column of a table by step and element; several rows of an element in a step are one sum."""
    rows = result.table(table).select("time", pl.col(name).cast(pl.String), column).collect()
    names = rows[name].unique(maintain_order=True).to_list()
    values = np.full((clock.n_steps, len(names)), np.nan)
    if names:
        summed = rows.group_by("time", name).agg(pl.col(column).sum(), pl.col(column).is_null().all().alias("none"))
        position = {each: k for k, each in enumerate(names)}
        step = (
            (summed["time"] - clock.start).dt.total_microseconds() // round(clock.step.total_seconds() * 1e6)
        ).to_numpy()
        value = summed.select(pl.when("none").then(None).otherwise(column).cast(pl.Float64).fill_null(float("nan")))
        values[step, [position[each] for each in summed[name]]] = value.to_series().to_numpy()
    return names, values


def _of_buses(result: Result, clock: Clock) -> _Part:
    names, vm_pu = _matrix(result, "buses", "bus", "vm_pu", clock)
    return _Part([("bus", name, "vm_pu", name) for name in names], vm_pu)


def _of_branches(result: Result, clock: Clock) -> list[_Part]:
    """Powers at the from bus, at the to bus, and loadings."""
    ends = {each["name"]: (each["from_bus"], each["to_bus"]) for each in result.topology["branches"]}
    parts = []
    for column, end in (("p_from_mw", 0), ("p_to_mw", 1), ("loading_percent", 0)):
        names, values = _matrix(result, "branches", "branch", column, clock)
        parts.append(_Part([("branch", name, column, ends[name][end] or "") for name in names], values))
    return parts


def _of_assets(result: Result, clock: Clock) -> list[_Part]:
    parts = []
    for column in ("p_mw", "e_mwh"):
        names, values = _matrix(result, "assets", "asset", column, clock)
        stores = np.flatnonzero(
            np.nan_to_num(values).any(axis=0) | (column == "p_mw")
        )  # what stores nothing has no energy
        parts.append(_Part([("asset", names[k], column, "") for k in stores], values[:, stores]))
    return parts


def _withdrawal(result: Result, p_from: _Part, p_to: _Part, lone: Sequence[str]) -> _Part:
    """Withdrawal of buses whose flows tell it: what enters their branches, with the other sign."""
    names = [each["name"] for each in result.topology["buses"]]
    position = {name: k for k, name in enumerate(names)}
    entering = np.zeros((len(p_from.values), len(names)))
    touched = set()
    for part in (p_from, p_to):
        for m, (_, _, _, bus) in enumerate(part.places):
            if bus:
                entering[:, position[bus]] += np.nan_to_num(part.values[:, m])
                touched.add(bus)
    measured = [name for name in lone if name in touched]
    return _Part(
        [("bus", name, "p_mw", name) for name in measured], -entering[:, [position[name] for name in measured]]
    )
