"""Hosting capacity of each bus for each kind, where it was computed for a result's scenario, and how to get it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.dashboard.grid_map.geometry import bus_names
from app.results.folder import Result
from app.studies.hosting.kept import kept_at, kept_capacities


@dataclass(frozen=True)
class Hosted:
    """What grows at a bus.

    Args:
        kind: Kind of assets; empty for data centres.
        name: What people call it.
        size: What its size is counted in.
    """

    kind: str
    name: str
    size: str


HOSTED = {
    "hosting": Hosted("", "Data centres", "MW of IT"),
    "hosting_pv": Hosted("pv", "Photovoltaics", "MW of peak power"),
    "hosting_ev_fleet": Hosted("ev_fleet", "Electric cars", "cars"),
    "hosting_heat_pump": Hosted("heat_pump", "Heat pumps", "MWh of heat a year"),
}
"""What the layers of hosting capacity are of, by their keys."""


def hosting_by_bus(result: Result, kind: str = "") -> NDArray[np.float64]:
    """Largest size of a kind at each bus, shape (buses,), in its unit; NaN where it was not computed."""
    kept = kept_capacities(result.path.parent, result.scenario_hash, kind) or {}
    return np.array([kept.get(name, math.nan) for name in bus_names(result)])


def hosting_version(result: Result, layer: str) -> str:
    """What changes when the capacities of a layer are computed; empty while there are none, and for other layers."""
    if layer not in HOSTED:
        return ""
    place = kept_at(result.path.parent, result.scenario_hash, HOSTED[layer].kind)
    return f"{place.stat().st_mtime_ns:x}" if place.is_file() else ""


def grown(result: Result, layer: str) -> str:
    """What of the scenario grows: a kind, or its first data centre; empty where it has none."""
    if HOSTED[layer].kind:
        return HOSTED[layer].kind
    return next((str(centre["name"]) for centre in result.scenario.get("data_centres") or ()), "")


def how_to_get(result: Result, layer: str) -> str:
    """Why there are no capacities, and what makes them; empty where there are."""
    if hosting_version(result, layer):
        return ""
    what = grown(result, layer)
    if not what:
        return "Not computed: the scenario has no data centre whose design would say what a bus must carry."
    return (
        "Not computed. Let it be worked out below, or with: "
        f"gridcarbon hosting scenario.yaml --of '{what}' --all --keep DIR"
    )
