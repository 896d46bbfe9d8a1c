"""What a planner waits for while a lever moves: from the move of a slider until its estimate is painted."""

from __future__ import annotations

from playwright.sync_api import Page

from benchmarks.dashboard.browsing import Times

PREPARED_S = 90.0
"""How long the first estimate of a scenario may take to be prepared [s]; it is said on the page meanwhile."""
APART_MS = 800
"""Pause before each move [ms]: the check of the draft, which follows a move, is over then."""
THERE = "() => document.querySelector('#build-estimate [data-figure]') !== null"
MOVE = """([lever, place]) => new Promise((done, refuse) => {
    const slider = document.querySelector(`input.b-range[data-lever="${lever}"]`);
    const host = () => document.getElementById("build-estimate");
    const low = Number(slider.min), step = Number(slider.step) || (Number(slider.max) - low) / 100;
    slider.focus();
    slider.value = low + (2 + place) * step;
    const begun = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const look = () => {
        const painted = performance.getEntriesByName("estimate-painted").at(-1);
        const caughtUp = host().getAttribute("aria-busy") === "false" && host().querySelector("[data-figure]");
        if (painted.startTime > begun && caughtUp)
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun), 0));
        else if (performance.now() - begun > 30000) refuse(new Error("there was no estimate"));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
"""Moves a slider by a step and gives the milliseconds until the estimate of the moved draft is painted."""


def wait_for_estimate(page: Page) -> None:
    """Waits until the builder shows its first estimate.

    Raises:
        TimeoutError: If there is none in `PREPARED_S`.
    """
    for _ in range(round(PREPARED_S * 10)):
        if page.evaluate(THERE):
            return
        page.wait_for_timeout(100)
    raise TimeoutError("the first estimate was not prepared")


def moves(page: Page, lever: str, n: int) -> Times:
    """Milliseconds of each of `n` moves of a lever, each to another value."""
    found = []
    for place in range(n):
        page.wait_for_timeout(APART_MS)
        found.append(float(page.evaluate(MOVE, [lever, place])))
    return Times(tuple(found))
