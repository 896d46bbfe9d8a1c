"""The command `batch`: what it refuses, how it ends, and that it goes on where it was ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.batch import cluster
from app.commands.sweeps.batch import _seconds_until
from app.results.store.store import opened_store
from grid.errors import InputError
from tests.app.batch.sweeps import sweep_file
from tests.app.command_line import gridcarbon, refused
from tests.places import ROOT

LONGEST_S = 240.0


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        (["--deadline", "soon"], ["--deadline", "90min or 8h", "'soon'"]),
        (["--deadline", "2020-01-01T00:00"], ["--deadline", "must not have passed"]),
        (["--memory-limit", "much"], ["--memory-limit", "2GB", "'much'"]),
        (["--memory-limit", "1MB"], ["--memory-limit", "at least 200MB"]),
        (["--scheduler", "tcp://a:1", "--out", "s3://bucket/store"], ["--index", "must be given with --scheduler"]),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(
    options: list[str], fragments: list[str], tmp_path: Path
) -> None:
    refused(gridcarbon("batch", tmp_path / "none.yaml", "--out", tmp_path / "store", *options), *fragments)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90min", 5400), ("8h", 28_800), ("1h 30min", 5400), ("1.5d", 129_600), ("45 s", 45)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert _seconds_until(text) == seconds


@pytest.mark.parametrize("text", ["0s", "-5min", "8 hours", "h", "8h and more"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--deadline"):
        _seconds_until(text)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    for wrong, why in ((address, "no scheduler answers within 1 s"), ("foo://a:1", "unknown address scheme")):
        with pytest.raises(InputError, match=why), cluster.cluster_at(wrong):
            pass
    with pytest.raises(InputError, match="must be left out with --scheduler"):
        cluster.opened_workers(2, address)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_leaves_no_store(tmp_path: Path) -> None:
    sweep, place = sweep_file(tmp_path, {"seed": [0, 1]}), tmp_path / "store"
    for options, fragments in (
        (["--scheduler", "foo://a:1"], ["is no address of a scheduler such as tcp://host:8786"]),
        (["--scheduler", "tcp://a:1", "--jobs", "2"], ["--jobs", "must be left out with --scheduler"]),
    ):
        refused(gridcarbon("batch", sweep, "--out", place, *options), *fragments)
        assert not place.exists()


def begun(sweep: Path, place: Path, told: Path) -> subprocess.Popen[bytes]:
    """The command with one worker, as a group of processes of its own, when a run goes on or has ended."""
    command = [sys.executable, "-m", "app.cli", "batch", str(sweep), "--out", str(place), "--jobs", "1", "--json"]
    with told.open("wb") as out:
        client = subprocess.Popen(command, stdout=out, cwd=ROOT, start_new_session=True)
    end = time.monotonic() + LONGEST_S
    while '"phase": "read"' not in told.read_text() and '"event": "run"' not in told.read_text():
        assert client.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    return client


@pytest.mark.slow
def test_killed_and_interrupted_it_goes_on_where_it_was(tmp_path: Path) -> None:
    sweep, place, told = sweep_file(tmp_path, {"seed": [0, 1, 2]}), tmp_path / "store", tmp_path / "told.jsonl"
    client = begun(sweep, place, told)
    children = psutil.Process(client.pid).children(recursive=True)
    client.kill()
    client.wait()
    assert psutil.wait_procs(children, LONGEST_S)[1] == []

    client = begun(sweep, place, told)
    os.killpg(client.pid, signal.SIGINT)
    assert client.wait(LONGEST_S) == 128 + signal.SIGINT
    end = json.loads(told.read_text().splitlines()[-1])
    assert (end["event"], end["stopped"]) == ("end", "interrupted")
    with opened_store(place) as store:
        assert store.index.running() == set()

    done = gridcarbon("batch", sweep, "--out", place, "--jobs", "1", "--json")
    assert done.returncode == 0, done
    end = json.loads(done.stdout.splitlines()[-1])
    assert (end["outcome"], end["done"], end["left"]) == ("done", 3, 0)
    assert len(list(place.glob("[!.]*/manifest.json"))) == 3
    assert list(place.glob(".gridcarbon-*")) == []
