"""Growth of the loads as a factor: the city is made once, at no growth, and its loads are multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from app.scenario.load import check_scenario
from app.scenario.loaded import LoadedScenario
from app.scenario.messages import faults_of
from grid.city.city import City
from grid.errors import ScenarioError


def checked_without_growth(content: Mapping[str, Any], folder: Path, source: str) -> LoadedScenario:
    """A scenario that says its growth, on a city that has none, so that the city is the same for every growth.

    Args:
        content: The scenario.
        folder: Folder that file names in it are relative to.
        source: What messages call it.

    Raises:
        ScenarioError: With all faults.
    """
    city = content.get("city")
    growth = city.get("demand_growth", 0.0) if isinstance(city, Mapping) else 0.0
    if not isinstance(city, Mapping) or growth == 0.0:
        return check_scenario(content, folder, source)
    loaded = check_scenario({**content, "city": {**city, "demand_growth": 0.0}}, folder, source)
    try:
        grown = loaded.scenario.with_changes({"city.demand_growth": growth})
    except ValidationError as error:
        raise ScenarioError(faults_of(error), source) from error
    return replace(loaded, scenario=grown)


def grown_city(city: City, growth: float) -> City:
    """The city with its loads, storage units of the net left out, grown as `grid.city.city.make_city` does."""
    loads = city.loads
    n_loads = len(city.network.elements["load"]["name"])
    factor = np.where(np.arange(len(loads.names)) < n_loads, 1.0 + growth, 1.0)
    return replace(city, loads=replace(loads, p_scale=loads.p_scale * factor, q_scale=loads.q_scale * factor))
