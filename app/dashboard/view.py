"""What a reader looks at: one result among several, its baseline, colour scheme, language, the rest of the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component

from app.dashboard.address import LINK_KEYS, address_of, names_in, query_of
from app.dashboard.baseline import default_baseline, is_baseline_of_others, why_not_comparable
from app.dashboard.catalogue import Catalogue, catalogue_of
from app.dashboard.colours import Theme
from app.dashboard.language import Language, language_named, say
from app.dashboard.local_time import zone_of
from app.dashboard.pandas_gate import GATE
from app.dashboard.text import convention, counted
from app.results.folder import Result
from grid.errors import InputError, nearest


@dataclass(frozen=True)
class View:
    """One view of the dashboard, as its address says.

    Args:
        results: The results that are served.
        name: The result looked at; it can be opened.
        theme: The colour scheme.
        query: The address's query by key. What makes a page finds there the keys of the frame and the page's own.
        language: The language of labels.
    """

    results: Catalogue
    name: str
    theme: Theme
    query: Mapping[str, str]
    language: Language = "en"

    @classmethod
    def of(cls, results: Mapping[str, Result], data: Mapping[str, Any]) -> View:
        """The view that the browser describes; without a `result` in the address, of the first there is.

        Raises:
            InputError: If there is no result of that name, or it cannot be opened; says why, with the nearest name.
        """
        query = query_of(str(data.get("search") or ""))
        return cls.at(catalogue_of(results), query, str(data.get("theme") or ""), str(data.get("language") or ""))

    @classmethod
    def at(cls, results: Catalogue, query: Mapping[str, str], theme: str = "", language: str = "") -> View:
        """The view of an address with this query, and theme and language where it names none; faults as in `of`."""
        name = query.get("result") or next(iter(results), "")
        entry = results.entry(name)
        if entry is None:
            raise InputError.single("result", "there is no result of this name", name, nearest(name, list(results)))
        if entry.result is None:
            raise InputError.single("result", entry.problem, name)
        theme, language = query.get("theme") or theme, query.get("lang") or language
        return cls(results, name, theme_named(theme), query, language_named(language))

    @cached_property
    def result(self) -> Result:
        """The result looked at, the same as long as the view lives even if it is replaced meanwhile."""
        return self.results[self.name]

    @property
    def label(self) -> str:
        """What people read for the result looked at."""
        return self.results.label(self.name)

    @cached_property
    def baseline_name(self) -> str:
        """Name of the result to compare with: the address's, else the default; empty if there is none.

        The default is the one that the manifest names, `unmanaged`, or an unmanaged run of the same scenario: the first
        of these that may be compared. An empty `baseline` in the address chooses none.
        """
        chosen = self.query.get("baseline")
        return default_baseline(self.results, self.name) if chosen is None else chosen

    @cached_property
    def baseline_reason(self) -> str:
        """Why there is no baseline, in words; empty if there is one."""
        if not self.baseline_name:
            if "baseline" in self.query:
                return "No baseline is chosen."
            if is_baseline_of_others(self.results, self.name):
                return "This is the result that others are compared with."
            return "There is no result to compare with."
        return why_not_comparable(self.results, self.baseline_name, self.name)

    @cached_property
    def baseline(self) -> Result | None:
        """The result to compare with: of the same period, city and inputs; None for `baseline_reason`."""
        return None if self.baseline_reason else self.results.get(self.baseline_name)

    @property
    def baseline_label(self) -> str:
        """What people read for the baseline: its strategy alone where the scenario is the same."""
        baseline = self.baseline
        same = baseline is not None and baseline.manifest.get("name") == self.result.manifest.get("name")
        strategy = str(baseline.manifest.get("strategy") or "") if same and baseline is not None else ""
        differs = strategy != str(self.result.manifest.get("strategy") or "")
        return strategy if strategy and differs else self.results.label(self.baseline_name)

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """Names of further results to compare, in order; those that cannot be opened are left out."""
        names = names_in(self.query.get("with", ""))
        return tuple(name for name in names if name in self.results and name != self.name)

    @cached_property
    def side_by_side(self) -> dict[str, Result]:
        """Results that charts show beside one another, by label: the baseline, those compared, the one looked at.

        Left out are those that may not be compared with the result looked at.
        """
        names = [self.baseline_name] if self.baseline is not None else []
        names += [name for name in self.compared if not why_not_comparable(self.results, name, self.name)]
        return {self.results.label(name): self.results[name] for name in dict.fromkeys((*names, self.name))}

    def link(self, path: str, **changes: object) -> str:
        """The address of a page that keeps the rest of the view, see `address_of`.

        What this view does not know of the address (its moment, what is selected on the map), the browser adds when
        the link is followed or copied. A value of "" takes a key out of the address then.
        """
        kept = {key: self.query[key] for key in LINK_KEYS if key in self.query}
        return address_of(path, kept | {"result": self.name}, changes)

    def say(self, text: str, **values: object) -> str:
        """A text in the view's language, see `app.dashboard.language.say`."""
        return say(self.language, text, **values)

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
        return period_of(self.result)


def period_of(result: Result) -> str:
    """The period of a result in words, in local time."""
    steps, hours = result.summary.get("steps") or 0, result.summary.get("step_hours") or 0.0
    first = result.table("city").select("time").first().collect()
    if first.is_empty():
        return "an empty period"
    start = first["time"][0].astimezone(ZoneInfo(zone_of(result.scenario)))
    length = dt.timedelta(hours=steps * hours)
    days = length / dt.timedelta(days=1)
    words = counted(round(days), "day") if days >= 1 else counted(steps, "step")
    return f"{words} from {start.day} {start:%B %Y}"


def theme_named(name: str) -> Theme:
    """The theme of this name; light for any other."""
    return "dark" if name == "dark" else "light"


@dataclass(frozen=True)
class Page:
    """A page of the dashboard.

    Args:
        path: Its address, e.g. ``/ev``.
        title: Its name in the navigation, in English.
        content: Makes the page for a view. It is kept, and made anew only for other versions of the view's results,
            another theme or language, or other values of `keys`; so it may read nothing else.
        callbacks: Registers what the page needs from the server while it is open; None if nothing.
        keys: Keys of the address that the content depends on, beside `FRAME_KEYS`.
        needs_result: Whether it can be made only where there is a result; else its view may lack one.
        of_all: Whether it also speaks of results that the view does not name; it is made anew when any changes.
        models: Whether making it needs models of weather or halls, which are slow to import.
        anew: Whether the browser draws it anew whenever it is come to; else it comes back as it was left.
    """

    path: str
    title: str
    content: Callable[[View], Component]
    callbacks: Callable[[Dash, Catalogue], None] | None = None
    keys: tuple[str, ...] = ()
    needs_result: bool = True
    of_all: bool = False
    models: bool = False
    anew: bool = False

    def make(self, view: View) -> Component:
        """Its content for a view."""
        if self.models:
            GATE.load()
        return self.content(view)
