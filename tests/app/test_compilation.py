from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from app import compilation
from app.compilation import compiling_aside
from app.scenario import check_scenario
from app.simulation.phases import simulate
from carbon.tracing import equations
from carbon.tracing.compilation import compile_tracing

pytestmark = pytest.mark.slow

SCENARIO = {
    "name": "small", "city": {"network": "case33bw"},
    "period": {"start": "2030-07-02", "days": 1, "step_minutes": 60},
    "assets": [{"kind": "ev_fleet", "name": "cars", "bus": "5", "vehicles": 3}],
    "dispatch": {"strategy": "unmanaged"},
}  # fmt: skip
WAITING = """
import sys, time
from app.compilation import compiling_aside

with compiling_aside():
    print("started", flush=True)
    time.sleep(600)
"""


def types_in(call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> dict[str, set[Any]]:
    """The types that the kernels of the tracing are called with."""
    seen: dict[str, set[Any]] = {}

    def recorded(name: str, kernel: Callable[..., None]) -> Callable[..., None]:
        def record(*arguments: object) -> None:
            seen.setdefault(name, set()).add(tuple(map(numba.typeof, arguments)))
            kernel(*arguments)

        return record

    with monkeypatch.context() as patch:
        for name, kernel in list(vars(equations).items()):
            if isinstance(kernel, numba.core.dispatcher.Dispatcher):
                patch.setattr(equations, name, recorded(name, kernel))
        call()
    return seen


def test_what_is_compiled_beside_a_run_is_what_a_run_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    aside = types_in(compile_tracing, monkeypatch)
    run = types_in(lambda: simulate(check_scenario(SCENARIO, Path(), "small")), monkeypatch)
    assert len(run) >= 4
    assert run == aside


def children_of(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def is_gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_the_second_process_ends_with_a_first_one_that_is_killed(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["GRIDCARBON_THREADS"] = "2"
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"started\n"
        (second,) = children_of(first.pid)
        assert not is_gone(second)
        first.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while not is_gone(second) and time.monotonic() < until:
        time.sleep(0.1)
    assert is_gone(second)


@pytest.mark.parametrize(("is_kept", "processors"), [(True, 2), (False, 1)])
def test_there_is_no_second_process_where_code_is_kept_or_no_processor_is_free(
    is_kept: bool, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grid.code_cache.is_kept", lambda _function: is_kept)
    monkeypatch.setattr(compilation, "processors", lambda: processors)
    monkeypatch.setattr(compilation.subprocess, "Popen", None)
    with compiling_aside():
        pass


def test_the_second_process_has_ended_when_the_context_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grid.code_cache.is_kept", lambda _function: False)
    monkeypatch.setattr(compilation, "processors", lambda: 2)
    before = set(children_of(os.getpid()))
    with compiling_aside():
        (second,) = set(children_of(os.getpid())) - before
    assert is_gone(second)
