"""A year of daily dispatch windows against the peers: ``python -m benchmarks.dispatch [--windows N] [--every N]``.

Every day of `benchmarks.radial_day` is one window of 62,644 rows × 62,172 columns (the first day; others differ by
their sessions) with loads, prices and sessions of its own. gridcarbon states it once in Pyomo, compiles it, and
rewrites bounds, costs and sides of one HiGHS from then on; it can do so for the whole year. The peers state and solve
each day anew, as their users do, and linopy also writes each day into one warm HiGHS (``track_updates``, since 0.10).
They take their turns on a few days that are spread over the year, and a year is the mean of those times 365. Their
objectives are compared with ours, day by day. All solve with HiGHS on one thread.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.radial_day import N_CARS, Day, Devices, T, day, devices
from grid.arrays import Floats
from optimizer._highs import Solver

YEAR = 365
OURS = "**gridcarbon**: compiled once, rewritten"
Engine = Callable[[Devices, Day], float]


@dataclass(frozen=True, eq=False)
class Run:
    """What an engine took.

    Args:
        name: Its name.
        seconds: Of each window it was measured on [s].
        objective: By day.
    """

    name: str
    seconds: Floats
    objective: dict[int, float]

    @property
    def year_s(self) -> float:
        """All windows of a year [s]; extrapolated where not all were measured."""
        return float(self.seconds.mean()) * YEAR


def pyomo(fixed: Devices, today: Day) -> float:
    import pyomo.environ as pyo  # noqa: PLC0415

    from benchmarks.radial_pyomo import state  # noqa: PLC0415

    model = state(fixed, today, today.plugged_in)
    solver = pyo.SolverFactory("appsi_highs")
    solver.highs_options = {"threads": 1}
    solver.solve(model)
    return float(pyo.value(model.cost))


def linopy(fixed: Devices, today: Day) -> float:
    from benchmarks.radial_linopy import state  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*absent slots.*legacy")  # what is absent counts nothing: as it should
        model = state(fixed, today, today.plugged_in)
    model.solve(solver_name="highs", io_api="direct", output_flag=False, threads=1, progress=False)
    return float(model.objective.value or np.nan)


class LinopyInPlace:
    """linopy, stated once with variables for every car in every step; what changes is written into one warm HiGHS."""

    def __init__(self, fixed: Devices) -> None:
        from linopy.solvers import Solver as LinopySolver  # noqa: PLC0415

        from benchmarks.radial_linopy import state  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*absent slots.*legacy")  # as in `linopy`
            self._model = state(fixed, day(fixed, 0), np.ones((N_CARS, T), dtype=bool))
        options = {"threads": 1, "output_flag": False}
        self._solver = LinopySolver.from_name(
            "highs", self._model, io_api="direct", track_updates=True, options=options
        )

    def __call__(self, _fixed: Devices, today: Day) -> float:
        """Objective of a day."""
        from benchmarks.radial_linopy import update  # noqa: PLC0415

        update(self._model, today)
        self._solver.solve(self._model, assign=True, disallow_rebuild=True)
        return float(self._model.objective.value or np.nan)


class Rewriting:
    """gridcarbon: stated and compiled once, then rewritten day by day in one HiGHS, which goes on from its basis."""

    def __init__(self, fixed: Devices) -> None:
        from benchmarks.radial_pyomo import compiled  # noqa: PLC0415

        self._once = compiled(fixed, day(fixed, 0))
        self._solver = Solver(self._once.program)

    def __call__(self, _fixed: Devices, today: Day) -> float:
        """Objective of a day."""
        from benchmarks.radial_pyomo import rewritten  # noqa: PLC0415

        self._solver.change(rewritten(self._once, today))
        self._solver.solve()
        return self._solver.objective


def in_turns(engines: dict[str, Engine], days: dict[str, list[int]], fixed: Devices) -> dict[str, Run]:
    """Each engine on its days, in the order of the days, so that a machine that slows down slows all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    objective: dict[str, dict[int, float]] = {name: {} for name in engines}
    for number in sorted({number for mine in days.values() for number in mine}):
        today = day(fixed, number)
        for name, engine in engines.items():
            if number in days[name]:
                begun = time.perf_counter()
                objective[name][number] = engine(fixed, today)
                seconds[name].append(time.perf_counter() - begun)
    return {name: Run(name, np.array(seconds[name]), objective[name]) for name in engines}


def table(ours: Run, peers: list[Run]) -> Iterator[str]:
    """The comparison as Markdown."""
    yield "| engine | windows measured | s per window | 365 windows | × gridcarbon | objective differs by |"
    yield "|---|---|---|---|---|---|"
    for run in (ours, *peers):
        worst = max(
            abs(value - ours.objective[number]) / max(1.0, abs(value)) for number, value in run.objective.items()
        )
        ratio, whole = run.year_s / ours.year_s, run.seconds.size == YEAR
        year = f"{run.year_s / 60:.1f} min{'' if whole else ' (extrapolated)'}"
        differs = "–" if run is ours else f"{worst:.1e}"
        yield f"| {run.name} | {run.seconds.size} | {run.seconds.mean():.2f} | {year} | {ratio:.1f} | {differs} |"


def main(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=YEAR, help="days that gridcarbon solves")
    parser.add_argument("--every", type=int, default=60, help="the peers solve every so many days")
    given = parser.parse_args(arguments)
    logging.getLogger("linopy").setLevel(logging.ERROR)
    fixed = devices()
    begun = time.perf_counter()
    ours = Rewriting(fixed)
    prepared = time.perf_counter() - begun
    peers: dict[str, Engine] = {"Pyomo, rebuilt, appsi_highs": pyomo, "linopy, rebuilt, direct API": linopy}
    for peer in peers.values():
        peer(fixed, day(fixed, 0))  # imports and caches
    peers["linopy, updated in place, one warm HiGHS"] = LinopyInPlace(fixed)
    some = range(0, given.windows, given.every)
    days = {OURS: list(range(given.windows))} | {name: list(some) for name in peers}
    runs = in_turns({OURS: ours} | peers, days, fixed)
    once = f"Stating and compiling once took gridcarbon {prepared:.1f} s."
    return "\n".join([*table(runs.pop(OURS), list(runs.values())), "", once])


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
