"""A day of hours on a short feeder, in windows: a battery, cars and a roof."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on, pv

NETWORK = feeder()
CLOCK = clock_of(24)
HOURS = np.arange(24)
LOAD = np.zeros((24, 3))
LOAD[:, 1], LOAD[:, 2] = 0.5, 1 + 0.5 * np.sin(HOURS / 4)
PRICE = 60 + 40 * np.sin(HOURS / 3)


def rolled(horizon: int = 24, look_ahead: int = 0, **changes: Any) -> DispatchProblem:
    """A battery, 20 cars and a roof on a feeder; windows of `horizon` and `look_ahead` steps."""
    flexibilities = [
        battery(NETWORK, CLOCK, 2, wear=5.0, retention=0.999, name="battery"),
        fleet(NETWORK, CLOCK, 5, n=20, wear=5.0),
        pv(NETWORK, CLOCK, 1, np.maximum(0, np.sin((HOURS - 6) / 12 * np.pi))),
    ]
    given: dict[str, Any] = {"import_price_per_mwh": PRICE, "export_price_per_mwh": PRICE - 20}
    given |= {"horizon_steps": horizon, "look_ahead_steps": look_ahead}
    return problem_on(NETWORK, CLOCK, flexibilities, LOAD, **(given | changes))
