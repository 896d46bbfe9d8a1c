"""Limits that were exceeded: which element, for how long, how far, when, and whether the compared result has it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from app.dashboard.local_time import local, zone_of
from app.dashboard.text import figure
from app.results.folder import Result

QUANTITIES = {
    "vm_pu": ("Voltage", "pu", 4), "loading_percent": ("Loading", "%", 1), "import_mw": ("Import", "MW", 2),
    "unbalance": ("Unbalance", "1", 4), "power_flow": ("Power flow without solution", "", 0),
}  # fmt: skip
_LAYER = {"vm_pu": "voltage", "loading_percent": "loading"}


def violations(result: Result) -> pl.DataFrame:
    """Limits exceeded, one row an element and quantity: for how many steps, how far at worst, and when.

    Args:
        result: Any result.

    Returns:
        Columns `element`, `quantity`, `steps`, `worst`, `limit`, `time` (local, of the worst step) and `time_ms` (UTC),
        the longest first.
    """
    beyond = (pl.col("value") - pl.col("limit")).abs()
    frame = (
        result.table("violations").with_columns(pl.col("element", "quantity").cast(pl.String))
        .sort(beyond, descending=True, nulls_last=True)
        .group_by("element", "quantity", maintain_order=True)
        .agg(pl.col("time").n_unique().alias("steps"), pl.first("value").alias("worst"), pl.first("limit", "time"))
        .sort("steps", descending=True, maintain_order=True)
        .with_columns(time_ms=pl.col("time").dt.epoch("ms"), time=local(zone_of(result.scenario)))
        .collect()
    )  # fmt: skip
    return frame.select("element", "quantity", "steps", "worst", "limit", "time", "time_ms")


def rows_for_table(result: Result, others: Mapping[str, Result]) -> list[dict[str, Any]]:
    """A row an element and quantity, with what the map needs to go there.

    Args:
        result: The result looked at.
        others: Results it is compared with, by the name they are shown under.

    Returns:
        ``key`` is what is selected (empty for the city), ``layer`` the layer that shows it, ``time_ms`` its worst step,
        ``removed`` in words which of `others` have it not.
    """
    buses = {bus["name"] for bus in result.topology["buses"]}
    elsewhere = {name: _steps(other) for name, other in others.items()}
    return [_row(row, buses, elsewhere) for row in violations(result).iter_rows(named=True)]


def _row(
    row: Mapping[str, Any], buses: set[str], elsewhere: Mapping[str, Mapping[tuple[str, str], int]]
) -> dict[str, Any]:
    title, unit, digits = QUANTITIES.get(row["quantity"], (row["quantity"], "", 3))
    kind = "" if row["element"] == "city" else "bus" if row["element"] in buses else "branch"
    return {
        "key": f"{kind}:{row['element']}" if kind else "", "layer": _LAYER.get(row["quantity"], ""),
        "element": row["element"], "quantity": title, "steps": row["steps"],
        "worst": f"{figure(row['worst'], digits)} {unit}".strip(),
        "limit": f"{figure(row['limit'], digits)} {unit}".strip(),
        "time": f"{row['time']:%a %d %b %Y %H:%M}", "time_ms": row["time_ms"],
        "removed": _removed((row["element"], row["quantity"]), row["steps"], elsewhere),
    }  # fmt: skip


def _removed(which: tuple[str, str], steps: int, elsewhere: Mapping[str, Mapping[tuple[str, str], int]]) -> str:
    words = []
    for name, found in elsewhere.items():
        there = found.get(which, 0)
        if there == 0:
            words.append(f"not in {name}")
        elif there != steps:
            words.append(f"{there} in {name}")
        else:
            words.append(f"as many in {name}")
    return ", ".join(words)


def _steps(result: Result) -> dict[tuple[str, str], int]:
    rows = result.table("violations").group_by("element", "quantity").agg(pl.col("time").n_unique())
    frame = rows.with_columns(pl.col("element", "quantity").cast(pl.String)).collect()
    return {(element, quantity): steps for element, quantity, steps in frame.iter_rows()}
