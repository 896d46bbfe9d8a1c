"""Everybody can use each page: it loads and fits, axe-core finds nothing, all is in landmarks, keys reach all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import resources

import pytest

from app.dashboard.pages import PAGES
from app.dashboard.view import Page
from tests.app.dashboard.browser.conftest import tab
from tests.app.dashboard.browser.walking import fits, settle, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = (
    "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']}"
)
WIDTHS = (390, 800, 1280)
FOUND = "found => found.violations.map(one => [one.impact, one.id, one.nodes.map(node => node.target.join(' '))])"


Loaded = tuple[Page, sync_api.Page]


@pytest.fixture(scope="module", params=PAGES, ids=[one.path for one in PAGES])
def loaded(request: pytest.FixtureRequest, browser: sync_api.Browser, address: str) -> Iterator[Loaded]:
    """A page of the dashboard, and the browser's, which loads it once for all that is asked of it; narrow, light."""
    with tab(browser) as page:
        page.set_viewport_size({"width": WIDTHS[0], "height": 844})
        visit(page, f"{address}{request.param.path}?result=optimal")
        page.wait_for_load_state("networkidle")
        yield request.param, page


def test_every_page_loads_and_fits(loaded: Loaded) -> None:
    one, page = loaded
    assert page.text_content("[aria-current=page]") == one.title
    assert page.evaluate("document.documentElement.lang") == "en"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        until(page, partial(fits, page, width))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(loaded: Loaded, scheme: str) -> None:
    one, page = loaded
    page.set_viewport_size({"width": 1280, "height": 800})
    if page.evaluate("document.documentElement.dataset.mantineColorScheme") != scheme:
        with page.expect_response(lambda answer: f"theme={scheme}" in answer.url):  # the page is made anew
            page.click("#theme-switch")
        page.wait_for_selector("#page[data-state=shown] h1")
    settle(page)
    until(page, lambda: page.locator("#time-bar").is_visible() is one.needs_result)  # else a moment means nothing
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == scheme
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {RULES}).then({FOUND})")
    assert [one for one in found if one[0] in {"serious", "critical"} or one[1] == "region"] == []


@pytest.fixture(scope="module")
def plain(browser: sync_api.Browser, plain_address: str) -> Iterator[sync_api.Page]:
    """The dashboard of a city without devices, loaded once: from page to page the links lead."""
    with tab(browser) as page:
        visit(page, f"{plain_address}/about")
        yield page


@pytest.mark.parametrize("one", PAGES, ids=[one.path for one in PAGES])
def test_pages_without_devices_explain_themselves(plain: sync_api.Page, one: Page) -> None:
    plain.locator("#nav").get_by_role("link", name=one.title, exact=True).click()
    until(plain, lambda: plain.text_content("[aria-current=page]") == one.title)
    plain.wait_for_selector("#page[data-state=shown] h1")
    settle(plain)
    assert len(plain.inner_text("#page")) > 100


def walk(page: sync_api.Page, most: int = 60) -> list[str]:
    """What Tab reaches from the top of the page: ids, or words where there is no id."""
    reached: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        outlined = page.evaluate("""() => {
            const reached = document.activeElement, around = reached.closest('.mantine-Input-input');
            return [reached, around].some((one) => one && getComputedStyle(one).outlineStyle !== 'none');
        }""")
        assert outlined, f"{reached[-1]} shows no focus"
        if reached[-1] == "time-slider":
            break
    return reached


def test_the_keyboard_reaches_all_of_the_frame_and_shows_where_it_is(page, address):
    visit(page, f"{address}/hydrogen?result=optimal")
    until(page, lambda: page.locator("#time-bar").is_visible())
    page.evaluate("document.activeElement.blur()")
    reached = walk(page)
    assert reached[0] == "skip-link"
    for wanted in ("gridcarbon", "Overview", "About", "view-share", "language-picker", "theme-switch", "result-picker",
                   "baseline-picker", "with-picker", "time-play", "time-slider"):  # fmt: skip
        assert wanted in reached
    page.keyboard.press("End")
    until(page, lambda: "at=2030-06-04T23:45Z" in page.url)
    page.keyboard.press("Space")
    until(page, lambda: page.inner_text("#time-play") == "Pause")
    page.keyboard.press("Space")
    until(page, lambda: page.inner_text("#time-play") == "Play")


def test_a_result_is_chosen_by_keyboard_alone(page, address):
    visit(page, f"{address}/hydrogen?result=optimal")
    page.focus("#result-picker")
    page.keyboard.type("unmanaged")
    until(page, lambda: page.get_by_role("option").count() == 1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, lambda: "result=unmanaged" in page.url)
    page.keyboard.press("Escape")
    page.focus("#theme-switch")
    page.keyboard.press("Enter")
    until(page, lambda: page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark")
    page.keyboard.press("Control+z")
    until(page, lambda: page.evaluate("document.documentElement.dataset.mantineColorScheme") == "light")


@pytest.fixture(scope="module")
def tablet(browser: sync_api.Browser, address: str) -> Iterator[sync_api.Page]:
    with tab(browser) as page:
        page.set_viewport_size({"width": 820, "height": 1180})
        visit(page, f"{address}/hydrogen?result=optimal")
        until(page, lambda: page.locator("#time-bar").is_visible())
        yield page


@pytest.mark.parametrize(("language", "name"), [("en", "English"), ("ja", "日本語"), ("zh", "中文")])
def test_the_frame_fits_on_a_tablet(tablet: sync_api.Page, language: str, name: str) -> None:
    page = tablet
    if page.evaluate("document.documentElement.lang") != language:
        with page.expect_response(lambda answer: f"lang={language}" in answer.url):  # the page is made anew
            page.click("#language-picker")
            page.get_by_role("option", name=name, exact=True).click()
        page.wait_for_selector("#page[data-state=shown] h1")
        until(page, lambda: page.evaluate("document.documentElement.lang") == language)
    settle(page)
    assert fits(page, 820)
    parts = page.locator(".top button:visible, .top input:visible, .nav-link, .brand, #time-bar > :visible").all()
    boxes = [part.bounding_box() for part in parts]
    assert len(boxes) > 15
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 820 for box in boxes)
    apart = [(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :]
             if a["x"] + a["width"] > b["x"] + 1 and b["x"] + b["width"] > a["x"] + 1
             and a["y"] + a["height"] > b["y"] + 1 and b["y"] + b["height"] > a["y"] + 1]  # fmt: skip
    assert apart == []
