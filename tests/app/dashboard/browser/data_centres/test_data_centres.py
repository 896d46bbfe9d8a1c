"""The page Data centres in a real browser: answers, targets, levers, hosting capacity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from urllib.parse import unquote

import pytest

from tests.app.dashboard.browser.conftest import tab
from tests.app.dashboard.browser.walking import fits, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
SERIOUS = "found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact)).map(one => one.id)"
PATIENCE_S = 60.0
"""How long a study may take on a busy machine."""


def studied(page: sync_api.Page, url: str) -> None:
    """Opens the page and waits until the year of its hall is worked out and every part stands."""
    visit(page, url)
    parts = ("#dc-rules", "#chart-dc-designs", "#chart-dc-months", "#chart-dc-retrofit", "#dc-places .card")
    until(page, lambda: all(page.query_selector(part) for part in parts), PATIENCE_S)
    until(page, lambda: said(page, "#dc-target-answer") != "")


def said(page: sync_api.Page, place: str) -> str:
    return page.inner_text(place).strip()


def test_it_says_whether_1_3_is_met_and_what_makes_it_meet_1_2_in_one_click(page, address):
    visit(page, f"{address}/?result=optimal")
    page.click("#nav >> text=Data centres")
    until(page, lambda: page.query_selector("#dc-answers p") is not None, PATIENCE_S)
    assert re.search(r"north has a PUE of 1\.\d{3}\. It (meets|does not meet) 1\.3", said(page, "#dc-answers"))
    until(page, lambda: "meet 1.2 at the least cost" in said(page, "#dc-target-answer"))
    href = unquote(page.get_attribute("#dc-target-answer a", "href") or "")
    assert href.startswith("/build?")
    assert "build_set=data_centres.0." in href


@pytest.fixture(scope="module")
def tablet(browser: sync_api.Browser, address: str) -> Iterator[sync_api.Page]:
    """The page dark on a tablet, studied once for the tests that follow."""
    with tab(browser) as page:
        page.set_viewport_size({"width": 820, "height": 1180})
        studied(page, f"{address}/data-centres?result=optimal&theme=dark")
        yield page


def test_the_whole_page_is_for_everybody(tablet: sync_api.Page) -> None:
    assert serious(tablet) == []
    assert fits(tablet, 820)


def test_levers_move_by_keyboard_and_the_year_follows(tablet: sync_api.Page) -> None:
    page = tablet
    until(page, lambda: "as it is" in said(page, "#dc-what-if"))
    before = page.inner_text("#dc-what-if .dc-value >> nth=0")
    page.focus("#dc-supply [role=slider]")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    until(page, lambda: page.inner_text("#dc-what-if .dc-value >> nth=0") < before)
    until(page, lambda: page.query_selector("#dc-what-if a") is not None)
    assert "data_centres.0.cooling.t_supply_degc:26" in unquote(page.get_attribute("#dc-what-if a", "href") or "")


def test_a_target_is_answered_and_stays_in_the_address(tablet: sync_api.Page) -> None:
    page = tablet
    page.fill("#dc-target", "1.1")
    page.keyboard.press("Enter")
    until(page, lambda: "meet 1.1" in said(page, "#dc-target-answer"))
    until(page, lambda: "dc_target=1.1" in page.url)
    answer = said(page, "#dc-target-answer")
    studied(page, page.url)
    until(page, lambda: said(page, "#dc-target-answer") == answer)
    assert page.input_value("#dc-target") == "1.1"


def serious(page: sync_api.Page) -> list[str]:
    """What axe-core finds on the page as it stands."""
    page.evaluate(AXE)
    return list(page.evaluate(f"axe.run(document).then({SERIOUS})"))


def test_a_grid_that_cannot_be_read_is_said_and_nothing_else_breaks(page, address):
    visit(page, f"{address}/data-centres?result=optimal&select=bus:Bus 12")
    until(page, lambda: page.input_value("#dc-bus") == "Bus 12", PATIENCE_S)
    page.click("#dc-host")
    until(page, lambda: "invented" in said(page, "#dc-host-state"), PATIENCE_S)


def test_without_a_data_centre_a_hall_is_studied(page, plain_address):
    studied(page, f"{plain_address}/data-centres")
    assert "There is no data centre in this result" in page.inner_text("#page")
    assert "has a PUE of" in said(page, "#dc-answers")
    assert serious(page) == []


@pytest.mark.slow
def test_the_hosting_capacity_of_a_bus_is_followed_until_it_is_there(page, served, fuel_result):
    visit(page, served({"fuel": fuel_result}) + "/data-centres?result=fuel&dc_bus=Bus 60")
    until(page, lambda: page.input_value("#dc-bus") == "Bus 60", PATIENCE_S)
    page.click("#dc-host")
    until(page, lambda: "What was found" in said(page, "#dc-host-state"), 2 * PATIENCE_S)
    assert "Bus 60" in said(page, "#dc-host-state")
    assert page.is_enabled("#dc-host")
    assert page.is_disabled("#dc-host-cancel")
