"""Data centres: what the result holds, rules, designs over the year, retrofit, other places, a what-if."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.cards import hyphened
from app.dashboard.data_centres.behind import of_metrics
from app.dashboard.data_centres.callbacks import register
from app.dashboard.figures.data_centres import PUE_TARGET
from app.dashboard.view import Page, View

if TYPE_CHECKING:
    from carbon.data_centre import DataCentre

POLL_MS = 400
SOURCE_OF_LIMIT = (
    "The limit in charts is that for new large centres in China (plan of December 2021; grade 2 of GB 40879-2021)."
)


def content(view: View) -> Component:
    """The page for a view; what takes a study is filled in by `register`'s callbacks."""
    from app.dashboard.data_centres.halls import shown_hall  # noqa: PLC0415  slow to import

    spec = shown_hall(view)
    sections = (*_first(view, spec), *_held(view, spec), *_last(view, spec))
    return cards.page(view.say("Data centres"), cards.where_and_when(view), *sections)


def _first(view: View, spec: DataCentre) -> Iterator[Component]:
    """Answers, the question of the reader, and what keeps the page alive."""
    from app.dashboard.data_centres.designs_card import target_box  # noqa: PLC0415  slow to import
    from app.dashboard.data_centres.halls import halls_of  # noqa: PLC0415
    from app.dashboard.data_centres.sentences import STRICTER  # noqa: PLC0415

    view_data = {"result": view.name, "theme": view.theme, "lang": view.language, "dc_centre": spec.name}
    yield html.Section(
        [
            dcc.Store(id="dc-view", data=view_data),
            dcc.Store(id="dc-ready"),
            dcc.Store(id="dc-kept"),
            dcc.Store(id="dc-hosted"),
            dcc.Interval(id="dc-poll", interval=POLL_MS),
            html.Div(id="dc-progress", role="status"),
            html.Div(id="dc-answers", **hyphened(aria_live="polite")),
            html.Div(id="dc-target-answer", **hyphened(aria_live="polite")),
            target_box(view, STRICTER),
        ],
        className="card", **hyphened(aria_label="Answers"),
    )  # fmt: skip
    halls = halls_of(view.result)
    if len(halls) > 1:
        links = [
            html.Li(dcc.Link(
                html.Span(hall.name, **(hyphened(aria_current="true") if hall.name == spec.name else {})),
                href=view.link("/data-centres", dc_centre=hall.name),
            ))
            for hall in halls
        ]  # fmt: skip
        yield html.Nav(html.Ul(links, className="dc-centres"), **hyphened(aria_label="Data centres of this result"))


def _held(view: View, spec: DataCentre) -> Iterator[Component]:
    """What the result holds, or what to add to see something here."""
    from app.dashboard.data_centres import measured  # noqa: PLC0415  slow to import
    from app.dashboard.data_centres.halls import NEW  # noqa: PLC0415
    from app.dashboard.data_centres.names import described  # noqa: PLC0415

    if spec.name == NEW or measured.rows_of(view, spec.name).is_empty():
        add = dcc.Link("add one in the builder", href=view.link("/build", build_from=view.name))
        before = f"There is no data centre in this result. To have one here, {add_words(view)} or "
        hall = f"a hall of {spec.p_it_rated_mw:g} MW with the defaults of the specification ({described(spec)})"
        missing = html.P([before, add, f". Below is a study of {hall}."], className="nothing")
        yield html.Section([html.H2(view.say("No data centre yet")), missing], className="card")
        return
    words = (
        "By ISO/IEC 30134: PUE and CER of the facility, WUE of water on site, CUE traced to its bus, ERF of heat given "
        "away, REF of renewable energy owned and used; per kWh of IT where it says per kWh. " + SOURCE_OF_LIMIT
    )
    totals = measured.totals(view)
    made = of_metrics(tuple(totals["Data centre"]), view.convention)
    yield cards.table_card(view.say("Over this run"), words, totals, digits=3, key="dc-run", why=made)
    yield from measured.sections(view, spec, PUE_TARGET)


def add_words(view: View) -> str:
    """What to write into a scenario."""
    bus = view.result.topology["buses"][-1]["name"]
    return f"write “data_centres: [{{name: north, bus: {bus}, p_it_rated_mw: 1}}]” into the scenario"


def _last(view: View, spec: DataCentre) -> Iterator[Component]:
    """What a study fills, and what the reader may try."""
    from app.dashboard.data_centres import hosting_card, what_if  # noqa: PLC0415  slow to import

    yield what_if.panel(view, spec)
    for part in ("dc-rules-place", "dc-months", "dc-designs", "dc-retrofit", "dc-places"):
        yield html.Div(id=part, className="dc-part")
    yield hosting_card.card(view, spec)


PAGE = Page("/data-centres", "Data centres", content, register, keys=("dc_centre",), models=True)
