"""What a reader looks at: one result among several, its baseline, the colour scheme and the rest of the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component

from app.dashboard.colours import Theme
from app.dashboard.local_time import zone_of
from app.dashboard.text import convention, counted
from app.results.folder import Result
from app.results.key_figures import comparable

BASELINE = "unmanaged"


@dataclass(frozen=True)
class View:
    """One view of the dashboard, as its address says.

    Args:
        results: All results by name.
        name: The result looked at.
        theme: The colour scheme.
        query: The rest of the address, by key.
    """

    results: Mapping[str, Result]
    name: str
    theme: Theme
    query: Mapping[str, str]

    @classmethod
    def of(cls, results: Mapping[str, Result], data: Mapping[str, Any]) -> View:
        """The view that the browser describes; an unknown result falls back to the first."""
        query = {key: values[-1] for key, values in parse_qs(str(data.get("search") or "").lstrip("?")).items()}
        name = query.get("result", "")
        theme: Theme = "dark" if data.get("theme") == "dark" else "light"
        return cls(results, name if name in results else next(iter(results)), theme, query)

    @property
    def result(self) -> Result:
        """The result looked at."""
        return self.results[self.name]

    @cached_property
    def baseline(self) -> Result | None:
        """The result to compare with: the one its manifest names, else `unmanaged`.

        None if there is none, or if one of the two has steps without a solution of the power flow.
        """
        name = str(self.result.manifest.get("baseline") or BASELINE)
        found = self.results.get(name) if name != self.name else None
        return found if found is None or comparable(found.summary, self.result.summary) else None

    @property
    def zone(self) -> str:
        """The city's time zone."""
        return zone_of(self.result.scenario)

    @property
    def convention(self) -> str:
        """The accounting convention, in a sentence."""
        manifest = self.result.manifest
        return convention(manifest.get("boundary", "direct"), manifest.get("gas", "CO2e"))

    @cached_property
    def period(self) -> str:
        """The period in words, e.g. ``2 days from 3 June 2030``, in local time."""
        steps, hours = self.result.summary.get("steps") or 0, self.result.summary.get("step_hours") or 0.0
        first = self.result.table("city").select("time").first().collect()
        if first.is_empty():
            return "an empty period"
        start = first["time"][0].astimezone(ZoneInfo(self.zone))
        length = dt.timedelta(hours=steps * hours)
        days = length / dt.timedelta(days=1)
        words = counted(round(days), "day") if days >= 1 else counted(steps, "step")
        return f"{words} from {start.day} {start:%B %Y}"


@dataclass(frozen=True)
class Page:
    """A page of the dashboard.

    Args:
        path: Its address, e.g. ``/ev``.
        title: Its name in the navigation.
        content: Makes the page for a view.
        callbacks: Registers what the page needs from the server while it is open; None if nothing.
    """

    path: str
    title: str
    content: Callable[[View], Component]
    callbacks: Callable[[Dash, Mapping[str, Result]], None] | None = None
