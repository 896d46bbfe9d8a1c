"""How the time of a step grows with the buses of a grid: power flow and carbon tracing by themselves, one thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from benchmarks import engines, tracing
from benchmarks.grids import read
from benchmarks.tracing_conventions import least_seconds

STEPS = {59: 4_032, 254: 2_016, 10_458: 192}
"""Steps that are measured, by the buses of the grid."""
KERNELS = ("power flow, extremes", "power flow, full arrays", "carbon tracing")


def step_us(buses: int, repetitions: int) -> list[float]:
    """Processor time of a step in each of the `KERNELS`, the system's included, the least of some turns [µs]."""
    steps = STEPS[buses]
    grid = read(buses, steps)
    solvers = (
        engines.gridcarbon(grid, 1),
        engines.gridcarbon_arrays(grid, 1),
        tracing.gridcarbon(*tracing.flows_of(grid, steps), None, 1),
    )
    contestants: dict[str, Callable[[], object]] = {
        name: lambda solve=solve: solve(steps) for name, solve in zip(KERNELS, solvers, strict=True)
    }
    return [least[1] / steps * 1e6 for least in least_seconds(contestants, repetitions).values()]


def table(sizes: list[int], repetitions: int) -> Iterator[str]:
    """The grids in the order of their size, as Markdown."""
    yield "| buses | " + " | ".join(f"{name} [µs]" for name in KERNELS) + " | time ∝, the same |"
    yield "|---" * (len(KERNELS) + 2) + "|"
    before: tuple[int, list[float]] | None = None
    for buses in sizes:
        found = step_us(buses, repetitions)
        grows = "–"
        if before is not None:
            more = math.log(buses / before[0])
            powers = [math.log(now / then) / more for now, then in zip(found, before[1], strict=True)]
            grows = ", ".join(f"buses^{power:.2f}" for power in powers)
        yield f"| {buses:,} | {' | '.join(f'{value:,.1f}' for value in found)} | {grows} |"
        before = buses, found
