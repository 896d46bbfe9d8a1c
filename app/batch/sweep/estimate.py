"""What the runs of a sweep will take in time, memory and disk, from runs that were made, with its error."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from app.batch.sweep.checked import CheckedSweep, SweepRun
from app.results.run import run_scenario
from app.results.store.states import WITH_RESULT, RunState
from app.results.store.store import opened_store
from app.scenario import check_scenario
from grid.errors import InputError
from grid.files.content import is_folder
from grid.sharing import sharing_preparation

LIKELY = 0.95
"""How likely the sum lies within the error that is given."""
MOST_OPENED = 50
"""Results of other sweeps that are opened to see whether they are alike."""
KIB_PER_MB = 1e3 / 1.024
"""Kibibytes, in which Linux counts memory, of a megabyte."""
ONE_RUN_SPREAD = 0.2
"""How far the time of one run is from the mean of its sweep, as standard deviation over mean; taken where only one run
was timed (`docs/sweeps.md` says what it was measured on)."""


@dataclass(frozen=True)
class RunCost:
    """What one run took.

    Args:
        seconds: Time from start to the written result [s].
        memory_mb: The most memory [MB]; None if unknown.
        disk_bytes: Size of its result [byte]; None if unknown.
    """

    seconds: float
    memory_mb: float | None
    disk_bytes: float | None


@dataclass(frozen=True)
class SweepEstimate:
    """What the runs that are still to be made will take.

    Args:
        n_runs: How many those are.
        n_done: How many of the sweep have a result already.
        seconds: One after the other, and its error [s].
        memory_mb: The most that a run will need [MB]; None if unknown.
        disk_bytes: Of all results, and its error [byte]; None if unknown.
        basis: What it rests on, in words.
    """

    n_runs: int
    n_done: int
    seconds: tuple[float, float]
    memory_mb: float | None
    disk_bytes: tuple[float, float] | None
    basis: str

    def __str__(self) -> str:
        done = f", {self.n_done} are done" if self.n_done else ""
        lines = [f"  to run     {self.n_runs}{done}", f"  time       {_duration(*self.seconds)} on one worker"]
        lines += [] if self.memory_mb is None else [f"  memory     {self.memory_mb:,.0f} MB a worker"]
        if self.disk_bytes is not None:
            total, error = self.disk_bytes
            lines.append(f"  disk       {total / 1e6:,.1f} ± {error / 1e6:,.1f} MB")
        return "\n".join([*lines, f"  estimated  from {self.basis}; within the errors with {LIKELY:.0%} probability"])


def estimate_from_store(sweep: CheckedSweep, place: str, index: str | None = None) -> SweepEstimate:
    """From runs of a store: those of the sweep itself, else those of the same grid, steps and strategy.

    Raises:
        InputError: If there is no store, or nothing like the sweep in it.
        StoreError: If it cannot be reached.
    """
    if "://" not in place and not is_folder(Path(place)):
        raise InputError.single("--store", "no such store", place)
    with opened_store(place, index) as store:
        states = store.index.states(store.keys())
        done = {key: state for key, state in states.items() if state.status in WITH_RESULT}
        mine = [done[run.key] for run in sweep.runs if run.key in done]
        alike = [_cost(state) for state in mine if state.seconds is not None]
        basis = f"{len(alike)} runs of the sweep in {place}"
        if len(alike) < 2:
            want = {_likeness(run.content) for run in sweep.runs}
            others = [state for state in done.values() if state.seconds is not None][:MOST_OPENED]
            alike = [_cost(each) for each in others if _likeness(store.open(each.key).scenario) in want]
            basis = f"{len(alike)} runs of the same grid, steps and strategy in {place}"
    if len(alike) < 2:
        rule = "has fewer than two runs of the same grid, steps and strategy; --time-one makes a first one"
        raise InputError.single("--store", rule, place)
    return extrapolated(alike, len(sweep.runs) - len(mine), len(mine), basis)


def estimate_from_one_run(sweep: CheckedSweep) -> SweepEstimate:
    """From one timed run, made in a folder for temporary files and thrown away.

    It is the last of the sweep; the first is made before it, since a process that has just started takes longer.
    """
    with sharing_preparation():
        started = None if len(sweep.runs) == 1 else _timed(sweep.runs[0])
        cost = _timed(sweep.runs[-1])
    basis = f"run {sweep.runs[-1].name!r}, taken to be {ONE_RUN_SPREAD:.0%} from the mean (standard deviation)"
    estimate = extrapolated([cost], len(sweep.runs), 0, basis)
    seconds, error = estimate.seconds
    start_s = 0.0 if started is None else max(0.0, started.seconds - cost.seconds)
    return replace(estimate, seconds=(seconds + start_s, error))


def _timed(run: SweepRun) -> RunCost:
    """What a run takes from its content to the written result, the memory being that of this process."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        result = run_scenario(check_scenario(run.content, run.folder, run.name), Path(folder) / "result")
        seconds = time.perf_counter() - begun
        size = sum(file.stat().st_size for file in result.path.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else KIB_PER_MB)
    return RunCost(seconds, peak, size)


def extrapolated(costs: Sequence[RunCost], n_runs: int, n_done: int, basis: str) -> SweepEstimate:
    """What `n_runs` more runs will take if they are like those of `costs`."""
    memory = [cost.memory_mb for cost in costs if cost.memory_mb is not None]
    disk = [cost.disk_bytes for cost in costs if cost.disk_bytes is not None]
    return SweepEstimate(
        n_runs, n_done,
        _sum_of_more([cost.seconds for cost in costs], n_runs),
        max(memory, default=None),
        _sum_of_more(disk, n_runs) if disk else None,
        basis,
    )  # fmt: skip


def _sum_of_more(values: Sequence[float], n: int) -> tuple[float, float]:
    """The sum of n more draws, and how far it may be off: by their own spread, and by that of the mean [1].

    References:
        [1] G. J. Hahn, W. Q. Meeker, Statistical Intervals, Wiley, 1991: prediction interval for the mean of n draws.
    """
    mean = float(np.mean(values))
    if len(values) == 1:
        deviation, factor = ONE_RUN_SPREAD * mean, float(stats.norm.ppf(0.5 + LIKELY / 2))
    else:
        deviation = float(np.std(values, ddof=1))
        factor = float(stats.t.ppf(0.5 + LIKELY / 2, len(values) - 1))
    return n * mean, factor * deviation * float(np.sqrt(n + n**2 / len(values)))


def _cost(state: RunState) -> RunCost:
    return RunCost(float(state.seconds or 0.0), state.peak_memory_mb, state.size_bytes)


def _likeness(content: Mapping[str, Any]) -> tuple[object, ...]:
    """Grid, length, step and strategy of a scenario, which decide most of what a run takes."""
    period = content["period"]
    return content["city"]["network"], period["days"], period["step_minutes"], content["dispatch"]["strategy"]


def _duration(seconds: float, error: float) -> str:
    """A time with its error, in the unit that suits it."""
    unit, size = next((u, s) for u, s in (("h", 3600.0), ("min", 60.0), ("s", 1.0)) if seconds >= 2 * s or u == "s")
    return f"{seconds / size:,.1f} ± {error / size:,.1f} {unit}"
