"""The frame in a real browser: the pickers, the address, the colour scheme."""

from __future__ import annotations

import itertools

import pytest

from app.dashboard.pages import PAGES
from app.dashboard.text import figure
from tests.app.dashboard.browser.walking import lead, settle, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


def test_choosing_another_result_changes_figures_and_address(page, address, results):
    visit(page, f"{address}/?result=optimal")
    page.click("#result-picker")
    page.get_by_role("option", name="Synthetic town, unmanaged").click()
    wanted = figure(results["unmanaged"].summary["emissions_t"], 1)
    until(page, lambda: page.text_content("[data-kpi=emissions_t] .kpi-value") == wanted)
    assert "result=unmanaged" in page.url
    page.go_back()
    wanted = figure(results["optimal"].summary["emissions_t"], 1)
    until(page, lambda: page.text_content("[data-kpi=emissions_t] .kpi-value") == wanted)


def test_a_link_opens_the_result_and_navigation_keeps_it(page, address):
    visit(page, f"{address}/?result=optimal")
    assert page.input_value("#result-picker") == "Synthetic town, optimal"
    page.get_by_role("link", name="About").click()
    until(page, lambda: "About these numbers" in (page.text_content("h1") or ""))
    assert "result=optimal" in page.url
    assert page.input_value("#result-picker") == "Synthetic town, optimal"


def test_a_page_comes_back_as_it_was_left_and_is_made_anew_for_another_view(page, address, results):
    visit(page, f"{address}/ev?result=optimal")

    def turn() -> str:
        return str(page.get_attribute("#page [data-turn]", "data-turn"))

    def go(title: str) -> None:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=title).click()
        until(page, lambda: page.text_content("#page[data-state=shown] h1") == title)

    first = turn()
    page.locator("#page details > summary").first.click()
    go("Hydrogen")
    assert page.locator("#page [data-turn]").count() == 1  # only one page is in the document
    go("Electric cars")
    assert turn() == first
    assert page.locator("#page details").first.get_attribute("open") is not None
    go("Hydrogen")
    lead(page, f"{address}/ev?result=unmanaged")
    assert turn() != first
    assert page.locator("#page .where-and-when").get_attribute("data-result") == "unmanaged"


def test_the_theme_switches_and_is_remembered(page, address):
    visit(page, f"{address}/?result=optimal")

    def scheme() -> str:
        return str(page.evaluate("document.documentElement.dataset.mantineColorScheme"))

    until(page, lambda: scheme() == "light")
    page.click("#theme-switch")
    until(page, lambda: scheme() == "dark")
    page.reload()
    until(page, lambda: scheme() == "dark")
    until(page, lambda: page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 22, 24)")


def test_an_unknown_address_leads_back(page, address):
    visit(page, f"{address}/no/such/page")
    assert "There is no such page" in page.inner_text("h1")
    turn = page.get_attribute("#page [data-turn]", "data-turn")
    with page.expect_response("**/shell/results"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    settle(page)
    assert page.get_attribute("#page [data-turn]", "data-turn") == turn  # nothing asks for it again and again
    page.locator("#page").get_by_role("link", name="Electric cars").click()
    until(page, lambda: page.text_content("h1") == "Electric cars")


def test_every_page_can_be_chosen_and_the_legend_read_on_a_tablet(page, address):
    page.set_viewport_size({"width": 800, "height": 1000})
    visit(page, f"{address}/grid?result=optimal")
    until(page, lambda: page.locator(".legend-note").count())
    boxes = [link.bounding_box() for link in page.locator(".nav-link").all()]
    assert len(boxes) == len(PAGES)
    assert page.evaluate("document.querySelector('#nav').scrollWidth <= document.querySelector('#nav').clientWidth")
    assert all(left["x"] + left["width"] <= right["x"] for left, right in itertools.pairwise(boxes))
    assert page.locator(".legend-note").bounding_box()["width"] > 400
