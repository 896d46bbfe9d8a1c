"""Hosting capacity of each bus, where it was computed for a result's scenario, and how to get it where not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.dashboard.grid_map.geometry import bus_names
from app.results.folder import Result
from app.studies.hosting.kept import kept_at, kept_capacities


def hosting_by_bus(result: Result) -> NDArray[np.float64]:
    """Largest data centre of each bus by its IT power, shape (buses,) [MW]; NaN where it was not computed."""
    kept = kept_capacities(result.path.parent, result.scenario_hash) or {}
    return np.array([kept.get(name, math.nan) for name in bus_names(result)])


def hosting_version(result: Result) -> str:
    """What changes when capacities are computed; empty while there are none."""
    place = kept_at(result.path.parent, result.scenario_hash)
    return f"{place.stat().st_mtime_ns:x}" if place.is_file() else ""


def how_to_get(result: Result) -> str:
    """Why there are no capacities, and what makes them; empty where there are."""
    if hosting_version(result):
        return ""
    centres = [str(centre["name"]) for centre in result.scenario.get("data_centres") or ()]
    if not centres:
        return "Not computed: the scenario has no data centre whose design would say what a bus must carry."
    name = centres[0]
    return f"Not computed. Make it with: gridcarbon hosting scenario.yaml --data-centre '{name}' --all --keep DIR"
