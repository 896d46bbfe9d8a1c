"""The other pages of a view that somebody opened, made before they are asked for."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from app.dashboard.pages import PAGES
from app.dashboard.pandas_gate import GATE
from app.dashboard.view import Page
from grid.memory import give_back_memory

MOST_VIEWS = 32
"""Views whose pages are taken to be kept still."""
QUIET_S = 0.2
"""How long nobody must have asked for anything before the next page is made [s].

A thread of lower priority would keep those waiting who ask for the page that it has begun.
"""


FIRST_QUIET_S = 2.0
"""The same before the first page of a view: the browser that has just opened it needs the processor itself [s]."""
LOOK_EVERY_S = 5.0
"""How often it is looked for results that came while they are served [s]."""
MOST_NEW = 4
"""Results that come at once of which pages are made; a sweep may bring hundreds."""


class Ahead:
    """Makes pages in a thread of its own, one whenever nobody asks for anything.

    Args:
        make: Makes the page at a path for a query, and keeps it.
        versions: Gives versions of the results that are served, by name. The pages of one that comes, as when its run
            ends, are made as by a reader's first look: light, in English.
    """

    def __init__(
        self,
        make: Callable[[str, dict[str, str]], object],
        versions: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._make, self._versions = make, versions
        self._known: dict[str, str] | None = None
        self._views: OrderedDict[tuple[tuple[str, str], ...], None] = OrderedDict()
        self._wanted: queue.LifoQueue[tuple[dict[str, str], tuple[Page, ...]]] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, query: Mapping[str, str]) -> None:
        """Makes the first page for a query, as a server does that was just started while a browser loads the frame."""
        with self._lock:
            self._start()
        self._wanted.put((dict(query), PAGES[:1]))

    def opened(self, query: Mapping[str, str]) -> None:
        """Somebody opened a page with this query, of which only the frame's keys are given."""
        view = tuple(sorted(query.items()))
        with self._lock:
            known = view in self._views
            self._views[view] = None
            self._views.move_to_end(view)
            if len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
            self._start()
        if not known:
            self._wanted.put((dict(query), PAGES))

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _look(self) -> None:
        """Has the pages made of results that came or were replaced since the last look."""
        try:
            now = dict(self._versions())
        except Exception:  # the folder may be out of reach for a while
            return
        before, self._known = self._known, now
        came = [name for name, version in now.items() if before is not None and before.get(name) != version]
        for name in came[:MOST_NEW]:
            self._wanted.put(({"result": name, "theme": "light", "lang": "en"}, PAGES))

    def _run(self) -> None:
        while True:
            try:
                query, pages = self._wanted.get(timeout=LOOK_EVERY_S)
            except queue.Empty:
                self._look()
                continue
            for number, page in enumerate(pages):
                GATE.rest(QUIET_S if number or pages != PAGES else FIRST_QUIET_S)
                try:
                    with GATE.charts():
                        self._make(page.path, dict(query))
                except Exception:  # noqa: S112  it is said to whoever asks for the page
                    continue
            if pages != PAGES:
                continue
            GATE.rest(QUIET_S)
            GATE.load()  # before somebody who asks a study has all others wait for it
            give_back_memory()  # what pages of large results were made from
