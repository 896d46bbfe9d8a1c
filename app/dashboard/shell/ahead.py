"""The other pages of a view that somebody opened, made before they are asked for."""

from __future__ import annotations

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from app.batch.memory import give_back_memory
from app.dashboard.pages import PAGES
from app.dashboard.pandas_gate import GATE, needs_models

MOST_VIEWS = 32
"""Views whose pages are taken to be kept still."""
NICENESS = 10
"""How far its thread gives way to those that answer."""


class Ahead:
    """Makes pages in a thread of its own, which gives way to those that answer.

    Args:
        make: Makes the page at a path for a query, and keeps it.
    """

    def __init__(self, make: Callable[[str, dict[str, str]], object]) -> None:
        self._make = make
        self._views: OrderedDict[tuple[tuple[str, str], ...], None] = OrderedDict()
        self._wanted: queue.LifoQueue[dict[str, str]] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def opened(self, query: Mapping[str, str]) -> None:
        """Somebody opened a page with this query, of which only the frame's keys are given."""
        view = tuple(sorted(query.items()))
        with self._lock:
            known = view in self._views
            self._views[view] = None
            self._views.move_to_end(view)
            if len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        if not known:
            self._wanted.put(dict(query))

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            query = self._wanted.get()
            for page in PAGES:
                if needs_models("", page.path, ""):
                    GATE.load()
                try:
                    with GATE.charts():
                        self._make(page.path, dict(query))
                except Exception:  # noqa: S112  it is said to whoever asks for the page
                    continue
            give_back_memory()  # what pages of large results were made from
