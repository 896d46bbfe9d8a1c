"""Measures the dashboard in Chromium and writes ``docs/benchmarks_dashboard.md``.

``python -m benchmarks.dashboard.run [--quick] [--results DIR]``. Results are run once and kept in DIR.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from playwright.sync_api import Error

from app.dashboard.pages import PAGES
from app.results.folder import open_result
from app.results.prepared import FOLDER
from benchmarks.dashboard.browsing import Times, chromium, every_line, map_frames, opened, page_change
from benchmarks.dashboard.estimating import moves, wait_for_estimate
from benchmarks.dashboard.planners import clicks
from benchmarks.dashboard.results import make_large, make_results
from benchmarks.dashboard.serving import serving, until_idle

OUT = Path(__file__).parents[2] / "docs" / "benchmarks_dashboard.md"
RESULTS = Path("runs") / "benchmark of the dashboard"
REPETITIONS, FRAMES, PLANNERS, CLICKS, USERS = 20, 100, 20, 20, 5
START_MS, PAGE_MS, IDLE_S, LEVER, DETAIL = 2000.0, 1000.0, 40.0, "pv_mw", 2000
MB = 1e6


@dataclass(frozen=True)
class Row:
    """A line of the report.

    Args:
        what: What was measured.
        shown: The figures.
        target: What it must reach, in words; empty if there is none.
        reached: Whether it does; None if there is no target.
    """

    what: str
    shown: str
    target: str = ""
    reached: bool | None = None

    def line(self) -> str:
        """The line of a table."""
        reached = {None: "", True: "yes", False: "**no**"}[self.reached]
        return f"| {self.what} | {self.shown} | {self.target} | {reached} |"


def first_page(year: Path, n: int) -> Iterator[Row]:
    """From the command to the first page, each time with a new server and a new browser's profile."""
    starts, pages = [], []
    with chromium() as browser:
        for fresh in (True, *[False] * n):
            if fresh:
                shutil.rmtree(year / FOLDER, ignore_errors=True)
            with serving(year) as served:
                page, ms = opened(browser, f"{served.address}/")
                page.context.close()
            if fresh:
                yield Row("first page after `serve` printed its address, on a year that nobody ever opened", _ms(ms),
                          "< 2 s", ms < START_MS)  # fmt: skip
                continue
            starts.append(1000 * served.seconds)
            pages.append(ms)
    for what, times, most_ms in (
        ("first page usable after `serve` printed its address, on a year", pages, PAGE_MS),
        ("from the command to the first page usable, on a year",
         [a + b for a, b in zip(starts, pages, strict=True)], START_MS),
    ):  # fmt: skip
        found = Times(tuple(times))
        yield Row(what, _words(found), f"< {most_ms / 1000:.0f} s", found.median < most_ms)


