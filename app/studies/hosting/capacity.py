"""Hosting capacity: the largest data centre that a bus takes within the limits of the grid.

A data centre of one design draws in proportion to its rated IT power, so its facility power per rated megawatt over the
period is computed once. More load at a bus lowers voltages and, once it exceeds what is generated behind a branch,
raises loadings; capacity is looked for by bisection under that monotony. Few steps decide: the search runs on the worst
steps found so far, its answer is checked on all steps, and steps that break a limit there join the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.scenario.loaded import LoadedScenario
from app.scenario.schema import LimitsSpec
from app.simulation.inputs import prepare
from app.simulation.limits import GridLimits, resolve_limits
from app.simulation.phases import Progress
from app.studies.hosting.case import Binding, Case, binding_of
from app.studies.hosting.outages import check_outages
from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir, it_demand_mw
from grid.arrays import Floats, Ints
from grid.city.city import City
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.network.injections import Injections
from grid.powerflow.extremes import extremes
from grid.time.clock import Clock

if TYPE_CHECKING:
    import polars as pl

WORST_STEPS = 12
"""Steps that the search starts from, for each way of being worst."""
AFTER_OUTAGE = LimitsSpec(vm_min_pu=0.9, vm_max_pu=1.1, line_loading_max_percent=100, trafo_loading_max_percent=100)
"""Limits that hold until switching has restored supply after an outage."""


@dataclass(frozen=True)
class Hosting:
    """Hosting capacity of a bus.

    Args:
        bus: Name of the bus.
        p_it_mw: Largest rated IT power, in whole increments [MW].
        p_facility_mw: Highest facility power of such a data centre over the period [MW].
        binding: What stops the next increment; None where the search ended first.
        outages_left_out: Outages that break a limit without any data centre, and so say nothing about it.
    """

    bus: str
    p_it_mw: float
    p_facility_mw: float
    binding: Binding | None
    outages_left_out: tuple[str, ...] = ()


def hosting_in_scenario(
    loaded: LoadedScenario,
    data_centre: str,
    buses: Sequence[str] | None = None,
    *,
    n_minus_1: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Hosting, ...]:
    """How large one of a scenario's data centres could be, at its own bus or at others, among all its other assets.

    All other assets do what they do when nobody manages them: a planner's worst case.

    Args:
        loaded: The scenario and its city.
        data_centre: Name of the data centre, whose design and utilisation count and whose size does not.
        buses: Names of the buses to try; its own by default.
        n_minus_1: As in `hosting_capacities`.
        threads: Number of threads.
        progress: As in `hosting_capacities`.

    Raises:
        InputError: If there is no such data centre or bus.
    """
    inputs = prepare(loaded)
    centres = {load.name: load for load in inputs.data_centres}
    if data_centre not in centres:
        raise InputError.single("data_centre", "no such data centre", data_centre, nearest(data_centre, centres))
    load, city = centres[data_centre], loaded.city
    own = {load.name, load.deferrable_name}
    p_mw = np.zeros((city.clock.n_steps, city.n_buses))
    for flexibility in inputs.flexibilities:
        if flexibility.name not in own:
            p_mw += flexibility.at_buses(flexibility.unmanaged_power())
    spec = load.model.spec
    return hosting_capacities(
        city, loaded.scenario.limits, buses or [spec.bus], load.model.total_at(load.p_it_mw) / spec.p_it_rated_mw,
        others=city.injections().plus(Injections.dense(p_mw, np.zeros_like(p_mw))), n_minus_1=n_minus_1,
        threads=threads, progress=progress,
    )  # fmt: skip


def hosting_table(found: Sequence[Hosting]) -> pl.DataFrame:
    """A row a bus, with what binds there."""
    import polars as pl  # noqa: PLC0415  slow to import

    rows = []
    for row in found:
        binding = Binding("", "", np.nan, np.nan, -1) if row.binding is None else row.binding
        rows.append(
            {
                "bus": row.bus, "p_it_mw": row.p_it_mw, "p_facility_mw": row.p_facility_mw, "binding": binding.element,
                "quantity": binding.quantity, "value": binding.value, "limit": binding.limit, "step": binding.step,
                "outage": binding.outage,
            }
        )  # fmt: skip
    return pl.DataFrame(rows)


def facility_per_it_mw(spec: DataCentre, clock: Clock, time_zone: str, air: OutdoorAir) -> Floats:
    """Facility power per rated IT power over a period, shape (T,) [MW/MW]."""
    p_it_mw = it_demand_mw(spec, clock, time_zone, air)
    return np.asarray(FacilityModel(spec, air, clock.step_hours).total_at(p_it_mw) / spec.p_it_rated_mw)


def hosting_capacities(
    city: City,
    limits: LimitsSpec,
    buses: Sequence[str],
    p_per_it_mw: Floats,
    *,
    others: Injections | None = None,
    increment_mw: float = 0.1,
    p_max_mw: float = 500.0,
    n_minus_1: bool = False,
    after_outage: LimitsSpec = AFTER_OUTAGE,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Hosting, ...]:
    """The largest data centre that each bus takes, one bus at a time.

    Args:
        city: The city on its clock, T steps.
        limits: Limits of the intact grid; where one is not given, the net's own.
        buses: Names of the buses.
        p_per_it_mw: Facility power per rated IT power, shape (T,) [MW/MW]; see `facility_per_it_mw`.
        others: Withdrawal of everything else; by default the city's own elements.
        increment_mw: Increment of the rated IT power [MW].
        p_max_mw: Where the search ends [MW].
        n_minus_1: Whether the loss of any one branch must leave what is still supplied within `after_outage`, in the
            worst steps. Outages that break a limit without the data centre are left out and named; that a radial
            feeder loses its supply until it is switched over counts as no violation.
        after_outage: Limits after an outage.
        threads: Number of threads.
        progress: Told the bus in every round of the search, and the share of the buses that is done; what it raises
            ends the search.

    Raises:
        InputError: If a bus does not exist or is de-energised, or a number is out of range; all faults at once.
    """
    network, clock = city.network, city.clock
    faults = [fault for bus in buses if (fault := network.buses.fault(bus, "bus")) is not None]
    if np.shape(p_per_it_mw) != (clock.n_steps,):
        faults.append(Fault("p_per_it_mw", f"must have shape ({clock.n_steps},)", np.shape(p_per_it_mw)))
    elif not (np.isfinite(p_per_it_mw).all() and p_per_it_mw.min() >= 0 and p_per_it_mw.max() > 0):
        faults.append(Fault("p_per_it_mw", "must be finite, not negative and not all 0"))
    faults += [
        Fault(name, "must be greater than 0", value)
        for name, value in (("increment_mw", increment_mw), ("p_max_mw", p_max_mw))
        if value <= 0
    ]
    raise_if_any(faults, "the hosting capacity")
    drawn = city.injections() if others is None else others
    base = Case(network, clock, drawn, network.buses.find(buses[0]), p_per_it_mw, resolve_limits(limits, network))
    worst = _worst_steps(base, threads)
    n_max = int(p_max_mw / increment_mw + 1e-9)
    cases = [replace(base, bus=network.buses.find(bus)) for bus in buses]
    after = resolve_limits(after_outage, network) if n_minus_1 else None
    tell = progress or (lambda _words, _share: None)
    return tuple(
        _one_bus(bus, case, worst, increment_mw, n_max, after, threads, partial(tell, bus, place / len(buses)))
        for place, (bus, case) in enumerate(zip(buses, cases, strict=True))
    )


def _one_bus(
    bus: str, case: Case, worst: Ints, increment_mw: float, n_max: int, after: GridLimits | None, threads: int,
    tell: Callable[[], None],
) -> Hosting:  # fmt: skip
    n, steps = _largest(case, worst, increment_mw, n_max, threads, tell)
    binding = None if n == n_max else binding_of(case, (n + 1) * increment_mw, steps)
    left_out: tuple[str, ...] = ()
    if after is not None and n > 0:
        n_after, outage, left_out = check_outages(case, n, increment_mw, after, steps, tell)
        if n_after < n and outage is not None:
            rest, within, name, kept_steps = outage
            lost = replace(case, network=rest, limits=within)
            binding = replace(binding_of(lost, (n_after + 1) * increment_mw, kept_steps), outage=name)
        n = n_after
    p_it_mw = round(n * increment_mw, 9)
    return Hosting(bus, p_it_mw, float(p_it_mw * case.p_per_it_mw.max()), binding, left_out)


def _worst_steps(case: Case, threads: int) -> Ints:
    """Steps that are worst in some way without the data centre, or in which it draws most."""
    found = extremes(case.network, case.clock, case.others, case.limits.tolerated.of_elements, threads=threads)
    badness = (
        -found.vm_min_pu, found.vm_max_pu, found.line_loading_percent, found.trafo_loading_percent,
        case.imported_mw(found.slack_mva), case.p_per_it_mw, found.violations,
    )  # fmt: skip
    return np.unique(
        [step for values in badness for step in np.argsort(-np.nan_to_num(values, nan=np.inf))[:WORST_STEPS]]
    )


def _largest(
    case: Case, steps: Ints, increment_mw: float, n_max: int, threads: int, tell: Callable[[], None]
) -> tuple[int, Ints]:
    """Most increments that break no limit in any step, and the steps that decided it."""
    high = n_max
    while True:
        tell()
        few = case.at_steps(steps)
        n = _bisect(few, increment_mw, high)
        broken = np.flatnonzero(case.broken(n * increment_mw, threads))
        new = np.setdiff1d(broken, steps)
        if not new.size or n == 0:
            return n, steps
        high = n - 1
        steps = np.union1d(steps, new[:: max(1, new.size // (2 * WORST_STEPS))])


def _bisect(case: Case, increment_mw: float, high: int) -> int:
    """Most increments up to `high` that break no limit; 0 also where none is kept even then."""
    good, reach = 0, 1
    while reach <= high and not case.broken(reach * increment_mw).any():
        good, reach = reach, 2 * reach
    return case.most_increments(increment_mw, good, min(reach, high + 1))
