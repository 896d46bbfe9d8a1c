"""Many planners who click at once, as requests of their browsers: pages, clocks, lists of results."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from app.dashboard.pages import PAGES
from benchmarks.dashboard.browsing import Times

SEED = 3


def clicks(
    address: str, results: list[str], planners: int, each: int, theme: str = ""
) -> tuple[Times, int]:  # fmt: skip
    """Time of every click of `planners` who click without pause, and how many were answered by an error.

    Each planner goes from page to page, results and colour schemes by chance.

    Args:
        address: The dashboard.
        results: Names of the results to choose from.
        planners: How many click side by side.
        each: Clicks of each.
        theme: The colour scheme; by chance if empty.
    """
    begin = threading.Barrier(planners)

    def plan(number: int) -> list[tuple[float, bool]]:
        chance = random.Random(SEED + number)  # noqa: S311  keeps no secret
        connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
        begin.wait()
        return [
            _click(connection, chance.choice(PAGES).path, chance.choice(results),
                   theme or chance.choice(("light", "dark")))
            for _ in range(each)
        ]  # fmt: skip

    with ThreadPoolExecutor(planners) as pool:
        found = [click for planner in pool.map(plan, range(planners)) for click in planner]
    return Times(tuple(ms for ms, _ in found)), sum(not well for _, well in found)


def _click(connection: HTTPConnection, path: str, result: str, theme: str) -> tuple[float, bool]:
    begun = time.perf_counter()
    connection.request(
        "GET", "/shell/page?" + urlencode({"path": path, "result": result, "theme": theme, "lang": "en"})
    )
    answer = connection.getresponse()
    content = answer.read()
    return 1000 * (time.perf_counter() - begun), answer.status == 200 and b'"shown"' in content
