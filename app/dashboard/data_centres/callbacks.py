"""What fills the page in when its studies are done, and answers levers, targets and chosen buses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

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
        return {**(kept or {}), **{bus: value.p_it_mw for bus, value in self.found().items()}}


Ask = Callable[[Mapping[str, Any]], Asking]
"""Finds who asks by what the page keeps of its view."""


def asking(catalogue: Catalogue, work: Work, searches: Work, data: Mapping[str, Any]) -> Asking:
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
    return designs_card(who.view, study, PUE_TARGET, None if here is None else here.p_facility_mw)


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
OF_HOSTING = ("dc-designs", "dc-places")
"""Those of them that show hosting capacities."""


def register(app: Dash, catalogue: Catalogue) -> None:
    """Registers everything that the page asks the server."""
    searches = Work()
    ask = partial(asking, catalogue, Work(), searches)
    _fill(app, ask)
    _answer(app, ask)
    _host(app, ask, searches)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("data_centres", "chosen"),
        Output("dc-target", "value"), Output("dc-bus", "value"), Input("dc-view", "data"),
    )  # fmt: skip
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("data_centres", "keep"),
        Output("dc-kept", "data"), Input("dc-target", "value"), Input("dc-bus", "value"),
    )  # fmt: skip


def _fill(app: Dash, ask: Ask) -> None:
    """Tells how far the study of the page is; when it is done, each part asks for itself."""

    @app.callback(
        Output("dc-progress", "children"), Output("dc-poll", "disabled"), Output("dc-ready", "data"),
        Input("dc-poll", "n_intervals"), State("dc-view", "data"),
    )  # fmt: skip
    def follow(_count: int | None, data: Mapping[str, Any]) -> tuple[Any, bool, Any]:
        try:
            who = ask(data)
            task = who.study()
        except (InputError, ValidationError) as error:
            return html.P(str(error), className="warning"), True, no_update
        if task.active:
            words = f"Working out the year of {who.spec.name}: {task.words} ({task.share:.0%}) …"
            return html.P(words, className="subtitle"), False, no_update
        if task.status != "done":
            words = f"The year of {who.spec.name} could not be worked out: {task.reason or task.status}"
            return html.P(words, className="warning"), True, no_update
        return "", True, True

    for place, make in PARTS.items():
        again = [Input("dc-hosted", "data")] if place in OF_HOSTING else []
        app.callback(Output(place, "children"), State("dc-view", "data"), Input("dc-ready", "data"), *again)(
            partial(_part, ask, make)
        )


def _part(
    ask: Ask, make: Callable[[Asking, HallStudy], Any], data: Mapping[str, Any], ready: bool | None, *_hosted: object
) -> Any:
    found = _done(ask, data) if ready else None
    return no_update if found is None else make(*found)


def _done(ask: Ask, data: Mapping[str, Any]) -> tuple[Asking, HallStudy] | None:
    """Who asks, and the study; None while there is none."""
    try:
        who = ask(data)
        task = who.study()
    except (InputError, ValidationError):
        return None
    return (who, task.value) if task.status == "done" else None


def _answer(app: Dash, ask: Ask) -> None:
    """Answers the target and the levers from the study, once it is done."""

    @app.callback(
        Output("dc-target-answer", "children"), Input("dc-target", "value"), Input("dc-ready", "data"),
        State("dc-view", "data"),
    )  # fmt: skip
    def of_target(target: float | None, _ready: object, data: Mapping[str, Any]) -> Any:
        found = _done(ask, data)
        if found is None:
            return no_update
        if target is None:
            return html.P("Give a PUE between 1 and 3.", className="nothing")
        who, study = found
        return cards.answers([sentences.of_target(who.view, study, float(target))])

    @app.callback(
        Output("dc-what-if", "children"), Input("dc-it", "value"), Input("dc-use", "value"),
        Input("dc-supply", "value"), Input("dc-cooling", "value"), Input("dc-chain", "value"),
        Input("dc-ready", "data"), State("dc-view", "data"),
    )  # fmt: skip
    def of_levers(
        p_it_mw: float, use: float, supply: float, cooling: str, chain: str, _ready: object, data: Mapping[str, Any]
    ) -> Any:
        found = _done(ask, data)
        if found is None:
            return html.P("As soon as the year is worked out.", className="nothing")
        who, study = found
        return what_if.shown(who.view, study, what_if.Lever(p_it_mw, use / 100, supply, cooling, chain))


def _host(app: Dash, ask: Ask, searches: Work) -> None:
    """Starts, follows and ends the search for hosting capacities; a click on the map chooses a bus."""

    @app.callback(
        Output("dc-host-state", "children"), Output("dc-host-poll", "disabled"), Output("dc-where", "figure"),
        Output("dc-host-cancel", "disabled"), Output("dc-host", "disabled"), Output("dc-hosted", "data"),
        Input("dc-host", "n_clicks"), Input("dc-host-cancel", "n_clicks"), Input("dc-host-poll", "n_intervals"),
        Input("dc-bus", "value"), State("dc-outages", "checked"), State("dc-view", "data"),
    )  # fmt: skip
    def host(_go: object, _end: object, _poll: object, bus: str, outages: bool | None, data: Mapping[str, Any]) -> Any:
        refused: list[Component] = []
        try:
            who = ask(data)
        except (InputError, ValidationError) as error:
            return [html.P(str(error), className="warning")], True, no_update, True, True, no_update
        if ctx.triggered_id == "dc-host" and bus:
            refused = _start(who, bus, bool(outages))
        elif ctx.triggered_id == "dc-host-cancel":
            for asked, task in who.hosting():
                if task.active:
                    searches.cancel(asked)
        found = who.hosting()
        active = any(task.active for _, task in found)
        polled = ctx.triggered_id == "dc-host-poll" and active
        figure = no_update if polled else hosting_card.where_figure(who.view, bus, who.capacities())
        ended = len(found) if ctx.triggered_id == "dc-host-poll" and not active else no_update
        return [*refused, *hosting_card.state(who.view, found)], not active, figure, not active, False, ended

    @app.callback(
        Output("dc-bus", "value", allow_duplicate=True), Input("dc-where", "clickData"), prevent_initial_call=True
    )
    def of_map(clicked: Mapping[str, Any] | None) -> Any:
        given = (clicked or {}).get("points", [{}])[0].get("customdata")
        name = given[0] if isinstance(given, list) else given
        return name if isinstance(name, str) else no_update


def _start(who: Asking, bus: str, outages: bool) -> list[Component]:
    """Starts a search; what refuses it otherwise."""
    result, spec = who.view.result, who.spec
    try:
        who.searches.start(Asked(who.key, bus, outages), bus,
                       lambda tell: hosting_card.work_out(result, spec, bus, outages, tell))  # fmt: skip
    except InputError as error:
        return [html.P(str(error), className="warning")]
    return []
