"""The ragged time axis of many devices: each has its own run of steps, and device after device they are the slots."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from grid.arrays import Floats, Ints, read_only, read_only_ints, run_of, run_offsets
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot
from grid.kept_if_small import kept_if_small
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
        return run_offsets(self.stop - self.start)

    @kept_if_small
    def device(self) -> Ints:
        """Device of each slot, shape (K,)."""
        return run_of(self.stop - self.start)

    @kept_if_small
    def step(self) -> Ints:
        """Step of each slot, shape (K,)."""
        step: Ints = np.repeat(self.start - self.offsets[:-1], self.stop - self.start)
        step += np.arange(step.size)
        return step

    @property
    def lasts_throughout(self) -> bool:
        """Whether every device lives from the first step to the last."""
        return bool((self.start == 0).all() and (self.stop == self.clock.n_steps).all())

    def device_of(self, slots: Ints) -> Ints:
        """Device of some slots; `device` holds that of all."""
        return np.asarray(np.searchsorted(self.offsets, slots, side="right") - 1)

    def per_slot(self, quantity: DeviceOrSlot) -> Floats:
        """A quantity by device or by slot, by slot, shape (K,)."""
        return quantity.values if isinstance(quantity, PerSlot) else np.repeat(quantity, self.stop - self.start)

    def at_slots(self, quantity: DeviceOrSlot, slots: Ints, device: Ints | None = None) -> Floats:
        """A quantity by device or by slot, at some slots, of their shape; without an array of all slots.

        Args:
            quantity: The quantity, shape (N,) or by slot.
            slots: The slots.
            device: Device of each, of the same shape; None: it is searched for.
        """
        if isinstance(quantity, PerSlot):
            return quantity.values[slots]
        return quantity[self.device_of(slots) if device is None else device]

    def alike(self, one: DeviceOrSlot, other: DeviceOrSlot) -> tuple[Floats, Floats]:
        """Two quantities, both by device, shape (N,), where both are, else both by slot, shape (K,)."""
        if isinstance(one, PerSlot) or isinstance(other, PerSlot):
            return self.per_slot(one), self.per_slot(other)
        return one, other

    def by_step(self, values: Floats, weight: Floats | None = None) -> Floats:
        """Values by slot, shape (K,), times a weight of each device, (N,), if any, summed to steps, shape (T,)."""
        every, first = np.arange(self.n_devices + 1), np.zeros(self.n_devices, dtype=np.int64)
        return self._at_places(values, every, first, np.ones(self.n_devices) if weight is None else weight, 1)[:, 0]

    def _at_places(self, values: Floats, pointer: Ints, place: Ints, share: Floats, n_places: int) -> Floats:
        """Values by slot, shape (K,), summed to steps and places; arguments as of `add_at_places`."""
        from grid.flexibility.slots_kernel import add_at_places  # noqa: PLC0415  slow to import

        summed = np.zeros((self.clock.n_steps, n_places))
        start, pointer, place = (read_only_ints(each) for each in (self.start, pointer, place))
        add_at_places(start, self.offsets, pointer, place, read_only(share), read_only(values), summed)
        return summed
