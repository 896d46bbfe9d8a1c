"""Slots of the devices of a flexibility: one for each step of each device, device after device."""

from __future__ import annotations

import numpy as np

from grid.arrays import Ints, rank_in_run, run_of
from grid.flexibility.flexibility import Flexibility


def step_of(flexibility: Flexibility, slots: Ints) -> Ints:
    """Step of the clock of some slots, same shape as `slots`; `Flexibility.step` holds that of all."""
    device = flexibility.device_of(slots)
    return np.asarray(slots - flexibility.offsets[device] + flexibility.start[device])


def slots_between(flexibility: Flexibility, device: Ints, begin: Ints, stop: Ints) -> tuple[Ints, Ints, Ints]:
    """The slots of some devices between two steps each; A devices, K slots.

    Args:
        flexibility: The flexibility.
        device: The devices, shape (A,).
        begin: First step of each, shape (A,).
        stop: Step after the last of each, shape (A,).

    Returns:
        Place of each slot's device among those given, rank of the slot among those of its device, and the slot itself,
        shape (K,) each.
    """
    length = stop - begin
    place = run_of(length)
    rank = rank_in_run(length)
    first = flexibility.offsets[device] + begin - flexibility.start[device]
    return place, rank, np.asarray(first[place] + rank)
