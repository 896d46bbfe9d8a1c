"""All conventions of who bears the losses against one, and both against the power flow of the same steps.

``python -m benchmarks.tracing_conventions [--steps N] [--repetitions N]``. One is `trace`, all is `trace_conventions`;
both on one thread. Times are those that the processor spends in the program, the least of several turns, so that others
on the machine count for little; what the kernel takes to find memory for the results stands apart, for it differs
thirtyfold between machines. Ratios within one run are what to trust.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable

import numpy as np

from benchmarks import engines
from benchmarks.grids import read
from benchmarks.tracing import flows_of, operation
from carbon.tracing.conventions import trace_conventions
from carbon.tracing.flows import Consumers, Exports, Flows, Sources, at_nodes
from carbon.tracing.proportional_sharing import trace

STEP_HOURS, BUSES, YEAR = 0.25, 254, 35_040
STORES = {"no stores": 0, "3 batteries, 500 sessions a day": 500, "3 batteries, 5,000 sessions a day": 5_000}


def consumers_of(flows: Flows, sources: Sources) -> Consumers:
    """A consumer at every node that takes what the flows leave there."""
    n_nodes = flows.n_nodes
    taken = at_nodes(flows.p_from_mw, flows.from_node, n_nodes) + at_nodes(flows.p_to_mw, flows.to_node, n_nodes)
    left = at_nodes(sources.p_mw, sources.node, n_nodes) - taken
    return Consumers(np.arange(n_nodes), np.maximum(left, 0.0), ("I.1",), np.ones((n_nodes, 1)))


def least_seconds(contestants: dict[str, Callable[[], object]], repetitions: int) -> dict[str, tuple[float, float]]:
    """Processor time of each in the program, and with the kernel; they take turns, each is called once before."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for turn in range(repetitions + 1):
        for name, call in contestants.items():
            begun = resource.getrusage(resource.RUSAGE_SELF)
            call()
            done = resource.getrusage(resource.RUSAGE_SELF)
            user, system = done.ru_utime - begun.ru_utime, done.ru_stime - begun.ru_stime
            if turn:
                seconds[name].append((user, user + system))
    return {name: (min(u for u, _ in values), min(w for _, w in values)) for name, values in seconds.items()}


def rows(steps: int, repetitions: int) -> list[str]:
    """Rows of the table: one for each kind of stores."""
    grid = read(BUSES, steps)
    flows, sources = flows_of(grid, steps)
    consumers = consumers_of(flows, sources)
    nobody = Exports(np.empty(0, dtype=np.int64), np.zeros((steps, 0)))
    power_flow = engines.gridcarbon(grid, 1)
    found = []
    for label, sessions in STORES.items():
        done = operation(flows.n_nodes, steps, sessions) if sessions else None
        contestants: dict[str, Callable[[], object]] = {
            "flow": lambda: power_flow(steps),
            "one": lambda done=done: trace(flows, sources, STEP_HOURS, done, threads=1),
            "all": lambda done=done: trace_conventions(flows, sources, consumers, nobody, STEP_HOURS, done, threads=1),
        }
        least = least_seconds(contestants, repetitions)
        (flow, one, every), (_, slow_one, slow_all) = np.array(list(least.values())).T / steps * 1e6
        found.append(
            f"| {label} | {flow:.1f} | {one:.1f} | {one / flow:.1f} | {every:.1f} | {every / one:.1f} "
            f"| {slow_one:.1f} | {slow_all:.1f} | {slow_all / slow_one:.1f} |"
        )
    return found


def section(table: list[str]) -> str:
    """The section of ``docs/benchmarks.md``."""
    return f"""## All conventions of who bears the losses
{BUSES} buses, one thread, µs per step, least of several turns. Times in the program; the last three columns with what
the operating system takes to find memory for the results: about 8 µs a page on this virtual machine, mostly much less.

| stores | power flow | one | × power flow | all four | × one | one, with the system | all four | × one |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(table)}
"""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=YEAR)
    parser.add_argument("--repetitions", type=int, default=5)
    given = parser.parse_args()
    sys.stdout.write(section(rows(given.steps, given.repetitions)))


if __name__ == "__main__":
    main()
