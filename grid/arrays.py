"""The only container of time series that crosses a package border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.time.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def read_only(values: npt.ArrayLike) -> Floats:
    """`values` as a contiguous array of floats that cannot be written to; copied only if need be."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """Named columns of one unit on one clock.

    Args:
        clock: The time axis, T steps.
        names: One name a column, unique.
        unit: Unit of every value, e.g. ``MW``.
        values: Shape (T, N), finite; kept read-only.

    Raises:
        InputError: If the shape disagrees with clock and names, a name is used twice, or a value is not finite.
    """

    clock: Clock
    names: tuple[str, ...]
    unit: str
    values: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values))
        expected = (self.clock.n_steps, len(self.names))
        if self.values.shape != expected:
            raise InputError.of("series", f"values must have shape {expected}", self.values.shape)
        faults = []
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            faults.append(Fault("series", "names must be unique", twice))
        bad_columns = ~np.isfinite(self.values).all(axis=0)
        for column in np.flatnonzero(bad_columns):
            first = int(np.flatnonzero(~np.isfinite(self.values[:, column]))[0])
            at = self.clock.start + first * self.clock.step
            faults.append(
                Fault(f"{self.names[column]} [{self.unit}]", f"must be finite; at {at:%Y-%m-%d %H:%M} UTC it is not")
            )
        raise_if_any(faults)

    def column(self, name: str) -> Floats:
        """The values of one column, shape (T,)."""
        if name not in self.names:
            raise InputError.of("series", f"no column called {name!r}", suggestion=nearest(name, self.names))
        return self.values[:, self.names.index(name)]

    def window(self, first: int, stop: int) -> TimeSeries:
        """The steps `first` (included) to `stop` (excluded)."""
        return TimeSeries(self.clock.window(first, stop), self.names, self.unit, self.values[first:stop])
