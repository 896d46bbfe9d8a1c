"""Reading a scenario file: every fault of the file, of what it refers to and of the city it describes, at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, get_args
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.scenario import CarbonSpec, CitySpec, PeriodSpec, Scenario
from carbon.data_centre.utilisation_file import utilisation_from_csv
from carbon.factors import load_factor_set
from carbon.upstream import caveats, load_region, upstream_from_csv
from grid.adoption import Adopted, Adoption, adopt
from grid.assets import AnyAsset, Asset, EVRecorded
from grid.city import City, make_city
from grid.clock import Clock
from grid.errors import Fault, InputError, ScenarioError, nearest
from grid.source import read_grid
from grid.weather import weather_for

WORDS = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "date_from_datetime_parsing": "must be a date such as 2030-01-01",
    "date_type": "must be a date such as 2030-01-01",
    "date_parsing": "must be a date such as 2030-01-01",
    "finite_number": "must be finite",
    "union_tag_not_found": "needs a 'kind'",
    "string_too_short": "must not be empty",
}
"""Pydantic's error types in the words of a user; other types keep pydantic's own message."""


@dataclass(frozen=True)
class Loaded:
    """A scenario with its place in the world.

    Args:
        scenario: The scenario.
        folder: Folder that file names in it are relative to.
        city: The city it describes, on its clock.
    """

    scenario: Scenario
    folder: Path
    city: City

    @cached_property
    def adopted(self) -> Adopted:
        """What the levers come to."""
        adoption = self.scenario.adoption
        return Adopted((), ()) if adoption is None else adopt(adoption, self.city)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Assets that the scenario lists, those that its levers come to, and those on the sites of data centres."""
        on_site = (asset for spec in self.scenario.data_centres for asset in spec.on_site_assets)
        listed = (_beside(asset, self.folder) for asset in self.scenario.assets)
        return (*listed, *self.adopted.assets, *on_site)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader should know of the region and the factors that the figures rest on."""
        scenario = self.scenario
        factors = load_factor_set(in_folder(scenario.carbon.factor_set, self.folder))
        of_factors = (f"Unverified factors of {factors.name}: {', '.join(factors.unverified)}.",)
        known = of_factors if factors.unverified else ()
        if scenario.upstream.csv is not None:
            return known
        return (*caveats(load_region(in_folder(scenario.upstream.region or "reference", self.folder))), *known)

    def input_hashes(self) -> dict[str, str]:
        """SHA-256 of the files that the scenario refers to, by the name it uses."""
        scenario = self.scenario
        names = (
            scenario.city.network, scenario.city.profiles, scenario.weather, scenario.upstream.csv,
            scenario.upstream.region, scenario.carbon.factor_set,
            *(spec.it_load.csv for spec in scenario.data_centres if spec.it_load is not None),
            *(asset.file for asset in scenario.assets if isinstance(asset, EVRecorded)),
        )  # fmt: skip
        found = {name: self.folder / name for name in names if name is not None and (self.folder / name).exists()}
        hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items() if path.is_file()}
        csv = scenario.upstream.csv
        if csv is not None and (self.folder / csv).is_dir():
            files = sorted((self.folder / csv).glob("*.csv"))
            hashes |= {f"{csv}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        return hashes

    def with_changes(self, changes: Mapping[str, Any]) -> Loaded:
        """The same city with a changed scenario; the changes must not touch what the city was made of."""
        return replace(self, scenario=self.scenario.with_changes(changes))


class _Loader(yaml.SafeLoader):
    """YAML that refuses to say the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_scenario(path: Path, days: int | None = None) -> Loaded:
    """Reads and checks a scenario file and everything that it refers to.

    Args:
        path: The YAML file.
        days: Overrides ``period.days``.

    Raises:
        ScenarioError: With all faults, each with its place.
    """
    return check_scenario(read_yaml(path), path.parent, str(path), days)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, unchecked."""
    if not path.is_file():
        names = [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise ScenarioError([Fault(str(path), "no such file", suggestion=nearest(path.name, names))], str(path))
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  it is a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise ScenarioError([Fault("", f"is not readable YAML: {' '.join(str(error).split())}")], str(path)) from error


def check_scenario(raw: Any, folder: Path, source: str, days: int | None = None) -> Loaded:
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
        faults += [fault_of(item) for item in error.errors()]
    city = _city(raw, folder, faults)
    faults += _repeated_names(raw)
    if city is not None:
        faults += _asset_faults(raw, city, folder)
        faults += _adoption_faults(raw, city)
    faults += _file_faults(raw, folder, city)
    if faults or scenario is None or city is None:
        raise ScenarioError(dict.fromkeys(faults), source)
    return Loaded(scenario, folder, city)


def fault_of(item: Any) -> Fault:
    """A pydantic error in our words."""
    loc, kind = item["loc"], item["type"]
    rule = WORDS.get(kind, item["msg"])
    value: Any = item["input"]
    suggestion = None
    if kind.startswith(("greater_than", "less_than")):
        limit = next(iter(item["ctx"].values()))
        words = {"greater_than": "greater than", "greater_than_equal": "at least",
                 "less_than": "less than", "less_than_equal": "at most"}  # fmt: skip
        rule = f"must be {words[kind]} {limit:g}"
    elif kind == "literal_error":
        rule = f"must be one of {item['ctx']['expected']}"
        suggestion = nearest(str(value), item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "))
    elif kind == "union_tag_invalid":
        tags = item["ctx"]["expected_tags"].replace("'", "").split(", ")
        rule, value = f"kind must be one of {', '.join(tags)}", item["ctx"]["tag"]
        suggestion = nearest(str(value), tags)
    elif kind == "time_zone":
        suggestion = nearest(str(value), available_timezones())
    elif kind == "extra_forbidden":
        suggestion, value = nearest(str(loc[-1]), _fields_at(loc[:-1])), None
    elif kind.startswith("string_pattern"):
        rule = f"must match {item['ctx']['pattern']}"
    elif kind == "value_error":
        rule = str(item["ctx"]["error"])
    if kind == "missing" or (isinstance(value, Mapping | Sequence) and not isinstance(value, str)):
        value = None
    return Fault(_place(loc), rule, value, suggestion)


def _place(loc: Sequence[str | int]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _fields_at(loc: Sequence[str | int]) -> list[str]:
    """Names of the fields of the model at a place of the scenario."""
    models: list[Any] = [Scenario]
    for part in loc:
        if isinstance(part, int):
            continue
        inner: list[Any] = []
        for model in models:
            if part in model.model_fields:
                inner += _models(model.model_fields[part].annotation)
            else:  # the tag of a union: only the kind that it names
                inner += [model] if _kind(model) == part else []
        models = inner
    return [name for model in models for name in model.model_fields]


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _kind(model: Any) -> str | None:
    field = model.model_fields.get("kind")
    return None if field is None else str(field.default)


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
        source = read_grid(spec.network, None if spec.profiles is None else Path(spec.profiles), folder)
        return make_city(
            source, clock, holidays=spec.holidays, demand_growth=spec.demand_growth, sector=spec.default_sector
        )
    except InputError as error:
        faults += error.faults
        return None


def _city_spec(raw: Any) -> CitySpec | None:
    """The city's part of the scenario; where it is not valid, just its network, to check the rest against it."""
    try:
        return CitySpec.model_validate(raw)
    except ValidationError:
        network = raw.get("network") if isinstance(raw, Mapping) else None
        return CitySpec(network=network) if isinstance(network, str) and network else None


