"""What the service says of clocks that do not agree, and of an output that is full."""

from __future__ import annotations

import errno
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from app.commands.twin import intake
from app.twin.measuring.messages import ReceivedMessage, payload_of, topic_of
from app.twin.measuring.store import opened_measurements
from app.twin.mqtt import ArrivedMessage
from app.twin.service import TwinService
from tests.app.twin.readings import START, reading

HOUR = timedelta(hours=1)


def arriving(number: int, behind: timedelta) -> ArrivedMessage:
    """The message of a reading that arrives by a clock that is behind."""
    measured = reading(number, received=START + timedelta(seconds=number) - behind)
    return ArrivedMessage(ReceivedMessage(topic_of("city", measured), payload_of(measured), START), 0, 0)


def test_a_clock_that_is_behind_is_said_once_and_measurements_are_kept(tmp_path):
    batches = [[arriving(4 * k + j, HOUR if k in (1, 2) else timedelta(0)) for j in range(4)] for k in range(4)]
    found: Any = SimpleNamespace(
        take=lambda *_: batches.pop(0), acknowledge=len, n_waiting=0, connected=True, reason="",
        address=SimpleNamespace(prefix="city"),
    )  # fmt: skip
    lines: list[str] = []
    with opened_measurements(tmp_path / "twin.db") as store:
        service = TwinService(found, store, say=lines.append)
        troubles = []
        for _ in range(4):
            service.step(0.0)
            troubles.append(service.state().trouble)
        assert store.counts()["measurements"] == 16
    (line,) = lines
    assert line.startswith("measurements are timed 3,600 s after they arrive by this machine's clock")
    assert troubles == ["", line, line, ""]


def test_a_full_disk_of_the_output_ends_nothing_and_a_closed_one_does(monkeypatch):
    def failing(number: int) -> None:
        def echo(_line: str) -> None:
            raise OSError(number, "x")

        monkeypatch.setattr(typer, "echo", echo)
        intake._say("a line")

    failing(errno.ENOSPC)
    with pytest.raises(BrokenPipeError):
        failing(errno.EPIPE)
