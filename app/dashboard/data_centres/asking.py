"""Who asks, the studies that answer, and what each part of the page says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.catalogue import Catalogue
from app.dashboard.data_centres import hosting_card, sentences, what_if
from app.dashboard.data_centres.designs_card import designs_card, months_card
from app.dashboard.data_centres.halls import key_of, shown_hall
from app.dashboard.data_centres.hosting_card import Asked
from app.dashboard.data_centres.places_card import buses_card, weathers_card
from app.dashboard.data_centres.retrofit_card import alone_card, order_card
from app.dashboard.data_centres.rules_card import rules_card
from app.dashboard.data_centres.work import Task, Work
from app.dashboard.figures.data_centres import PUE_TARGET
from app.dashboard.view import View
from app.studies.halls.study import HallStudy, study_hall
from app.studies.hosting.capacity import Hosting
from app.studies.hosting.kept import kept_capacities
from carbon.data_centre import DataCentre
from grid.errors import InputError


@dataclass(frozen=True)
class Asking:
    """Who asks: a view, the data centre that it shows, and the studies of the server.

    Args:
        view: The view.
        spec: The data centre.
        work: Studies of a year, some seconds each.
        searches: Searches for hosting capacities, up to minutes each; a year does not wait for them.
    """

    view: View
    spec: DataCentre
    work: Work
    searches: Work

    @property
    def key(self) -> tuple[str, ...]:
        """What tells its study apart."""
        return key_of(self.view.result, self.spec)

    def study(self) -> Task:
        """Its study, started if nobody did."""
        result, spec = self.view.result, self.spec
        return self.work.start(("year", *self.key), spec.name, lambda tell: study_hall(result, spec, tell))

    def hosting(self) -> list[tuple[Asked, Task]]:
        """The hosting capacities that were asked for of this hall, the last first."""
        found = [(key, task) for key, task in self.searches.tasks() if isinstance(key, Asked) and key.hall == self.key]
        return found[::-1]

    def found(self) -> dict[str, Hosting]:
        """Hosting capacities that were worked out here, in the intact grid, by bus."""
        done = [(asked, task.value) for asked, task in self.hosting() if task.status == "done" and not asked.n_minus_1]
        return {asked.bus: value for asked, value in done}

    def capacities(self) -> dict[str, float]:
        """What is known of buses in the intact grid, by name [MW of IT].

        That is what was worked out here and what `gridcarbon hosting` kept beside the results, where the result has one
        data centre and it is clear whose that is.
        """
        result = self.view.result
        alone = len(result.scenario.get("data_centres") or ()) == 1
        try:
            kept = kept_capacities(result.path.parent, result.scenario_hash) if alone else None
        except InputError:  # the page Grid says what is wrong with them
            kept = None
        return {**(kept or {}), **{bus: value.size for bus, value in self.found().items()}}


def asking_of(catalogue: Catalogue, work: Work, searches: Work, data: Mapping[str, Any]) -> Asking:
    """Who asks, by what the page keeps of its view.

    Raises:
        InputError: If the result is not served any more.
        pydantic.ValidationError: If its scenario is of another version.
    """
    view = View.at(catalogue, {key: str(value) for key, value in data.items()})
    return Asking(view, shown_hall(view), work, searches)


def _answers(_who: Asking, study: HallStudy) -> Component:
    return cards.answers([sentences.of_limit(study)])


def _designs(who: Asking, study: HallStudy) -> Component:
    here = who.found().get(who.spec.bus)
    return designs_card(who.view, study, PUE_TARGET, None if here is None else here.p_peak_mw)


def _retrofit(who: Asking, study: HallStudy) -> list[Component]:
    return [order_card(who.view, study, PUE_TARGET), alone_card(who.view, study)]


def _places(who: Asking, study: HallStudy) -> list[Component]:
    return [buses_card(who.view, study, who.capacities()), weathers_card(who.view, study)]


PARTS: Mapping[str, Callable[[Asking, HallStudy], Component | list[Component]]] = {
    "dc-answers": _answers,
    "dc-rules-place": lambda who, study: rules_card(who.view, study),
    "dc-months": lambda who, study: months_card(who.view, study, PUE_TARGET),
    "dc-designs": _designs,
    "dc-retrofit": _retrofit,
    "dc-places": _places,
}
"""Places on the page that a study fills, each by a request of its own."""


def part(place: str, who: Asking, study: HallStudy) -> Component | list[Component]:
    """One of `PARTS`."""
    return PARTS[place](who, study)


def of_target(who: Asking, study: HallStudy, target: float) -> Component:
    """What the cheapest design is that keeps a PUE of the reader's."""
    return cards.answers([sentences.of_target(who.view, study, target)])


def of_levers(who: Asking, study: HallStudy, lever: tuple[float, float, float, str, str]) -> Any:
    """The year at other levers: IT power [MW], use [1], supply temperature [°C], cooling, power chain."""
    return what_if.shown(who.view, study, what_if.Lever(*lever))


def start_search(who: Asking, bus: str, outages: bool) -> list[Component]:
    """Starts a search for a hosting capacity; what refuses it otherwise."""
    result, spec = who.view.result, who.spec
    try:
        who.searches.start(Asked(who.key, bus, outages), bus,
                           lambda tell: hosting_card.work_out(result, spec, bus, outages, tell))  # fmt: skip
    except InputError as error:
        return [html.P(str(error), className="warning")]
    return []


def plan(who: Asking, bus: str) -> Any:
    """The grid with what is known of its buses, as a figure."""
    return hosting_card.where_figure(who.view, bus, who.capacities())