def _items(raw: Mapping[str, Any], key: str) -> Iterator[tuple[int, Any]]:
    items = raw.get(key)
    if isinstance(items, list):
        yield from enumerate(items)


def _repeated_names(raw: Mapping[str, Any]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key in ("assets", "data_centres"):
        for place, item in _items(raw, key):
            name = item.get("name") if isinstance(item, Mapping) else None
            if isinstance(name, str):
                if name in seen:
                    yield Fault(f"{key}[{place}].name", f"is the name of {seen[name]} too", name)
                seen.setdefault(name, f"{key}[{place}]")


def _adoption_faults(raw: Mapping[str, Any], city: City) -> Iterator[Fault]:
    """What is wrong with the levers in this city, and names that their assets share with others."""
    try:
        adoption = None if raw.get("adoption") is None else Adoption.model_validate(raw["adoption"])
    except ValidationError:
        return
    if adoption is None:
        return
    faults = list(adoption.faults(city, "adoption"))
    yield from faults
    if not faults:
        taken = {asset.name for asset in adopt(adoption, city).assets}
        for key in ("assets", "data_centres"):
            for place, item in _items(raw, key):
                if isinstance(item, Mapping) and item.get("name") in taken:
                    yield Fault(f"{key}[{place}].name", "is the name of what adoption adds", item["name"])


def _asset_faults(raw: Mapping[str, Any], city: City, folder: Path) -> Iterator[Fault]:
    """What is wrong with assets and data centres in this city; those that are invalid by themselves are left out."""
    for place, item in _items(raw, "assets"):
        try:
            asset = TypeAdapter(AnyAsset).validate_python(item)
        except ValidationError:
            asset = _only_place(item)
        if asset is not None:
            yield from _beside(asset, folder).faults(city, f"assets[{place}]")
    for place, item in _items(raw, "data_centres"):
        bus = item.get("bus") if isinstance(item, Mapping) else None
        fault = city.network.buses.fault(bus, f"data_centres[{place}].bus") if isinstance(bus, str) else None
        if fault is not None:
            yield fault


def _beside(asset: Asset, folder: Path) -> Asset:
    """The asset with its file, if it reads one, as a path from here."""
    if isinstance(asset, EVRecorded):
        return asset.with_changes({"file": in_folder(asset.file, folder)})
    return asset


def _only_place(item: Any) -> Any | None:
    """A stand-in with the bus of an asset that is otherwise invalid, so that its bus is checked all the same."""
    bus = item.get("bus") if isinstance(item, Mapping) else None
    if not isinstance(bus, str) or item.get("where") is not None:
        return None
    return TypeAdapter(AnyAsset).validate_python(
        {"kind": "battery", "name": "x", "bus": bus, "p_rated_mw": 1, "e_rated_mwh": 1}
    )


def _file_faults(raw: Mapping[str, Any], folder: Path, city: City | None) -> Iterator[Fault]:
    """What is wrong with weather, upstream and factors, each read as the run will read it."""
    clock = None if city is None else city.clock
    checks: list[Callable[[], object]] = []
    weather = raw.get("weather", "greensboro-tmy3")
    if isinstance(weather, str) and clock is not None:
        shines = any(isinstance(item, Mapping) and item.get("kind") == "pv" for _, item in _items(raw, "assets"))
        checks.append(lambda: _check_weather(in_folder(weather, folder), clock, shines=shines))
    upstream = raw.get("upstream")
    if isinstance(upstream, Mapping):
        region, csv = upstream.get("region"), upstream.get("csv")
        if isinstance(region, str):
            checks.append(lambda: load_region(in_folder(region, folder)))
        if isinstance(csv, str) and clock is not None:
            checks.append(_placed("upstream.csv", lambda: _check_upstream(folder, csv, clock, raw)))
    for place, item in _items(raw, "data_centres"):
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
        raise InputError.of("weather", "has no irradiance, so there is no sun for photovoltaics", source)


def _placed(at: str, check: Callable[[], object]) -> Callable[[], object]:
    """A check of a file, whose faults stand at its place in the scenario."""

    def placed() -> None:
        try:
            check()
        except InputError as error:
            faults = [replace(fault, place=": ".join(filter(None, (at, fault.place)))) for fault in error.faults]
            raise InputError(faults) from error

    return placed


def in_folder(name: str, folder: Path) -> str:
    """A name of something shipped as it is, or the path of a file beside the scenario."""
    beside = folder / name
    return str(beside) if beside.is_file() or "/" in name or Path(name).suffix else name
