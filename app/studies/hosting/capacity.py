"""Hosting capacity: the largest data centre, fleet or stock of roofs that a bus takes within the limits of the grid.

What grows draws in proportion to its size, so its power per unit of size over the period is computed once. More of it
at a bus moves voltages and, once it exceeds what flows the other way, loadings in one direction; capacity is looked for
by bisection under that monotony, at all buses together. Few steps decide (`critical`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.scenario.schema import LimitsSpec
from app.simulation.limits import AFTER_OUTAGE, GridLimits, resolve_limits
from app.simulation.phases import Progress
from app.studies.hosting.case import Binding, Case, binding_of
from app.studies.hosting.critical import estimated_sizes, find_room
from app.studies.hosting.outages import check_outages
from app.studies.hosting.search import Trials, largest
from grid.arrays import Floats, Ints
from grid.city.city import City
from grid.errors import Fault, raise_if_any
from grid.network.injections import Injections

if TYPE_CHECKING:
    import polars as pl

STEPS_OF_A_BUS = 6
"""Steps that the search at a bus starts from."""


@dataclass(frozen=True)
class Hosting:
    """Hosting capacity of a bus.

    Args:
        bus: Name of the bus.
        size: Largest size, in whole increments; for a data centre its rated IT power [MW].
        p_peak_mw: Highest power at the meter over the period, drawn or fed in [MW].
        binding: What stops the next increment; None where the search ended first.
        outages_left_out: Outages that break a limit without any data centre, and so say nothing about it.
    """

    bus: str
    size: float
    p_peak_mw: float
    binding: Binding | None
    outages_left_out: tuple[str, ...] = ()


def hosting_table(found: Sequence[Hosting]) -> pl.DataFrame:
    """A row a bus, with what binds there."""
    import polars as pl  # noqa: PLC0415  slow to import

    rows = []
    for row in found:
        binding = Binding("", "", np.nan, np.nan, -1) if row.binding is None else row.binding
        rows.append(
            {
                "bus": row.bus, "size": row.size, "p_peak_mw": row.p_peak_mw, "binding": binding.element,
                "quantity": binding.quantity, "value": binding.value, "limit": binding.limit, "step": binding.step,
                "outage": binding.outage,
            }
        )  # fmt: skip
    return pl.DataFrame(rows)


def hosting_capacities(
    city: City,
    limits: LimitsSpec,
    buses: Sequence[str],
    p_per_unit_mw: Floats,
    *,
    others: Injections | None = None,
    increment: float = 0.1,
    size_max: float = 500.0,
    n_minus_1: bool = False,
    after_outage: LimitsSpec = AFTER_OUTAGE,
    every_step: bool = True,
    threads: int = 1,
    progress: Progress | None = None,
) -> tuple[Hosting, ...]:
    """The largest size that each bus takes, one bus at a time; all buses are searched together.

    Args:
        city: The city on its clock, T steps.
        limits: Limits of the intact grid; where one is not given, the net's own.
        buses: Names of the buses.
        p_per_unit_mw: Withdrawal per unit of size, shape (T,) [MW]; see `growth`.
        others: Withdrawal of everything else; by default the city's own elements.
        increment: Increment of the size.
        size_max: Where the search ends.
        n_minus_1: Whether the loss of any one branch must leave what is still supplied within `after_outage`, in the
            worst steps. Outages that break a limit without it are left out and named; that a radial feeder loses its
            supply until it is switched over counts as no violation.
        after_outage: Limits after an outage.
        every_step: Whether the answer is checked in every step; if not, in the critical ones only (`critical`).
        threads: Number of threads.
        progress: Told the bus (or what is done) in every round of the search, and the share that is done; what it
            raises ends the search.

    Raises:
        InputError: If a bus does not exist or is de-energised, or a number is out of range; all faults at once.
    """
    network, clock = city.network, city.clock
    faults = [fault for bus in buses if (fault := network.buses.fault(bus, "bus")) is not None]
    if np.shape(p_per_unit_mw) != (clock.n_steps,):
        faults.append(Fault("p_per_unit_mw", f"must have shape ({clock.n_steps},)", np.shape(p_per_unit_mw)))
    elif (
        not np.isfinite(p_per_unit_mw).all() or not p_per_unit_mw.any() or p_per_unit_mw.min() * p_per_unit_mw.max() < 0
    ):
        faults.append(Fault("p_per_unit_mw", "must be finite, of one sign and not all 0"))
    faults += [
        Fault(name, "must be greater than 0", value)
        for name, value in (("increment", increment), ("size_max", size_max))
        if value <= 0
    ]
    raise_if_any(faults, "the hosting capacity")
    drawn = city.injections() if others is None else others
    base = Case(network, clock, drawn, 0, np.asarray(p_per_unit_mw, float), resolve_limits(limits, network))
    tell = progress or (lambda _words, _share: None)
    trials = Trials(base, np.array([network.buses.find(bus) for bus in buses], dtype=np.int64), increment, threads)
    n_max = int(size_max / increment + 1e-9)
    n, steps = _search(trials, n_max, tell, every_step=every_step)
    after = resolve_limits(after_outage, network) if n_minus_1 else None
    found = []
    for place, bus in enumerate(buses):
        told = partial(tell, bus, 0.9 + 0.1 * place / len(buses))
        case = replace(base, bus=int(trials.buses[place]))
        found.append(_described(bus, case, int(n[place]), steps[place], increment, n_max, after, told))
    return tuple(found)


def _search(trials: Trials, n_max: int, tell: Progress, *, every_step: bool) -> tuple[Ints, list[Ints]]:
    """Most increments at each bus, and the steps that decided it.

    The search runs in a few critical steps of each bus; its answer is checked in all of them (or in every step), and
    steps that break a limit there join the search.
    """
    tell("critical steps", 0.0)
    room = find_room(trials.case, trials.threads)
    sizes = estimated_sizes(trials.case, trials.buses, room, trials.threads)
    nearest_first = np.argsort(sizes, axis=1)[:, :STEPS_OF_A_BUS]
    steps = [np.sort(room.steps[each]) for each in nearest_first]
    guess = sizes.min(axis=1) / trials.increment
    checked = np.arange(trials.case.clock.n_steps) if every_step else room.steps
    n, open_ = np.zeros(trials.buses.size, np.int64), np.arange(trials.buses.size)
    share = 0.1
    while open_.size:
        part = replace(trials, buses=trials.buses[open_])
        of_part = [steps[k] for k in open_]
        n[open_] = largest(part, guess[open_], of_part, n_max, partial(tell, f"{open_.size} buses", share))
        guess[open_] = n[open_]
        broken = _broken_elsewhere(trials, open_, n, checked, partial(tell, f"check of {open_.size} buses", share))
        again = [place for place, new in zip(open_, broken, strict=True) if np.setdiff1d(new, steps[place]).size]
        for place, new in zip(open_, broken, strict=True):
            steps[place] = np.union1d(steps[place], new[:: max(1, new.size // STEPS_OF_A_BUS)])
        open_ = np.array([place for place in again if n[place] > 0], dtype=np.int64)
        share = min(0.9, share + 0.2)
    return n, steps


def _broken_elsewhere(trials: Trials, which: Ints, n: Ints, checked: Ints, tell: Callable[[], None]) -> list[Ints]:
    """Steps, of those to check, in which the answer of each bus breaks a limit."""
    found = []
    for place in which:
        tell()
        (broken,) = trials.broken(np.array([place]), n[[place]], [checked])
        found.append(checked[broken])
    return found


def _described(
    bus: str, case: Case, n: int, steps: Ints, increment: float, n_max: int, after: GridLimits | None,
    tell: Callable[[], None],
) -> Hosting:  # fmt: skip
    """What is said of a bus: what stops the next increment, and what outages leave of it."""
    tell()
    binding = None if n == n_max else binding_of(case, (n + 1) * increment, steps)
    left_out: tuple[str, ...] = ()
    if after is not None and n > 0:
        n_after, outage, left_out = check_outages(case, n, increment, after, steps, tell)
        if n_after < n and outage is not None:
            rest, within, name, kept_steps = outage
            lost = replace(case, network=rest, limits=within)
            binding = replace(binding_of(lost, (n_after + 1) * increment, kept_steps), outage=name)
        n = n_after
    size = round(n * increment, 9)
    return Hosting(bus, size, float(size * np.abs(case.p_per_unit_mw).max()), binding, left_out)
