"""What can be wrong with the assets, data centres and levers of a scenario in its city."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.scenario.loaded import beside, limit_beside
from app.scenario.schema import DEFAULT_TIME_ZONE, PowerLimitSpec
from carbon.data_centre import DataCentre
from grid.assets import AnyAsset
from grid.assets.adoption import ADOPTED_NAMES, Adoption, adopt
from grid.assets.base import size_faults
from grid.city.city import City
from grid.errors import Fault, nearest
from grid.time.zones import zone_names


@cache
def _asset_adapter() -> TypeAdapter[Any]:
    """The check of one asset by its kind, made once: making it takes longer than many checks."""
    return TypeAdapter(AnyAsset)


def items(raw: Mapping[str, Any], key: str) -> Iterator[tuple[int, Any]]:
    """Place and content of everything in a list of the file; nothing where it is no list."""
    listed = raw.get(key)
    if isinstance(listed, list):
        yield from enumerate(listed)


def repeated_names(raw: Mapping[str, Any]) -> Iterator[Fault]:
    """Names that stand twice among assets and data centres."""
    seen: dict[str, str] = {}
    for key in ("assets", "data_centres"):
        for place, item in items(raw, key):
            name = item.get("name") if isinstance(item, Mapping) else None
            if isinstance(name, str):
                if name in seen:
                    yield Fault(f"{key}[{place}].name", f"is the name of {seen[name]} too", name)
                seen.setdefault(name, f"{key}[{place}]")


def adoption_faults(raw: Mapping[str, Any], city: City) -> Iterator[Fault]:
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
        try:
            taken = {asset.name for asset in adopt(adoption, city).assets}
        except (ValidationError, OverflowError):
            yield Fault(
                "adoption", "comes to more vehicles, roofs or heat than an asset can have; are the units right?"
            )
            return
        for key in ("assets", "data_centres"):
            for place, item in items(raw, key):
                name = item.get("name") if isinstance(item, Mapping) else None
                if isinstance(name, str) and name in taken:
                    yield Fault(f"{key}[{place}].name", "is the name of what adoption adds", name)


def asset_faults(raw: Mapping[str, Any], city: City, folder: Path) -> Iterator[Fault]:
    """What is wrong with assets and data centres in this city; those that are invalid by themselves are left out."""
    for place, item in items(raw, "assets"):
        try:
            asset = _asset_adapter().validate_python(item)
        except ValidationError:
            asset = _only_place(item)
        if asset is not None:
            found = beside(asset, folder, _time_zone(raw))
            yield from found.faults(city, f"assets[{place}]")
            yield from found.limit_faults(f"assets[{place}]", _time_zone(raw))
    yield from _power_limit_faults(raw, folder)
    for place, item in items(raw, "data_centres"):
        bus = item.get("bus") if isinstance(item, Mapping) else None
        fault = city.network.buses.fault(bus, f"data_centres[{place}].bus") if isinstance(bus, str) else None
        if fault is not None:
            yield fault
        else:
            yield from _data_centre_faults(item, city, f"data_centres[{place}]", _time_zone(raw))


def _data_centre_faults(item: Any, city: City, at: str, time_zone: str) -> Iterator[Fault]:
    """Ratings of a data centre and of what stands on its site that cannot be meant in this city, as of any asset."""
    try:
        spec = DataCentre.model_validate(item)
    except ValidationError:
        return
    yield from size_faults(spec.p_it_rated_mw, city, f"{at}.p_it_rated_mw")
    for asset in spec.on_site_assets:
        yield from asset.faults(city, f"{at}.on_site.{asset.kind}")
        yield from asset.limit_faults(f"{at}.on_site.{asset.kind}", time_zone)


def _power_limit_faults(raw: Mapping[str, Any], folder: Path) -> Iterator[Fault]:
    """Names of no asset, and files that cannot be read, among the limits on the power of several assets."""
    named = {
        key: [str(item["name"]) for _, item in items(raw, key) if isinstance(item, Mapping) and "name" in item]
        for key in ("assets", "data_centres")
    }
    known = (*named["assets"], *ADOPTED_NAMES)
    on_site = tuple(f"{name}: " for name in named["data_centres"])
    for place, item in items(raw, "power_limits"):
        try:
            limit = limit_beside(PowerLimitSpec.model_validate(item), folder)
        except ValidationError:
            continue
        yield from limit.faults(f"power_limits[{place}]", _time_zone(raw))
        for name in limit.names:
            if name not in known and not name.startswith(on_site):
                yield Fault(f"power_limits[{place}].names", f"no asset called {name!r}", None, nearest(name, known))


def _time_zone(raw: Mapping[str, Any]) -> str:
    """The city's time zone, or the default where none is stated or it does not exist."""
    city = raw.get("city")
    stated = city.get("time_zone") if isinstance(city, Mapping) else None
    return stated if isinstance(stated, str) and stated in zone_names() else DEFAULT_TIME_ZONE


def _only_place(item: Any) -> Any | None:
    """A stand-in with the bus of an asset that is otherwise invalid, so that its bus is checked all the same."""
    bus = item.get("bus") if isinstance(item, Mapping) else None
    if not isinstance(bus, str) or item.get("where") is not None:
        return None
    return _asset_adapter().validate_python(
        {"kind": "battery", "name": "x", "bus": bus, "p_rated_mw": 1, "e_rated_mwh": 1}
    )
