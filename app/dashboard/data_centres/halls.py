"""Which data centre the page is about: one of the result's, or one that could stand at a bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.dashboard.view import View
from app.results.folder import Result
from app.studies.halls.site import scenario_of
from carbon.data_centre import DataCentre

NEW = "new hall"
"""Name of the hall that is studied where the result has none."""
NEW_MW = 1.0
"""Its rated IT power [MW]; everything else is the default of the specification."""


def halls_of(result: Result) -> tuple[DataCentre, ...]:
    """The data centres of a result's scenario.

    Raises:
        pydantic.ValidationError: If the scenario is of another version.
    """
    return scenario_of(result).data_centres


def new_hall(result: Result, bus: str = "") -> DataCentre:
    """A hall of the specification's defaults, at a bus or at the first of medium voltage."""
    buses = result.topology["buses"]
    names = [one["name"] for one in buses]
    medium = next((one["name"] for one in buses if 1.0 < (one.get("vn_kv") or 0.0) < 60.0), names[0])
    return DataCentre(name=NEW, bus=bus if bus in names else medium, p_it_rated_mw=NEW_MW)


def shown_hall(view: View) -> DataCentre:
    """The data centre that the address names, else the first; a new one where there is none."""
    halls = halls_of(view.result)
    wanted = view.query.get("dc_centre", "")
    return next((hall for hall in halls if hall.name == wanted), halls[0] if halls else new_hall(view.result))


def key_of(result: Result, spec: DataCentre) -> tuple[str, ...]:
    """What decides everything that is studied of a hall: the scenario, its files, the folder, the hall."""
    inputs: Mapping[str, Any] = result.manifest.get("inputs") or {}
    return result.scenario_hash, json.dumps(inputs, sort_keys=True), str(result.path), spec.model_dump_json()
