"""Which limits are likely to be exceeded: where, when, how likely, by how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import InputError
from grid.time.clock import Clock


@dataclass(frozen=True)
class Risk:
    """A limit that may be exceeded.

    Args:
        element: Name of the bus or branch, or ``city``.
        quantity: ``vm_pu``, ``loading_percent``, ``import_mw`` or ``power_flow``.
        side: ``high`` or ``low``: which limit.
        probability: Share of the samples in which it is exceeded in any step.
        step_probability: The most of any step.
        begins: First step that is at least half as likely as the likeliest one.
        ends: End of the last such step.
        worst: Step that is likeliest, the first of them.
        value: Value that one sample in ten passes in that step, on the side of the limit; NaN where the power flow has
            no solution.
        limit: What it should not pass.
        cause: What it shares with other places, see `grid.twin.alerts.causes`; empty if it stands alone.
        others: How many other places are about as likely by the same cause.
    """

    element: str
    quantity: str
    side: str
    probability: float
    step_probability: float
    begins: datetime
    ends: datetime
    worst: datetime
    value: float
    limit: float
    cause: str = ""
    others: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about, whenever it is predicted: of a cause, wherever its worst place is."""
        return self.quantity, self.cause or self.element, self.side


def violation_risks(
    clock: Clock,
    quantity: str,
    values: Floats,
    limit: Floats,
    names: Sequence[str],
    *,
    high: bool = True,
    tolerance: float = 0.0,
    least: float = 0.01,
) -> tuple[Risk, ...]:
    """Limits of one quantity that samples exceed.

    Args:
        clock: The steps ahead, H of them.
        quantity: What is limited.
        values: What the samples come to, shape (N, H, E); NaN counts as not exceeded.
        limit: Limit of each element, shape (E,).
        names: Names of the elements.
        high: Whether it is a highest value or a least one.
        tolerance: What is no violation yet, in the unit of the quantity.
        least: Probability below which nothing is said.

    Raises:
        InputError: If shapes disagree.
    """
    if values.ndim != 3 or values.shape[1:] != (clock.n_steps, len(names)) or limit.shape != (len(names),):
        raise InputError.single("values", f"must have shape (N, {clock.n_steps}, {len(names)})", values.shape)
    beyond = values > limit + tolerance if high else values < limit - tolerance
    return tuple(_found(clock, quantity, values, limit, names, beyond, high, least))


def _found(
    clock: Clock, quantity: str, values: Floats, limit: Floats, names: Sequence[str], beyond: Bools, high: bool,
    least: float,
) -> Iterator[Risk]:  # fmt: skip
    any_step, by_step = beyond.any(axis=1).mean(axis=0), beyond.mean(axis=0)
    for k in np.flatnonzero(any_step >= least).tolist():
        most = float(by_step[:, k].max())
        worst = int(np.argmax(by_step[:, k]))
        likely = np.flatnonzero(by_step[:, k] >= most / 2)
        begins, last = int(likely[0]), int(likely[-1])
        in_step = values[:, worst, k]
        yield Risk(
            element=names[k],
            quantity=quantity,
            side="high" if high else "low",
            probability=float(any_step[k]),
            step_probability=most,
            begins=clock.start + begins * clock.step,
            ends=clock.start + (last + 1) * clock.step,
            worst=clock.start + worst * clock.step,
            value=float(np.quantile(in_step[np.isfinite(in_step)], 0.9 if high else 0.1)),
            limit=float(limit[k]),
        )


def failure_risk(clock: Clock, failed: Bools) -> tuple[Risk, ...]:
    """That the power flow has no solution, shape (N, H): more is asked for than the grid can carry."""
    if not failed.any():
        return ()
    by_step = failed.mean(axis=0)
    at = np.flatnonzero(by_step)
    begins, ends = clock.start + int(at[0]) * clock.step, clock.start + (int(at[-1]) + 1) * clock.step
    worst = clock.start + int(np.argmax(by_step)) * clock.step
    share = float(failed.any(axis=1).mean())
    return (Risk("city", "power_flow", "high", share, float(by_step.max()), begins, ends, worst, np.nan, np.nan),)
