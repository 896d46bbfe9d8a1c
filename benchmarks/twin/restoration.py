"""Supply restored after every single fault: the 33-bus system and the reference city.

Each line that is closed in operation fails once, in the city each transformer too, in the hour of highest demand of the
demonstration's first day, for four hours. What is found is solved by pandapower at the step of highest demand: no limit
may be broken that was kept once the breaker had opened. ``python -m benchmarks.twin.restoration [33-bus] [city]``
prints a row of ``docs/switching.md`` for each grid, by the clock and in processor time; one thread.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.scenario import load_scenario
from app.scenario.schema import LimitsSpec
from app.simulation.inputs import prepare
from app.simulation.limits import resolve_limits
from app.twin.withdrawal import unmanaged_withdrawal
from grid.arrays import Floats
from grid.city.city import make_city
from grid.city.source import read_grid
from grid.network.switching import SwitchableNetwork
from grid.powerflow import Limits
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import FaultedGrid, SwitchTimes, restore

SCENARIO: Final = Path(__file__).parents[2] / "app" / "scenarios" / "demo.yaml"
HOURS: Final = 4
STARTED: Final = datetime(2030, 1, 1, tzinfo=UTC)
VM_MIN_PU, VM_MAX_PU, LOADING_PERCENT = 0.9, 1.1, 100.0
SEARCH_S: Final = 60.0
"""Longest search [s]: long enough that its end is the proof."""
TOLERANCE_PU: Final = 1e-6
HEAD: Final = """| grid | faults | proven | kept in pandapower | longest | processor time | median | unsupplied |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, eq=False)
class FaultStudy:
    """A grid and what is drawn until the repair.

    Args:
        name: Its name.
        network: The grid.
        clock: Steps until the repair.
        p_mw: Withdrawal of every bus, shape (T, B) [MW].
        q_mvar: The same of reactive power [MVAr].
        limits: Limits until the repair.
    """

    name: str
    network: SwitchableNetwork
    clock: Clock
    p_mw: Floats
    q_mvar: Floats
    limits: Limits


@dataclass(frozen=True)
class TimedRestoration:
    """What was found after a fault.

    Args:
        branch: Name of the branch that failed.
        clock_s: Time by the clock [s].
        processor_s: Processor time [s].
        is_proven: Whether it is proven to be the best.
        is_kept: Whether pandapower finds it within the limits.
        left_mwh: What stays without supply [MWh].
    """

    branch: str
    clock_s: float
    processor_s: float
    is_proven: bool
    is_kept: bool
    left_mwh: float


def bus_system() -> FaultStudy:
    """The 33-bus system with five ties, its loads constant."""
    clock = Clock(STARTED, timedelta(hours=1), HOURS)
    city = make_city(read_grid("case33bw"), clock)
    network = switchable_network(city.network)
    shape = len(network.meshed.buses.names), len(network.meshed.branches)
    limits = Limits(np.full(shape[0], VM_MIN_PU), np.full(shape[0], VM_MAX_PU), np.full(shape[1], LOADING_PERCENT))
    return FaultStudy("33-bus system", network, clock, *city.withdrawal(), limits)


def reference_city() -> FaultStudy:
    """The demonstration's city when its buses draw most on the first day."""
    loaded = load_scenario(SCENARIO)
    network = switchable_network(loaded.city.network)
    drawn = unmanaged_withdrawal(prepare(loaded))
    p_mw, q_mvar = (np.asarray((matrix @ drawn.profiles).T) for matrix in (drawn.p_mw, drawn.q_mvar))
    step = loaded.city.clock.step
    n = int(timedelta(hours=HOURS) / step)
    first = int(np.argmax(p_mw[: int(timedelta(days=1) / step) - n].sum(axis=1)))
    spec = LimitsSpec(
        vm_min_pu=VM_MIN_PU, vm_max_pu=VM_MAX_PU,
        line_loading_max_percent=LOADING_PERCENT, trafo_loading_max_percent=LOADING_PERCENT,
    )  # fmt: skip
    within = resolve_limits(spec, network.meshed).tolerated.of_elements
    clock = Clock(loaded.city.clock.start + first * step, step, n)
    return FaultStudy("reference city", network, clock, p_mw[first : first + n], q_mvar[first : first + n], within)


