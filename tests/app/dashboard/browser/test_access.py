"""Everybody can use each page: axe-core finds nothing, all is in landmarks, keys reach all, it fits on a tablet."""

from __future__ import annotations

from importlib import resources

import pytest

from app.dashboard.pages import PAGES
from tests.app.dashboard.browser.walking import fits, until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = (
    "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']}"
)
FOUND = "found => found.violations.map(one => [one.impact, one.id, one.nodes.map(node => node.target.join(' '))])"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_axe_finds_nothing_serious(page, address, path, scheme):
    page.set_viewport_size({"width": 1280, "height": 800})
    visit(page, f"{address}{path}?result=optimal&theme={scheme}")
    page.wait_for_load_state("networkidle")
    until(page, lambda: page.locator("#time-bar").is_visible())
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {RULES}).then({FOUND})")
    assert [one for one in found if one[0] in {"serious", "critical"} or one[1] == "region"] == []


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


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_the_frame_fits_on_a_tablet(page, address, language):
    page.set_viewport_size({"width": 820, "height": 1180})
    visit(page, f"{address}/hydrogen?result=optimal&lang={language}")
    until(page, lambda: page.locator("#time-bar").is_visible())
    assert fits(page, 820)
    parts = page.locator(".top button:visible, .top input:visible, .nav-link, .brand, #time-bar > :visible").all()
    boxes = [part.bounding_box() for part in parts]
    assert len(boxes) > 15
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 820 for box in boxes)
    apart = [(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :]
             if a["x"] + a["width"] > b["x"] + 1 and b["x"] + b["width"] > a["x"] + 1
             and a["y"] + a["height"] > b["y"] + 1 and b["y"] + b["height"] > a["y"] + 1]  # fmt: skip
    assert apart == []
