"""N-1: what the loss of each branch does in the critical hours of a run, and what closing an open point restores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario.schema import LimitsSpec
from app.simulation.limits import AFTER_OUTAGE, resolve_limits
from app.simulation.phases import Progress
from app.studies.outages.hours import CriticalHours, critical_hours
from grid.arrays import Bools
from grid.errors import InputError
from grid.network.network import Network
from grid.network.switching import without_branches
from grid.powerflow.outages import Outages, outages
from grid.powerflow.zbus import Limits
from grid.twin.equipment import network_with_closed, switchable_network

NOTHING_MW = 1e-9


@dataclass(frozen=True, eq=False)
class _Restored:
    """What closing an open point makes of an outage."""

    point: str
    found: Outages
    network: Network

    @property
    def rank(self) -> tuple[float, int, float]:
        """What is compared of several: load without supply, what is beyond its limit, the highest loading."""
        found = self.found
        return (
            float(found.unsupplied_mw.max()),
            int(found.violations.sum() + found.failed.sum()),
            float(np.nan_to_num(found.worst_loading_percent[0])),
        )


def outage_table(result: Result, limits: LimitsSpec = AFTER_OUTAGE, progress: Progress | None = None,
                 threads: int = 1) -> pl.DataFrame:  # fmt: skip
    """A row for the loss of each branch, the worst first: by load without supply, then by what is beyond limits.

    Args:
        result: The run.
        limits: Limits after an outage.
        progress: Told the branch, and the share that is done.
        threads: Number of threads.

    Returns:
        `outage`, `kind`; after the loss: `unsupplied_mw` (highest of the critical hours), `time` of that or, without
        any, of the highest loading, `loading_percent` of `loaded` (the branch that is loaded most against its limit),
        `vm_min_pu`, `vm_max_pu`, `violations` (buses and branches beyond a limit, all hours together), `failed_steps`;
        and the same with `resupplied_by` closed, with `_after`: equal where no closing helps.

    Raises:
        InputError: If voltage decides a power of the net, or a file that the run was made of has changed.
    """
    hours = critical_hours(result)
    tell = progress or (lambda _words, _share: None)
    network = hours.loaded.city.network
    if network.decided_by_voltage:
        rule = "outages need a net in which voltage decides no power"
        raise InputError.single("network", rule, ", ".join(network.decided_by_voltage))
    within = _limits(limits, network)
    solve = _solver(hours, limits, threads)
    ties = _ties(network)
    rows = []
    for lost, name in enumerate(network.branches.names):
        tell(name, lost / len(network.branches))
        found = outages(network, hours.clock, hours.injections, branches=[lost], limits=within, threads=threads)
        as_lost = _Restored("", found, network)
        best = _best(as_lost, lost, name, ties, solve)
        after = {f"{key}_after": value for key, value in _row(best, hours).items() if key != "time"}
        kind = network.branches.kinds[lost]
        rows.append({"outage": name, "kind": kind, **_row(as_lost, hours), "resupplied_by": best.point, **after})
    worst_first = ("unsupplied_mw_after", "failed_steps_after", "violations_after", "unsupplied_mw", "loading_percent")
    return pl.DataFrame(rows).sort(*worst_first, descending=True, nulls_last=True)


def _limits(spec: LimitsSpec, network: Network) -> Limits:
    return resolve_limits(spec, network).tolerated.of_elements


def _solver(hours: CriticalHours, limits: LimitsSpec, threads: int) -> Callable[[Network, str], Outages | None]:
    """Solves the loss of a branch in another state of the grid; None where that state does not have it."""

    def solve(network: Network, name: str) -> Outages | None:
        if name not in network.branches.names:
            return None
        lost = network.branches.names.index(name)
        within = _limits(limits, network)
        return outages(network, hours.clock, hours.injections, branches=[lost], limits=within, threads=threads)

    return solve


@dataclass(frozen=True, eq=False)
class _Tie:
    """An open line of the grid, by its buses, and the grid with it closed."""

    name: str
    ends: tuple[int, int]
    network: Network


def _ties(network: Network) -> tuple[_Tie, ...]:
    """Lines that are open in operation and may be closed; none where the net has no open line."""
    switched = switchable_network(network)
    branches, found = switched.meshed.branches, []
    for at in np.flatnonzero(switched.open):
        ends = int(branches.from_bus[at]), int(branches.to_bus[at])
        found.append(_Tie(branches.names[at], ends, network_with_closed(network, branches.names[at])))
    return tuple(found)


def _best(
    as_lost: _Restored, lost: int, name: str, ties: Sequence[_Tie],
    solve: Callable[[Network, str], Outages | None],
) -> _Restored:  # fmt: skip
    """The best of closing no open point, or one of those between what is dark and what is not."""
    if as_lost.found.unsupplied_mw.max(initial=0.0) <= NOTHING_MW:
        return as_lost
    rest, _ = without_branches(as_lost.network, np.array([lost]))
    dark: Bools = (rest.buses.node < 0) & (as_lost.network.buses.node >= 0)
    tried = [as_lost]
    for tie in ties:
        if dark[tie.ends[0]] != dark[tie.ends[1]]:
            found = solve(tie.network, name)
            tried += [] if found is None else [_Restored(tie.name, found, tie.network)]
    return min(tried, key=lambda one: one.rank)


def _row(one: _Restored, hours: CriticalHours) -> dict[str, object]:
    """What is said of a state of the grid."""
    found = one.found
    unsupplied = found.unsupplied_mw[0]
    loading = np.fmax(found.line_loading_percent[0], found.trafo_loading_percent[0])
    worst = int(np.argmax(unsupplied)) if unsupplied.max() > NOTHING_MW else int(np.argmax(np.nan_to_num(loading)))
    branch = int(found.worst_branch[0])
    solved = ~found.failed[0]
    percent = float(found.worst_loading_percent[0])
    return {
        "unsupplied_mw": float(unsupplied.max()),
        "time": hours.times[worst].item(),
        "loading_percent": None if branch < 0 else percent,
        "loaded": "" if branch < 0 else one.network.branches.names[branch],
        "vm_min_pu": float(found.vm_min_pu[0][solved].min()) if solved.any() else None,
        "vm_max_pu": float(found.vm_max_pu[0][solved].max()) if solved.any() else None,
        "violations": int(found.violations.sum()),
        "failed_steps": int(found.failed.sum()),
    }
