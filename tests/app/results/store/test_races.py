"""Several processes at one index: every run goes to one of them."""

from __future__ import annotations

import json
import subprocess
import sys

from app.results.store.store import Store
from tests.app.results.store.keys import keys, runs
from tests.places import ROOT

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
