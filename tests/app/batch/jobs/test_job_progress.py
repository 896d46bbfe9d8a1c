"""How far a run is and how long it may still take."""

from __future__ import annotations

import subprocess

import pytest

from app.batch.jobs.processes import command_of
from app.batch.jobs.progress import PHASES, expected_seconds, progress, usual_weights
from app.results.store.queue.rows import QueuedRun
from app.results.store.states import RunState
from tests.places import ROOT

SIZE = {"network": "case33bw", "strategy": "optimal", "steps": 100}
SECONDS = dict(zip(PHASES, (1.0, 2.0, 10.0, 3.0, 3.0, 1.0), strict=True))


def run(**changes: object) -> QueuedRun:
    """An earlier run that took `SECONDS`, unless the size is another."""
    return QueuedRun("key", "name", 0.0, 0, "", (), {**SIZE, **changes}, None, SECONDS, RunState("key", "done"), None)


def test_phases_take_as_long_as_those_of_the_run_that_is_most_like_it() -> None:
    others = [run(steps=800), run(steps=200), run(network="other"), run(strategy="unmanaged")]
    assert expected_seconds({**SIZE, "steps": 100}, others) == {
        name: seconds * (1.0 if name == "read" else 0.5) for name, seconds in SECONDS.items()
    }
    assert expected_seconds({**SIZE, "steps": 100_000}, others) is None  # too far from any
    assert expected_seconds({**SIZE, "network": "third"}, others) is None


def test_time_left_shrinks_from_the_expected_to_nothing() -> None:
    whole, left = sum(SECONDS.values()), []
    for number, phase in enumerate(PHASES):
        before = sum(list(SECONDS.values())[:number])
        for part in (0.0, 0.5, 0.8):
            at_s = part * SECONDS[phase]
            share, seconds_left = progress(phase, 0.0, at_s, before + at_s, SECONDS, SECONDS)
            assert share == pytest.approx((before + at_s) / whole)
            left.append(seconds_left)
            assert seconds_left == pytest.approx(whole - before - at_s)
    assert left == sorted(left, reverse=True)


def test_a_slow_machine_makes_the_time_left_longer() -> None:
    _, left = progress("dispatch", 0.5, 10.0, 26.0, SECONDS, SECONDS)  # in which 8 s had been expected
    assert left is not None
    assert left > 12.0


def test_without_an_earlier_run_its_own_pace_says_it_once_it_has_one() -> None:
    weights = usual_weights(SIZE)
    assert progress("read", 0.0, 1.0, 1.0, None, weights)[1] is None
    share, left = progress("dispatch", 0.5, 30.0, 31.0, None, weights)
    assert 0.4 < share < 0.6
    assert left == pytest.approx(31.0 * (1 - share) / share)
    assert usual_weights({"strategy": "unmanaged"})["dispatch"] < weights["dispatch"]


def test_a_worker_of_another_version_than_its_server_takes_nothing() -> None:
    command = command_of("no such store", None, lease_s=60, memory_limit_mb=1000, version="0.0.0")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert "worker" in worker.stdout.readline()
        assert "the server is of 0.0.0: start it again" in worker.stdout.readline()
        worker.stdin.close()  # the server is gone
        assert worker.wait(60) == 0
    assert not (ROOT / "no such store").exists()
