"""Rules about arrays, each a function that returns the faults it finds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from grid.errors import Fault, InputError


def array_faults(
    place: str,
    values: npt.NDArray[np.float64],
    shape: tuple[int, ...],
    low: float | None = None,
    high: float | None = None,
) -> list[Fault]:
    """Faults of an array that must have `shape`, be finite and lie within `low` and `high` (both included).

    Args:
        place: Name of the array, for the message.
        values: The array.
        shape: The shape it must have.
        low: Least allowed value, if any.
        high: Greatest allowed value, if any.
    """
    if values.shape != shape:
        return shape_faults(place, values, shape)
    least, most = (values.min(), values.max()) if values.size else (0.0, 0.0)
    finite = np.isfinite(least) and np.isfinite(most)  # the least of what holds NaN is NaN
    if finite and (not values.size or ((low is None or least >= low) and (high is None or most <= high))):
        return []
    rules = [("must be finite", ~np.isfinite(values))]
    if low is not None:
        rules.append((f"must be at least {low:g}", values < low))
    if high is not None:
        rules.append((f"must be at most {high:g}", values > high))
    return [
        Fault(f"{place}{list(map(int, worst))}", rule, float(values[tuple(worst)]))
        for rule, broken in rules
        if broken.any()
        for worst in np.argwhere(broken)[:1]
    ]


def shape_faults(place: str, values: npt.NDArray[np.float64], shape: tuple[int, ...]) -> list[Fault]:
    """Faults of an array that must have `shape`."""
    return [] if values.shape == shape else [Fault(place, f"must have shape {shape}", values.shape)]


def index_faults(place: str, index: npt.NDArray[np.int64], shape: tuple[int, ...], count: int) -> list[Fault]:
    """Faults of an array of `shape` whose entries must be one of 0, 1 ... `count` - 1."""
    if index.shape != shape:
        return [Fault(place, f"must have shape {shape}", index.shape)]
    outside = np.flatnonzero((index < 0) | (index >= count))
    return [Fault(f"{place}[{i}]", f"must lie within 0..{count - 1}", int(index[i])) for i in outside[:1]]


def check_step_hours(step_hours: float) -> None:
    """Raises an `InputError` unless a step lasts longer than 0 hours."""
    if not (np.isfinite(step_hours) and step_hours > 0):
        raise InputError.single("step_hours", "must be greater than 0", step_hours)
