"""The exchange of one open point that relieves a grid most: a switch in place of shifted power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.switching import SwitchableNetwork
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock
from optimizer.switching.loops import loops

FIRST_STEPS = 4
"""Steps, those with most violations, on which all exchanges are compared; the best of them on all steps."""
BEST = 8
"""Exchanges that are compared on all steps."""


@dataclass(frozen=True, eq=False)
class OpenPointRelief:
    """An exchange of one open point, against the grid as it is operated.

    Args:
        closed: Name of the branch that is closed.
        opened: Name of the branch that is opened afterwards.
        violations_before: Elements beyond a limit, counted in every step, as the grid is operated.
        violations: The same afterwards.
        loss_before_mwh: Losses as the grid is operated [MWh].
        loss_mwh: Losses afterwards [MWh].
    """

    closed: str
    opened: str
    violations_before: int
    violations: int
    loss_before_mwh: float
    loss_mwh: float


def relieve(network: SwitchableNetwork, clock: Clock, injections: Injections, limits: Limits) -> OpenPointRelief | None:
    """The exchange with which fewest limits are broken, of those the one of least losses; each solved in AC.

    The grid is radial before and after; between the two switchings it has a loop. Exchanges are first compared in the
    steps with most violations, so that one which is best over all steps and not in these may be missed.

    Args:
        network: The network, radial in operation.
        clock: The time axis, T steps.
        injections: Withdrawal of the buses on that clock.
        limits: Limits of the meshed network, tolerances included.

    Returns:
        The exchange; None where no limit is broken or none breaks fewer.

    Raises:
        InputError: If the network is not radial in operation.
    """
    if not network.is_radial(network.open):
        raise InputError.single("network", "is not radial in operation: loops have no open point to move")
    before = extremes(network.in_operation, clock, injections, _of(limits, network.operated(network.open)[1]))
    broken = np.where(before.failed, limits.vm_min_pu.size + limits.loading_max_percent.size, before.violations)
    most = int(broken.sum())
    worst = np.argsort(-broken, kind="stable")[:FIRST_STEPS]
    worst = worst[broken[worst] > 0]
    if not worst.size:
        return None
    few, names = Clock(clock.start, clock.step, worst.size), network.meshed.branches.names
    tried = sorted(
        (found, change)
        for change in _exchanges(network)
        if (found := _judged(network, change, few, injections.chosen(worst), limits)) is not None
    )
    whole = [(found, change) for _, change in tried[:BEST]
             if (found := _judged(network, change, clock, injections, limits)) is not None]  # fmt: skip
    if not whole:
        return None
    (violations, loss_mwh), (tie, opened) = min(whole)
    if violations >= most:
        return None
    loss_before_mwh = float(before.loss_mw.sum()) * clock.step_hours  # NaN where a step had no solution
    return OpenPointRelief(names[tie], names[opened], most, violations, loss_before_mwh, loss_mwh)


def _exchanges(network: SwitchableNetwork) -> Iterator[tuple[int, int]]:
    """Branches to close and to open, so that the grid stays radial."""
    for loop in loops(network, network.open):
        for opened in loop.branches[network.switchable[loop.branches]].tolist():
            yield loop.tie, opened


def _judged(
    network: SwitchableNetwork, change: tuple[int, int], clock: Clock, injections: Injections, limits: Limits
) -> tuple[int, float] | None:
    """Violations and losses [MWh] after an exchange; None without a solution."""
    state: Bools = network.open.copy()
    state[change[0]], state[change[1]] = False, True
    operated, kept = network.operated(state)
    found = extremes(operated, clock, injections, _of(limits, kept))
    if found.failed.any():
        return None
    return int(found.violations.sum()), float(found.loss_mw.sum()) * clock.step_hours


def _of(limits: Limits, kept: Ints) -> Limits:
    """The limits of the branches that are kept."""
    return Limits(limits.vm_min_pu, limits.vm_max_pu, limits.loading_max_percent[kept])
