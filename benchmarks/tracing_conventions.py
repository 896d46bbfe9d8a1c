"""All conventions of who bears the losses against one, and both against the power flow of the same steps.

``python -m benchmarks.tracing_conventions [--steps N] [--repetitions N]``. One is what a run computes (`trace`), all is
`trace_conventions`; both on one thread. Times are those of the processor, the least of several turns, so that others on
the machine count for little; ratios within one run are what to trust.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks import engines
from benchmarks.grids import read
from benchmarks.tracing import flows_of, operation
from carbon.conventions import trace_conventions
from carbon.flows import Flows, Sources, at_nodes
from carbon.tracing import trace
from carbon.uses import Consumers, Exports

STEP_HOURS, BUSES, YEAR = 0.25, 254, 35_040
STORES = {"no stores": 0, "3 batteries, 500 sessions a day": 500, "3 batteries, 5,000 sessions a day": 5_000}


def consumers_of(flows: Flows, sources: Sources) -> Consumers:
    """A consumer at every node that takes what the flows leave there."""
    n_nodes = flows.n_nodes
    taken = at_nodes(flows.p_from_mw, flows.from_node, n_nodes) + at_nodes(flows.p_to_mw, flows.to_node, n_nodes)
    left = at_nodes(sources.p_mw, sources.node, n_nodes) - taken
    return Consumers(np.arange(n_nodes), np.maximum(left, 0.0), ("I.1",), np.ones((n_nodes, 1)))


def least_seconds(contestants: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Processor time of each, taking turns; each is called once before."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(repetitions + 1):
        for name, call in contestants.items():
            begun = time.process_time()
            call()
            if turn:
                seconds[name].append(time.process_time() - begun)
    return {name: min(values) for name, values in seconds.items()}


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
        flow, one, every = (value / steps * 1e6 for value in least_seconds(contestants, repetitions).values())
        found.append(f"| {label} | {flow:.1f} | {one:.1f} | {one / flow:.1f} | {every:.1f} | {every / one:.1f} |")
    return found


def section(table: list[str]) -> str:
    """The section of ``docs/benchmarks.md``."""
    return f"""## All conventions of who bears the losses
{BUSES} buses, one thread, processor time, least of several turns. One is the convention that a run computes.

| stores | power flow, µs per step | one, µs per step | × power flow | all four, µs per step | × one |
|---|---|---|---|---|---|
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
