"""What stands at the buses: kinds of devices with the highest power they had, for the map's symbols."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from app.dashboard.grid_map.geometry import bus_names
from app.results.folder import Result


@dataclass(frozen=True)
class Symbol:
    """Devices of one kind at one bus.

    Args:
        kind: One of `KINDS`.
        bus: Number of the bus in the topology.
        mw: Their highest power in the period, drawn or fed in, as a sum over assets [MW].
        names: Names of the assets.
    """

    kind: str
    bus: int
    mw: float
    names: tuple[str, ...]


KINDS: dict[str, str] = {
    "pv": "Solar", "wind": "Wind", "battery": "Batteries", "charging": "Charging places", "hydrogen": "Hydrogen",
    "data_centre": "Data centres", "heat_pump": "Heat pumps", "other": "Other devices",
}  # fmt: skip
"""Kinds of symbols and what they are called."""
_KIND_OF_ASSET = {
    "pv": "pv", "wind": "wind", "battery": "battery", "ev_fleet": "charging", "ev_recorded": "charging",
    "hydrogen_station": "hydrogen", "data_centre": "data_centre", "heat_pump": "heat_pump",
}  # fmt: skip


def kind_of_asset(result: Result) -> dict[str, str]:
    """The kind of symbol of each asset and data centre."""
    scenario, recorded = result.scenario, result.manifest.get("assets") or {}
    kinds = {str(centre["name"]): "data_centre" for centre in scenario.get("data_centres") or ()}
    kinds |= {str(asset["name"]): str(asset["kind"]) for asset in scenario.get("assets") or () if "name" in asset}
    kinds |= {name: str(asset.get("kind")) for name, asset in recorded.items()}
    return {name: _KIND_OF_ASSET.get(kind, "other") for name, kind in kinds.items()}


def symbols(result: Result) -> list[Symbol]:
    """All devices of a result by kind and bus, the most powerful first.

    Power is the highest that the table of assets has in the period, so that a symbol of a fleet tells what its charging
    places drew, not what they could; an asset that never ran has a symbol of no power.
    """
    kinds = kind_of_asset(result)
    place = {name: number for number, name in enumerate(bus_names(result))}
    rows = (
        result.table("assets").group_by("asset", "bus")
        .agg(pl.max_horizontal("drawn_mw", "fed_in_mw").max().alias("mw"))
        .with_columns(pl.col("asset", "bus").cast(pl.String)).sort("asset", "bus").collect()
    )  # fmt: skip
    found: dict[tuple[str, int], list[tuple[str, float]]] = {}
    for asset, bus, mw in rows.select("asset", "bus", "mw").iter_rows():
        if bus in place:
            found.setdefault((kinds.get(asset, "other"), place[bus]), []).append((asset, mw or 0.0))
    made = [Symbol(kind, bus, sum(mw for _, mw in assets), tuple(name for name, _ in assets))
            for (kind, bus), assets in found.items()]  # fmt: skip
    return sorted(made, key=lambda one: -one.mw)


def symbols_for_browser(result: Result) -> dict[str, Any]:
    """``symbols``: all of them; ``kinds``: what those that occur are called, in the order of `KINDS`."""
    found = symbols(result)
    there = {one.kind for one in found}
    return {
        "symbols": [asdict(one) for one in found],
        "kinds": {kind: title for kind, title in KINDS.items() if kind in there},
    }
