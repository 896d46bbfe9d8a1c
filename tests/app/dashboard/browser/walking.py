"""What a test does in the browser: visit, wait, read the map's picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Page

ELSEWHERE = "/about"
GO = "to => { history.pushState({ step: 0, merge: null }, '', to); dispatchEvent(new PopStateEvent('popstate')); }"


def until(page: Page, holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Polls from here, because the content security policy forbids the page to evaluate strings.

    What is asked of an element that the page replaces at that moment does not hold yet.
    """
    problem = None
    for _ in range(int(seconds / 0.05)):
        try:
            if holds():
                return
        except sync_api.TimeoutError:
            raise
        except sync_api.Error as error:
            problem = error
        page.wait_for_timeout(50)
    pytest.fail(f"what was waited for did not happen{f': {problem}' if problem else ''}")


def visit(page: Page, url: str) -> None:
    """Opens an address and waits until its page stands."""
    page.goto(url)
    page.wait_for_selector("#page[data-state=shown] h1")


def lead(page: Page, url: str) -> None:
    """Leads a page to an address as back and forward do; the dashboard itself is loaded only where it does not stand.

    What the address shows is made anew: it is come to from another page.
    """
    place = urlsplit(url)
    if not page.url.startswith(f"{place.scheme}://{place.netloc}/"):
        visit(page, url)
        return
    for to in (ELSEWHERE, f"{place.path or '/'}?{place.query}"):
        if urlsplit(page.url).path == to:
            continue
        with page.expect_response(lambda answer: "/shell/page?" in answer.url):
            page.evaluate(GO, to)
        page.wait_for_selector("#page[data-state=shown] h1")


def until_tables_can_be_drawn(page: Page) -> None:
    """Waits for the library of tables, which is loaded some time after the first page."""
    until(page, lambda: page.evaluate("() => 'getApiAsync' in window.dash_ag_grid"))


def settle(page: Page) -> None:
    """Waits until a `tab` has waited for no answer for half a second, as `networkidle` does after a load."""
    quiet = 0
    for _ in range(1200):
        quiet = 0 if page.asked else quiet + 1
        if quiet == 10:
            return
        page.wait_for_timeout(50)
    pytest.fail("the page does not come to rest")


def fits(page: Page, width: int) -> bool:
    """Whether the page needs no scrolling sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)
