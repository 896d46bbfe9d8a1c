"""A dashboard served as the command line serves it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SAMPLE_S = 0.05
"""Seconds between two looks at the memory."""
QUIET_S, BUSY_SHARE = 2.0, 0.05
"""A server that used less than this share of a processor for this long has nothing to do [s, 1]."""


@dataclass(frozen=True)
class Served:
    """A dashboard that is served.

    Args:
        address: Where, without a slash at its end.
        seconds: From the start of the command until it said where [s].
        process: The server.
        peak: The most memory that it had so far [bytes], as one number.
    """

    address: str
    seconds: float
    process: psutil.Process
    peak: list[int] = field(default_factory=lambda: [0])

    @property
    def cpu_s(self) -> float:
        """Processor time of the server so far [s]."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serves a folder on a free port until the end, as planners do but for runs, and watches its memory."""
    command = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "serve",
        str(folder),
        "--port",
        "0",
        "--jobs",
        "0",
    ]
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603  our own command line
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as server:  # fmt: skip
        address = (server.stdout or sys.stdin).readline().split()[4].rstrip("/")
        served = Served(address, time.perf_counter() - begun, psutil.Process(server.pid))
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(served, ended))
        watcher.start()
        try:
            yield served
        finally:
            ended.set()
            watcher.join()
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def until_idle(served: Served, most_s: float) -> None:
    """Waits until a server has nothing to do any more, at most some seconds."""
    ends, before, quiet = time.monotonic() + most_s, served.cpu_s, 0
    while time.monotonic() < ends and quiet < 2:  # once may be chance where the machine has other work
        time.sleep(QUIET_S)
        quiet = quiet + 1 if served.cpu_s - before < QUIET_S * BUSY_SHARE else 0
        before = served.cpu_s


def _watch(served: Served, ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_S):
        served.peak[0] = max(served.peak[0], served.process.memory_info().rss)
