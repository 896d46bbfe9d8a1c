"""The reference city with batteries and 10,000 cars: ``python -m benchmarks.city_dispatch [--days N] [--typical N]``.

Three batteries, photovoltaics on the roofs, and cars of which 30 % may feed in (about 5,000 sessions a day), with the
limits of lines, transformers and voltages in AC, every window of 36 hours at 15 minutes. Lines may be loaded to 60 %,
as an open ring needs in reserve, so that limits bind. ``--typical`` dispatches so many representative days of a year.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from app.scenario import check_scenario
from app.simulation.inputs import prepare
from app.simulation.phases import dispatch_problem
from grid.network.tolerances import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from grid.powerflow.powerflow import power_flow
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import scheduled_withdrawal
from optimizer.studies.representative_days import dispatch_representative

BATTERY = {"kind": "battery", "p_rated_mw": 2, "e_rated_mwh": 8}
SCENARIO = {
    "name": "reference city, 10,000 cars",
    "city": {"network": "reference", "holidays": "DE"},
    "period": {"start": "2030-01-14", "days": 7},
    "assets": [
        {"kind": "pv", "name": "roofs", "where": {"areas": "lv"}, "p_peak_mw": 6.0},
        {**BATTERY, "name": "b1", "bus": "MV3.101 Bus 84"},
        {**BATTERY, "name": "b2", "bus": "MV3.101 Bus 30"},
        {**BATTERY, "name": "b3", "bus": "MV3.101 Bus 60"},
        {"kind": "ev_fleet", "name": "homes", "where": {"areas": "lv"}, "vehicles": 10_000, "v2g_share": 0.3},
    ],
    "dispatch": {"strategy": "optimal", "carbon_price_per_t": 80},
    "limits": {
        "vm_min_pu": 0.95,
        "vm_max_pu": 1.05,
        "line_loading_max_percent": 60,
        "trafo_loading_max_percent": 100,
        "import_max_mw": 40,
    },
}


def problem(days: int, start: str) -> DispatchProblem:
    """The problem of some days."""
    period = {"start": start, "days": days}
    prepared = prepare(check_scenario({**SCENARIO, "period": period}, Path(), "benchmark"))
    return dispatch_problem(prepared, *prepared.loaded.city.withdrawal())


def violations(given: DispatchProblem, schedule: Schedule) -> int:
    """Pairs of step and element outside their limits in the AC power flow that no shortfall names."""
    flow = power_flow(given.network, given.clock, *scheduled_withdrawal(given, schedule))
    over = np.argwhere(np.nan_to_num(flow.loading_percent() - given.loading_max_percent) > LOADING_TOLERANCE_PERCENT)
    vm = flow.vm_pu()
    outside = np.argwhere(np.nan_to_num(np.maximum(given.vm_min_pu - vm, vm - given.vm_max_pu)) > VOLTAGE_TOLERANCE_PU)
    found = {(int(step), given.network.branches.names[branch]) for step, branch in over}
    found |= {(int(step), given.network.buses.names[bus]) for step, bus in outside}
    return len(found - {(shortfall.step, shortfall.element) for shortfall in schedule.shortfalls})


def main(arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--start", default="2030-01-14")
    parser.add_argument("--typical", type=int, default=0, help="dispatch only so many representative days")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    stated = problem(given.days, given.start)
    prepared = time.perf_counter() - begun
    sessions = sum(f.n_devices for f in stated.flexibilities if not f.lasts_throughout)
    what = f"{given.days} days, {sessions:,} sessions; prepared in {prepared:.1f} s"
    begun = time.perf_counter()
    if given.typical:
        estimate = dispatch_representative(stated, given.typical)
        days, seconds = estimate.days.days.size, time.perf_counter() - begun
        return f"{what}; {days} representative days in {seconds:.1f} s: {estimate.totals}"
    schedule = dispatch(stated)
    seconds = time.perf_counter() - begun
    return (
        f"{what}; {schedule.windows} windows, {schedule.rounds} rounds in {seconds:.1f} s; AC cost "
        f"{schedule.quality.ac_cost:,.0f}, {schedule.quality.deviation:.4%} above the programme; "
        f"{len(schedule.shortfalls)} shortfalls, {violations(stated, schedule)} violations beside them"
    )


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
