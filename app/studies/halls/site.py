"""The year of a scenario: its weather, and the carbon and price of its imports, hour by hour.

PUE, WUE and CUE are figures of a year; a run of a week meets the weather of a week. What the city's own generation and
the losses of its grid do to the power at a bus is known for the run's own period only, so the year's carbon is that of
imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from app.results.folder import Result
from app.scenario.loaded import factors_of, in_folder
from app.scenario.messages import faults_of
from app.scenario.place import CityPlace, place_among
from app.scenario.schema import Scenario
from app.scenario.tariffs import city_prices
from app.simulation.inputs import outdoor_air
from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.studies import OperatingSite
from carbon.upstream import load_region, region_sites, simulate_region, upstream_from_csv
from grid.arrays import Floats
from grid.errors import InputError, ScenarioError
from grid.time.clock import Clock
from grid.weather.weather import Weather, weather_for


@dataclass(frozen=True, eq=False)
class HallYear:
    """Where and when halls are compared: every hour of a year.

    Args:
        site: Air, carbon and price of imports in each hour; the mark-up of the tariff is part of the price.
        weather: Name of the weather.
        carbon: What the carbon intensity is, in words.
        price: What the price is, in words.
    """

    site: OperatingSite
    weather: str
    carbon: str
    price: str


def place_of(scenario: Scenario, topology: Mapping[str, Any]) -> CityPlace:
    """Where a city is, by its scenario and the coordinates of a result's buses."""
    buses = topology["buses"]
    x, y = (np.array([np.nan if bus.get(axis) is None else bus[axis] for bus in buses], float) for axis in ("x", "y"))
    return place_among(scenario.city, x, y)


def hall_year(result: Result) -> HallYear:
    """The year of a result's scenario.

    Raises:
        InputError: If a file that the scenario refers to cannot be read, or is faulty.
        ScenarioError: If this version knows no such scenario.
    """
    scenario, folder = scenario_of(result), folder_of(result)
    clock, zone = scenario.clock.year(), scenario.city.time_zone
    weather = _weather(result, scenario, scenario.weather, clock)
    ci, price, words = _imports(scenario, folder, clock, weather, result)
    price = city_prices(scenario, folder, clock, price).import_per_mwh
    site = OperatingSite(scenario.weather, clock, zone, outdoor_air(weather, zone), ci, price, folder)
    return HallYear(
        site, scenario.weather, f"intensity of imports, {words}", f"price of imports by the tariff, {words}"
    )


def under_weather(result: Result, site: OperatingSite, weather: str) -> OperatingSite:
    """The same site under other weather; carbon and price stay.

    Args:
        result: The result that the site is of.
        site: Its site.
        weather: Name of a shipped weather, or a file beside the scenario.

    Raises:
        InputError: If the weather cannot be read.
    """
    other = _weather(result, scenario_of(result), weather, site.clock)
    return replace(site, name=weather, air=outdoor_air(other, site.time_zone))


def air_of_run(result: Result) -> OutdoorAir:
    """Outdoor air in the steps of the run itself.

    Raises:
        InputError: If the weather cannot be read.
    """
    return outdoor_air(weather_of(result), scenario_of(result).city.time_zone)


def weather_of(result: Result) -> Weather:
    """Weather in the steps of the run itself.

    Raises:
        InputError: If the weather cannot be read.
    """
    scenario = scenario_of(result)
    return _weather(result, scenario, scenario.weather, scenario.clock)


def _weather(result: Result, scenario: Scenario, name: str, clock: Clock) -> Weather:
    place = place_of(scenario, result.topology)
    source = in_folder(name, folder_of(result))
    return weather_for(source, clock, scenario.city.time_zone, place.latitude, place.longitude)


def scenario_of(result: Result) -> Scenario:
    """The scenario of a result, checked.

    Raises:
        ScenarioError: If this version knows no such scenario.
    """
    try:
        return Scenario.model_validate(result.scenario)
    except ValidationError as error:
        faults = faults_of(error)
        raise ScenarioError(faults, f"{result.path / 'scenario.yaml'}, as this version reads it,") from error


def folder_of(result: Result) -> Path:
    """Folder that the file names of a result's scenario are relative to."""
    return Path(str(result.manifest.get("folder") or result.path))


def _imports(
    scenario: Scenario, folder: Path, clock: Clock, weather: Weather, result: Result
) -> tuple[Floats, Floats, str]:
    """Intensity and wholesale price of imports in each hour of the year, and what they come from, in words."""
    factors, boundary = factors_of(scenario.carbon, folder), scenario.carbon.boundary
    given = scenario.upstream
    if given.csv is None:
        region = load_region(in_folder(given.region or "reference", folder))
        sites = region_sites(given.weather, folder, region, clock.start.year)
        made = simulate_region(region, weather, clock, scenario.city.time_zone, factors, boundary, sites)
        return made.ci_kg_per_mwh, made.price_per_mwh, f"model of the region {given.region or 'reference'}"
    try:
        read = upstream_from_csv(folder / given.csv, clock, boundary, factors=factors, area=given.area)
    except InputError:  # a file of less than a year: what the run met stands for the year
        city = result.table("city").select("import_ci_kg_per_mwh", "import_price_per_mwh").mean().collect()
        ci, price = (np.full(clock.n_steps, float(value)) for value in city.row(0))
        markup = city_prices(scenario, folder, clock, np.zeros(clock.n_steps)).import_per_mwh
        return ci, price - markup, f"mean of this run, since {given.csv} does not cover the year"
    return read.ci_kg_per_mwh, read.price_per_mwh, f"file {given.csv}"
