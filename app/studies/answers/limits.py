"""Which line is loaded most and when, which limits a result breaks, and whether another result keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from app.results.folder import Result
from app.results.prepared import prepared

LOADING, VOLTAGE, IMPORT, UNSOLVED = "loading_percent", "vm_pu", "import_mw", "power_flow"
UNBALANCE = "unbalance"
"""Quantities of the table of violations."""


@dataclass(frozen=True)
class Extreme:
    """The highest loading of a line, or the worst violation of a limit.

    Args:
        element: Name of the bus or branch, or ``city``.
        quantity: One of `LOADING`, `VOLTAGE`, `UNBALANCE`, `IMPORT`.
        value: In the quantity's unit.
        limit: What it should not pass; None if there is no limit.
        time: When the step begins, UTC.
        steps: Steps in which the element breaks the limit; 0 if it keeps it.
    """

    element: str
    quantity: str
    value: float
    limit: float | None
    time: dt.datetime
    steps: int


@dataclass(frozen=True)
class Broken:
    """Limits of one quantity that a result breaks.

    Args:
        quantity: One of `LOADING`, `VOLTAGE`, `UNBALANCE`, `IMPORT`, `UNSOLVED`.
        elements: How many buses or branches break it.
        steps: In how many steps any does.
        element_steps: Pairs of element and step.
        worst: The one farthest beyond, relative to its limit; None for `UNSOLVED`.
    """

    quantity: str
    elements: int
    steps: int
    element_steps: int
    worst: Extreme | None


def worst_line(result: Result) -> Extreme | None:
    """The highest loading of any line; None where no line has a rating or no step a solution."""
    found = prepared(result, "line of highest loading", lambda: _highest_loading(result))
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    limits: Mapping[str, Any] = result.scenario.get("limits") or {}
    broken = _violations(result).filter(pl.col("element") == row["branch"], pl.col("quantity") == LOADING).collect()
    stated = limits.get("line_loading_max_percent")
    limit = float(broken["limit"][0]) if len(broken) else None if stated is None else float(stated)
    return Extreme(str(row["branch"]), LOADING, float(row[LOADING]), limit, row["time"], len(broken))


def _highest_loading(result: Result) -> pl.DataFrame:
    """The row of the highest loading of any line, the first of several; none where there is no loading."""
    lines = result.table("branches").filter(pl.col("kind") == "line").select("time", "branch", LOADING)
    most = lines.select(pl.col(LOADING).max()).collect().item()  # a year has millions of rows: never sorted
    found = lines.filter(pl.col(LOADING) == pl.lit(most, pl.Float64)).sort("time").head(1).collect()
    return found.with_columns(pl.col("branch").cast(pl.String))


def broken_limits(result: Result) -> tuple[Broken, ...]:
    """The limits that a result breaks, by quantity: loadings, voltages, unbalance, import, steps without a solution."""
    rows = _violations(result).collect()
    found = [_broken(quantity, rows.filter(pl.col("quantity") == quantity))
             for quantity in (LOADING, VOLTAGE, UNBALANCE, IMPORT, UNSOLVED)]  # fmt: skip
    return tuple(one for one in found if one.element_steps)


def _broken(quantity: str, rows: pl.DataFrame) -> Broken:
    beyond = rows.drop_nulls("value").with_columns(beyond=((pl.col("value") - pl.col("limit")) / pl.col("limit")).abs())
    worst = None
    if not beyond.is_empty():
        row = beyond.sort("beyond", "time", descending=[True, False]).row(0, named=True)
        steps = rows.filter(pl.col("element") == row["element"])["time"].n_unique()
        worst = Extreme(row["element"], quantity, float(row["value"]), float(row["limit"]), row["time"], steps)
    element_steps = rows.select("element", "time").n_unique()  # phases of an element count once
    return Broken(quantity, rows["element"].n_unique(), rows["time"].n_unique(), element_steps, worst)


def _violations(result: Result) -> pl.LazyFrame:
    return result.table("violations").with_columns(pl.col("element", "quantity").cast(pl.String))


@dataclass(frozen=True)
class Relief:
    """What becomes of a broken limit in another result.

    Args:
        name: Name of the other result.
        element_steps: Pairs of element and step that break the same quantity there.
        kept: Whether no limit of any quantity is broken there.
    """

    name: str
    element_steps: int
    kept: bool


def relief(worst: Extreme, other: Result, name: str) -> Relief:
    """What another result makes of the worst violation of one.

    Args:
        worst: From `broken_limits` of the one.
        other: A result of the same city and period.
        name: What it is called.
    """
    found = broken_limits(other)
    same = next((one for one in found if one.quantity == worst.quantity), None)
    return Relief(name, 0 if same is None else same.element_steps, not found)


def extreme_in(worst: Extreme, other: Result) -> float | None:
    """What the worst element of one result comes to in another: the highest value, the lowest of a voltage too low.

    Args:
        worst: From `broken_limits` of the one.
        other: A result of the same city and period.

    Returns:
        The value in the quantity's unit; None where it is not known.
    """
    table, key = {LOADING: ("branches", "branch"), VOLTAGE: ("buses", "bus"), UNBALANCE: ("phase_voltages", "bus")}.get(
        worst.quantity, ("city", "")
    )
    rows = other.table(table)
    if key:
        rows = rows.filter(pl.col(key) == worst.element)
    below = worst.limit is not None and worst.value < worst.limit
    value = pl.col(worst.quantity)
    found = rows.select(value.min() if below else value.max()).collect().item()
    return None if found is None else float(found)
