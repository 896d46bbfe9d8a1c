"""Values of slots summed to steps and places, compiled: without the step or the device of every slot in an array."""

from __future__ import annotations

from numba import njit

import grid.code_cache  # noqa: F401  before any function is compiled
from grid.arrays import Floats, Ints


@njit(cache=True, nogil=True)
def add_at_places(
    start: Ints, offsets: Ints, pointer: Ints, place: Ints, share: Floats, values: Floats, to: Floats
) -> None:
    """Adds values by slot to steps and places, one device after the other.

    Args:
        start: First step of each device, shape (N,).
        offsets: First slot of each device, and K at the end, shape (N + 1,).
        pointer: Where the shares of each device begin, and where the last end, shape (N + 1,).
        place: Place of each share, shape (S,).
        share: What of a device's value counts there, shape (S,) [1].
        values: Values by slot, shape (K,).
        to: What they are added to, shape (T, any).
    """
    for device in range(start.size):
        for each in range(pointer[device], pointer[device + 1]):
            first = start[device] - offsets[device]
            for slot in range(offsets[device], offsets[device + 1]):
                to[first + slot, place[each]] += share[each] * values[slot]
