"""Measures batches and writes ``docs/benchmarks_batch.md``: ``python -m benchmarks.batch.run [--unmanaged 200] …``.

By default in the sizes that the targets name, which takes some twenty minutes on two processors that do nothing else;
``--quick`` takes a small net and a tenth of the runs, and writes nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app
from benchmarks.batch.campaign import Campaign, campaign
from benchmarks.batch.throughput import Throughput, measure, sweep_of

OUT = Path(__file__).parents[2] / "docs" / "benchmarks_batch.md"
CITY = Path(app.__file__).parent / "scenarios" / "demo.yaml"
SMALL = {
    "name": "small",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-01-01", "days": 366, "step_minutes": 60},
    "dispatch": {"strategy": "unmanaged"},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "5", "p_peak_mw": 1.0}],
}
"""The scenario of the kills: a small net, and runs long enough that kills fall into them."""


def compared(folder: Path, base: Path, runs: int, strategy: str, days: int) -> tuple[Throughput, Throughput]:
    """The same sweep with one worker and with two, one after the other."""
    sweep = sweep_of(folder, base, runs, {"dispatch.strategy": strategy}, "assets[roofs].p_peak_mw", 6.0)
    return tuple(measure(sweep, folder / f"store-{workers}", workers, days) for workers in (1, 2))  # type: ignore[return-value]


def killed(folder: Path, small: Path, runs: int, kills: int, seed: int) -> Campaign:
    """The campaign of kills against a batch that was left alone."""
    sweep = sweep_of(folder, small, runs, {}, "assets[roofs].p_peak_mw", 1.0)
    measure(sweep, folder / "undisturbed", 2)
    return campaign(sweep, folder / "store", folder / "undisturbed", folder / "cluster", kills=kills, seed=seed)


def throughput_rows(name: str, one: Throughput, two: Throughput) -> list[str]:
    """Rows of the table of throughput."""
    gain = two.per_hour / one.per_hour
    return [
        f"| {name} | {each.workers} | {each.runs} | {each.seconds:,.1f} | {each.per_hour:,.0f} | "
        f"{'' if each is one else f'{gain:.2f}'} | {100 * each.overhead:.1f} % | {each.start_s:.1f} |"
        for each in (one, two)
    ]


def document(rows: list[str], memory: Throughput, kills: Campaign, days: int) -> str:
    """The page."""
    packages = ("dask", "distributed", "sqlalchemy", "numpy", "polars", "highspy")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    machine = f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, {versions}"
    (series,) = memory.memory_mb
    shown = ", ".join(f"{series[place - 1]:,.0f}" for place in (1, 10, 25, 50, 75, 100) if place <= len(series))
    whom = {name: kills.kills.count(name) for name in ("client", "worker", "scheduler")}
    return f"""# Batches, measured
Written by `make bench` ([benchmarks/batch](../benchmarks/batch)). Runs are {days} days of the reference city (`demo`),
each with another peak power of its roofs, so that none takes the dispatch or the power flow of another. On {machine}.

## Throughput and overhead
Time from the first run handed out to the last result in the store, the first imports of the workers included; their
start is beside it. Overhead is all of the workers' time that is no phase of a run (read, prepare, dispatch, power flow,
tracing, write).

| runs | workers | number | s | an hour | × one worker | overhead | start of the workers, s |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Targets: at least 1.8 times the throughput of one worker, at most 5 % overhead.

## Memory
One worker over {memory.runs} runs, after the 1st, 10th, 25th, 50th, 75th and 100th as far as there were so many:
{shown} MB. Largest deviation from that after the tenth: {100 * memory.memory_drift:.1f} % (target: 10 %).

## Kills
{kills.results} runs of a year of a small net, on a scheduler and two workers as processes of their own, killed
{len(kills.kills)} times
at random moments: the client {whom["client"]} times, a worker {whom["worker"]}, the scheduler
{whom["scheduler"]}. It took {kills.clients} clients and {kills.seconds:,.0f} s. Runs that were interrupted and begun
again: {kills.attempts - kills.results}.

| | target | found |
|---|---|---|
| results | all | {kills.results} |
| results that differ in a byte from those of a batch that was left alone | 0 | {len(kills.different)} |
| runs that were finished twice | 0 | {len(kills.twice)} |
| leftovers: hidden files, runs in nobody's hands | 0 | {len(kills.leftovers)} |
"""


def main(arguments: list[str] | None = None, write: Callable[[str], object] = OUT.write_text) -> None:
    """Measures everything and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unmanaged", type=int, default=200, help="runs of the strategy unmanaged")
    parser.add_argument("--optimal", type=int, default=40, help="runs of the strategy optimal")
    parser.add_argument("--memory", type=int, default=100, help="runs of one worker whose memory is looked at")
    parser.add_argument("--days", type=int, default=7, help="days of these runs")
    parser.add_argument("--kill-runs", type=int, default=100, help="runs of the batch that is killed")
    parser.add_argument("--kills", type=int, default=20, help="how often it is killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--quick", action="store_true", help="a small net, few runs; the page goes to standard output")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked = argparse.Namespace(unmanaged=8, optimal=4, memory=20, days=1, kill_runs=12, kills=3, seed=1, quick=True)
        write = sys.stdout.write
    with tempfile.TemporaryDirectory(prefix="gridcarbon-bench-") as folder:
        write(_measured(Path(folder), asked))


def _measured(folder: Path, asked: Any) -> str:
    """Everything that is asked for, as a page."""
    small = folder / "small.yaml"
    small.write_text(json.dumps(SMALL))
    base = small if asked.quick else CITY
    rows = []
    for strategy, runs in (("unmanaged", asked.unmanaged), ("optimal", asked.optimal)):
        rows += throughput_rows(strategy, *compared(folder / strategy, base, runs, strategy, asked.days))
        sys.stderr.write("\n".join(rows) + "\n")
    sweep = sweep_of(folder, base, asked.memory, {"dispatch.strategy": "unmanaged"}, "assets[roofs].p_peak_mw", 6.0)
    memory = measure(sweep, folder / "memory", 1, asked.days)
    kills = killed(folder / "kills", small, asked.kill_runs, asked.kills, asked.seed)
    return document(rows, memory, kills, asked.days)


if __name__ == "__main__":
    main()
