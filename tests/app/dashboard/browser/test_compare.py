"""Compare in a real browser: chart and table follow each other by mouse and keyboard; what is selected is opened."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.dashboard.catalogue import open_catalogue
from app.results.folder import Result
from app.results.verification import MANIFEST, sealed
from tests.app.dashboard.browser.walking import fits, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
TITLES = """() => [...document.querySelectorAll(".js-plotly-plot:has(.waterfalllayer .trace) .annotation-text")]
    .slice(0, 2).map((one) => one.getBoundingClientRect()).map(({ left, right }) => [left, right])"""
"""Left and right ends of the titles of the first two panels of waterfalls."""
POINTS = "#compare-frontier .scatterlayer .trace .points path.point"


@pytest.fixture
def place(results: dict[str, Result], tmp_path: Path, served: Any) -> str:
    """A dashboard of three results, of which the dearest emits the least."""
    before = results["unmanaged"]
    for name, more, less in (("unmanaged", 0.0, 0.0), ("smart", -500.0, 2.0), ("v2g", 500.0, 12.0)):
        folder = tmp_path / name
        shutil.copytree(before.path, folder)
        figures = {"cost": before.summary["cost"] + more, "emissions_marginal_not_in_inventory_t":
                   before.summary["emissions_marginal_not_in_inventory_t"] - less, "violation_steps": 0}  # fmt: skip
        (folder / "summary.json").write_text(json.dumps({**before.summary, **figures}), encoding="utf-8")
        strategy = {**before.manifest, "strategy": name}
        (folder / MANIFEST).write_text(json.dumps(sealed(strategy, folder)), encoding="utf-8")
    return str(served(open_catalogue(tmp_path)))


def stand_beside(ends: list[list[float]]) -> bool:
    """Whether the titles of two panels are there, and the first ends before the second begins."""
    return len(ends) == 2 and ends[0][1] <= ends[1][0]


def selected(page: sync_api.Page) -> list[str]:
    """Names of the selected rows."""
    rows = page.locator("#compare-grid .ag-center-cols-container .ag-row-selected")
    return sorted(rows.evaluate_all("rows => rows.map((row) => row.getAttribute('row-id'))"))


def marked(page: sync_api.Page) -> list[str]:
    """Names of the points that stand out."""
    found = page.evaluate("""() => {
        const trace = document.querySelector('#compare-frontier .js-plotly-plot').data[0];
        return (trace.selectedpoints || []).map((place) => trace.customdata[place][0]);
    }""")
    return sorted(found)


def test_which_to_prefer_and_what_a_tonne_costs_is_read_from_the_page(page, place):
    visit(page, f"{place}/?result=v2g")
    page.locator("#nav").get_by_role("link", name="Compare").click()
    until(page, lambda: page.locator("[data-answer=prefer]").count())
    assert "prefer smart" in page.text_content("[data-answer=prefer]")
    assert "From smart to v2g a tonne costs 100 EUR/t: 10.0 t less" in page.text_content("[data-answer=per-tonne]")
    until(page, lambda: page.locator("#compare-figures [data-figure=cost] td").count() == 3)
    cells = page.locator("#compare-figures [data-figure=cost] td").all_inner_texts()
    assert [("✓" in cell, "✗" in cell) for cell in cells] == [(False, False), (False, True), (True, False)]
    further = page.locator("#compare-figures [data-figure=energy_balance_error_mwh]")
    assert not further.is_visible()
    page.get_by_role("button", name="Show every key figure").click()
    until(page, further.is_visible)


def test_a_brush_selects_rows_and_rows_mark_points_by_mouse_and_keyboard(page, place):
    visit(page, f"{place}/compare?result=v2g")
    until(page, lambda: page.locator(POINTS).count() == 3 and page.locator("#compare-grid .ag-row").count(), 90)
    page.evaluate("document.querySelector('#compare-frontier').scrollIntoView({block: 'center'})")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # until charts have the width that the page's scroll bar leaves them
    box = page.locator(POINTS).nth(2).bounding_box()  # results in the order of the folder: unmanaged, smart, v2g
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] - 25, box["y"] - 25, steps=6)
    page.mouse.up()
    until(page, lambda: selected(page) == ["v2g"])
    until(page, lambda: marked(page) == ["v2g"])
    assert "1 selected: v2g is the cheapest" in page.text_content("#compare-selection")
    page.locator("#compare-grid [row-id=smart] [col-id=label]").click()  # into the grid; then by keyboard alone
    page.keyboard.press("Space")
    until(page, lambda: selected(page) == ["smart", "v2g"])
    until(page, lambda: marked(page) == ["smart", "v2g"])
    assert "from one to the other a tonne costs 100" in page.text_content("#compare-selection")
    page.focus("#compare-select-none")
    page.keyboard.press("Enter")
    until(page, lambda: selected(page) == marked(page) == [])
    assert page.is_disabled("#compare-selected")
    page.focus("#compare-select-frontier")
    page.keyboard.press("Enter")
    until(page, lambda: selected(page) == ["smart", "v2g"])
    page.focus("#compare-selected")
    page.keyboard.press("Enter")
    until(page, lambda: "with=smart" in page.url)


def test_the_page_fits_and_its_files_are_offered(page, place):
    visit(page, f"{place}/compare?result=v2g&with=smart")
    for width in (1280, 820):
        page.set_viewport_size({"width": width, "height": 1000})
        until(page, partial(fits, page, width))
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{place}/compare?result=v2g&with=smart&lang=de")
    page.locator(".js-plotly-plot .waterfalllayer").first.scroll_into_view_if_needed()
    until(page, lambda: stand_beside(page.evaluate(TITLES)), seconds=60)
    assert page.locator("#compare-figures .why").first.inner_text() == "Warum?"
    assert page.inner_text("#compare-selection") == "Nichts ausgewählt."
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    assert started.value.suggested_filename == "comparison-v2g.csv"
    assert "emissions_t" in Path(started.value.path()).read_text(encoding="utf-8")
