"""Parts of the steps of a clock, at which what changes within a step is looked up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from grid.time.clock import Clock

QUARTER_MIN = 15


def middles_of_steps(clock: Clock, part_min: int = QUARTER_MIN) -> npt.NDArray[np.datetime64]:
    """Middles of equal parts of every step, UTC, shape (T, parts).

    Args:
        clock: The time axis.
        part_min: Longest part [min].
    """
    step = np.timedelta64(clock.step).astype("timedelta64[us]")
    parts = max(1, int(np.ceil(step / np.timedelta64(part_min * 60_000_000, "us"))))
    middles = ((np.arange(parts) + 0.5) * (step / np.timedelta64(1, "us")) / parts).astype("timedelta64[us]")
    return np.asarray(clock.times[:, None] + middles[None, :])
