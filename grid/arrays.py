"""Types of the arrays that cross package borders, and the guard that keeps them as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


def read_only_ints(values: npt.ArrayLike) -> Ints:
    """`values` as a contiguous array of 64-bit integers that cannot be written to; copied only if need be."""
    array = np.ascontiguousarray(values, dtype=np.int64).view()
    array.flags.writeable = False
    return array
