"""Writes ``docs/benchmarks_scaling.md``, time and memory as work grows: ``python -m benchmarks.scaling.run [--quick]``.

``--cars N … --days N … --buses N …`` measure other work and print it instead. Each run is a process of its own, one
thread, ``unmanaged``: the demonstration's city and assets. Seconds are those of the processor, so that a busy machine
counts less; memory is the peak of the process. Between two runs a quantity grows with the power of the work that the
last columns state: 1 is linear.
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
CARS, TURNS = 10_000, 5
WORK = ([1_000, 10_000, 50_000], [7, 28, 91, 365], [59, 254, 10_458])
"""Cars, days and buses of the page."""
OUT = Path(__file__).parents[2] / "docs" / "benchmarks_scaling.md"


@dataclass(frozen=True)
class Run:
    """A run.

    Args:
        work: Cars or days.
        seconds: Processor time by phase [s].
        peak_mb: Peak memory until each phase ends [MB].
    """

    work: int
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


def phases(of: str, runs: Sequence[Run]) -> str:
    """How the longest phases grow between the last two runs, in words."""
    if len(runs) < 2:
        return ""
    before, last = runs[-2:]
    more = math.log(last.work / before.work)
    longest = sorted(PHASES, key=last.seconds.__getitem__, reverse=True)[:3]
    grow = ", ".join(
        f"{phase} with {of}^{math.log(last.seconds[phase] / before.seconds[phase]) / more:.2f}" for phase in longest
    )
    return f"From {before.work:,} to {last.work:,} {of}: {grow}.\n"


def grown(of: str, cases: Sequence[tuple[int, int, int]]) -> str:
    """Table and words for runs of (work, days, cars)."""
    runs = [measured(*case) for case in cases]
    return "\n".join([*table(of, runs), phases(of, runs)])


def document(cars: Sequence[int], days: Sequence[int], sizes: Sequence[int]) -> str:
    """The page."""
    from benchmarks.scaling import buses  # noqa: PLC0415  no part of what a run's process needs

    measured(0, 1, 100)  # compiles what is not compiled yet
    return f"""# How runs grow with work
Written by `make bench`, or by `python -m benchmarks.scaling.run`: the demonstration's city (254 buses, quarter hours),
every run a process of its own with one thread; seconds are those of the processor, memory the peak of the process. A
quantity grows with the stated power of the work: 1 is linear. What is behind the exponents, and a year under `optimal`:
[benchmarks_profiles.md](benchmarks_profiles.md), [benchmarks_dispatch.md](benchmarks_dispatch.md).

## Cars, one week, charging on arrival
{grown("cars", [(number, 7, number) for number in cars])}
## Days, {CARS:,} cars, charging on arrival
{grown("days", [(number, number, CARS) for number in days])}
## Buses
The kernels by themselves, a step of the SimBench grids of [benchmarks.md](benchmarks.md), which also states the memory
of a year by buses; processor time, least of {TURNS} turns.

{chr(10).join(buses.table(list(sizes), TURNS))}
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    for work in ("cars", "days", "buses"):
        parser.add_argument(f"--{work}", type=int, nargs="*")
    given = parser.parse_args(arguments)
    if given.child:
        child(int(given.child[0]), int(given.child[1]))
        return
    stated = [given.cars, given.days, given.buses]
    if any(work is not None for work in stated):
        sys.stdout.write(document(*(work or [] for work in stated)))
        return
    OUT.write_text(document(*((work[:-1] for work in WORK) if given.quick else WORK)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
