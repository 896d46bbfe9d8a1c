"""A Dask cluster of separate processes on this machine: a scheduler, and workers each with its nanny."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from grid.memory import KEEPING_FREED_MEMORY
from grid.threads import environment

START_S = 120.0
"""How long a process may take to start [s]."""
ENDING_S = 15.0
"""How long all workers may take to end without their scheduler; one that is just starting waits for it [s]."""
ENVIRONMENT = {
    **os.environ,
    **environment(threads=1),
    **KEEPING_FREED_MEMORY,
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "30s",
}


class LoopbackCluster:
    """A scheduler and workers, which can be killed and started again.

    Args:
        folder: Where their files lie.
        workers: How many workers.
    """

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder, self.n_workers = folder, workers
        self.scheduler: subprocess.Popen[bytes]
        self.nannies: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.nannies, self.scheduler):
            with suppress(ProcessLookupError):
                process.terminate()
        for process in (*self.nannies, self.scheduler):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self) -> None:
        """Starts a scheduler, at a new address, and its workers."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        command = [
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(file),
        ]
        self.scheduler = self._start(command)
        end = time.monotonic() + START_S
        while not (file.exists() and file.read_text().endswith("}")):  # whole, and not only begun
            if time.monotonic() > end or self.scheduler.poll() is not None:
                raise TimeoutError("the scheduler did not start")
            time.sleep(0.05)
        self.address = str(json.loads(file.read_text())["address"])
        self.nannies = [self._start_worker() for _ in range(self.n_workers)]

    def _start_worker(self) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--local-directory", str(self.folder)]
        return self._start(["dask_worker", self.address, *options])

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        module, *arguments = command
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(  # noqa: S603  our own command
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                stdout=log, stderr=log, env=ENVIRONMENT, cwd=self.folder,
            )  # fmt: skip

    def kill_scheduler(self) -> None:
        """Kills the scheduler, on which its workers end, and starts anew."""
        self.scheduler.kill()
        self.scheduler.wait()
        end = time.monotonic() + ENDING_S
        for nanny in self.nannies:
            try:
                nanny.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                nanny.kill()
                nanny.wait()
        self.start()

    def kill_worker(self, choice: int) -> int | None:
        """Kills the process of a worker, which its nanny starts again; gives its number, None if there is none now."""
        found = [child.pid for nanny in self.nannies for child in _children(nanny.pid)]
        if not found:
            return None
        number = found[choice % len(found)]
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        return number


def _children(number: int) -> list[psutil.Process]:
    """The worker of a nanny; its other child keeps track of shared memory."""
    try:
        children = psutil.Process(number).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return []
