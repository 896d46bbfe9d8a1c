"""The first page that a browser opens, and what is loaded after it."""

from __future__ import annotations

import time

import pytest

from app.dashboard.text import figure
from tests.app.dashboard.browser.walking import until, until_tables_can_be_drawn, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser

TURN = "() => window.dash_component_api.getLayout('page-turn').props.data ?? null"
"""What Dash was told of pages that came after the layout; null if none did."""
LATE_S = 0.5
"""How much later than the other one an answer comes."""


@pytest.mark.parametrize(
    ("first", "last", "with_layout"), [("/shell/page", "/_dash-layout", True), ("/_dash-layout", "/shell/page", False)]
)
def test_it_is_the_same_whichever_answer_comes_last(page, address, results, first, last, with_layout):
    come = []

    def late(route):
        until(page, lambda: any(first in url for url in come))
        time.sleep(LATE_S)
        route.continue_()

    page.on("requestfinished", lambda request: come.append(request.url))
    page.route(f"**{last}*", late)
    visit(page, f"{address}/")
    assert (page.evaluate(TURN) is None) is with_layout
    name = page.locator("#page .where-and-when").get_attribute("data-result")
    assert f"result={name}" in page.url
    wanted = figure(results[name].summary["emissions_t"], 1)
    assert page.text_content("[data-kpi=emissions_t] .kpi-value") == wanted
    assert page.locator("#page [data-turn]").count() == 1
    assert page.text_content("#nav .here") == "Overview"
    assert page.title() == "Overview · gridcarbon"
    assert page.input_value("#result-picker").endswith(name)
    until(page, lambda: page.locator("#page .main-svg").count() > 0)
    until(page, lambda: page.locator("#time-slider").is_visible())


def test_it_comes_back_as_it_was_left(page, address):
    visit(page, f"{address}/?result=optimal")
    turn = page.get_attribute("#page [data-turn]", "data-turn")
    page.locator("#page details > summary").first.click()
    for title in ("About", "Overview"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=title).click()
        page.wait_for_selector(f"#page[data-state=shown] h1:has-text('{title}')")
    assert page.get_attribute("#page [data-turn]", "data-turn") == turn
    assert page.locator("#page details").first.get_attribute("open") is not None


def test_a_result_that_is_not_there_and_another_language_are_told_as_on_any_page(page, address):
    visit(page, f"{address}/?result=none&lang=de")
    assert page.locator("#page [role=alert]").count() == 1
    until(page, lambda: page.text_content("#nav .here") == "Überblick")
    until(page, lambda: page.get_attribute("html", "lang") == "de")
    until(page, lambda: page.locator("label:has-text('Ergebnis')").count() > 0)


def test_the_library_of_tables_is_loaded_after_it(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, f"{address}/?result=optimal")
    until(page, lambda: any("/dash_ag_grid/" in url for url in asked))
    (clock,) = (place for place, url in enumerate(asked) if "/timeline/" in url)  # asked for once the page stands
    assert clock < min(place for place, url in enumerate(asked) if "/dash_ag_grid/" in url)
    until_tables_can_be_drawn(page)
