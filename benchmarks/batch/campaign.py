"""A batch that is killed again and again: client, worker and scheduler in turn, at random moments.

What must come of it: every result, each as in a batch that was left alone, none computed twice, nothing left behind.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.results.store.store import opened_store
from benchmarks.batch.loopback import ENVIRONMENT, LoopbackCluster

IN_TURN = ("client", "worker", "scheduler")
LEASE_S = 10.0
"""Lease of the runs; on this machine a worker that has ended is noticed before."""
_LOOK_S = 0.1


@dataclass(frozen=True)
class Campaign:
    """What came of it.

    Args:
        results: How many results there are.
        different: Keys of results that are not as those of the batch that was left alone.
        twice: Keys of runs that were finished twice.
        leftovers: Hidden files of writers, and runs that are in somebody's hands, at the end.
        kills: Who was killed, in order.
        clients: How many clients it took.
        attempts: How often runs were begun.
        seconds: How long it took [s].
    """

    results: int
    different: tuple[str, ...]
    twice: tuple[str, ...]
    leftovers: tuple[str, ...]
    kills: tuple[str, ...]
    clients: int
    attempts: int
    seconds: float


class _Watch:
    """Looks at the index all the time: a run that is finished must stay as it is."""

    def __init__(self, place: Path, index: str | None) -> None:
        self._place, self._index = place, index
        self.finished: dict[str, tuple[float | None, str | None]] = {}
        self.twice: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with opened_store(self._place, self._index) as store:
            while not self._over.wait(_LOOK_S):
                for key, state in store.index.states(store.keys()).items():
                    before = self.finished.get(key)
                    if state.status in {"done", "infeasible"} and before is None:
                        self.finished[key] = (state.finished, state.worker)
                    elif before is not None and before != (state.finished, state.worker):
                        self.twice.add(key)


def campaign(
    sweep: Path, place: Path, undisturbed: Path, folder: Path, *, kills: int, seed: int, index: str | None = None,
    longest_s: float = 2.0,
) -> Campaign:  # fmt: skip
    """Runs a sweep and kills what runs it; afterwards what is left is run in peace.

    Args:
        sweep: The sweep file.
        place: The store.
        undisturbed: A store with the results of a batch that was left alone.
        folder: For the cluster's files.
        kills: How many kills.
        seed: Of the moments.
        index: URL of the index.
        longest_s: Longest time between two kills [s].
    """
    chance, begun = random.Random(seed), time.monotonic()  # noqa: S311  moments, no secrets
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "batch",
        str(sweep),
        "--out",
        str(place),
        "--lease",
        str(LEASE_S),
        "--json",
    ]
    command += ["--index", index] if index is not None else []
    clients, done = 0, []
    with LoopbackCluster(folder) as cluster, _Watch(place, index) as watch:
        client: subprocess.Popen[bytes] | None = None
        for whom in itertools.islice(itertools.cycle(IN_TURN), kills):
            if client is None or client.poll() is not None:
                client, clients = _client(command, cluster, folder), clients + 1
                _wait_until_running(folder / "client.jsonl", client)
            time.sleep(chance.uniform(0.0, longest_s))
            if whom == "client":
                client.kill()
                client.wait()
            elif whom == "worker":
                cluster.kill_worker(chance.randrange(100))
            else:
                cluster.kill_scheduler()
                client.wait()
            done.append(whom)
        while True:
            client = _client(command, cluster, folder) if client is None or client.poll() is not None else client
            clients += 1
            if client.wait() in {0, 3}:
                break
            if clients > 3 * kills + 3:
                raise RuntimeError((folder / "client.jsonl").read_text()[-2000:])
        time.sleep(2 * _LOOK_S)
    return _judged(place, undisturbed, index, watch, tuple(done), clients, time.monotonic() - begun)


def _client(command: list[str], cluster: LoopbackCluster, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "client.jsonl").open("wb") as out:
        return subprocess.Popen(  # noqa: S603  our own command
            [*command, "--scheduler", cluster.address], stdout=out, stderr=subprocess.STDOUT, env=ENVIRONMENT
        )


def _wait_until_running(told: Path, client: subprocess.Popen[bytes]) -> None:
    """Waits until a client says that a run goes on, or has ended."""
    while client.poll() is None:
        lines = [line for line in told.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        if any(json.loads(line).get("running") or '"event": "run"' in line for line in lines):
            return
        time.sleep(_LOOK_S)


def _judged(
    place: Path,
    undisturbed: Path,
    index: str | None,
    watch: _Watch,
    kills: tuple[str, ...],
    clients: int,
    seconds: float,
) -> Campaign:
    with opened_store(place, index) as store:
        keys = store.keys()
        states = store.index.states(keys)
        leftovers = [state.key for state in states.values() if state.status not in {"done", "infeasible"}]
    known = {".index.sqlite", ".index.sqlite-wal", ".index.sqlite-shm", ".sweeps"}
    leftovers += [path.name for path in place.iterdir() if path.name.startswith(".") and path.name not in known]
    different = [key for key in keys if _hashes(place / key) != _hashes(undisturbed / key)]
    missing = [path.name for path in undisturbed.iterdir() if not path.name.startswith(".") and path.name not in keys]
    attempts = sum(state.attempts for state in states.values())
    return Campaign(
        len(keys), (*different, *missing), tuple(watch.twice), tuple(leftovers), kills, clients, attempts, seconds
    )


def _hashes(result: Path) -> Mapping[str, Any] | None:
    """Hashes of a result's files, as its manifest has them; None if there is none."""
    try:
        content = json.loads((result / "manifest.json").read_text())
    except FileNotFoundError:
        return None
    return dict(content["files"])
