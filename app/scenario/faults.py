"""What can be wrong with the files that a scenario refers to, each read as the run will read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from app.scenario.asset_faults import items
from app.scenario.forecast_file import read_forecast
from app.scenario.loaded import in_folder
from app.scenario.place import city_place
from app.scenario.plausibility import upstream_doubts
from app.scenario.schema import CarbonSpec, CitySpec, UpstreamSpec
from carbon.data_centre.utilisation_file import read_utilisation
from carbon.factors import adjusted, lacking_factors, load_factor_set
from carbon.upstream import REFERENCE, load_region, region_sites, upstream_from_csv
from carbon.upstream.market.factors import lacking_of_region
from grid.assets import KINDS, Asset
from grid.city.city import City
from grid.errors import Fault, InputError, raise_if_any
from grid.files.report import FileReport
from grid.spec import Spec
from grid.time.clock import Clock
from grid.weather.weather import weather_for

_Part = TypeVar("_Part", bound=Spec)
Check = Callable[[], FileReport | None]
"""Reads a file as the run will, and reports what it holds."""


@dataclass(frozen=True)
class FilesRead:
    """What the files of a scenario hold.

    Args:
        faults: All that is wrong with them.
        reports: What was read of each of the others.
    """

    faults: tuple[Fault, ...]
    reports: tuple[FileReport, ...]


def read_files(raw: Mapping[str, Any], folder: Path, city: City | None, assets: Sequence[Asset] = ()) -> FilesRead:
    """Reads weather, upstream, utilisation and factors as the run will read them.

    Args:
        raw: Content of the scenario file.
        folder: Folder that file names in it are relative to.
        city: The city; None if it cannot be made.
        assets: All that the run would have, those of levers and data centres included, as far as known.
    """
    faults: list[Fault] = []
    reports: list[FileReport] = []
    for check in _checks(raw, folder, city, assets):
        try:
            report = check()
        except InputError as error:
            faults.extend(error.faults)
        else:
            reports += [] if report is None else [report]
    return FilesRead(tuple(faults), tuple(reports))


def _checks(raw: Mapping[str, Any], folder: Path, city: City | None, assets: Sequence[Asset]) -> Iterator[Check]:
    weather = raw.get("weather", "potsdam-try")
    if isinstance(weather, str) and city is not None:
        spec = _city_spec(raw)
        shines = _needs_sun(raw, spec, city, assets)
        yield _placed("weather", partial(_check_weather, in_folder(weather, folder), spec, city, shines=shines))
    upstream = raw.get("upstream")
    if isinstance(upstream, Mapping):
        region, csv = upstream.get("region"), upstream.get("csv")
        if isinstance(region, str):
            yield partial(_check_region, in_folder(region, folder))
        sites = upstream.get("weather")
        if isinstance(sites, list) and all(isinstance(site, str) for site in sites) and city is not None:
            name = in_folder(region, folder) if isinstance(region, str) else REFERENCE
            year = city.clock.start.year
            yield _placed("upstream.weather", partial(_check_sites, sites, folder, name, year))
        if isinstance(csv, str) and city is not None:
            yield _placed("upstream.csv", partial(_check_upstream, folder, csv, city, raw))
    for place, item in items(raw, "data_centres"):
        load = item.get("it_load") if isinstance(item, Mapping) else None
        file = load.get("csv") if isinstance(load, Mapping) else None
        if isinstance(file, str) and city is not None:
            read = partial(_check_utilisation, folder / file, city.clock)
            yield _placed(f"data_centres[{place}].it_load.csv", read)
    dispatch = raw.get("dispatch")
    ahead = dispatch.get("forecast") if isinstance(dispatch, Mapping) else None
    file = ahead.get("file") if isinstance(ahead, Mapping) else None
    if isinstance(file, str) and file and city is not None:
        yield _placed("dispatch.forecast.file", partial(_check_forecast, folder / file, city.clock))
    yield partial(_check_adjustment, raw, folder)
    yield _placed("carbon.factor_set", partial(_check_factors, raw, folder, city, assets))


def _needs_sun(raw: Mapping[str, Any], spec: CitySpec, city: City, assets: Sequence[Asset]) -> bool:
    """Whether anything generates by the scenario's sun: assets, levers, or the net's own where it follows weather."""
    sunny = {kind.model_fields["kind"].default for kind in KINDS if kind.needs_sun}
    kinds = [item.get("kind") for _, item in items(raw, "assets") if isinstance(item, Mapping)]
    listed = any(isinstance(kind, str) and kind in sunny for kind in kinds)
    of_net = spec.own_generation == "weather" and "solar" in city.technologies
    return listed or of_net or any(asset.needs_sun for asset in assets)


def _city_spec(raw: Mapping[str, Any]) -> CitySpec:
    """The city's part of the scenario; where it is not valid, one with every default."""
    try:
        return CitySpec.model_validate(raw.get("city"))
    except ValidationError:
        return CitySpec(network="reference")


