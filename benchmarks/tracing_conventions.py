"""All conventions of who bears the losses against one: ``python -m benchmarks.tracing_conventions [--steps N]``."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.grids import read
from benchmarks.tracing import flows_of, operation
from carbon.conventions import CONVENTIONS, Convention, trace_conventions
from carbon.flows import Flows, Sources, at_nodes
from carbon.uses import Consumers, Exports

STEP_HOURS, BUSES, YEAR = 0.25, 254, 35_040


def consumers_of(flows: Flows, sources: Sources) -> Consumers:
    """A consumer at every node that takes what the flows leave there."""
    n_nodes = flows.n_nodes
    taken = at_nodes(flows.p_from_mw, flows.from_node, n_nodes) + at_nodes(flows.p_to_mw, flows.to_node, n_nodes)
    left = at_nodes(sources.p_mw, sources.node, n_nodes) - taken
    return Consumers(np.arange(n_nodes), np.maximum(left, 0.0), ("I.1",), np.ones((n_nodes, 1)))


def measure(steps: int, repetitions: int, *, stores: bool, threads: int | None) -> dict[str, float]:
    """Median seconds of each convention alone and of all together, taking turns."""
    flows, sources = flows_of(read(BUSES, steps), steps)
    consumers = consumers_of(flows, sources)
    nobody = Exports(np.empty(0, dtype=np.int64), np.zeros((steps, 0)))
    done = operation(flows.n_nodes, steps) if stores else None

    def run(*names: Convention) -> Callable[[], object]:
        return lambda: trace_conventions(
            flows, sources, consumers, nobody, STEP_HOURS, done, conventions=names, threads=threads
        )

    contestants: dict[str, Callable[[], object]] = {name: run(name) for name in CONVENTIONS}
    contestants["all"] = run(*CONVENTIONS)
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(repetitions + 1):
        for name, call in contestants.items():
            begun = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Prints seconds, and ratios to the convention that the grid operator bears the losses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=YEAR)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    given = parser.parse_args()
    for stores in (False, True):
        found = measure(given.steps, given.repetitions, stores=stores, threads=given.threads)
        sys.stdout.write("with stores\n" if stores else "without stores\n")
        for name, seconds in found.items():
            sys.stdout.write(f"  {name:<10} {seconds:7.2f} s  {seconds / found['operator']:5.2f}\n")


if __name__ == "__main__":
    main()
