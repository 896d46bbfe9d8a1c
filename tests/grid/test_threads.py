from __future__ import annotations

import os
import subprocess
import sys

import pytest

from grid.threads import VARIABLE, at_most, environment, processors


def test_the_block_goes_before_the_environment_and_both_before_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    machine = processors()
    assert machine >= 1
    monkeypatch.setenv(VARIABLE, "3")
    assert processors() == 3
    with at_most(1):
        assert processors() == 1
        with at_most(None):
            assert processors() == 1
    assert processors() == 3
    for wrong in ("0", "-1", "many", ""):
        monkeypatch.setenv(VARIABLE, wrong)
        assert processors() == machine


def test_a_process_started_in_the_environment_has_so_many_threads() -> None:
    code = "import polars; from grid.threads import processors; print(processors(), polars.thread_pool_size())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment(1), check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "1"]
