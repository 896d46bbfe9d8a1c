"""What the frame asks the server: the page of an address, the results there are, the clock of a result."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dash.development.base_component import Component
from flask import Flask, Response, abort, current_app, has_app_context, request
from plotly.io.json import to_json_plotly
from polars.exceptions import PolarsError

from app.dashboard.address import FRAME_KEYS, LINK_KEYS, query_of
from app.dashboard.catalogue import Catalogue
from app.dashboard.language import Language, catalogue_in, language_named, say
from app.dashboard.language.spoken import spoken
from app.dashboard.operations import TWIN
from app.dashboard.shell import states
from app.dashboard.shell.ahead import Ahead
from app.dashboard.shell.kept_pages import Answer, KeptPages
from app.dashboard.shell.navigation import navigation, not_found, page_at
from app.dashboard.shell.pickers import listing
from app.dashboard.shell.plain_html import html_of, lightened
from app.dashboard.shell.timeline import timeline
from app.dashboard.view import Page, View, theme_named
from app.results.prepared import prepared_bytes
from app.results.store import records as sweeps
from app.studies.hosting import kept as hosting
from grid.errors import InputError

BESIDE = (sweeps.FOLDER, hosting.FOLDER)
"""Folders beside the results whose content pages show too: what sweeps there are, and capacities of buses."""
SERVED_WITH = ("GRIDCARBON_BASEMAP", "GRIDCARBON_JOBS", TWIN)
"""What a server may have been given, which pages show."""
_MOST_TRIES = 3
"""How often a page is made anew whose result is replaced while it is made."""


def add_answers(server: Flask, results: Catalogue, kept: KeptPages, *, ahead: bool = False) -> Ahead | None:
    """Adds ``/shell/page``, ``/shell/results``, ``/shell/words/<language>`` and ``/timeline/<result>``.

    Args:
        server: The server.
        results: What is served.
        kept: Where pages are kept.
        ahead: Whether to make the other pages of a view that is opened before they are asked for.

    Returns:
        What makes them.
    """

    def make(path: str, query: dict[str, str]) -> Answer:
        with server.app_context():
            return page_answer(path, query, results, kept)

    def versions() -> dict[str, str]:
        return {one.name: one.version for one in results.entries() if one.result is not None}

    others = Ahead(make, versions) if ahead else None

    @server.get("/shell/page")
    def page() -> Response:
        query = query_of(request.query_string.decode("utf-8", "replace"))
        answer = page_answer(query.pop("path", "/"), query, results, kept)
        if others is not None:
            others.opened({key: query[key] for key in FRAME_KEYS if key in query})
        return _unless_known(answer)

    @server.get("/shell/results")
    def listed() -> Response:
        return _unless_known(Answer.of(json.dumps(listing(results)).encode()))

    @server.get("/shell/words/<language>")
    def words(language: str) -> Response:
        catalogue = catalogue_in(language_named(language))
        return _unless_known(Answer.of(json.dumps(catalogue, ensure_ascii=False).encode()))

    @server.get("/timeline/<name>")
    def clock(name: str) -> Response:
        result = results.get(name) or abort(404)
        key = ("timeline", name, results.version(name))
        return _unless_known(kept.get(key, lambda: json.dumps(timeline(result)).encode()))

    return others


def page_answer(path: str, query: dict[str, str], results: Catalogue, kept: KeptPages) -> Answer:
    """The page of an address as JSON: ``nav`` as HTML, ``page`` as Dash's components, ``title``, and what is ``shown``.

    What cannot be made is answered by a page that says why, never by another result's figures.
    """
    language, page = language_named(query.get("lang", "")), page_at(path)
    links = {key: query[key] for key in LINK_KEYS if key in query}
    if page is None:
        return Answer.of(_answer("", links, not_found(links, path, language), "", language))
    try:
        view = View.at(results, query)
    except InputError:
        if page.needs_result:
            said = states.no_result(links, results, language)
            return Answer.of(_answer(page.path, links, said, page.title, language))
        view = View(results, "", theme_named(query.get("theme", "")), query, language)
    try:
        return _kept(page, view, kept)
    except (InputError, OSError, PolarsError) as error:
        said = states.unreadable(view.name, error, links, results, language)
        return Answer.of(_answer(page.path, links, said, page.title, language))


def _kept(page: Page, view: View, kept: KeptPages) -> Answer:
    """The page from what is kept; made anew if a result it is made from is replaced while it is made."""
    for remaining in reversed(range(_MOST_TRIES)):
        shown = _narrowed(page, view)
        key = _key(page, shown)
        try:
            made = kept.get(key, lambda shown=shown, key=key: _found(page, shown, key))  # type: ignore[misc]
        except (InputError, OSError, PolarsError):
            if remaining and _key(page, _narrowed(page, view)) != key:
                continue
            raise
        if not remaining or _key(page, _narrowed(page, view)) == key:
            break
    return made


def _found(page: Page, view: View, key: tuple[Any, ...]) -> bytes:
    """The page as it is kept beside its result; made where it is not."""
    if not view.name:
        return _made(page, view)
    return prepared_bytes(view.result, f"page {key}", lambda: _made(page, view))


def _made(page: Page, view: View) -> bytes:
    links = {key: view.query[key] for key in LINK_KEYS if key in view.query}
    return _answer(page.path, links, page.make(view), page.title, view.language, view)


def _key(page: Page, view: View) -> tuple[Any, ...]:
    """All that a page's content depends on."""
    names = (view.name, view.baseline_name, *view.compared) if view.name else ()
    names = (*names, *view.results) if page.of_all else names
    versions = tuple((name, view.results.version(name), view.results.label(name)) for name in names)
    given = tuple(has_app_context() and current_app.config.get(name) is not None for name in SERVED_WITH)
    beside = tuple(_state(view.results.place / folder) for folder in BESIDE)
    return page.path, versions, given, beside, view.theme, view.language, tuple(sorted(view.query.items()))


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What is in a folder beside the results, with sizes and times of change."""
    try:
        found = [(one.name, one.stat()) for one in os.scandir(folder)]
    except OSError:
        return ()
    return tuple(sorted((name, about.st_size, about.st_mtime_ns) for name, about in found))


def _narrowed(page: Page, view: View) -> View:
    """The view with no more of the address than the page's content may depend on."""
    query = {key: view.query[key] for key in (*FRAME_KEYS, *page.keys) if key in view.query}
    query |= {"result": view.name} if view.name else {}  # an address that names none shows the same page
    return View(view.results, view.name, view.theme, query, view.language)


def _answer(
    path: str, links: dict[str, str], content: Component, title: str, language: Language, view: View | None = None
) -> bytes:
    shown = None if view is None or not view.name else {
        "result": view.name, "label": view.label, "version": view.results.version(view.name),
        "baseline": view.baseline_name, "baseline_reason": view.baseline_reason,
    }  # fmt: skip
    nav = html_of(navigation(links, path, language))
    answer = {"title": say(language, title), "nav": nav, "page": lightened(spoken(content, language)), "shown": shown}
    return str(to_json_plotly(answer)).encode()


def _unless_known(answer: Answer) -> Response:
    """The answer, or 304 if the browser already has it."""
    known = request.if_none_match.contains(answer.tag)
    response = Response(status=304) if known else Response(answer.content, mimetype="application/json")
    response.set_etag(answer.tag)
    response.headers["Cache-Control"] = "private, no-cache"  # keep it, but ask whether it is still right
    return response
