"""The map of the grid in a real browser."""

from __future__ import annotations

import re
import statistics

import pytest

from tests.app.dashboard.browser.walking import until, visit
from tests.app.synthetic_results import N_STEPS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
FRAME_BUDGET_MS = 50.0


def visit_map(page: sync_api.Page, url: str) -> None:
    visit(page, url)
    until(page, lambda: page.evaluate("window.gridmap.state.ready"))


def pixels(page: sync_api.Page) -> int:
    """A number that changes with the picture of the map."""
    return int(
        page.evaluate("""() => {
        const canvas = document.querySelector('#map canvas');
        const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let sum = 17;
        for (let i = 0; i < bytes.length; i += 4) sum = (31 * sum + bytes[i] + 7 * bytes[i + 1] + 3 * bytes[i + 2]) | 0;
        return sum;
    }""")
    )


def spoken(page: sync_api.Page) -> str:
    return page.text_content("#map-spoken") or ""


def place_of(page: sync_api.Page, element: int) -> tuple[float, float]:
    """Where a bus is on the screen."""
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    x, y = page.evaluate("n => [gridmap.state.x[n], gridmap.state.y[n]]", element)
    ratio = page.evaluate("window.devicePixelRatio")
    return box["x"] + x / ratio, box["y"] + y / ratio


def test_the_slider_redraws_the_map_without_fetching(page, address):
    visit_map(page, f"{address}/grid?result=optimal&t=40")
    until(page, lambda: "10:00" not in spoken(page) and "12:00" in spoken(page))  # 10:00 UTC is noon in Berlin
    page.wait_for_load_state("networkidle")
    before, asked = pixels(page), []
    page.on("request", lambda request: asked.append(request.url))  # the icon of a new address the browser asks itself
    page.focus("#map-time [role=slider]")
    for _ in range(32):
        page.keyboard.press("ArrowRight")
    until(page, lambda: "20:00" in spoken(page))
    assert pixels(page) != before
    assert [url for url in asked if not re.search("favicon|/shell/results", url)] == []
    until(page, lambda: "t=72" in page.url)


def test_layers_switch_and_are_drawn_in_time(page, address):
    visit_map(page, f"{address}/grid?result=unmanaged&t=72")
    pictures = {pixels(page)}
    for title, unit in (("Voltage", "pu"), ("Loading", "%"), ("Renewable share", "%")):
        page.get_by_text(title, exact=True).first.click()
        until(page, lambda title=title, unit=unit: f"{title}: " in spoken(page) and f" {unit}" in spoken(page))
        assert title in (page.text_content("#map-legend") or "")
        pictures.add(pixels(page))
    assert len(pictures) == 4
    times = page.evaluate("""() => {
        const times = [];
        for (let k = 0; k < 60; k++) {
            const begun = performance.now();
            gridmap.state.t = k;
            gridmap.draw();
            gridmap.state.context.getImageData(0, 0, 1, 1); // waits until the picture is painted
            times.push(performance.now() - begun);
        }
        return times;
    }""")
    print(f"a frame takes p50 {statistics.median(times):.2f} ms, p95 {sorted(times)[56]:.2f} ms")  # noqa: T201  measured
    assert statistics.median(times) < FRAME_BUDGET_MS


def test_exceeded_limits_are_told(page, address):
    visit_map(page, f"{address}/grid?result=unmanaged&layer=loading&t=72")
    until(page, lambda: re.search(r"; \d+ beyond their limit", spoken(page)))
    page.get_by_text("Line 20", exact=True).first.click()
    until(page, lambda: "Line 20" in (page.text_content("#map-day h2") or ""))
    assert page.evaluate("gridmap.state.t") != 72


def test_hover_tells_value_unit_and_district(page, address):
    visit_map(page, f"{address}/grid?result=optimal")
    page.mouse.move(*place_of(page, 39))
    until(page, lambda: page.is_visible(".map-tip"))
    tip = page.inner_text(".map-tip")
    assert re.search(r"Bus 39\nCarbon intensity \d+ g/kWh\nFeeder 2: mean \d+ g/kWh", tip)


def test_a_click_shows_the_day_of_an_element(page, address):
    visit_map(page, f"{address}/grid?result=optimal&t=48")
    page.mouse.click(*place_of(page, 20))
    until(page, lambda: "Bus 20 on 3 June 2030" in (page.text_content("#map-day") or ""))
    page.wait_for_selector("#map-day .js-plotly-plot .scatterlayer")


def test_the_keyboard_zooms_and_plays(page, address):
    visit_map(page, f"{address}/grid?result=optimal&t=0")
    page.focus("#map")
    before = pixels(page)
    page.keyboard.press("+")
    until(page, lambda: pixels(page) != before)
    page.keyboard.press("0")
    until(page, lambda: pixels(page) == before)
    page.click("#map-play")
    until(page, lambda: page.evaluate("gridmap.state.t") >= 3)
    assert page.text_content("#map-play") == "Pause"
    page.click("#map-play")
    until(page, lambda: page.text_content("#map-play") == "Play")
    assert page.evaluate("gridmap.state.t") < N_STEPS
