"""Time and memory of runs as work grows: ``python -m benchmarks.scaling.run [--cars N …] [--days N …]``.

Each run is a process of its own, one thread, ``unmanaged``: the demonstration's city and assets. Seconds are those of
the processor, so that a busy machine counts less; memory is the peak of the process. Between two runs a quantity grows
with the power of the work that the last columns state: 1 is linear. Written as Markdown.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

PHASES = ("prepare", "dispatch", "power flow", "carbon tracing", "write")
MB_PER_KB = 1024 / 1e6


@dataclass(frozen=True)
class Run:
    """A run.

    Args:
        work: Cars or days.
        seconds: Processor time by phase [s].
        peak_mb: Peak memory until each phase ends [MB].
    """

    work: float
    seconds: dict[str, float]
    peak_mb: dict[str, float]


def child(days: int, cars: int) -> None:
    """Runs one scenario in this process and prints what it took."""
    from app.results.run import store  # noqa: PLC0415
    from app.scenario import load_scenario  # noqa: PLC0415
    from app.simulation.phases import simulate  # noqa: PLC0415

    seconds: dict[str, float] = {}
    peak_mb: dict[str, float] = {}
    begun = 0.0

    def tell(phase: str, share: float) -> None:
        nonlocal begun
        if share == 0.0:
            begun = time.process_time()
        elif share == 1.0:
            seconds[phase] = time.process_time() - begun
            peak_mb[phase] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MB_PER_KB

    with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path:
        loaded = load_scenario(path, days)
    changes: dict[str, Any] = {"dispatch.strategy": "unmanaged"}
    fleets = [k for k, asset in enumerate(loaded.scenario.assets) if asset.kind == "ev_fleet"]
    all_cars = sum(loaded.scenario.assets[k].vehicles for k in fleets)
    for k in fleets:
        changes[f"assets.{k}.vehicles"] = round(cars * loaded.scenario.assets[k].vehicles / all_cars)
    outcome = simulate(loaded.with_changes(changes), tell, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        store(outcome, Path(folder) / "result", tell)
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


def measured(work: int, days: int, cars: int) -> Run:
    """A run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scaling.run", "--child", str(days), str(cars)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  our own module
    told = json.loads(answer)
    return Run(work, told["seconds"], told["peak_mb"])


def table(of: str, runs: Sequence[Run]) -> Iterator[str]:
    """Runs in the order of their work, as Markdown."""
    yield f"| {of} | " + " | ".join(f"{phase} [s]" for phase in PHASES) + " | peak [MB] | time ∝ | memory ∝ |"
    yield "|---" * (len(PHASES) + 4) + "|"
    before: Run | None = None
    for run in runs:
        seconds = " | ".join(f"{run.seconds[phase]:.1f}" for phase in PHASES)
        peak = max(run.peak_mb.values())
        grows = "– | –"
        if before is not None:
            more = math.log(run.work / before.work)
            time_ = math.log(sum(run.seconds.values()) / sum(before.seconds.values())) / more
            grows = f"{of}^{time_:.2f} | {of}^{math.log(peak / max(before.peak_mb.values())) / more:.2f}"
        yield f"| {run.work:,.0f} | {seconds} | {peak:,.0f} | {grows} |"
        before = run
    yield ""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--cars", type=int, nargs="*", default=[1_000, 10_000, 50_000])
    parser.add_argument("--days", type=int, nargs="*", default=[7, 28, 91])
    given = parser.parse_args(arguments)
    if given.child:
        child(int(given.child[0]), int(given.child[1]))
        return
    measured(0, 1, 100)  # compiles what is not compiled yet
    for of, cases in (
        ("cars", [(cars, 7, cars) for cars in given.cars]),
        ("days", [(days, days, 10_000) for days in given.days]),
    ):
        if cases:
            sys.stdout.write("\n".join(table(of, [measured(*case) for case in cases])) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
