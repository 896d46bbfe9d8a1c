"""What controllers cost: a year of quarter hours of the reference city with and without them, in turns in one process.

``python -m benchmarks.scaling.controllers`` prints processor times and what the controllers did, which stand in
`docs/power_flow.md`.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np

from grid.city.city import City, make_city
from grid.city.source import read_grid
from grid.controllers import ControlledFlow, GridControl, TapChanger, controlled_flow
from grid.controllers.reactive_power import VDE_AR_N_4105
from grid.powerflow.newton import VoltageCurves
from grid.time.clock import Clock

YEAR = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), 35_136)
WARM_UP_STEPS = 96
ROUNDS = 3
DEAD_BAND_PU = 0.02
REACTIVE_SHARE = 0.436
"""Reactive power of an inverter per rated power at a power factor of 0.9 [1]."""


def controls(city: City) -> dict[str, GridControl]:
    """What is compared: nothing, one and two tap changers, Q(U) of all generators, both."""
    changers = tuple(
        TapChanger(name=name, transformer=name, dead_band_pu=DEAD_BAND_PU).device(city.network, city.clock)
        for name in ("HV1-MV3.101-Trafo1", "HV1-MV3.101-Trafo2")
    )
    rated = np.zeros(city.n_buses)
    np.add.at(rated, city.generators.bus, city.generators.p_mw().max(axis=0))
    bus = np.flatnonzero(rated)
    rating = np.broadcast_to(REACTIVE_SHARE * rated[bus], (city.clock.n_steps, bus.size))
    vm_pu, share = np.array(VDE_AR_N_4105).T
    curves = VoltageCurves(bus, np.zeros(bus.size, dtype=np.int64), rating, vm_pu[None].copy(), share[None].copy())
    return {
        "none": GridControl(),
        "one tap changer": GridControl(changers[:1]),
        "two tap changers": GridControl(changers),
        f"Q(U) at {bus.size} buses": GridControl(curves=curves),
        "one tap changer and Q(U)": GridControl(changers[:1], curves),
    }


def solved(city: City, control: GridControl) -> tuple[float, ControlledFlow]:
    """Processor time of one thread [s], and what was found."""
    p_mw, q_mvar = city.withdrawal()
    begun = time.process_time()
    found = controlled_flow(city.network, city.clock, p_mw, q_mvar, control)
    return time.process_time() - begun, found


def main() -> None:
    """Prints the least time of each in some rounds, in turns."""
    source = read_grid("reference")
    few, city = make_city(source, YEAR.window(0, WARM_UP_STEPS)), make_city(source, YEAR)
    for control in controls(few).values():
        solved(few, control)
    seconds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, control in controls(city).items():
            spent, found = solved(city, control)
            seconds.setdefault(name, []).append(spent)
            did = ", ".join(map(str, found.operations.sum(axis=0))) or "-"
            sys.stdout.write(f"{name}: {spent:.2f} s, operations {did}, hunting {found.hunting.sum()}\n")
    sys.stdout.write(f"{ {name: round(min(each), 2) for name, each in seconds.items()} }\n")


if __name__ == "__main__":
    main()
