"""What people read instead of a field's name: words, and the unit that its documentation states."""

from __future__ import annotations

import re

_UNITS = {
    "mw": "MW", "mwh": "MWh", "mvar": "MVAr", "kw": "kW", "kwh": "kWh", "kg": "kg", "t": "t", "percent": "%",
    "pu": "pu",
    "hours": "h", "minutes": "min", "days": "d", "degc": "°C", "degree": "°", "k": "K", "pa": "Pa", "km": "km",
    "kg_per_mwh": "kg/MWh", "kg_per_day": "kg/d", "per_mwh": "{currency}/MWh", "per_t": "{currency}/t",
    "per_mw_month": "{currency}/MW", "kwh_per_km": "kWh/km", "mwh_per_mwh": "MWh/MWh", "percent_per_day": "%/d",
    "km_per_year": "km/a",
}  # fmt: skip
"""Units by the end of a field's name, longest first when looked for."""
_QUANTITIES = {"p": "power", "e": "energy", "q": "reactive power", "vm": "voltage", "t": "temperature"}
"""Symbols that begin a field's name, which stand last in words."""
_WORDS = {
    "ev": "electric car", "v2g": "V2G", "pv": "PV", "it": "IT", "soc": "state of charge", "chp": "CHP", "cop": "COP",
    "ups": "UPS", "dc": "DC", "ac": "AC", "csv": "CSV file", "max": "maximum", "min": "minimum", "co2": "CO₂",
    "hvdc": "HVDC", "gpc": "GPC",
}  # fmt: skip
_BRACKETED = re.compile(r"\[([^\[\]`]{1,24})\]")


def label_of(name: str) -> str:
    """A field's name in words, without its unit: ``p_rated_mw`` is ``Rated power``."""
    unit = _ending(name)
    stem = name.removesuffix(f"_{unit}") if unit else name
    words = stem.split("_")
    if len(words) > 1 and words[0] in _QUANTITIES:
        words = [*words[1:], _QUANTITIES[words[0]]]
    text = " ".join(_WORDS.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


def unit_of(name: str, documentation: str) -> str:
    """The unit that a field's documentation states in brackets, else that of its name; empty where it has none.

    Args:
        name: The field's name.
        documentation: The field's docstring.
    """
    stated = [found for found in _BRACKETED.findall(documentation) if "," not in found and ":" not in found]
    if stated:
        unit = stated[0].replace("currency", "{currency}").replace("degree", "°")
        return "" if unit == "1" else unit
    return _UNITS.get(_ending(name), "")


def _ending(name: str) -> str:
    """The longest end of a name that is a unit; the name as a whole is none."""
    ends = [end for end in _UNITS if name.endswith(f"_{end}")]
    return max(ends, key=len, default="")


def shown(value: object) -> str:
    """A value in few words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return str(value.get("kind") or value.get("name") or f"{len(value)} values").replace("_", " ")
    if isinstance(value, list):
        simple = all(isinstance(item, str | int | float) for item in value)
        return ", ".join(map(str, value)) if simple and len(value) <= 4 else f"{len(value)} entries"
    return str(value)
