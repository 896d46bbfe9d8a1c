"""A process by a name that no other has had, and whether the process of a name has ended."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from functools import cache
from pathlib import Path
from typing import Protocol

_NAME = re.compile(r"(?P<host>[\w.-]+):(?P<number>\d+):(?P<begun>\d+):(?P<place>[0-9a-f]{8})")


@cache
def _place() -> str | None:
    """This machine since it was started, and the space of its process numbers; None where Linux does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:8]


def _begun(number: int) -> int | None:
    """When a process began, in ticks since the machine did; None if there is none."""
    try:
        status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    after_name = status.rpartition(")")[2].split()
    return None if after_name[0] in {"Z", "X"} else int(after_name[19])  # its parent has not read how it ended


def process_name() -> str:
    """The name of this process: host, number, when it began, and where the number holds."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname(), flags=re.ASCII) or "unknown"
    return f"{host}:{os.getpid()}:{_begun(os.getpid()) or 0}:{_place() or '0' * 8}"


def has_ended(name: str) -> bool:
    """Whether a process of this machine has ended; False for one of another machine, of which nothing is known."""
    found = _NAME.fullmatch(name)
    if found is None or found["place"] != _place():
        return False
    return _begun(int(found["number"])) != int(found["begun"])


def is_here(name: str) -> bool:
    """Whether a process is one of this machine, so that it is known whether it has ended."""
    found = _NAME.fullmatch(name)
    return found is not None and found["place"] == _place()


class RunInHands(Protocol):
    """What the index knows of who has a run."""

    @property
    def status(self) -> str:
        """Its state."""

    @property
    def worker(self) -> str | None:
        """Who has it."""

    @property
    def lease_left_s(self) -> float | None:
        """Seconds until another may take it."""


def is_gone(state: RunInHands) -> bool:
    """Whether a run is in the hands of a worker that will not finish it."""
    if state.status != "running" or state.worker is None:
        return False
    return (state.lease_left_s is not None and state.lease_left_s < 0) or has_ended(state.worker)


def in_short(name: str) -> str:
    """A process as people are shown it: host and number."""
    found = _NAME.fullmatch(name)
    return name if found is None else f"{found['host']}:{found['number']}"
