"""Hosting capacity after the loss of any one branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app.simulation.limits import GridLimits
from app.studies.hosting.case import Case
from grid.arrays import Ints
from grid.errors import InputError
from grid.network.network import Network
from grid.network.switching import without_branches

Outage = tuple[Network, GridLimits, str, Ints]
"""What is left of the grid, its limits, the name of the lost branch, and the steps looked at."""


def check_outages(
    case: Case, n: int, increment: float, after: GridLimits, steps: Ints, tell: Callable[[], None] = lambda: None
) -> tuple[int, Outage | None, tuple[str, ...]]:
    """Most increments, up to `n`, after which no outage breaks a limit in the steps looked at.

    Outages that break a limit without it are left out. An outage that is harmless at `n` increments is
    harmless at fewer, so only those that are not take part in the search.

    Args:
        case: What grows, in the intact grid.
        n: Increments that the intact grid takes.
        increment: Increment of the size.
        after: Limits after an outage, without tolerances; the import is not limited then.
        steps: Steps to look at.
        tell: Called before each outage; what it raises ends the search.

    Returns:
        The increments, the outage that decides (None if none does), and the names of outages left out.

    Raises:
        InputError: If the network needs pandapower's solver.
    """
    network = case.network
    if network.decided_by_voltage:
        raise InputError.single(
            "network", "outages need a net in which voltage decides no power", ", ".join(network.decided_by_voltage)
        )
    few = case.at_steps(steps)
    deciding, left_out, outage = [], [], None
    for lost, name in enumerate(network.branches.names):
        tell()
        rest, kept = without_branches(network, np.array([lost]))
        limits = replace(after, loading_max_percent=after.loading_max_percent[kept], import_max_mw=np.inf)
        trial = replace(few, network=rest, limits=limits)
        if not trial.broken(n * increment).any():
            continue
        if trial.broken(0.0).any():
            left_out.append(name)
        else:
            deciding.append((trial, name))
    for trial, name in deciding:
        tell()
        good = _largest_without_break(trial, increment, n)
        if good < n:
            n, outage = good, (trial.network, trial.limits, name, steps)
    return n, outage, tuple(left_out)


def _largest_without_break(case: Case, increment: float, high: int) -> int:
    """Most increments up to `high` that break no limit, 0 being known to break none."""
    broken = bool(case.broken(high * increment).any())
    return case.most_increments(increment, 0, high) if broken else high
