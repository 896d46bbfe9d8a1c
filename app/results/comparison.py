"""Whether two results may be compared, and in words why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.results.folder import Result
from app.results.key_figures import comparable

_PLACE = ("network", "profiles", "time_zone")
_INPUTS = ("weather", "upstream")
_BASIS = ("boundary", "gas", "currency")


def what_differs(result: Result, other: Result) -> str:
    """What keeps a result from being compared with another, as what follows ``the other``; empty if nothing does.

    Compared is what has the same period, city, weather, source of imports, boundary, gases and currency, files of one
    name with one content, and a solution of the power flow in every step. In everything else scenarios are made to
    differ.

    Args:
        result: A result.
        other: Another.

    Returns:
        E.g. ``is of another period: 1 day from 2030-06-03 in steps of 15 minutes, not 7 days from …``.
    """
    here, there = result.scenario, other.scenario
    if here.get("period") != there.get("period"):
        return f"is of another period: {_period(there)}, not {_period(here)}"
    if _place(here) != _place(there):
        return "is of another city or grid"
    unequal = [*_unequal(here, there, _INPUTS), *_other_files(result, other)]
    unequal += _unequal(result.manifest, other.manifest, _BASIS)
    if unequal:
        return f"has other inputs: {', '.join(unequal)}"
    if not comparable(result.summary, other.summary):
        return "cannot be compared: one of the two has steps without a solution of the power flow"
    return ""


def _place(scenario: Mapping[str, Any]) -> list[Any]:
    city = scenario.get("city") or {}
    return [city.get(key) for key in _PLACE]


def _unequal(here: Mapping[str, Any], there: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if here.get(key) != there.get(key)]


def _other_files(result: Result, other: Result) -> list[str]:
    """Files that both name and that have another content."""
    here, there = result.manifest.get("inputs") or {}, other.manifest.get("inputs") or {}
    return sorted(name for name in here.keys() & there.keys() if here[name] != there[name])


def _period(scenario: Mapping[str, Any]) -> str:
    period = scenario.get("period") or {}
    days = period.get("days")
    words = f"{days} day{'' if days == 1 else 's'} from {period.get('start')}"
    return f"{words} in steps of {period.get('step_minutes')} minutes"
