"""Runs every benchmark and writes ``docs/benchmarks.md``: ``python -m benchmarks.run [--quick]``.

Engines take turns, so that a machine that slows down slows all of them; figures are medians, and what counts is the
ratio within one run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import engines, store, tracing, tracing_conventions
from benchmarks.engines import Engine
from benchmarks.grids import CODES, read

YEAR = 35_136
STEPS = {"gridcarbon": {59: YEAR, 254: YEAR, 10_458: 2_016}, "peer": {59: 4_032, 254: 2_016, 10_458: 96}}
SLOW_STEPS = {59: 96, 254: 48, 10_458: 4}
OUT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def in_turns(contestants: dict[str, tuple[Engine, int]], repetitions: int) -> dict[str, float]:
    """Median time per step of each engine [µs]; each is called once before, to compile and to warm caches."""
    for engine, steps in contestants.values():
        engine(min(steps, 192))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repetitions):
        for name, (engine, steps) in contestants.items():
            begun = time.perf_counter()
            engine(steps)
            seconds[name].append((time.perf_counter() - begun) / steps * 1e6)
    return {name: statistics.median(values) for name, values in seconds.items()}


def power_flow(buses: int, repetitions: int) -> list[str]:
    """Rows of the power-flow table of one grid."""
    ours, peer, slow = STEPS["gridcarbon"][buses], STEPS["peer"][buses], SLOW_STEPS[buses]
    grid = read(buses, ours)
    contestants: dict[str, tuple[Engine, int]] = {
        "**gridcarbon**, 1 thread": (engines.gridcarbon(grid, 1), ours),
        "**gridcarbon**, 2 threads": (engines.gridcarbon(grid, 2), ours),
        "**gridcarbon**, full arrays, 1 thread": (engines.gridcarbon_arrays(grid, 1), peer),
        "power-grid-model, Newton-Raphson": (engines.power_grid_model(grid, 1, "newton_raphson"), peer),
        "power-grid-model, iterative current": (engines.power_grid_model(grid, 1, "iterative_current"), peer),
        "power-grid-model, iterative current, 2 threads": (
            engines.power_grid_model(grid, 2, "iterative_current"),
            peer,
        ),
        "lightsim2grid time series": (engines.lightsim2grid(grid), peer),
        "p3s Newton-Raphson batch": (engines.p3s(grid), peer),
        "pandapower run_timeseries, default": (engines.run_timeseries(grid, fast=True), slow),
        "pandapower run_timeseries, plain": (engines.run_timeseries(grid, fast=False), slow),
    }
    lowest = {name: engine(min(slow, steps)) for name, (engine, steps) in contestants.items()}
    first = next(iter(lowest.values()))
    differs = {name: float(np.abs(values - first).max()) for name, values in lowest.items()}
    micro = in_turns(contestants, repetitions)
    reference = micro["**gridcarbon**, 1 thread"]
    return [f"{_row(buses, name, value, reference)} {differs[name]:.0e} |" for name, value in micro.items()]


def carbon_tracing(buses: int, repetitions: int) -> list[str]:
    """Rows of the tracing table of one grid."""
    ours, peer = STEPS["gridcarbon"][buses], min(STEPS["peer"][buses], 384)
    grid = read(buses, ours)
    flows, sources = tracing.flows_of(grid, ours)
    stocks = tracing.operation(flows.n_nodes, ours)
    contestants: dict[str, tuple[Engine, int]] = {
        "power flow (for comparison), 1 thread": (engines.gridcarbon(grid, 1), ours),
        "**gridcarbon**, 1 thread": (tracing.gridcarbon(flows, sources, None, 1), ours),
        "**gridcarbon**, 2 threads": (tracing.gridcarbon(flows, sources, None, 2), ours),
        "sparse solve per step (scipy)": (tracing.one_solve_per_step(flows, sources, dense=False), peer),
    }
    if buses < 1_000:
        contestants["dense solve per step (numpy)"] = (tracing.one_solve_per_step(flows, sources, dense=True), peer)
    micro = in_turns(contestants, repetitions)
    with_stocks: dict[str, tuple[Engine, int]] = {}
    for threads in (1, 2):
        engine = tracing.gridcarbon(flows, sources, stocks, threads)
        label = f"**gridcarbon**, 3 batteries and 500 sessions a day of 9 hours, {_threads(threads)}"
        with_stocks[label] = (lambda _steps, engine=engine: engine(ours), ours)
    micro |= in_turns(with_stocks, repetitions)
    reference = micro["**gridcarbon**, 1 thread"]
    return [_row(buses, name, value, reference) for name, value in micro.items()]


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"


def _row(buses: int, name: str, micro: float, reference: float) -> str:
    return f"| {buses:,} | {name} | {micro:,.1f} | {micro * YEAR / 1e6:,.2f} | {micro / reference:,.1f} |"


def peak_memory_mb(buses: int) -> float:
    """Peak memory of a process that reads a grid and runs our power flow over a whole year [MB]."""
    code = "import sys; from benchmarks import run; run.year_in_this_process(int(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(buses)], capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout.split()[-1])


def year_in_this_process(buses: int) -> None:
    """Runs a year in windows of its profiles and prints the peak memory [MB]."""
    warnings.simplefilter("ignore")
    from grid.city.city import make_city  # noqa: PLC0415  for the child process only
    from grid.city.source import read_grid  # noqa: PLC0415
    from grid.powerflow.extremes import extremes  # noqa: PLC0415
    from grid.time.clock import Clock  # noqa: PLC0415

    clock = Clock(engines.datetime(2016, 1, 1, tzinfo=engines.UTC), engines.timedelta(minutes=15), YEAR)
    city = make_city(read_grid(CODES[buses].replace("no_sw", "sw")), clock)
    extremes(city.network, clock, city.injections(), threads=2)
    status = Path("/proc/self/status").read_text()  # getrusage would inherit the peak of the parent
    peak_kb = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    sys.stdout.write(f"{int(peak_kb) / 1000:.0f}\n")


def _machine() -> str:
    """Processors and versions that the figures were measured with."""
    packages = ("pandapower", "power-grid-model", "lightsim2grid", "p3s-cpp", "numpy", "scipy", "numba")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {versions}"


def document(
    flow_rows: list[str],
    tracing_rows: list[str],
    conventions: list[str],
    stored: list[str],
    memory: dict[int, float],
    repetitions: int,
) -> str:
    """The page."""
    grids = ", ".join(f"`{code}` ({buses:,} buses with switches)" for buses, code in CODES.items())
    held = ", ".join(f"{mb:,.0f} MB with {buses:,} buses" for buses, mb in memory.items())
    return f"""# Benchmarks
