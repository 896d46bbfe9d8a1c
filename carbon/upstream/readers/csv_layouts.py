"""Layouts of published hourly series, told by their header.

| layout | time | what it holds |
|---|---|---|
| own | ``time_utc``, beginning, UTC | intensity, price; optional marginal intensity and shares |
| Electricity Maps data portal | ``Datetime (UTC)``, beginning | intensity direct and life-cycle, shares in % |
| EIA-930, balance files | ``UTC Time at End of Hour`` | generation by fuel |
| NESO carbon intensity | ``Datetime (UTC)`` or ``from``, beginning, half hours | intensity, direct |
| NESO generation mix | ``DATETIME``, beginning, UTC, half hours | generation by fuel, intensity (direct), shares in % |
| ENTSO-E Transparency Platform | ``MTU``, beginning, zone of the header, else CET/CEST | generation, price |
| ENTSO-E File Library (`entsoe_files`) | ``DateTime(UTC)``, beginning, UTC | generation, price, imports |
| Energy-Charts | ``Date (GMT+1)``, by the cell's offset, else the header's | generation, price |
| SMARD, éCO2mix (`national_layouts`) | local, or by the cell's offset | generation, price or intensity |

Exports of ENTSO-E may have types of generation as columns or as rows (`entsoe_long`). Any of them may have a column
``price_per_mwh`` added. Where a layout gives generation and no intensity, this follows
from emission factors; discharge of storage is left out of the mix, because its origin is not in the file, and so is
what is of no known type: the report says how much, and more than a fifth is refused. Names of columns of Energy-Charts
are unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from carbon.factors import Boundary
from carbon.upstream.readers.entsoe_files import IMPORTS, PRICE, TIME
from carbon.upstream.readers.layout import Layout, header_zone, left_out_why, starting
from carbon.upstream.readers.national_layouts import eco2mix, smard
from grid.time.zones import UTC_ZONE, Zone

_OWN: Final = ("ci_kg_per_mwh", "price_per_mwh", "ci_marginal_kg_per_mwh", "renewable_share", "carbon_free_share")
_EIA: Final = {
    "Coal": "hard_coal",
    "Natural Gas": "gas",
    "Nuclear": "nuclear",
    "All Petroleum Products": "oil",
    "Hydropower and Pumped Storage": "hydro",
    "Hydropower Excluding Pumped Storage": "hydro",
    "Solar": "solar",
    "Solar without Integrated Battery Storage": "solar",
    "Solar with Integrated Battery Storage": "solar",
    "Wind": "wind_onshore",
    "Wind without Integrated Battery Storage": "wind_onshore",
    "Wind with Integrated Battery Storage": "wind_onshore",
    "Geothermal": "geothermal",
    "Other Fuel Sources": "other",
    "Unknown Fuel Sources": "unknown",
}
_EIA_BEGINS: Final = "Net Generation (MW) from "
_EIA_SPLIT: Final = {
    "Hydropower and Pumped Storage": ("Hydropower Excluding Pumped Storage",),
    "Solar": ("Solar without Integrated Battery Storage", "Solar with Integrated Battery Storage"),
    "Wind": ("Wind without Integrated Battery Storage", "Wind with Integrated Battery Storage"),
}
"""Columns until the first half of 2024, and those that hold the same since: a joined file has both, each half empty."""
_NESO: Final = {
    "GAS": "gas",
    "COAL": "hard_coal",
    "NUCLEAR": "nuclear",
    "WIND": "wind_onshore",
    "WIND_EMB": "wind_onshore",
    "HYDRO": "hydro",
    "IMPORTS": "unknown",
    "BIOMASS": "biomass",
    "OTHER": "other",
    "SOLAR": "solar",
}
_TYPES: Final = {
    "biomass": "biomass",
    "fossil brown coal/lignite": "lignite",
    "fossil coal-derived gas": "other",
    "fossil gas": "gas",
    "fossil hard coal": "hard_coal",
    "fossil oil": "oil",
    "fossil oil shale": "lignite",
    "fossil peat": "lignite",
    "geothermal": "geothermal",
    "hydro run-of-river and poundage": "hydro",
    "hydro run-of-river": "hydro",
    "hydro water reservoir": "hydro",
    "marine": "other",
    "nuclear": "nuclear",
    "other": "other",
    "others": "other",
    "other renewable": "biomass",
    "solar": "solar",
    "waste": "other",
    "wind offshore": "wind_offshore",
    "wind onshore": "wind_onshore",
}
"""Production types of ENTSO-E and Energy-Charts, without spaces around slashes."""
_GERMAN_TYPES: Final = {
    "biomasse": "biomass",
    "braunkohle": "lignite",
    "fossile braunkohle/lignit": "lignite",
    "fossile braunkohle": "lignite",
    "fossiles gas": "gas",
    "erdgas": "gas",
    "fossile steinkohle": "hard_coal",
    "steinkohle": "hard_coal",
    "fossiles öl": "oil",
    "fossiles kohlegas": "other",
    "geothermie": "geothermal",
    "kernenergie": "nuclear",
    "laufwasser": "hydro",
    "wasserkraft": "hydro",
    "photovoltaik": "solar",
    "windkraft": "wind_onshore",
    "speicherwasser": "hydro",
    "wasserspeicher": "hydro",
    "müll": "other",
    "andere": "other",
    "andere erneuerbare": "biomass",
}
"""Production types of Energy-Charts in German (unverified)."""
_NO_GENERATION: Final = (
    "load", "last", "residual", "share", "anteil", "cross border", "trading", "handel", "import", "export", "price",
    "preis", "auction", "auktion", "consumption", "verbrauch", "forecast", "prognose", "frequency", "emission", "co2",
)  # fmt: skip
"""What columns of Energy-Charts hold beside generation, by a word in their names."""


_PRICED: Final = re.compile(r"(?i)day-ahead price [\[(]([a-z]{3})/mwh[\])]")
_ACTUAL: Final = re.compile(r"(.+?)\s+-\s+Actual Aggregated\b")
"""Columns of generation of the Transparency Platform."""


def layout_of(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:
    """The layout of a file with these columns; None if it is none of the known ones.

    Args:
        columns: Its header.
        boundary: Which intensities to take where a file has both.
    """
    for build in (
        _own,
        _electricity_maps,
        _eia,
        _neso_intensity,
        _neso_mix,
        _entso_e,
        _entso_e_library,
        _energy_charts,
        smard,
        eco2mix,
    ):
        layout = build(columns, boundary)
        if layout is not None:
            if "price_per_mwh" in columns:
                priced = layout.values | {"price_per_mwh": ("price_per_mwh", 1.0)}
                return replace(layout, values=priced, currency="")
            return layout
    return None


def _own(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:  # noqa: ARG001  one signature for all
    if "time_utc" not in columns:
        return None
    return Layout("gridcarbon", "time_utc", UTC_ZONE, {name: (name, 1.0) for name in _OWN if name in columns})


def _electricity_maps(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:
    kinds = ("direct",) if boundary == "direct" else ("life cycle", "lca")
    intensity = starting(columns, [f"carbon intensity gco₂eq/kwh ({kind})" for kind in kinds])
    if "Datetime (UTC)" not in columns or not starting(columns, ["carbon intensity gco₂eq/kwh"]):
        return None
    values = {"ci_kg_per_mwh": (intensity, 1.0)} if intensity else {}
    for ours, theirs in (
        ("renewable_share", ["renewable energy percentage", "renewable percentage"]),
        ("carbon_free_share", ["carbon-free energy percentage", "low carbon percentage"]),
    ):
        found = starting(columns, theirs)
        if found:
            values[ours] = (found, 0.01)
    zones = tuple(name for name in columns if name.lower() == "zone id")
    return Layout("Electricity Maps", "Datetime (UTC)", UTC_ZONE, values, single=zones)


def _eia(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:  # noqa: ARG001
    time = "UTC Time at End of Hour"
    if time not in columns:
        return None
    generation = {}
    alternatives: list[tuple[str, tuple[str, ...]]] = []
    for fuel, technology in _EIA.items():
        plain = f"{_EIA_BEGINS}{fuel}"
        held = [name for name in (f"{plain} (Adjusted)", plain) if name in columns]
        if held:
            generation[held[0]] = technology
        if len(held) > 1:
            generation[plain] = technology
            alternatives.append((held[0], (plain,)))
    for whole, parts in _EIA_SPLIT.items():
        held_parts = tuple(name for part in parts if (name := _first_of(generation, part)) is not None)
        total = _first_of(generation, whole)
        if total is not None and held_parts:
            alternatives.append((total, held_parts))
    zones = tuple(name for name in columns if name == "Balancing Authority")
    fuels = {name: name.removeprefix(_EIA_BEGINS).removesuffix(" (Adjusted)") for name in columns}
    others = [name for name, fuel in fuels.items() if fuel != name and fuel.removesuffix(" (Imputed)") not in _EIA]
    adjusted = {name.removesuffix(" (Adjusted)") for name in others if name.endswith(" (Adjusted)")}
    return Layout(
        "EIA-930", time, UTC_ZONE, generation=generation, single=zones, ends_after_min=60,
        alternatives=tuple(alternatives),
        left_out=left_out_why(name for name in others if name not in adjusted and not name.endswith(" (Imputed)")),
    )  # fmt: skip


def _first_of(generation: Iterable[str], fuel: str) -> str | None:
    """The column of a fuel, adjusted if there is one."""
    plain = f"{_EIA_BEGINS}{fuel}"
    return next((name for name in (f"{plain} (Adjusted)", plain) if name in generation), None)


def _neso_intensity(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:
    actual = starting(columns, ["actual carbon intensity (gco2/kwh)", "intensity.actual", "intensity_actual"])
    time = next((name for name in ("Datetime (UTC)", "from") if name in columns), None)
    if actual is None or time is None:
        return None
    values = {"ci_kg_per_mwh": (actual, 1.0)} if boundary == "direct" else {}
    return Layout("NESO carbon intensity", time, UTC_ZONE, values)


def _neso_mix(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:
    if "DATETIME" not in columns or "CARBON_INTENSITY" not in columns:
        return None
    values = {"ci_kg_per_mwh": ("CARBON_INTENSITY", 1.0)} if boundary == "direct" else {}
    for ours, theirs in (("renewable_share", "RENEWABLE_perc"), ("carbon_free_share", "LOW_CARBON_perc")):
        if theirs in columns:
            values[ours] = (theirs, 0.01)
    generation = {name: technology for name, technology in _NESO.items() if name in columns}
    stores = left_out_why(name for name in columns if name == "STORAGE")
    return Layout("NESO generation mix", "DATETIME", UTC_ZONE, values, generation, left_out=stores)


def _entso_e(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:  # noqa: ARG001
    time = next((name for name in columns if name == "MTU" or name.startswith("MTU (")), None)
    if time is None:
        return None
    zone = header_zone(time, Zone("Europe/Brussels"))
    found = {name: _ACTUAL.match(name) for name in columns}
    kinds = {name: _type(match[1]) for name, match in found.items() if match is not None}
    generation = {name: _TYPES[kind] for name, kind in kinds.items() if kind in _TYPES}
    others = left_out_why(name for name in kinds if name not in generation)
    price = next((name for name in columns if _PRICED.match(name)), None)
    currency = "" if price is None else str(_PRICED.findall(price)[0]).upper()
    values = {"price_per_mwh": (price, 1.0)} if price else {}
    zones = tuple(name for name in columns if name in {"Area", "Sequence"})
    return Layout("ENTSO-E", time, zone, values, generation, zones, left_out=others, currency=currency)


def _entso_e_library(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:  # noqa: ARG001
    if TIME not in columns:
        return None
    generation = {name: _TYPES[_type(name)] for name in columns if _type(name) in _TYPES}
    if IMPORTS in columns:
        generation[IMPORTS] = "unknown"
    price = next((name for name in columns if name.partition(" [")[0] == PRICE), None)
    currency = "" if price is None else price.removeprefix(PRICE).strip(" []").removesuffix("/MWh")
    values = {"price_per_mwh": (price, 1.0)} if price else {}
    cure = "put the files of EnergyPrices beside it in one folder, and name the folder"
    others = left_out_why(name for name in columns if name not in {TIME, price, "price_per_mwh", *generation})
    return Layout(
        "ENTSO-E File Library", TIME, UTC_ZONE, values, generation, cure=cure, left_out=others, currency=currency
    )  # fmt: skip


def _energy_charts(columns: tuple[str, ...], boundary: Boundary) -> Layout | None:  # noqa: ARG001
    time = next((name for name in columns if name.startswith(("Date (", "Datum ("))), None)
    if time is None:
        return None
    types = _TYPES | _GERMAN_TYPES
    generation = {name: types[_type(name)] for name in columns if _type(name) in types}
    price = starting(columns, ["day ahead auction", "day ahead auktion"])
    beside = {time, "price_per_mwh", *_OWN, *generation}
    others = (name for name in columns if name not in beside and not _is_no_generation(name))
    values = {"price_per_mwh": (price, 1.0)} if price else {}
    return Layout(
        "Energy-Charts", time, header_zone(time, UTC_ZONE), values, generation, left_out=left_out_why(others),
        currency="EUR" if price else "",
    )  # fmt: skip


def _is_no_generation(name: str) -> bool:
    return any(word in name.casefold() for word in _NO_GENERATION)


def _type(name: str) -> str:
    return name.strip().lower().replace(" / ", "/")
