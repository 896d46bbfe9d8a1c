"""A dispatch in spans against the same in one: ``python -m benchmarks.batch.spans [--days N] [--span N]``.

The demonstration's city with all its cars, ``optimal``. Seconds are those of the processor, of all processes: what
other programs do on the machine is not in them. On n processes the longest of them counts, phase after phase: run-ins,
spans but for their last windows, last windows.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources

import numpy as np

from app.batch.cluster import local_cluster
from app.scenario import load_scenario
from app.simulation.inputs import prepare
from app.simulation.phases import dispatch_problem
from grid.powerflow.powerflow import power_flow
from grid.threads import at_most
from optimizer.horizon.rolling import dispatch
from optimizer.horizon.spans import Spans, Task, dispatch_in_spans
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import schedule_totals, scheduled_withdrawal


def main() -> None:
    """Prints what both cost, and what they take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--span", type=int, default=14)
    parser.add_argument("--run-in", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path, at_most(1):
        inputs = prepare(load_scenario(path, given.days))
        problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
        begun = time.process_time()
        whole = dispatch(problem)
        alone_s = time.process_time() - begun
        _say(f"one span: {alone_s:.1f} s; {_said(problem, whole)}")
        day = problem.clock.steps_per_day
        spans, timed = Spans(given.span * day, given.run_in * day), _Timed(given.processes)
        begun = time.process_time()
        cut = timed.run(problem, spans)
        here_s = time.process_time() - begun
    longest_s = here_s + sum(max(each) for each in timed.busy_s)
    _say(f"spans of {given.span} days, {given.run_in} days of run-in: {_said(problem, cut)}")
    _say(f"cost {100 * (_cost(problem, cut) / _cost(problem, whole) - 1):+.4f} %")
    _say(f"{given.processes} processes: {longest_s:.1f} s, of which {here_s:.1f} s in the first, speed-up "
          f"{alone_s / longest_s:.2f} = {alone_s / longest_s / given.processes:.2f} x {given.processes}")  # fmt: skip


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _cost(problem: DispatchProblem, schedule: Schedule) -> float:
    """What a schedule costs in AC, with the price of its carbon."""
    totals = schedule_totals(problem, schedule)
    return totals.cost + problem.carbon_price_per_kg * totals.emissions_kg


def _said(problem: DispatchProblem, schedule: Schedule) -> str:
    flow = power_flow(problem.network, problem.clock, *scheduled_withdrawal(problem, schedule))
    over = np.nanmax(flow.loading_percent() - problem.loading_max_percent)
    return (f"cost {_cost(problem, schedule):,.0f}, {schedule.windows} windows, {schedule.rounds} rounds, "
            f"{len(schedule.shortfalls)} shortfalls, most above a loading limit {over:+.3f} points")  # fmt: skip


def _timed(function: Callable[[Task], Schedule], task: Task) -> tuple[int, float, Schedule]:
    import os  # noqa: PLC0415

    begun = time.process_time()
    schedule = function(task)
    return os.getpid(), time.process_time() - begun, schedule


@dataclass
class _Timed:
    """Workers, and the seconds that each of them was busy in each phase."""

    processes: int
    busy_s: list[list[float]] = field(default_factory=list)

    def run(self, problem: DispatchProblem, spans: Spans) -> Schedule:
        with local_cluster(self.processes) as client:

            def apply(function: Callable[[Task], Schedule], tasks: Sequence[Task]) -> Iterator[Schedule]:
                held = client.scatter(list(tasks), hash=False)
                answers = client.gather(client.map(lambda task: _timed(function, task), held, pure=False))
                of_process: dict[int, float] = {}
                for process, seconds, _ in answers:
                    of_process[process] = of_process.get(process, 0.0) + seconds
                self.busy_s.append(list(of_process.values()) or [0.0])
                yield from (schedule for _, _, schedule in answers)

            return dispatch_in_spans(problem, spans, apply=apply)


if __name__ == "__main__":
    main()
