"""Reading a scenario file: every fault of the file, of what it refers to and of the city it describes, at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.scenario.asset_faults import adoption_faults, asset_faults, repeated_names
from app.scenario.controller_faults import controller_faults
from app.scenario.faults import at_place, read_files
from app.scenario.loaded import LoadedScenario
from app.scenario.messages import faults_of
from app.scenario.phases import solved_phases
from app.scenario.plausibility import forecast_faults
from app.scenario.schema import CitySpec, PeriodSpec, Scenario
from app.scenario.tariffs import member_faults, tariff_faults
from grid.assets import Asset
from grid.city.city import City, make_city
from grid.city.source import read_grid
from grid.errors import Fault, InputError, ScenarioError
from grid.files.yaml_file import read_yaml


def load_scenario(path: Path, days: int | None = None) -> LoadedScenario:
    """Reads and checks a scenario file and everything that it refers to.

    Args:
        path: The YAML file.
        days: Overrides ``period.days``.

    Raises:
        ScenarioError: With all faults, each with its place and its line.
    """
    file = read_yaml(path)
    with file.naming_lines():
        return check_scenario(file.content, path.parent, str(path), days)


def check_scenario(raw: Any, folder: Path, source: str, days: int | None = None) -> LoadedScenario:
    """Checks the content of a scenario file; arguments and faults as in `load_scenario`."""
    if not isinstance(raw, Mapping):
        raise ScenarioError([Fault("", "must be a mapping with at least name, city and period")], source)
    if days is not None and isinstance(raw.get("period"), Mapping):
        raw = {**raw, "period": {**raw["period"], "days": days}}
    faults: list[Fault] = []
    scenario = None
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        faults += faults_of(error)
    city = _city(raw, folder, faults)
    faults += repeated_names(raw)
    if city is not None:
        faults += asset_faults(raw, city, folder)
        faults += adoption_faults(raw, city)
        faults += _phase_faults(raw, city)
    files = read_files(raw, folder, city, _assets(scenario, folder, city) if not faults else ())
    faults += files.faults
    if scenario is not None:
        faults += tariff_faults(scenario, folder)
        if city is not None and not faults:
            loaded = LoadedScenario(scenario, folder, city)
            faults += [*member_faults(loaded), *controller_faults(loaded), *forecast_faults(loaded)]
    if faults or scenario is None or city is None:
        raise ScenarioError(dict.fromkeys(faults), source)
    of_city = tuple(report for report in (city.grid_report, city.profiles_report) if report is not None)
    return LoadedScenario(scenario, folder, city, (*of_city, *files.reports))


def _assets(scenario: Scenario | None, folder: Path, city: City | None) -> tuple[Asset, ...]:
    """All assets of a scenario without faults, those of its levers and data centres included."""
    return () if scenario is None or city is None else LoadedScenario(scenario, folder, city).assets


def _city(raw: Mapping[str, Any], folder: Path, faults: list[Fault]) -> City | None:
    """The city, if its part of the scenario is valid on its own; its own faults are added to `faults`."""
    spec = _city_spec(raw.get("city"))
    if spec is None:
        return None
    try:
        period = PeriodSpec.model_validate(raw.get("period"))
    except ValidationError:  # the city is needed all the same, to check the assets against it
        period = PeriodSpec.model_validate({"start": "2030-01-01", "days": 1})
    clock = Scenario(name="check", city=spec, period=period).clock
    try:
        source = read_grid(spec.network, None if spec.profiles is None else Path(spec.profiles), folder, spec.synthetic)
        return make_city(
            source, clock, holidays=spec.holidays, demand_growth=spec.demand_growth, sector=spec.default_sector
        )
    except InputError as error:
        faults += [at_place("city.profiles", fault) if _of_profiles(fault) else fault for fault in error.faults]
        return None


def _phase_faults(raw: Mapping[str, Any], city: City) -> list[Fault]:
    """What of the net is not solved in three phases, if these are asked for."""
    spec = _city_spec(raw["city"])
    try:
        if spec is not None:
            solved_phases(spec.phases, city.network)
    except InputError as error:
        return list(error.faults)
    return []


def _of_profiles(fault: Fault) -> bool:
    """Whether a fault of a city is one of the columns of its profiles."""
    return fault.place.partition("/")[0] in {"time_utc", "columns", "load", "sgen", "storage"}


def _city_spec(raw: Any) -> CitySpec | None:
    """The city's part of the scenario; where it is not valid, just its network, to check the rest against it."""
    try:
        return CitySpec.model_validate(raw)
    except ValidationError:
        network = raw.get("network") if isinstance(raw, Mapping) else None
        named = isinstance(network, str) and network not in {"", "synthetic"}
        return CitySpec(network=network) if named else None
