"""A run in the hands of this process: its lease is renewed while it lasts, and its memory watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from app.failures import StoreError
from grid.memory import memory_mb

MEMORY_INTERVAL_S = 0.1
"""How often the memory of the process is looked at, from the beginning of the run on."""
MOST_BETWEEN_RENEWALS_S = 2.0
"""How often a lease is renewed and its phase told, at most."""


class RunEndedError(Exception):
    """A run is not to go on: its lease was lost, or its batch ends."""


class Renewing(Protocol):
    """An index, as far as a lease asks."""

    def renew(self, key: str, worker: str, phase: str, share: float, lease_s: float) -> bool:
        """Prolongs a lease; False where it was lost."""


class Lease:
    """What keeps a run in the hands of this process while it goes on.

    A thread beside the run renews the lease and watches the memory. `tell` is the run's progress: there a run ends that
    is not to go on.
    """

    def __init__(
        self,
        index: Renewing,
        key: str,
        worker: str,
        *,
        lease_s: float,
        memory_limit_mb: float | None,
        on_excess: Callable[[float], None],
        on_phase: Callable[[str], None] | None = None,
    ) -> None:
        """Holds a lease that was taken.

        Args:
            index: The index of runs.
            key: The run.
            worker: Name of this process.
            lease_s: How long the lease lasts without a renewal [s].
            memory_limit_mb: The most memory that the process may have [MB]; None for any.
            on_excess: Called from the thread with the memory [MB] when it has more; ends the process.
            on_phase: Told each phase of the run when it begins.
        """
        self._index, self._key, self._worker, self._lease_s = index, key, worker, lease_s
        self._limit_mb, self._on_excess, self._on_phase = memory_limit_mb, on_excess, on_phase
        self.phase, self.share = "", 0.0
        self.peak_memory_mb = memory_mb()
        self._ended: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"lease of {key[:8]}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def end(self, why: str) -> None:
        """Lets the run end where it tells its progress next."""
        self._ended = self._ended or why

    def tell(self, phase: str, share: float) -> None:
        """The progress of the run.

        Raises:
            RunEndedError: If it is not to go on.
        """
        begins = phase != self.phase
        self.phase, self.share = phase, share
        if self._ended is not None:
            raise RunEndedError(self._ended)
        if begins and self._on_phase is not None:
            self._on_phase(phase)

    def _watch(self) -> None:
        renewed = tried = time.monotonic()
        interval = min(MOST_BETWEEN_RENEWALS_S, self._lease_s / 4)
        if self._ended is None:
            self._look_at_memory()
        while not self._over.wait(MEMORY_INTERVAL_S):
            self._look_at_memory()
            now = time.monotonic()
            if now - tried < interval:
                continue
            tried = now
            try:
                if not self._index.renew(self._key, self._worker, self.phase, self.share, self._lease_s):
                    self.end("its lease was lost")
                renewed = time.monotonic()
            except StoreError as error:  # it may come back before the lease expires
                if time.monotonic() - renewed > self._lease_s:
                    self.end(f"its lease could not be renewed: {error}")

    def _look_at_memory(self) -> None:
        used_mb = memory_mb()
        self.peak_memory_mb = max(self.peak_memory_mb, used_mb)
        if self._limit_mb is not None and used_mb > self._limit_mb:
            self._on_excess(used_mb)