def _check_region(name: str) -> None:
    load_region(name)


def _check_sites(files: list[str], folder: Path, region: str, year: int) -> None:
    region_sites(files, folder, load_region(region), year)


def _check_factors(raw: Mapping[str, Any], folder: Path, city: City | None, assets: Sequence[Asset]) -> None:
    """Reads the factors, and looks whether all that feeds in has one."""
    carbon, upstream = _part(CarbonSpec, raw.get("carbon")), _part(UpstreamSpec, raw.get("upstream"))
    factors = load_factor_set(in_folder(carbon.factor_set, folder))
    try:
        name = in_folder(upstream.region or "reference", folder)
        region = load_region(name) if upstream.csv is None else None
    except InputError:  # told at its own place
        region = None
    local = [asset.feeds_in_as for asset in assets if asset.feeds_in_as is not None]
    if city is not None:
        feeding = city.generators.p_scale * city.generators.profiles.max(axis=0)[city.generators.p_profile] > 0
        local += [name for name, feeds in zip(city.technologies, feeding, strict=True) if feeds]
    at, boundary = "carbon.factor_set", carbon.boundary
    of_region = () if region is None else lacking_of_region(region, factors, boundary, at)
    raise_if_any([*of_region, *lacking_factors(local, "what feeds in within the city", factors, boundary, at)])


def _check_adjustment(raw: Mapping[str, Any], folder: Path) -> None:
    """Looks whether the set has, with their ranges, the factors that the scenario adjusts."""
    carbon = _part(CarbonSpec, raw.get("carbon"))
    try:
        factors = load_factor_set(in_folder(carbon.factor_set, folder))
    except InputError:  # told at its own place
        return
    adjusted(factors, carbon.factor_scale, carbon.factor_position, carbon.boundary)


def _part(kind: type[_Part], content: Any) -> _Part:
    """A part of the scenario; with every default where it is not valid, which is told elsewhere."""
    try:
        return kind.model_validate(content or {})
    except ValidationError:
        return kind()


def _check_utilisation(path: Path, clock: Clock) -> FileReport:
    return read_utilisation(path, clock)[1]


def _check_forecast(path: Path, clock: Clock) -> None:
    read_forecast(path, clock)


def _check_upstream(folder: Path, csv: str, city: City, raw: Mapping[str, Any]) -> FileReport | None:
    """Reads an upstream file as the run will: with the boundary and the factors of the scenario."""
    area = raw["upstream"].get("area")
    try:
        carbon = CarbonSpec.model_validate(raw.get("carbon") or {})
        factors = load_factor_set(in_folder(carbon.factor_set, folder))
    except (ValidationError, InputError):  # told at their own place
        carbon, factors = CarbonSpec(), load_factor_set()
    currency, area = raw.get("currency", "EUR"), area if isinstance(area, str) else None
    upstream = upstream_from_csv(
        folder / csv, city.clock, carbon.boundary, factors=factors, area=area, currency=str(currency)
    )
    longitude = city_place(_city_spec(raw), city.network.buses).longitude
    doubts = tuple(upstream_doubts(upstream, longitude))
    return upstream.report and replace(upstream.report, mended=(*upstream.report.mended, *doubts))


def _check_weather(source: str, spec: CitySpec, city: City, *, shines: bool) -> FileReport | None:
    """Reads a weather file as the run will: for the city's own place and zone; without irradiance no photovoltaics."""
    place = city_place(spec, city.network.buses)
    weather = weather_for(source, city.clock, spec.time_zone, place.latitude, place.longitude)
    if not weather.has_irradiance and shines:
        raise InputError.single("weather", "has no irradiance, so there is no sun for photovoltaics", source)
    return weather.report


def _placed(at: str, check: Check) -> Check:
    """A check of a file, whose faults stand at its place in the scenario."""

    def placed() -> FileReport | None:
        try:
            return check()
        except InputError as error:
            raise InputError([at_place(at, fault) for fault in error.faults]) from error

    return placed


def at_place(at: str, fault: Fault) -> Fault:
    """A fault at a place, unless it stands there already."""
    return fault if fault.place == at else replace(fault, place=": ".join(filter(None, (at, fault.place))))
