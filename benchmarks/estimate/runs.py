"""Runs the scenarios of the design, as far as they have no result yet."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from app.results.folder import Result, open_result
from app.results.run import finished, store
from app.scenario.load import check_scenario
from app.simulation.phases import simulate
from benchmarks.estimate.design import Design, Planned, planned
from grid.sharing import sharing_preparation


def results_of(design: Design, place: Path) -> list[tuple[Planned, Result]]:
    """All runs of a design with their results, which are made where there are none."""
    found = []
    with sharing_preparation():
        for number, each in enumerate(planned(design)):
            out = place / each.name.replace(" ", "_")
            loaded = check_scenario(each.content, place, each.name)
            out.parent.mkdir(parents=True, exist_ok=True)
            if finished(out, loaded) is None:
                begun, cpu = time.perf_counter(), time.process_time()
                store(simulate(loaded, threads=1), out)
                took = time.perf_counter() - begun, time.process_time() - cpu
                sys.stderr.write(f"{number + 1:3d}  {each.name:28} {took[0]:6.1f} s, {took[1]:6.1f} s of processor\n")
            found.append((each, open_result(out)))
    return found