def restorations(study: FaultStudy) -> Iterator[TimedRestoration]:
    """What is found after the fault of each branch that is closed in operation; one search before compiles kernels."""
    names = study.network.meshed.branches.names
    times = SwitchTimes(np.zeros(len(names), dtype=bool))
    closed = np.flatnonzero(~study.network.open).tolist()
    restore(FaultedGrid(study.network, study.clock, study.p_mw, study.q_mvar, study.limits, closed[-1]), times)
    for k in closed:
        grid = FaultedGrid(study.network, study.clock, study.p_mw, study.q_mvar, study.limits, k)
        started, used = time.perf_counter(), time.process_time()
        found = restore(grid, times, seconds=SEARCH_S)
        clock_s, processor_s = time.perf_counter() - started, time.process_time() - used
        kept = beyond(grid, found.open) <= beyond(grid, grid.tripped)
        yield TimedRestoration(names[k], clock_s, processor_s, found.is_proven, kept, found.left_mwh)


def beyond(grid: FaultedGrid, open_branches: Any) -> set[str]:
    """Buses and branches that pandapower finds beyond a limit in a state, at the step of highest demand."""
    import pandapower as pp  # noqa: PLC0415  slow to import

    meshed, step = grid.network.meshed, int(np.argmax(grid.p_mw.sum(axis=1)))
    net = copy.deepcopy(meshed.net)
    for table in ("load", "sgen", "storage"):
        net[table] = net[table].iloc[:0]
    pp.create_loads(net, net.bus.index.to_numpy(), grid.p_mw[step], grid.q_mvar[step])
    opened = open_branches.copy()
    opened[grid.faulted_branches] = True
    places: dict[str, list[int]] = {"line": [], "trafo": []}
    for k, kind in enumerate(meshed.branches.kinds):
        places[kind].append(k)
    for kind, of_kind in places.items():
        in_service = net[kind].index[net[kind].in_service]
        net[kind].loc[in_service, "in_service"] = ~opened[of_kind]
    pp.runpp(net, calculate_voltage_angles=True, init="dc")
    vm = net.res_bus.vm_pu.to_numpy()
    low = vm < grid.limits.vm_min_pu - TOLERANCE_PU
    high = vm > grid.limits.vm_max_pu + TOLERANCE_PU
    over = {meshed.buses.names[k] for k in np.flatnonzero(low | high)}
    for kind, of_kind in places.items():
        loading = net[f"res_{kind}"].loading_percent[net[kind].index].to_numpy()
        most = grid.limits.loading_max_percent[of_kind] * (1 + TOLERANCE_PU)
        over |= {meshed.branches.names[of_kind[k]] for k in np.flatnonzero(loading > most)}
    return over


def row(study: FaultStudy, found: list[TimedRestoration]) -> str:
    """A row of the table."""
    longest, used = max(found, key=lambda each: each.clock_s), [each.processor_s for each in found]
    proven, kept = (sum(getattr(each, name) for each in found) for name in ("is_proven", "is_kept"))
    return (
        f"| {study.name} | {len(found)} | {proven} | {kept} | {longest.clock_s:.1f} s (`{longest.branch}`) | "
        f"{max(used):.1f} s | {float(np.median(used)):.2f} s | {sum(each.left_mwh > 0 for each in found)} |\n"
    )


def main() -> None:
    """Prints the rows."""
    studies = {"33-bus": bus_system, "city": reference_city}
    sys.stdout.write(HEAD)
    for name in sys.argv[1:] or studies:
        study = studies[name]()
        sys.stdout.write(row(study, list(restorations(study))))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
