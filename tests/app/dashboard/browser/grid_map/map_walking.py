"""What a test does with the map in the browser: visit it, read its picture and its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.app.dashboard.browser.walking import lead, until, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

DRAWN = "gridmap.state.ready && gridmap.state.panes[0].host.isConnected && gridmap.state.panes[0].now !== null"


def visit_map(page: Page, url: str) -> None:
    visit(page, url)
    until(page, lambda: page.evaluate(DRAWN))


def lead_to_map(page: Page, url: str) -> None:
    lead(page, url)
    until(page, lambda: page.evaluate(DRAWN))


def pixels(page: Page) -> int:
    """A number that changes with the picture of the map."""
    page.wait_for_timeout(60)  # a frame is drawn when the browser next paints
    return int(
        page.evaluate("""() => {
        const canvas = document.querySelector('#map canvas');
        const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let sum = 17;
        for (let i = 0; i < bytes.length; i += 4) sum = (31 * sum + bytes[i] + 7 * bytes[i + 1] + 3 * bytes[i + 2]) | 0;
        return sum;
    }""")
    )


def spoken(page: Page) -> str:
    return page.text_content("#map-spoken") or ""
