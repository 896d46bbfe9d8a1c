"""Which of many operating points break a limit: what a search asks, thousands of times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from grid.arrays import Bools
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import RESIDUAL_MVA, Limits, run
from grid.time.clock import Clock

ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def beyond_limits(
    network: Network, injections: Injections, limits: Limits, *, threads: int = 1
) -> tuple[Bools, Complexes]:
    """Which operating points break a limit, by the exact AC power flow.

    A point that the fixed point does not reach counts as beyond the limits; it is beyond what the grid can carry, or so
    close to it that voltages are far below any limit. Where voltage decides a power, points are solved by `extremes`.

    Args:
        network: The network.
        injections: Withdrawal of the buses, a column for each of T operating points.
        limits: Limits, tolerances included.
        threads: Number of threads.

    Returns:
        Whether each breaks a limit, shape (T,), and what external grids feed in, shape (T, R) [MW + j MVAr].
    """
    if network.decided_by_voltage:
        clock = Clock(ANY_TIME, timedelta(hours=1), injections.n_steps)
        found = extremes(network, clock, injections, limits, threads=threads)
        return (found.violations > 0) | found.failed, found.slack_mva
    step, _, _ = run(network, injections, limits, "extremes", threads=threads)
    missed = ~(step.residual < (RESIDUAL_MVA / network.base_mva) ** 2)
    slack = np.asarray((step.slack_p + 1j * step.slack_q).T * network.base_mva, dtype=np.complex128)
    return np.asarray(missed | (step.violations > 0)), slack
