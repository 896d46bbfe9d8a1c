"""Processes that are killed while they write a result leave none, and nothing that the next run does not remove."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.results.draft import PREFIX
from app.results.verification import FILES, MANIFEST
from tests.places import ROOT

pytestmark = pytest.mark.slow

WRITE = """
import json, os, pathlib, signal, sys, time
from app.commands.exit_status import ending_signals
from app.results.draft import PREFIX, remove_abandoned
from tests.app.synthetic_results import write_synthetic

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts commands in its background with some ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)

def write(out):
    pid = os.fork()
    if pid:
        return pid
    status = 0
    try:
        with ending_signals():
            remove_abandoned(out.parent)
            remove_abandoned(out)
            write_synthetic(out, "optimal", with_devices=False)
    except KeyboardInterrupt:
        status = 130
    os._exit(status)

def written(folder):
    return sum(1 for draft in folder.rglob(PREFIX + "*") for _ in draft.iterdir())

for number, files, there in json.loads(sys.argv[2]):
    folder = pathlib.Path(sys.argv[1]) / f"{number}-{files}"
    folder.mkdir()
    out = folder / "out"
    if there:
        out.mkdir()
    pid = write(out)
    while written(folder) < files:
        time.sleep(0.002)
    os.kill(pid, number)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    again = os.waitstatus_to_exitcode(os.waitpid(write(out), 0)[1])
    print(json.dumps([number, ended, left, again]), flush=True)
"""
"""Forks writers, ends each by a signal when so many files are written, and writes to the same place again."""
CASES = [
    (signal.SIGKILL, 2, False), (signal.SIGKILL, 9, True), (signal.SIGKILL, 15, False),
    (signal.SIGTERM, 5, False), (signal.SIGHUP, 7, True), (signal.SIGINT, 3, False),
]  # fmt: skip


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int, list[str], int]]]:
    """The folders of the cases, and for each: signal, exit status, files left by it, exit status of the next run."""
    folder = tmp_path_factory.mktemp("kills")
    command = [sys.executable, "-c", WRITE, str(folder), json.dumps(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=300)
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def test_no_signal_leaves_a_result_or_more_than_a_draft(
    ends: tuple[Path, list[tuple[int, int, list[str], int]]],
) -> None:
    assert len(ends[1]) == len(CASES)
    for number, status, left, _ in ends[1]:
        assert status == (-signal.SIGKILL if number == signal.SIGKILL else 130)
        assert all(PREFIX in name for name in left)
        assert bool(left) == (number == signal.SIGKILL)


def test_the_next_run_is_good_and_removes_what_was_left(
    ends: tuple[Path, list[tuple[int, int, list[str], int]]],
) -> None:
    folder, found = ends
    assert [again for *_, again in found] == [0] * len(CASES)
    for number, files, _ in CASES:
        place = folder / f"{int(number)}-{files}"
        assert [path.name for path in place.iterdir()] == ["out"]
        assert {path.name for path in (place / "out").iterdir()} == {*FILES, MANIFEST}