def page_changes(folder: Path, name: str, span: str, target_ms: float, n: int) -> Iterator[Row]:
    """Page changes by the navigation: the first time that anybody asks a server for a page, and when it was seen."""
    paths = [page.path for page in PAGES]
    first: dict[str, list[float]] = {path: [] for path in paths}
    again: dict[str, list[float]] = {path: [] for path in paths}
    with chromium() as browser:
        for _ in range(max(1, n // 5)):  # servers that have made no page yet
            with serving(folder) as served:
                page, _took = opened(browser, f"{served.address}/?result={name}")
                for path in [*paths[1:], paths[0]]:
                    first[path].append(page_change(page, path))
                for path in paths * 5:
                    again[path].append(page_change(page, path))
                page.context.close()
    for one in PAGES:
        for how, times in (("seen before", again[one.path]), ("made for the first time", first[one.path])):
            found = Times(tuple(times))
            yield Row(f"to {one.title}, {span}, {how}", _words(found), f"< {target_ms:.0f} ms",
                      found.median < target_ms)  # fmt: skip


def frames(folder: Path, name: str, n: int) -> Iterator[Row]:
    """Frames of the map while the time slider moves; of a large grid also with every line drawn by itself."""
    branches = open_result(folder / name).topology["branches"]
    with serving(folder) as served, chromium() as browser:
        page, _took = opened(browser, f"{served.address}/grid?result={name}")
        map_frames(page, n)  # values of the day are there then
        found = [("", map_frames(page, n))]
        if len(branches) > DETAIL:
            found[0] = (", low voltage as areas", found[0][1])
            every_line(page)
            found.append((", every line drawn", map_frames(page, n)))
    for how, times in found:
        what = f"from the time slider to the painted map, {len(branches):,} lines and transformers{how}"
        yield Row(what, _words(times), "< 50 ms (at 5,000 lines)", times.median < 50)


def estimates(folder: Path, names: tuple[str, ...], n: int) -> Iterator[Row]:
    """A lever of the builder moved, until the estimate is painted."""
    with serving(folder) as served, chromium() as browser:
        for name in names:
            page, _took = opened(browser, f"{served.address}/build?build_from={name}")
            wait_for_estimate(page)
            times = moves(page, LEVER, n)
            yield Row(f"estimate after a lever moved, a week {name}, from the slider to the painted figures",
                      _words(times), "< 200 ms", times.median < 200)  # fmt: skip


def memory(year: Path, users: int) -> Iterator[Row]:
    """The server's memory when several planners have walked all pages of a year, and what they began has ended."""
    with serving(year) as served, chromium() as browser:
        for _ in range(users):
            page, _took = opened(browser, f"{served.address}/?result=unmanaged")
            for one in PAGES[1:]:
                page_change(page, one.path)
        until_idle(served, IDLE_S)
        peak, after = served.peak[0] / MB, served.process.memory_info().rss / MB
    yield Row(f"most memory of the server, a year open by {users} users who walk all pages",
              f"{peak:,.0f} MB; {after:,.0f} MB when all is done", "< 700 MB", peak < 700)  # fmt: skip


def many(week: Path, planners: int, each: int) -> Iterator[Row]:
    """Planners who click at once: on a server that somebody has opened, and on one that has made no page yet."""
    names = ["unmanaged", "optimal"]
    for before in (True, False):
        with serving(week) as served:
            if before:
                for name, theme in product(names, ("light", "dark")):
                    clicks(served.address, [name], 1, 1, theme)
                until_idle(served, IDLE_S)
            begun = served.cpu_s
            times, errors = clicks(served.address, names, planners, each)
            cpu_s = served.cpu_s - begun
        shown = f"p50 {times.median:,.0f} ms, p95 {times.p95:,.0f} ms, {errors} errors; {cpu_s:.1f} s of processor time"
        which = "on which both results were opened before" if before else "that has made no page yet"
        yield Row(f"{planners} planners, {each} clicks each without pause, a week, on a server {which}", shown,
                  "p95 < 500 ms, no error", times.p95 < 500 and not errors)  # fmt: skip


def measured(title: str, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows of a part; where it fails, a row that says so, so that the others are measured all the same."""
    try:
        yield from rows
    except (OSError, Error, TimeoutError, ValueError, IndexError) as error:
        reason = "; ".join(str(error).splitlines()[:3])
        yield Row(f"{title}: could not be measured", f"{type(error).__name__}: {reason}", "", False)


def _ms(ms: float) -> str:
    return f"{ms:,.0f} ms"


def _words(times: Times) -> str:
    return f"{times.median:,.0f} ms (p95 {times.p95:,.0f} ms, n = {len(times.ms)})"


def report(rows: list[Row], days: int, year_days: int) -> str:
    """The document."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("dash", "plotly", "playwright"))
    how = (
        "Written by `python -m benchmarks.dashboard.run`: headless Chromium at 1280 × 800 on the same machine as the "
        "server, medians; the server is `gridcarbon serve --jobs 0`. A page stands when its charts in sight and its "
        "map are drawn and painted; charts further down follow while the browser is idle. *Seen before*: it was drawn "
        "in this browser and comes back as it was left, once the server has said that it is still right. *Made for the "
        "first time*: by a server that was started just before, on results that were opened at some time before "
        "(`.prepared`). The large map is of SimBench's `1-MVLV-urban-all-0-sw`."
    )
    where = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} processors ({platform.machine()}), Python "
        f"{platform.python_version()}, {versions}; load of the machine before: {os.getloadavg()[0]:.1f}. The week is "
        f"the demonstration ({days} days, quarter hours), the year the same city unmanaged ({year_days} days)."
    )
    table = ["| what | measured | target | reached |", "|---|---|---|---|", *(row.line() for row in rows)]
    return "\n".join(("# The dashboard's speed", "", how, "", where, "", *table, ""))


def main() -> None:
    """Runs everything; ``--quick`` few times and on a month instead of a year, into no document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    days, year_days, n = (2, 30, 3) if asked.quick else (7, 365, REPETITIONS)
    week, year = make_results(asked.results, days, year_days)
    large = make_large(asked.results)
    rows: list[Row] = []
    begun = time.monotonic()
    for title, part in (
        ("first page", first_page(year, n)), ("memory", memory(year, USERS)),
        ("page changes of a week", page_changes(week, "optimal", "a week", 200, n)),
        ("page changes of a year", page_changes(year, "unmanaged", "a year", 400, n)),
        ("frames of the map", frames(week, "optimal", FRAMES)),
        ("frames of a large map", frames(large, "urban", FRAMES)),
        ("estimates", estimates(week, ("unmanaged", "optimal"), n)), ("many planners", many(week, PLANNERS, CLICKS)),
    ):  # fmt: skip
        for row in measured(title, part):
            print(f"{time.monotonic() - begun:5.0f} s {row.line()}", flush=True)  # noqa: T201  what a benchmark is for
            rows.append(row)
    if not asked.quick:
        OUT.write_text(report(rows, days, year_days), encoding="utf-8")


if __name__ == "__main__":
    main()
