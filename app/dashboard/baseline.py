"""Which result another is compared with, and why two may not be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.dashboard.catalogue import Catalogue
from app.results.folder import Result
from app.results.key_figures import comparable

BASELINE = "unmanaged"
"""Name of the folder, and of the strategy, that others are compared with unless a manifest names another."""
_SAME_PLACE = ("network", "profiles", "time_zone")


def default_baseline(results: Catalogue, name: str) -> str:
    """Name of the result to compare with `name`: the first candidate that may be compared, else the first.

    Candidates are the one its manifest names, `unmanaged`, and unmanaged runs of a scenario of the same name.

    Returns:
        The name; empty if there is no candidate.
    """
    candidates = list(dict.fromkeys(_candidates(results, name)))
    fit = (one for one in candidates if not why_not_comparable(results, one, name))
    return next(fit, candidates[0] if candidates else "")


def _candidates(results: Catalogue, name: str) -> Iterator[str]:
    manifest = results[name].manifest
    for wanted in (str(manifest.get("baseline") or ""), BASELINE):
        if wanted in results and wanted != name:
            yield wanted
    for other, result in results.items():
        same = result.manifest.get("name") == manifest.get("name")
        if same and result.manifest.get("strategy") == BASELINE and other != name:
            yield other


def why_not_comparable(results: Catalogue, baseline: str, name: str) -> str:
    """Why a result may not be compared with a baseline, in words; empty if it may."""
    entry, result = results.entry(baseline), results[name]
    if entry is None:
        return f"There is no result called {baseline}."
    if entry.result is None:
        return f"{baseline} cannot be opened: {entry.problem}."
    if baseline == name:
        return "A result is not compared with itself."
    return _difference(entry.result, result, entry.label)


def _difference(one: Result, other: Result, label: str) -> str:
    """What two results do not have in common that they must, in words; empty if they have."""
    first, second = one.scenario, other.scenario
    if first.get("period") != second.get("period"):
        periods = f"{_period(first)}, this result {_period(second)}"
        return f"Not compared with {label}, which is of another period: {periods}."
    if _place(first) != _place(second):
        return f"Not compared with {label}, which is of another city or grid."
    unequal = [key for key in ("weather", "upstream") if first.get(key) != second.get(key)]
    files, others = one.manifest.get("inputs") or {}, other.manifest.get("inputs") or {}
    unequal += sorted(file for file in files if file in others and files[file] != others[file])
    unequal += [key for key in ("boundary", "gas") if one.manifest.get(key) != other.manifest.get(key)]
    if unequal:
        return f"Not compared with {label}, which has other inputs: {', '.join(unequal)}."
    if not comparable(one.summary, other.summary):
        return f"Not compared with {label}: one of the two has steps without a solution of the power flow."
    return ""


def _place(scenario: Mapping[str, Any]) -> list[Any]:
    city = scenario.get("city") or {}
    return [city.get(key) for key in _SAME_PLACE]


def _period(scenario: Mapping[str, Any]) -> str:
    period = scenario.get("period") or {}
    days = period.get("days")
    words = f"{days} day{'' if days == 1 else 's'} from {period.get('start')}"
    return f"{words} in steps of {period.get('step_minutes')} minutes"
