"""pandas, imported while the server runs and nobody makes charts.

Models of weather and halls need pandas, which takes long to import; no page of a result does. Plotly looks at whatever
of it is in ``sys.modules``, so that charts that are made while another thread imports it would see half of it and fail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request


class PandasGate:
    """Lets many make charts at once, or one import pandas."""

    def __init__(self) -> None:
        """Nothing is imported yet."""
        self._changed = threading.Condition()
        self._within = threading.local()
        self._makers = 0
        self._left_s = time.monotonic()
        self._importing = False
        self._there = False

    @contextmanager
    def charts(self) -> Iterator[None]:
        """While charts are made; waits for an import to end."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Begins to make charts; waits for an import to end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._importing)
            self._makers += 1
        self._within.now = True

    def leave(self) -> None:
        """Ends making charts."""
        self._within.now = False
        with self._changed:
            self._makers -= 1
            self._left_s = time.monotonic()
            self._changed.notify_all()

    def load(self) -> None:
        """Imports pandas, once, when no charts are being made; who makes some leaves them meanwhile."""
        if self._there:
            return
        if getattr(self._within, "now", False):
            self.leave()
            try:
                self._load()
            finally:
                self.enter()
        else:
            self._load()

    def rest(self, seconds: float) -> None:
        """Waits until no charts have been made for some seconds, so for long if they are made all the time."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._makers)
                remaining = self._left_s + seconds - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(remaining)

    def _load(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._importing)
            if self._there:
                return
            self._importing = True  # who begins now waits, so that those who make charts end
            self._changed.wait_for(lambda: not self._makers)
        try:
            import pandas as pd  # noqa: F401, PLC0415  slow to import
        finally:
            with self._changed:
                self._there, self._importing = True, False
                self._changed.notify_all()


GATE = PandasGate()
"""That of this process: modules are imported once in it."""


def guard(server: Flask) -> None:
    """Imports pandas before requests that need models, and lets none of the others see half of it."""

    @server.before_request
    def enter() -> None:
        if needs_models(request.path, request.get_data(as_text=True) if _asks() else ""):
            GATE.load()
        GATE.enter()
        request.environ["gridcarbon.charts"] = True

    @server.teardown_request
    def leave(_error: BaseException | None) -> None:
        if request.environ.pop("gridcarbon.charts", False):
            GATE.leave()


def needs_models(path: str, asked: str) -> bool:
    """Whether a request may need models of weather or halls; pages say so themselves (`Page.models`).

    Args:
        path: Its path.
        asked: What a call of Dash's holds; empty for others.
    """
    return path.startswith("/build/") or '"dc-' in asked


def _asks() -> bool:
    return request.path.endswith("/_dash-update-component")
