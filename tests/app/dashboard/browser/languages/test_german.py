"""No English sentence stands on a German page, but for what sources, rules, scenarios and documentation say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.dashboard.operations.live import TwinPlace
from app.dashboard.pages import PAGES
from app.dashboard.view import Page
from app.results.folder import Result
from app.twin.log import opened_log
from app.twin.measuring.store import opened_measurements
from grid.twin.measurements import Measurement
from tests.app.dashboard.browser.conftest import serving, tab
from tests.app.dashboard.browser.test_operations import proposed
from tests.app.dashboard.browser.walking import lead, settle, visit
from tests.app.dashboard.grid_map.test_estimated import estimate_folder

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

IN_OTHER_WORDS = (
    "script", "style", "code", "pre", "svg title",
    ".b-help", ".b-section",  # fields and their documentation, from the schema of scenarios
    ".rules", ".factors",  # titles, scopes and sources of rules and emission factors
    "#dc-host-state",  # what is wrong with a grid, as `check` says it
)  # fmt: skip
"""Places whose texts are not the dashboard's own."""
TEXTS = """([places, others]) => {
    const found = new Set();
    for (const place of document.querySelectorAll(places)) {
        if (place.offsetParent === null) continue; // a page that is kept for whoever comes back to it
        const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
        for (let node = texts.nextNode(); node; node = texts.nextNode())
            if (!node.parentElement.closest(others)) found.add(node.textContent.trim());
        for (const name of ["aria-label", "title", "placeholder"])
            for (const one of place.querySelectorAll(`[${name}]`))
                if (!one.closest(others)) found.add(one.getAttribute(name));
    }
    return [...found];
}"""
OPEN = """() => [...document.querySelectorAll("#page details:not(.b-help) > summary")]
    .filter((one) => one.offsetParent && !one.parentElement.open).slice(0, 3).forEach((one) => one.click())"""
ENGLISH = re.compile(r"\b(?:the|of|and|is|are|with|not|this|that|which|from|by|each|its|has|have|than|only|rows?)\b")


def english(page: sync_api.Page, place: str = "#page > div") -> list[str]:
    """Texts in sight of a part of the page that hold a word that is English and not German."""
    return [text for text in page.evaluate(TEXTS, [place, ", ".join(IN_OTHER_WORDS)]) if ENGLISH.search(text)]


@pytest.mark.parametrize("one", [page for page in PAGES if page.path != "/operations"], ids=lambda one: one.path)
def test_a_german_page_says_nothing_in_english(
    shared_page: sync_api.Page, address: str, results: dict[str, Result], one: Page
) -> None:
    lead(shared_page, f"{address}{one.path}?result=optimal&lang=de")
    shared_page.evaluate(OPEN)
    settle(shared_page)
    of_run = json.dumps(results["optimal"].manifest, ensure_ascii=False)  # what a run says in its own words
    assert [text for text in english(shared_page) if text not in of_run] == []


def test_an_account_in_german_has_german_headings(shared_page: sync_api.Page, address: str) -> None:
    lead(shared_page, f"{address}/?result=optimal&lang=de&why=emissions_t")
    shared_page.wait_for_selector("#why-content h3")
    headings = shared_page.locator("#why-content h2, #why-content h3").all_inner_texts()
    assert headings == [
        "Emissionen, mittlere Intensität", "Formel", "Eingaben", "Verwendete Emissionsfaktoren", "Konvention",
        "Wie sicher", "Wiederholen",
    ]  # fmt: skip


def test_operations_in_german_say_nothing_in_english(
    browser: sync_api.Browser, results: dict[str, Result], tmp_path: Path
) -> None:
    now, path = datetime.now(UTC), tmp_path / "twin.db"
    with opened_measurements(path) as store, opened_log(path) as log:
        store.add([Measurement(now - timedelta(hours=3), "bus", "quay", "vm_pu", 1.01, 0.01, "meter")])
        log.add([proposed(now)])
    folder = estimate_folder(tmp_path / "estimates" / "one")
    twin = TwinPlace(str(path), log=str(path), decides=True, estimate=folder.parent)
    with serving(results, twin=twin) as place, tab(browser) as page:
        visit(page, f"{place}/operations?lang=de")
        page.wait_for_selector(".operations-form")
        page.wait_for_selector(".operations-map table")
        of_log = "corrected by the response"  # what the log says in its own words
        assert [text for text in english(page) if of_log not in text] == []
