"""What takes long, computed beside the looks in a process of its own.

Outcomes where nothing is metered need the estimate of the day, which takes seconds, or minutes where hundreds of places
are measured; the forecasts of the next day are to be trained. The service goes on taking measurements and looking ahead
meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Protocol

from app.twin.operation.estimates import begin, next_asked

GIVES_WAY: Final = 5
"""By how much the priority of the process is below that of the service: alerts come first."""
LOOKS_EVERY_S: Final = 1.0
"""How often who waits for something looks whether the process is still there [s]."""


class BackgroundTask(Protocol):
    """What a process is asked to compute; it can be pickled, and so can its result."""

    def run(self) -> Any:
        """The result."""
        ...


class BackgroundProcess:
    """A process that runs the tasks of the service, one after the other; used as a context."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # the service has threads, which a fork would not take along
        self._asked: Any = context.Queue()
        self._done: Any = context.Queue()
        self._process = context.Process(target=_work, args=(self._asked, self._done), daemon=True)
        self._number = 0
        self._results: dict[int, Any] = {}

    def __enter__(self) -> BackgroundProcess:
        """Begins the process."""
        begin(self._process)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._asked.cancel_join_thread()  # what nobody waits for any more is computed again when the service goes on
        self._process.terminate()
        self._process.join()

    def submit(self, task: BackgroundTask) -> int:
        """Has a task run; returns the number by which its result is asked for."""
        self._number += 1
        self._asked.put((self._number, task))
        return self._number

    def result(self, number: int) -> Any:
        """The result of a task; waits for it. None where the process ended before, or the task failed."""
        while number not in self._results:
            try:
                done, self._results[done] = self._done.get(timeout=LOOKS_EVERY_S)
            except queue.Empty:
                if not self._process.is_alive():
                    return None
        result = self._results[number]
        self._results.clear()  # others were asked for before the log could not be reached
        return result

    def ready(self, number: int) -> bool:
        """Whether the result of a task is there, so that nobody waits for it."""
        with suppress(queue.Empty):
            while number not in self._results:
                done, self._results[done] = self._done.get_nowait()
        return number in self._results


def _work(asked: Any, done: Any) -> None:
    """Runs what is asked for until the service ends."""
    os.nice(GIVES_WAY)
    done.cancel_join_thread()  # once the service is no more nobody takes a result: the process would wait for ever
    while (asked_next := next_asked(asked)) is not None:
        number, task = asked_next
        try:
            done.put((number, task.run()))
        except Exception:  # the service runs it itself, and says what is wrong
            done.put((number, None))
