"""A browser, pages that remember what they must not do, and dashboards served for them."""

from __future__ import annotations

import importlib
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from waitress import create_server, wasyncore

from app.batch.jobs import Jobs
from app.dashboard import create_app
from app.dashboard.operations.live import TwinPlace
from app.dashboard.server import UNSENT_BYTES
from app.results.folder import Result

REQUIRED = os.environ.get("GRIDCARBON_REQUIRE_BROWSER") == "1"
"""Whether a test fails where there is no browser, instead of being skipped: in CI."""
if REQUIRED:
    importlib.import_module("playwright.sync_api")  # raises where it is not installed
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
"""Chromium without and with windows; the first needs a fifth less of the processor."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
HOME = re.compile(r"(http://127\.0\.0\.1:|data:|blob:)")


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    chosen = next((path for path in BROWSERS if path.exists()), None)
    if chosen is None:
        reason = f"neither of {', '.join(map(str, BROWSERS))} is installed"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(chosen), args=ARGUMENTS)
        chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        yield chromium
        chromium.close()


@contextmanager
def serving(
    results: Mapping[str, Result], jobs: Jobs | None = None, port: int = 0, twin: TwinPlace | None = None
) -> Iterator[str]:
    """The address of a dashboard of these results, while it is served; a free port where none is given."""
    listener = socket.create_server(("127.0.0.1", port))
    sockets: dict[int, object] = {}
    app = create_app(results, jobs=jobs, twin=twin).server
    server = create_server(app, map=sockets, sockets=[listener], threads=8, ident=None, outbuf_overflow=UNSENT_BYTES)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))  # in the thread that waits for requests
        thread.join()
        server.task_dispatcher.shutdown()


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Serves results (a catalogue, or opened ones by name) until the test ends; gives the address."""
    with ExitStack() as until_the_end:
        yield lambda results, jobs=None: until_the_end.enter_context(serving(results, jobs))


@pytest.fixture(scope="module")
def served_to_all() -> Iterator[Callable[..., str]]:
    """Serves as `served` does, until the last test of a module has ended."""
    with ExitStack() as until_the_end:
        yield lambda results, jobs=None: until_the_end.enter_context(serving(results, jobs))


@pytest.fixture(scope="session")
def address(results: dict[str, Result]) -> Iterator[str]:
    """The dashboard of the synthetic city unmanaged and optimal."""
    with serving(results) as place:
        yield place


@pytest.fixture(scope="session")
def plain_address(plain_results: dict[str, Result]) -> Iterator[str]:
    """The dashboard of a city without cars and data centres."""
    with serving(plain_results) as place:
        yield place


@contextmanager
def tab(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    """A page of its own that remembers what it must not do and what it waits for; light, 1280 px wide.

    Scripts stay in the browser's cache from one page to the next; what a page stores, and what it may do, goes with it.
    """
    context = browser.contexts[0]
    others = set(context.pages)
    page, faults, asked = context.new_page(), [], set()

    def begins(request: sync_api.Request) -> None:
        asked.add(request)
        if not HOME.match(request.url):
            faults.append(f"foreign: {request.url}")

    def ends(request: sync_api.Request) -> None:
        asked.discard(request)

    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", begins)
    page.on("requestfinished", ends)
    page.on("requestfailed", ends)
    page.faults, page.asked = faults, asked  # a test that causes a fault takes it out
    yield page
    place = urlsplit(page.url)
    origin = {"origin": f"{place.scheme}://{place.netloc}", "storageTypes": "local_storage"}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", origin)
    context.clear_permissions()
    for opened in set(context.pages) - others:
        opened.close()
    assert faults == []


@pytest.fixture
def own_page(browser: sync_api.Browser, served: object) -> Iterator[sync_api.Page]:
    """A page for one test, see `tab`; closed before what is `served`."""
    with tab(browser) as opened:
        yield opened


@pytest.fixture
def page(own_page: sync_api.Page) -> sync_api.Page:
    """The page of a test; modules whose tests may share one take `shared_page` for it."""
    return own_page


@pytest.fixture(scope="module")
def shared_tab(browser: sync_api.Browser, served_to_all: object) -> Iterator[sync_api.Page]:
    """The page of a module; closed before what is `served_to_all`, which it may still ask for something."""
    with tab(browser) as opened:
        yield opened


@pytest.fixture
def shared_page(shared_tab: sync_api.Page) -> sync_api.Page:
    """A page that tests of a module share, where it does not matter what it showed before: `lead` it to an address."""
    shared_tab.set_viewport_size({"width": 1280, "height": 900})
    return shared_tab
