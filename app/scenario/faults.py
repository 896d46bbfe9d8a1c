"""What can be wrong with the files that a scenario refers to, each read as the run will read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.scenario.asset_faults import items
from app.scenario.loaded import in_folder
from app.scenario.schema import CarbonSpec
from carbon.data_centre.utilisation_file import utilisation_from_csv
from carbon.factors import load_factor_set
from carbon.upstream import load_region, upstream_from_csv
from grid.city.city import City
from grid.errors import Fault, InputError
from grid.time.clock import Clock
from grid.weather.weather import weather_for


def file_faults(raw: Mapping[str, Any], folder: Path, city: City | None) -> Iterator[Fault]:
    """What is wrong with weather, upstream and factors, each read as the run will read it."""
    clock = None if city is None else city.clock
    checks: list[Callable[[], object]] = []
    weather = raw.get("weather", "greensboro-tmy3")
    if isinstance(weather, str) and clock is not None:
        shines = any(isinstance(item, Mapping) and item.get("kind") == "pv" for _, item in items(raw, "assets"))
        checks.append(lambda: _check_weather(in_folder(weather, folder), clock, shines=shines))
    upstream = raw.get("upstream")
    if isinstance(upstream, Mapping):
        region, csv = upstream.get("region"), upstream.get("csv")
        if isinstance(region, str):
            checks.append(lambda: load_region(in_folder(region, folder)))
        if isinstance(csv, str) and clock is not None:
            checks.append(_placed("upstream.csv", lambda: _check_upstream(folder, csv, clock, raw)))
    for place, item in items(raw, "data_centres"):
        load = item.get("it_load") if isinstance(item, Mapping) else None
        file = load.get("csv") if isinstance(load, Mapping) else None
        if isinstance(file, str) and clock is not None:
            read = partial(utilisation_from_csv, folder / file, clock)
            checks.append(_placed(f"data_centres[{place}].it_load.csv", read))
    carbon = raw.get("carbon")
    if isinstance(carbon, Mapping) and isinstance(carbon.get("factor_set"), str):
        checks.append(_placed("carbon.factor_set", lambda: load_factor_set(in_folder(carbon["factor_set"], folder))))
    for check in checks:
        try:
            check()
        except InputError as error:
            yield from error.faults


def _check_upstream(folder: Path, csv: str, clock: Clock, raw: Mapping[str, Any]) -> None:
    """Reads an upstream file as the run will: with the boundary and the factors of the scenario."""
    area = raw["upstream"].get("area")
    try:
        carbon = CarbonSpec.model_validate(raw.get("carbon") or {})
        factors = load_factor_set(in_folder(carbon.factor_set, folder))
    except (ValidationError, InputError):  # told at their own place
        carbon, factors = CarbonSpec(), load_factor_set()
    upstream_from_csv(
        folder / csv, clock, carbon.boundary, factors=factors, area=area if isinstance(area, str) else None
    )


def _check_weather(source: str, clock: Clock, *, shines: bool) -> None:
    """Reads a weather file; one without irradiance has no sun for photovoltaics."""
    if not weather_for(source, clock, "UTC", 0.0, 0.0).has_irradiance and shines:
        raise InputError.single("weather", "has no irradiance, so there is no sun for photovoltaics", source)


def _placed(at: str, check: Callable[[], object]) -> Callable[[], object]:
    """A check of a file, whose faults stand at its place in the scenario."""

    def placed() -> None:
        try:
            check()
        except InputError as error:
            faults = [replace(fault, place=": ".join(filter(None, (at, fault.place)))) for fault in error.faults]
            raise InputError(faults) from error

    return placed
