"""What fills the page in when its studies are done, and answers levers, targets and chosen buses.

All that answers is in `asking`, which is imported when somebody asks: it needs the models of halls and of the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update
from pydantic import ValidationError

from app.dashboard.catalogue import Catalogue
from app.dashboard.data_centres.work import Work
from app.dashboard.language import language_named
from app.dashboard.language.spoken import figure_in, spoken
from grid.errors import InputError

if TYPE_CHECKING:
    from app.dashboard.data_centres.asking import Asking
    from app.studies.halls.study import HallStudy

    Ask = Callable[[Mapping[str, Any]], Asking]

PARTS = ("dc-answers", "dc-rules-place", "dc-months", "dc-designs", "dc-retrofit", "dc-places")
"""Places on the page that a study fills, each by a request of its own."""
OF_HOSTING = ("dc-designs", "dc-places")
"""Those of them that show hosting capacities."""


def _said(data: Mapping[str, Any], content: Any) -> Any:
    """Content in the language of the page that asks."""
    return spoken(content, language_named(str(data.get("lang", ""))))


def register(app: Dash, catalogue: Catalogue) -> None:
    """Registers everything that the page asks the server."""
    searches = Work()
    work = Work()

    def ask(data: Mapping[str, Any]) -> Asking:
        from app.dashboard.data_centres.asking import asking_of  # noqa: PLC0415  slow to import

        return asking_of(catalogue, work, searches, data)

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
            words = f"Working out the year of {who.spec.name}: {task.words} ({100 * task.share:.0f}\u00a0%) …"
            return _said(data, html.P(words, className="subtitle")), False, no_update
        if task.status != "done":
            words = f"The year of {who.spec.name} could not be worked out: {task.reason or task.status}"
            return html.P(words, className="warning"), True, no_update
        return "", True, True

    for place in PARTS:
        again = [Input("dc-hosted", "data")] if place in OF_HOSTING else []
        app.callback(Output(place, "children"), State("dc-view", "data"), Input("dc-ready", "data"), *again)(
            partial(_part, ask, place)
        )


def _part(ask: Ask, place: str, data: Mapping[str, Any], ready: bool | None, *_hosted: object) -> Any:
    from app.dashboard.data_centres import asking  # noqa: PLC0415  slow to import

    found = _done(ask, data) if ready else None
    return no_update if found is None else _said(data, asking.part(place, *found))


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
            return _said(data, html.P("Give a PUE between 1 and 3.", className="nothing"))
        from app.dashboard.data_centres import asking  # noqa: PLC0415  slow to import

        return _said(data, asking.of_target(*found, float(target)))

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
            return _said(data, html.P("As soon as the year is worked out.", className="nothing"))
        from app.dashboard.data_centres import asking  # noqa: PLC0415  slow to import

        return _said(data, asking.of_levers(*found, (p_it_mw, use / 100, supply, cooling, chain)))


def _host(app: Dash, ask: Ask, searches: Work) -> None:
    """Starts, follows and ends the search for hosting capacities; a click on the map chooses a bus."""

    @app.callback(
        Output("dc-host-state", "children"), Output("dc-host-poll", "disabled"), Output("dc-where", "figure"),
        Output("dc-host-cancel", "disabled"), Output("dc-host", "disabled"), Output("dc-hosted", "data"),
        Input("dc-host", "n_clicks"), Input("dc-host-cancel", "n_clicks"), Input("dc-host-poll", "n_intervals"),
        Input("dc-bus", "value"), State("dc-outages", "checked"), State("dc-view", "data"),
    )  # fmt: skip
    def host(_go: object, _end: object, _poll: object, bus: str, outages: bool | None, data: Mapping[str, Any]) -> Any:
        from app.dashboard.data_centres import asking, hosting_card  # noqa: PLC0415  slow to import

        refused: list[Any] = []
        try:
            who = ask(data)
        except (InputError, ValidationError) as error:
            return [html.P(str(error), className="warning")], True, no_update, True, True, no_update
        if ctx.triggered_id == "dc-host" and bus:
            refused = asking.start_search(who, bus, bool(outages))
        elif ctx.triggered_id == "dc-host-cancel":
            for asked, task in who.hosting():
                if task.active:
                    searches.cancel(asked)
        found = who.hosting()
        active = any(task.active for _, task in found)
        polled = ctx.triggered_id == "dc-host-poll" and active
        figure = no_update if polled else figure_in(asking.plan(who, bus), who.view.language)
        ended = len(found) if ctx.triggered_id == "dc-host-poll" and not active else no_update
        shown = _said(data, [*refused, *hosting_card.state(who.view, found)])
        return shown, not active, figure, not active, False, ended

    @app.callback(
        Output("dc-bus", "value", allow_duplicate=True), Input("dc-where", "clickData"), prevent_initial_call=True
    )
    def of_map(clicked: Mapping[str, Any] | None) -> Any:
        given = (clicked or {}).get("points", [{}])[0].get("customdata")
        name = given[0] if isinstance(given, list) else given
        return name if isinstance(name, str) else no_update