Written by `make bench`. SimBench grids {grids}; quarter hours of 2016; tolerance {engines.TOLERANCE_PU:g} pu.
Every engine computes voltages, line and transformer loadings and losses in every step. Two of our rows are compared.
Full arrays against full arrays is the headline: `grid.powerflow.full_arrays` hands out voltage magnitudes, loadings and
active powers at both ends of every branch, in single precision, as the peers hand out theirs in double. Extremes, sums
and violations (`grid.powerflow.extremes`) are what a year is run for here; no peer reduces its arrays to them, so that
row says what a user of ours waits for, not how the engines compare. Reading the grid and arranging the
injections as a library wants them is not timed. Medians of {repetitions} runs in turns on {_machine()}. Trust ratios of
more than 1.5.

What takes the time, before and after: [benchmarks_profiles.md](benchmarks_profiles.md). `make bench` also writes how
runs of [batches](benchmarks_batch.md) and of [three phases](benchmarks_three_phase.md) compare and how time and memory
[grow with work](benchmarks_scaling.md). What needs a browser, a broker or hours is measured by itself:
[the dashboard](benchmarks_dashboard.md), [the dispatch](benchmarks_dispatch.md), controllers
(`python -m benchmarks.scaling.controllers`, in [power_flow.md](power_flow.md)).

## Power flow
Peers, and our full arrays, run fewer steps than our extremes, the same for all: the time per step is theirs, the year
is extrapolated. The system takes as long again to find the memory for full arrays of a whole year. The last column is
the largest difference of the lowest voltage of a step from ours [pu]; power-grid-model's transformer is another
equivalent circuit.

| buses | engine | µs per step | s per year | × gridcarbon, 1 thread | difference |
|---|---|---|---|---|---|
{chr(10).join(flow_rows)}

Peak memory of a process that reads the grid and runs a year with two threads: {held}.

## Carbon tracing
Intensity and renewable share at every node in every step.

| buses | engine | µs per step | s per year | × gridcarbon, 1 thread |
|---|---|---|---|---|
{chr(10).join(tracing_rows)}

{tracing_conventions.section(conventions)}{store.section(stored)}"""


def main(arguments: list[str] | None = None, write: Callable[[str], object] = OUT.write_text) -> None:
    """Runs everything; ``--quick`` leaves the largest grid out and repeats less."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small grids, three repetitions")
    quick = parser.parse_args(arguments).quick
    warnings.simplefilter("ignore")  # the peers warn about the nets that they convert
    sizes, repetitions = ([59, 254], 3) if quick else ([59, 254, 10_458], 5)
    flow_rows, tracing_rows = [], []
    for buses in sizes:
        flow_rows += power_flow(buses, repetitions)
        tracing_rows += carbon_tracing(buses, repetitions)
        sys.stderr.write("\n".join(flow_rows + tracing_rows) + "\n\n")
    memory = {buses: peak_memory_mb(buses) for buses in sizes}
    conventions = tracing_conventions.rows(tracing_conventions.YEAR, repetitions)
    stored = store.rows(store.RESULTS // 10 if quick else store.RESULTS)
    write(document(flow_rows, tracing_rows, conventions, stored, memory, repetitions))


if __name__ == "__main__":
    main()
