"""What takes long, computed beside the looks in a process of its own.

Outcomes where nothing is metered need the estimate of the day, which takes seconds, or minutes where hundreds of places
are measured; the forecasts of the next day are to be trained; after a fault it is searched for what to switch. The
service goes on taking measurements and looking ahead meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Protocol

GIVES_WAY: Final = 5
"""By how much the priority of a process is below that of the service: alerts come first."""
LOOKS_EVERY_S: Final = 1.0
"""How often who waits for something looks whether the process is still there [s]."""
ASKS_EVERY_S: Final = 5.0
"""How often a process looks whether the service is still there [s]."""


class BackgroundTask(Protocol):
    """What a process is asked to compute; it can be pickled, and so can its result."""

    def run(self) -> Any:
        """The result."""
        ...


class BackgroundProcess:
    """A process that runs the tasks of the service, one after the other; used as a context.

    Args:
        on_demand: Whether it begins with a task and ends when it is told to rest, for what is rarely asked; else it is
            there as long as the context.
        gives_way: By how much its priority is below that of the service; 0 for what the service may wait for soon: on a
            busy machine it would come after all other programs.
    """

    def __init__(self, *, on_demand: bool = False, gives_way: int = GIVES_WAY) -> None:
        self._context = multiprocessing.get_context("spawn")  # the service has threads, which a fork would not take
        self._on_demand, self._gives_way = on_demand, gives_way
        self._asked: Any = self._context.Queue()
        self._done: Any = self._context.Queue()
        self._process: Any = None
        self._resting = False
        self._number = self._before = 0
        self._results: dict[int, Any] = {}

    def __enter__(self) -> BackgroundProcess:
        """Begins the process, unless it begins with a task."""
        if not self._on_demand:
            self._begin()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end()

    def _begin(self) -> None:
        """Begins a process, with queues of its own: those of one that was ended may hold half of something."""
        self._asked, self._done = self._context.Queue(), self._context.Queue()
        arguments = self._asked, self._done, self._gives_way
        process = self._context.Process(target=_work, args=arguments, daemon=True)
        begin(process)
        self._process, self._resting, self._before = process, False, self._number

    def _end(self) -> None:
        if self._process is not None:
            self._terminate()
            self._process.join()
            self._process = None

    def _terminate(self) -> None:
        self._asked.cancel_join_thread()  # what nobody waits for any more is computed again where it is asked for
        self._asked.close()
        self._process.terminate()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and not self._resting and bool(self._process.is_alive())

    def rest(self) -> None:
        """Ends a process that begins with a task, without waiting for its end; what it was asked for is lost."""
        if not self._on_demand or self._process is None:
            return
        if not self._resting:
            self._resting = True
            self._terminate()
        elif not self._process.is_alive():
            self._process = None

    def submit(self, task: BackgroundTask) -> int:
        """Has a task run; returns the number by which its result is asked for."""
        if self._on_demand and not self.alive:
            self._end()
            with suppress(OSError):  # as where memory is short: then there is no result
                self._begin()
        self._number += 1
        if self._process is not None:
            self._asked.put((self._number, task))
        return self._number

    def _is_lost(self, number: int) -> bool:
        """Whether the process that was asked for something is no more."""
        return number <= self._before or not self.alive

    def result(self, number: int) -> Any:
        """The result of a task; waits for it. None where the process ended before, or the task failed."""
        while number not in self._results:
            lost = self._is_lost(number)
            try:
                done, self._results[done] = self._done.get(timeout=LOOKS_EVERY_S)
            except queue.Empty:
                if lost:
                    return None
        result = self._results[number]
        # those before were asked for before the log could not be reached
        self._results = {each: found for each, found in self._results.items() if each > number}
        return result

    def ready(self, number: int) -> bool:
        """Whether the result of a task is there, so that nobody waits for it, or will never be there."""
        with suppress(queue.Empty):
            while number not in self._results:
                done, self._results[done] = self._done.get_nowait()
        return number in self._results or self._is_lost(number)


def begin(process: Any) -> None:
    """Begins a process that Ctrl+C does not end: the service is told, and ends it. Not even while it still starts."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # which the process takes over
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def next_asked(asked: Any) -> Any:
    """What a process of the service is asked for next; None, too, if the service is no more."""
    service = multiprocessing.parent_process()
    while service is None or service.is_alive():
        try:
            return asked.get(timeout=ASKS_EVERY_S)
        except queue.Empty:
            continue
    return None


def _work(asked: Any, done: Any, gives_way: int) -> None:
    """Runs what is asked for until the service ends."""
    os.nice(gives_way)
    done.cancel_join_thread()  # once the service is no more nobody takes a result: the process would wait for ever
    while (asked_next := next_asked(asked)) is not None:
        number, task = asked_next
        try:
            done.put((number, task.run()))
        except Exception:  # the service runs it itself, and says what is wrong
            done.put((number, None))
