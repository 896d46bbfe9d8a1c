"""How many runs workers get through, what of their time is no phase of a run, and how their memory goes."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.batch.client import run_batch
from app.batch.cluster import local_cluster
from app.batch.options import BatchOptions
from app.batch.report import BatchSummary, BatchView, RunReport
from app.batch.sweep import check_sweep
from app.results.store.store import opened_store

SETTLED_AFTER = 10
"""Runs after which the memory of a worker is compared."""


@dataclass
class Reports:
    """A display that keeps the reports of runs."""

    runs: list[RunReport] = field(default_factory=list)

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:  # noqa: ARG002  of the protocol
        """Keeps a report."""
        self.runs.append(report)

    def show(self, view: BatchView) -> None:
        """Shows nothing."""

    def note(self, text: str) -> None:
        """Notes nothing."""

    def end(self, summary: BatchSummary) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Throughput:
    """What workers got through.

    Args:
        workers: How many.
        runs: How many.
        seconds: From the first run handed out to the last result [s].
        start_s: Start of the workers before [s].
        phases_s: Sum of all phases of all runs [s].
        memory_mb: Memory of each worker after each of its runs [MB].
    """

    workers: int
    runs: int
    seconds: float
    start_s: float
    phases_s: float
    memory_mb: tuple[tuple[float, ...], ...]

    @property
    def overhead(self) -> float:
        """Share of the workers' time that is no phase of a run."""
        return 1 - self.phases_s / (self.workers * self.seconds)

    @property
    def per_hour(self) -> float:
        """Runs an hour."""
        return 3600 * self.runs / self.seconds

    @property
    def memory_drift(self) -> float:
        """Largest deviation of a worker's memory from that after its tenth run, as a share of it."""
        series = [one for one in self.memory_mb if len(one) > SETTLED_AFTER]
        return max(
            (abs(mb / one[SETTLED_AFTER - 1] - 1) for one in series for mb in one[SETTLED_AFTER:]), default=float("nan")
        )


def sweep_of(folder: Path, base: str | Path, runs: int, changes: dict[str, Any], varied: str, low: float) -> Path:
    """A sweep of so many runs, in each of which the dispatch or the power flow differs.

    Args:
        folder: Where its file goes.
        base: The scenario.
        runs: How many.
        changes: What is changed in all of them.
        varied: Path of a number that is different in each.
        low: Its least value; it grows by a thousandth of that from run to run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = [round(low * (1 + each / 1000), 9) for each in range(runs)]
    design = {"kind": "grid", "parameters": {varied: values}}
    path = folder / f"sweep-{runs}.yaml"
    path.write_text(yaml.safe_dump({"name": f"{runs} runs", "base": str(base), "changes": changes, "design": design}))
    return path


def measure(sweep: Path, place: Path, workers: int, days: int | None = None) -> Throughput:
    """Runs a sweep into an empty store.

    Raises:
        RuntimeError: If not all runs have a result.
    """
    checked, told = check_sweep(sweep, days), Reports()
    begun = time.perf_counter()
    with local_cluster(workers) as client, opened_store(place) as store:
        started = time.perf_counter()
        summary = run_batch(checked, store, lambda: nullcontext(client), BatchOptions(), told)
        ended = time.perf_counter()
    if summary.outcome not in {"done", "infeasible"}:
        raise RuntimeError(f"{summary.stopped} {summary.failures[:3]}")
    by_worker: dict[str, list[float]] = defaultdict(list)
    for report in told.runs:
        by_worker[report.worker].append(report.memory_mb)
    phases_s = sum(sum(report.phases.values()) for report in told.runs)
    return Throughput(
        workers,
        len(told.runs),
        ended - started,
        started - begun,
        phases_s,
        tuple(tuple(one) for one in by_worker.values()),
    )
