"""Several processes at one index: every run goes to one of them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.results.draft import PREFIX
from app.results.store.folders.remote import RemoteFolder
from app.results.store.store import Store, opened_store
from tests.app.results.store.conftest import ResultOf
from tests.app.results.store.keys import LEASE_S, keys, runs
from tests.places import ROOT

pytestmark = pytest.mark.slow

TAKE = """
import json, sys
from app.results.store.store import opened_store
place, index, worker, keys = json.loads(sys.argv[1])
with opened_store(place, index) as store:
    sys.stdin.readline()
    taken = iter(lambda: store.index.take(worker, keys, 60.0), None)
    print(json.dumps([key for key in taken if store.index.renew(key, worker, "dispatch", 0.5, 60.0)]))
"""
"""Waits for a line, then takes runs until there are none, and says which it had."""


def test_two_processes_take_each_run_once(store: Store, index: str | None) -> None:
    asked = keys(60)
    store.index.register("sweep", runs(asked))
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, json.dumps([store.place, index, f"worker {number}", asked])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for number in range(2)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    taken = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(taken[0] + taken[1]) == asked
    assert all(state.attempts == 1 for state in store.index.states(asked).values())


WRITE = """
import json, os, signal, sys
from functools import partial
import polars as pl
from app.results.columns import TABLES
from app.results.folder import open_result, write_result
from app.results.store.store import opened_store
from pathlib import Path
place, index, key, source = json.loads(sys.argv[1])

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

with opened_store(place, index) as store:
    assert store.index.take("killed", [key], 0.2) == key
    result = open_result(Path(source))
    if "://" in place:
        store.folder.send(key, result, lambda _phase, share: share > 0.5 and killed())
    else:
        write_result(Path(place) / key, scenario_yaml="", topology={}, summary=killed, manifest=dict,
                     tables={name: partial(pl.DataFrame, schema=TABLES[name]) for name in TABLES})
"""
"""Takes a run, and is killed when it has written most of the result."""


def test_a_writer_that_is_killed_leaves_nothing_and_another_takes_over(
    tmp_path: Path, request: pytest.FixtureRequest, index: str | None, result_of: ResultOf
) -> None:
    """In a folder with its own index, and in a bucket with one on a server."""
    remote = index is not None
    place = f"{request.getfixturevalue('s3_bucket')}/{tmp_path.name}" if remote else str(tmp_path / "store")
    (key,) = keys(1)
    one_result = result_of(key)
    with opened_store(place, index) as store:
        store.index.register("sweep", runs([key]))
        command = [sys.executable, "-c", WRITE, json.dumps([place, index, key, str(one_result.path)])]
        assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == -signal.SIGKILL
        assert store.keys() == []
        time.sleep(max(0.0, store.index.states([key])[key].lease_left_s or 0.0) + 0.01)
        assert store.index.take("second", [key], LEASE_S) == key
        store.index.register("sweep", runs([key]))
        if isinstance(store.folder, RemoteFolder):
            store.folder.send(key, one_result)
        else:
            assert list((tmp_path / "store").glob(f"{PREFIX}*")) == []
            shutil.copytree(one_result.path, tmp_path / "store" / key)
        assert not store.index.finish(key, "killed")
        assert store.index.finish(key, "second")
        assert store.open(key).summary == one_result.summary
        assert store.index.states([key])[key].attempts == 2
