"""The other results that a sentence may speak of: those of the same city, period and inputs."""

from __future__ import annotations

from app.dashboard.baseline import why_not_comparable
from app.dashboard.view import View

MOST = 12
"""Results that are looked at; a store may hold thousands."""


def comparable_names(view: View) -> tuple[str, ...]:
    """Names of the results that may be compared with the one looked at: first those that the reader compares."""
    chosen = (*view.compared, *([view.baseline_name] if view.baseline is not None else []))
    names = dict.fromkeys((*chosen, *list(view.results)[: 4 * MOST]))
    fit = (name for name in names if name in view.results and not why_not_comparable(view.results, name, view.name))
    return tuple(name for _, name in zip(range(MOST), fit, strict=False))
