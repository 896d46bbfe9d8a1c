"""Which result another is compared with, and why two may not be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.dashboard.catalogue import Catalogue
from app.results.comparison import what_differs

BASELINE = "unmanaged"
"""Name of the folder, and of the strategy, that others are compared with unless a manifest names another."""


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


def is_baseline_of_others(results: Catalogue, name: str) -> bool:
    """Whether another result has this one among the candidates of `default_baseline`."""
    mine = results[name].manifest
    unmanaged = mine.get("strategy") == BASELINE

    def compared_with_it(manifest: Mapping[str, object]) -> bool:
        return manifest.get("baseline") == name or (unmanaged and manifest.get("name") == mine.get("name"))

    others = (result.manifest for other, result in results.items() if other != name)
    return any(name == BASELINE or compared_with_it(manifest) for manifest in others)


def why_not_comparable(results: Catalogue, baseline: str, name: str) -> str:
    """Why a result may not be compared with a baseline, in words; empty if it may."""
    entry, result = results.entry(baseline), results[name]
    if entry is None:
        return f"There is no result called {baseline}."
    if entry.result is None:
        return f"{baseline} cannot be opened: {entry.problem}."
    if baseline == name:
        return "A result is not compared with itself."
    words = what_differs(result, entry.result)
    return f"Not compared with {entry.label}, which {words}." if words else ""
