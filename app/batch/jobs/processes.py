"""Worker processes of this server: started when there is work, started again when they die, ended with the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import app
from grid.threads import environment

ENDING_S = 8.0
"""How long workers may take to give back what they run when the server ends [s]."""
FIRST_RESTART_S, LONGEST_RESTART_S = 2.0, 120.0
"""How long it takes until a worker is started again that ended before it was ready, at first and at most [s]."""


WORKER = "app.batch.jobs.worker"
"""Module of a worker that runs scenarios and knows no studies."""


class WorkerProcess:
    """A worker process. It is given no signal of the terminal: the server alone acts on them."""

    def __init__(self, command: Sequence[str], woken: Callable[[], None]) -> None:
        """Starts it.

        Args:
            command: Its command line.
            woken: Called when it has said something, from another thread.

        Raises:
            OSError: If it cannot be started.
        """
        self.name, self.key, self.problem = "", "", ""
        self.lost_since: float | None = None
        """Since when what it does is no longer its own, by `time.monotonic`."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        root = str(Path(app.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603  our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True,
            env={**os.environ, **environment(threads=1), "PYTHONPATH": paths}, text=True, bufsize=1,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(woken,), name="worker", daemon=True).start()

    def _listen(self, woken: Callable[[], None]) -> None:
        for line in self._process.stdout or ():
            with suppress(ValueError):
                said = json.loads(line)
                self.name = said.get("worker", self.name)
                self.problem = said.get("problem", self.problem)
                self.key = "" if "ended" in said else said.get("began", self.key)
                woken()
        self._process.wait()
        woken()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended; None while it goes on."""
        return self._process.poll()

    def order(self, text: str) -> None:
        """Tells it something."""
        with suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(text + "\n")

    def kill(self) -> None:
        """Ends it at once."""
        with suppress(OSError):
            self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Waits for its end. Returns whether it came."""
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """The last line that it wrote of errors."""
        with suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def close(self) -> None:
        """Closes what connects it with this process."""
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()


class WorkerPool:
    """The worker processes of a server, at most so many."""

    def __init__(self, command: Sequence[str], most: int, woken: Callable[[], None]) -> None:
        self._command, self.most, self._woken = command, most, woken
        self._all: list[WorkerProcess] = []
        self._start_after, self._pause_s = 0.0, FIRST_RESTART_S
        self._cannot_start = ""

    @property
    def processes(self) -> tuple[WorkerProcess, ...]:
        """Those that there are."""
        return tuple(self._all)

    @property
    def problem(self) -> str:
        """What keeps workers from working; empty if nothing does."""
        return self._cannot_start or next((one.problem for one in self._all if one.problem), "")

    def provide(self, waiting: int) -> None:
        """Starts what is missing for jobs that wait, and tells those that there are to look."""
        busy = sum(bool(one.key) for one in self._all)
        wanted = min(self.most, busy + waiting)
        while len(self._all) < wanted and time.monotonic() >= self._start_after:
            try:
                self._all.append(WorkerProcess(self._command, self._woken))
            except OSError as error:
                self._failed_to_start(error.strerror or str(error))
        if waiting:
            for one in self._all:
                if not one.key and not one.problem:
                    one.order("look")

    def look(self) -> None:
        """Tells all to look now, also those that pause as something was wrong."""
        for one in self.processes:
            one.order("look")

    def ended(self) -> list[WorkerProcess]:
        """Those that have ended since the last call."""
        gone = [one for one in self._all if one.status is not None]
        for one in gone:
            self._all.remove(one)
            if one.name:
                self._cannot_start, self._pause_s = "", FIRST_RESTART_S
            else:
                self._failed_to_start(one.last_words() or f"it ended with status {one.status}")
            one.close()
        return gone

    def _failed_to_start(self, why: str) -> None:
        self._cannot_start = f"a worker cannot be started: {why}"
        self._start_after = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_RESTART_S)

    def end(self) -> list[WorkerProcess]:
        """Lets all give back what they run, and ends them. Returns those that had to be killed."""
        for one in self._all:
            one.order("end")
        until = time.monotonic() + ENDING_S
        late = [one for one in self._all if not one.wait(until - time.monotonic())]
        for one in late:
            one.kill()
            one.wait(ENDING_S)
        for one in self._all:
            one.close()
        self._all.clear()
        return late


def command_of(
    place: str, index: str | None, *, lease_s: float, memory_limit_mb: float, version: str, entry: str = WORKER
) -> tuple[str, ...]:
    """The command line of a worker process, whose module is `entry`."""
    of_index = () if index is None else ("--index", index)
    return (sys.executable, "-m", entry, "--store", place, *of_index, "--lease", f"{lease_s:g}",
            "--memory-limit", f"{memory_limit_mb:g}", "--version", version)  # fmt: skip
