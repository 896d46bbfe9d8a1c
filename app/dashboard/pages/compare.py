"""Compare: any number of results side by side, what explains a difference, and what a tonne less costs."""

from __future__ import annotations

from dash import Dash, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.catalogue import Catalogue
from app.dashboard.comparing import export, figure_groups, frontier_card
from app.dashboard.comparing.band_card import band_cards
from app.dashboard.comparing.chart_cards import multiple_cards
from app.dashboard.comparing.chosen import ResultComparison, comparison_of
from app.dashboard.comparing.explained_card import OF, explained_cards
from app.dashboard.comparing.options import choices_of
from app.dashboard.comparing.sentences import advice_on, frontier_sentences
from app.dashboard.view import Page, View


def content(view: View) -> Component:
    """The page for a view."""
    compared = comparison_of(view)
    choices = choices_of(view, compared)
    return cards.page(
        view.say("Compare"),
        _lead(view, compared),
        cards.answers([*advice_on(view, compared), *frontier_sentences(choices, compared)]),
        *_refused(view, compared),
        frontier_card.frontier_card(view, compared, choices),
        *explained_cards(view, compared),
        figure_groups.figures_card(view, compared),
        *multiple_cards(view, compared),
        *band_cards(view),
        _files(view),
    )


def _lead(view: View, compared: ResultComparison) -> str:
    names = ", ".join(one.label for one in compared.others) or "no other result"
    name = view.result.manifest.get("name") or view.name
    return f"{name}: {names} against {compared.reference.label}, {view.period}. Times are local, {view.zone}."


def _refused(view: View, compared: ResultComparison) -> list[Component]:
    """Which results are not compared, and why."""
    words = [f"{one.label} is not compared: it {one.reason}." for one in compared.others if one.reason]
    if view.baseline is None and view.baseline_name:
        words.append(view.baseline_reason)
    return [html.P(sentence, className="warning") for sentence in words]


def _files(view: View) -> Component:
    files = {
        "xlsx": "Workbook: figures, inputs that differ, causes, cost per tonne, provenance",
        "csv": "Key figures, CSV",
    }
    links = [html.Li(html.A(words, href=view.link(f"{export.FILE}.{ending}"), download=""))
             for ending, words in files.items()]  # fmt: skip
    return html.Section([html.H2(view.say("Take it away")), html.Ul(links)], className="card")


def register(app: Dash, catalogue: Catalogue) -> None:
    """Registers what keeps chart and table in step, and the files."""
    frontier_card.register(app)
    figure_groups.register(app)
    export.add_files(app.server, catalogue)


PAGE = Page("/compare", "Compare", content, register, keys=(OF, frontier_card.BY), of_all=True)
