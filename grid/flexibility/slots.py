"""The ragged time axis of many devices: each has its own run of steps, and device after device they are the slots."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from grid.arrays import Floats, Ints
from grid.time.clock import Clock


class Slots:
    """What has N devices during runs of steps of a clock: K slots, device after device, step after step.

    Thousands of short charging sessions cost what their slots cost, not devices × steps. Whoever inherits holds the
    three attributes.
    """

    clock: Clock
    """The time axis, T steps."""
    start: Ints
    """First step of each device, shape (N,)."""
    stop: Ints
    """Step after its last, shape (N,)."""

    @property
    def n_devices(self) -> int:
        """Number of devices N."""
        return int(self.start.size)

    @property
    def n_slots(self) -> int:
        """Number of slots K."""
        return int(self.offsets[-1])

    @cached_property
    def offsets(self) -> Ints:
        """First slot of each device, and K at the end, shape (N + 1,)."""
        return np.concatenate([[0], np.cumsum(self.stop - self.start)]).astype(np.int64)

    @cached_property
    def device(self) -> Ints:
        """Device of each slot, shape (K,)."""
        return np.repeat(np.arange(self.n_devices), self.stop - self.start)

    @cached_property
    def step(self) -> Ints:
        """Step of each slot, shape (K,)."""
        return np.arange(self.n_slots) - self.offsets[self.device] + self.start[self.device]

    @property
    def lasts_throughout(self) -> bool:
        """Whether every device lives from the first step to the last."""
        return bool((self.start == 0).all() and (self.stop == self.clock.n_steps).all())

    def device_of(self, slots: Ints) -> Ints:
        """Device of some slots; `device` holds that of all."""
        return np.asarray(np.searchsorted(self.offsets, slots, side="right") - 1)

    def per_slot(self, values: Floats) -> Floats:
        """Values of shape (K,), (N,) or (1,) by slot, shape (K,).

        Where K is N every device has one slot, in the order of the devices, so that the two shapes mean the same.
        """
        if values.size == self.n_slots:
            return values
        return values[self.device] if values.size == self.n_devices else np.broadcast_to(values, (self.n_slots,))

    def at_slots(self, values: Floats, slots: Ints) -> Floats:
        """Values of shape (K,), (N,) or (1,) at some slots, shape (J,); without an array of all slots."""
        if values.size == self.n_slots:
            return values[slots]
        if values.size != self.n_devices:
            return np.broadcast_to(values, slots.shape)
        return values[self.device_of(slots)]

    def by_step(self, values: Floats) -> Floats:
        """Values by slot, shape (K,), summed to steps, shape (T,)."""
        return np.bincount(self.step, weights=values, minlength=self.clock.n_steps).astype(np.float64)
