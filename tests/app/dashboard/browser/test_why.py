"""Accounts of numbers and tables behind a disclosure, in a real browser and by keyboard alone."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from app.dashboard.text import figure
from app.results.folder import Result
from tests.app.dashboard.browser.walking import lead, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


@pytest.fixture
def page(shared_page: sync_api.Page) -> sync_api.Page:
    """Tests share a page where they do not open a link."""
    return shared_page


@pytest.fixture(scope="module")
def city(three_results: dict[str, Result], served_to_all: Callable[..., str]) -> str:
    return served_to_all(three_results)


def drawer(page) -> str:
    return page.inner_text(".account") if page.locator(".account").count() else ""


def test_a_number_opens_its_account_and_focus_returns(page, city, three_results):
    lead(page, f"{city}/?result=v2g")
    page.focus("[data-kpi=emissions_t] .why")
    page.keyboard.press("Enter")
    until(page, lambda: "SUM(consumption_kg" in drawer(page))
    assert "why=emissions_t" in page.url
    assert page.text_content(".account-value").startswith(figure(three_results["v2g"].summary["emissions_t"], 1))
    page.click("#why-compute")
    until(page, lambda: "equal to the value kept with the result" in drawer(page))
    until(page, lambda: "gridcarbon batch" in drawer(page))  # how to get a band
    links = page.locator(".account a[target=_blank]")
    assert all("noreferrer" in link.get_attribute("rel") for link in links.all())
    page.keyboard.press("Escape")
    until(page, lambda: not page.locator(".account").count())
    until(page, lambda: "why=" not in page.url)
    assert page.evaluate("document.activeElement.dataset.why") == "emissions_t"
    page.go_back()
    until(page, lambda: "SUM(consumption_kg" in drawer(page))


def test_a_link_opens_the_account_of_a_chart(own_page, city):
    visit(own_page, f"{city}/emissions?result=v2g&why=chart:sector-bars")
    until(own_page, lambda: "sectors.parquet" in drawer(own_page))
    assert "An average day, by sector" in own_page.inner_text(".account-title")
    own_page.locator(".account button[data-why=emissions_t]").click()
    until(own_page, lambda: "SUM(consumption_kg" in drawer(own_page))


def test_an_unknown_subject_is_told(own_page, city):
    visit(own_page, f"{city}/?result=v2g&why=emision_t")
    until(own_page, lambda: "no such key figure" in own_page.inner_text("#why-content"))


def test_a_table_is_fetched_when_it_opens_and_saved_whole(page, city):
    lead(page, f"{city}/?result=v2g")
    assert page.locator(".ag-root").count() == 0
    summary = page.locator("[data-table='Who emits when'] summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-table='Who emits when'] .ag-row")
    rows = int(summary.inner_text().split(": ")[1].split()[0])
    shown = page.locator("[data-table='Who emits when'] .ag-center-cols-container .ag-row").count()
    assert 0 < shown < rows
    with page.expect_download() as started:
        page.locator("[data-table='Who emits when'] .save").click()
    assert started.value.suggested_filename == "v2g Who emits when.csv"
    with Path(started.value.path()).open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == rows
    page.fill("[data-table='Who emits when'] [aria-label='Local hour Filter Input']", "19")
    until(page, lambda: page.locator("[data-table='Who emits when'] .ag-center-cols-container .ag-row").count() < shown)


def test_a_picture_says_what_it_shows(page, city, three_results):
    lead(page, f"{city}/emissions?result=v2g")
    page.wait_for_selector("#chart-sector-bars .main-svg")
    with page.expect_download() as started:
        page.click("button[data-png=chart-sector-bars]")
    assert started.value.suggested_filename == "v2g An average day, by sector.png"
    assert Path(started.value.path()).read_bytes().startswith(b"\x89PNG")
    said = page.evaluate("gridcarbonPictures.words(document.querySelector('#chart-sector-bars').closest('section'))")
    told = " ".join([said["title"], *said["notes"]])
    for part in ("An average day, by sector", "1 day from 10 December 2030", "operator bears losses",
                 three_results["v2g"].scenario_hash):  # fmt: skip
        assert part in told
