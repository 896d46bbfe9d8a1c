"""The other results that a sentence may speak of: those of the same city, period and inputs."""

from __future__ import annotations

from app.dashboard.baseline import why_not_comparable
from app.dashboard.view import View

MOST = 12
"""Results that are looked at; a store may hold thousands."""


def short_label(view: View, name: str) -> str:
    """What a result is called in a sentence: without the scenario's name where it is that of the result looked at."""
    scenario = str(view.result.manifest.get("name") or "")
    label = view.results.label(name)
    same = view.results[name].manifest.get("name") == scenario
    return (label.removeprefix(f"{scenario}, ") or label) if same else label


def comparable_names(view: View) -> tuple[str, ...]:
    """Names of the results that may be compared with the one looked at: first those that the reader compares."""
    chosen = (*view.compared, *([view.baseline_name] if view.baseline is not None else []))
    names = dict.fromkeys((*chosen, *list(view.results)[: 4 * MOST]))
    fit = (name for name in names if name in view.results and not why_not_comparable(view.results, name, view.name))
    return tuple(name for _, name in zip(range(MOST), fit, strict=False))
