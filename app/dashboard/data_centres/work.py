"""Studies that take longer than a click: one after the other beside the server, with progress, kept when done."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError

from app.dashboard.pandas_gate import GATE
from grid.errors import InputError
from grid.memory import give_back_memory

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
Tell = Callable[[str, float], None]


class StoppedError(Exception):
    """Somebody cancelled a study; raised where it next tells its progress."""


@dataclass(frozen=True, eq=False)
class Task:
    """One study.

    Args:
        title: What it is about.
        status: How far it is.
        words: What is being done.
        share: Share that is done [1].
        value: What it found; None unless done.
        reason: Why it failed, in words.
    """

    title: str
    status: Status
    words: str = ""
    share: float = 0.0
    value: Any = None
    reason: str = ""

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in {"waiting", "running"}


class Work:
    """Studies by key: made once, one at a time, the last ones kept.

    Args:
        most_kept: Studies kept that are done.
        most_waiting: Studies that may wait.
    """

    def __init__(self, most_kept: int = 32, most_waiting: int = 8) -> None:
        """Nothing is started yet; the thread is made with the first study."""
        self._tasks: OrderedDict[Hashable, Task] = OrderedDict()
        self._stops: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="study")
        self._most_kept, self._most_waiting = most_kept, most_waiting

    def start(self, key: Hashable, title: str, make: Callable[[Tell], Any]) -> Task:
        """The study of a key: the one that waits, runs or is done; else a new one.

        Args:
            key: What tells studies apart.
            title: What it is about.
            make: Makes it; gets what to tell its progress to.

        Raises:
            InputError: If too many wait.
        """
        with self._lock:
            known = self._tasks.get(key)
            if known is not None and (known.active or known.status == "done"):
                self._tasks.move_to_end(key)
                return known
            if sum(task.active for task in self._tasks.values()) > self._most_waiting:
                raise InputError.single("studies", f"{self._most_waiting} wait already; cancel one or try again later")
            stop = self._stops[key] = threading.Event()
            task = self._tasks[key] = Task(title, "waiting", "waiting for other studies")
            self._forget()
        self._pool.submit(self._run, key, make, stop)
        return task

    def task(self, key: Hashable) -> Task | None:
        """The study of a key, as it stands now."""
        return self._tasks.get(key)

    def tasks(self) -> tuple[tuple[Hashable, Task], ...]:
        """All studies with their keys, the oldest first."""
        with self._lock:
            return tuple(self._tasks.items())

    def cancel(self, key: Hashable) -> None:
        """Ends a study that waits or runs, where it next tells its progress."""
        with self._lock:
            task = self._tasks.get(key)
            if task is not None and task.active:
                self._stops[key].set()
                self._tasks[key] = replace(task, status="cancelled", words="cancelled")

    def _run(self, key: Hashable, make: Callable[[Tell], Any], stop: threading.Event) -> None:
        def tell(words: str, share: float) -> None:
            if stop.is_set():
                raise StoppedError
            self._change(key, stop, status="running", words=words, share=share)

        try:
            tell("starting", 0.0)
            GATE.load()
            found = make(tell)
        except StoppedError:
            return
        except (InputError, ValidationError, OSError) as error:
            self._change(key, stop, status="failed", reason=str(error))
        except Exception as error:
            self._change(key, stop, status="failed", reason=f"a fault of this program: {error!r}")
        else:
            self._change(key, stop, status="done", share=1.0, value=found, words="done")
        finally:
            give_back_memory()

    def _change(self, key: Hashable, stop: threading.Event, **changes: Any) -> None:
        """Changes the state of the run that `stop` belongs to, unless it was ended or another took its place."""
        with self._lock:
            if self._stops.get(key) is stop and not stop.is_set():
                self._tasks[key] = replace(self._tasks[key], **changes)

    def _forget(self) -> None:
        """Forgets the oldest that are done, beyond what is kept."""
        ended = [key for key, task in self._tasks.items() if not task.active]
        for key in ended[: max(0, len(ended) - self._most_kept)]:
            del self._tasks[key], self._stops[key]
