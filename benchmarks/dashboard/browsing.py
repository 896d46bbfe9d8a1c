"""What a planner's browser takes: until a page stands and its charts are drawn, and for a frame of the map."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
SIZE = {"width": 1280, "height": 800}
STANDS = """() => {
    const page = document.getElementById("page");
    if (!page || page.dataset.state !== "shown" || !page.querySelector("h1")) return false;
    const map = document.getElementById("map");
    if (map && !(window.gridmap && window.gridmap.state && window.gridmap.state.ready)) return false;
    const inSight = (chart) => chart.getBoundingClientRect().top < window.innerHeight;
    const charts = [...page.querySelectorAll(".dash-graph")];
    return charts.every((chart) => !inSight(chart) || chart.querySelector(".main-svg"));
}"""
"""Whether a page can be read: it is the one asked for, and its charts in sight and its map are drawn."""
CHANGE = f"""([selector, path]) => new Promise((done, refuse) => {{
    const stands = {STANDS}, begun = performance.now();
    const link = [...document.querySelectorAll(selector)].find((one) => new URL(one.href).pathname === path);
    link.click();
    const look = () => {{
        const other = window.location.pathname === path && document.querySelector("#nav .here")
            && new URL(document.querySelector("#nav .here").href).pathname === path;
        if (other && stands()) requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun), 0));
        else if (performance.now() - begun > 60000) refuse(new Error(`${{path}} did not stand`));
        else requestAnimationFrame(look);
    }};
    requestAnimationFrame(look);
}})"""
"""Clicks a link of the navigation and gives the milliseconds until its page stands and is painted."""
FRAMES = """(n) => new Promise((done) => {
    const slider = document.getElementById("time-slider"), times = [];
    const pen = document.querySelector("#map canvas").getContext("2d");
    const step = (k) => {
        if (k === n) { done(times); return; }
        const begun = performance.now();
        slider.value = String(k % (Number(slider.max) + 1));
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(() => setTimeout(() => {
            pen.getImageData(0, 0, 1, 1); // waits until the picture is painted
            times.push(performance.now() - begun);
            step(k + 1);
        }, 0));
    };
    step(0);
})"""
"""Moves the time slider step by step; gives the milliseconds of each until the map is painted."""
EVERY_LINE = """() => {
    window.gridmap.mostInDetail = Infinity;
    window.gridmap.showAll();
}"""
"""Has every line drawn, however many are in sight."""


@dataclass(frozen=True)
class Times:
    """Milliseconds that something took, several times."""

    ms: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median [ms]."""
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        """What 95 % stayed below [ms]."""
        return sorted(self.ms)[max(0, -(-95 * len(self.ms) // 100) - 1)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Browser, url: str) -> tuple[Page, float]:
    """A page in a browser that was never here, and the milliseconds until it stands."""
    page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    until_it_stands(page)
    return page, 1000 * (time.perf_counter() - begun)


def until_it_stands(page: Page, seconds: float = 60.0) -> None:
    """Waits until a page can be read.

    Raises:
        TimeoutError: If it does not stand in time.
    """
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        if page.evaluate(STANDS):
            return
        page.wait_for_timeout(10)
    raise TimeoutError(page.url)


def page_change(page: Page, path: str) -> float:
    """Milliseconds from a click in the navigation until the page at `path` stands."""
    return float(page.evaluate(CHANGE, ["#nav a", path]))


def every_line(page: Page) -> None:
    """Has the map draw every line by itself, instead of areas where there are too many to be told apart."""
    page.evaluate(EVERY_LINE)


def map_frames(page: Page, n: int) -> Times:
    """Milliseconds from each move of the time slider until the map is painted, the wait for the screen included."""
    return Times(tuple(page.evaluate(FRAMES, n)))
