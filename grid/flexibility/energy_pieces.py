"""Energies in the reservoirs of many devices, some at a time: those of a year of a city's cars take half a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from grid.arrays import Floats, read_only
from grid.flexibility.flexibility import Flexibility

SLOTS_AT_ONCE = 4_000_000
"""Slots whose energies are held at a time, about."""


def energy_in_pieces(flexibility: Flexibility, p_mw: Floats) -> Iterator[Floats]:
    """What `Flexibility.energy_mwh` says, for devices that follow each other at a time [MWh].

    Args:
        flexibility: The devices.
        p_mw: Their withdrawal, shape (K,) [MW].
    """
    from grid.flexibility.reservoir_kernel import energies  # noqa: PLC0415  slow to import

    store, offsets = flexibility.reservoir, flexibility.offsets
    if store is None:
        yield flexibility.energy_mwh(p_mw)
        return
    devices, power = flexibility.kernel_input(store), read_only(p_mw)
    begins = np.unique(np.searchsorted(offsets, np.arange(0, flexibility.n_slots, SLOTS_AT_ONCE))).tolist()
    for first, stop in pairwise([*begins, flexibility.n_devices]):
        slots, e_start_mwh = slice(int(offsets[first]), int(offsets[stop])), store.e_start_mwh[first:stop]
        yield energies(devices.between(first, stop), read_only(e_start_mwh), power[slots])


def final_mwh(flexibility: Flexibility, p_mw: Floats) -> Floats:
    """Energy in each device's reservoir after its last step, shape (N,) [MWh]; arguments as in `energy_in_pieces`."""
    found, first, last = [np.empty(0)], 0, flexibility.offsets[1:] - 1
    for piece in energy_in_pieces(flexibility, p_mw):
        found.append(piece[last[(last >= first) & (last < first + piece.size)] - first])
        first += piece.size
    return np.concatenate(found)
