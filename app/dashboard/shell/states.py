"""What stands where a page would when there is nothing to make it from: what happened, and what to do next."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard.address import address_of
from app.dashboard.catalogue import Catalogue
from app.dashboard.language import Language, say
from app.dashboard.shell.navigation import page_at
from grid.errors import nearest


def no_result(query: dict[str, str], results: Catalogue, language: Language) -> Component:
    """No page, because the address names no result that can be opened, or there is none at all."""
    name = query.get("result", "")
    entry = results.entry(name)
    if not name:
        title = "There is no result yet"
        words = say(language, "{place} holds no result that can be opened.", place=results.place)
    elif entry is None:
        title = "There is no such result"
        words = say(language, "No result in {place} is called “{name}”.", place=results.place, name=name)
    else:
        title, words = "This result cannot be opened", f"{entry.problem}."
    made = _made(entry is not None, language)
    todo = [_likely(name, query, results, language), _others(query, results, language), made]
    return html.Div([
        html.H1(say(language, title)), html.P(words, className="lead"),
        html.Section([part for part in todo if part is not None], className="card"),
    ], className="state", role="alert")  # fmt: skip


def unreadable(name: str, error: Exception, query: dict[str, str], results: Catalogue, language: Language) -> Component:
    """No page, because a file of the result is damaged."""
    words = f"{results.place / name} is damaged ({error}). Run its scenario again, or look at another result."
    others = _others({**query, "result": name}, results, language)
    return html.Div([
        html.H1(say(language, "This result cannot be read")), html.P(words, className="lead"),
        html.Section(others, className="card") if others is not None else None,
    ], className="state", role="alert")  # fmt: skip


def _likely(name: str, query: dict[str, str], results: Catalogue, language: Language) -> Component | None:
    """A link to the result that was probably meant."""
    meant = nearest(name, list(results)) if name and name not in results else None
    if meant is None or results.entry(name) is not None:
        return None
    link = dcc.Link(results.label(meant), href=address_of("/", query, {"result": meant}))
    before, _, after = say(language, "Did you mean {name}?").partition("{name}")
    return html.P([before, link, after])


def _others(query: dict[str, str], results: Catalogue, language: Language) -> Component | None:
    """Links to the results that can be opened."""
    links = [html.Li(dcc.Link(results.label(name), href=address_of("/", query, {"result": name})))
             for name in results if name != query.get("result")]  # fmt: skip
    return html.Div([html.P(say(language, "These can be opened:")), html.Ul(links)]) if links else None


def _made(there: bool, language: Language) -> Component:
    """How a result is made, or made anew."""
    run = html.Code("gridcarbon run SCENARIO.yaml --out DIR")
    if there:
        return html.P([say(language, "To make it anew:"), " ", run])
    links = [html.P(dcc.Link(say(language, "Build a scenario"), href="/build"))] if page_at("/build") else []
    demo = html.Code("gridcarbon demo")
    command = html.P([say(language, "To make one:"), " ", demo, " ", say(language, "or"), " ", run])
    return html.Div([*links, command])
