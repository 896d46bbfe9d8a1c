"""One value a device, or one a slot: the type says which, no length is asked.

An array holds one value for each of N devices. What changes while a device lasts is a `PerSlot`, one value for each of
K slots (device and step). Where every device lasts one step both have the same length, so a length could not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints, read_only
from grid.errors import Fault


@dataclass(frozen=True, eq=False)
class PerSlot:
    """Values that change while a device lasts: device after device, each its steps in order.

    Args:
        values: One a slot, shape (K,); in the unit of the quantity.
    """

    values: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values))


DeviceOrSlot = Floats | PerSlot
"""A quantity by device, an array of shape (N,), or by slot."""


def one_each(quantity: DeviceOrSlot, n_devices: int) -> DeviceOrSlot:
    """A quantity whose array has one value for each of `n_devices`, read-only; one value stands for all of them."""
    if isinstance(quantity, PerSlot):
        return quantity
    values = read_only(quantity)
    return np.broadcast_to(values, (n_devices,)) if values.shape == (1,) else values


def values_of(quantity: DeviceOrSlot) -> Floats:
    """Its values, shape (N,) by device or (K,) by slot."""
    return quantity.values if isinstance(quantity, PerSlot) else quantity


def mapped(quantity: DeviceOrSlot, function: Callable[[Floats], Floats]) -> DeviceOrSlot:
    """The quantity that `function` makes of its values one by one, by device or by slot like the given one."""
    return PerSlot(function(quantity.values)) if isinstance(quantity, PerSlot) else function(quantity)


def of_devices(quantity: DeviceOrSlot, devices: Ints, slots: Ints) -> DeviceOrSlot:
    """A quantity by device or by slot, of some devices, shape (M,), and of their slots, shape (Km,)."""
    return PerSlot(quantity.values[slots]) if isinstance(quantity, PerSlot) else quantity[devices]


def shape_fault(place: str, quantity: DeviceOrSlot, n_devices: int, n_slots: int) -> Iterator[Fault]:
    """A fault where it has neither one value a device nor, being `PerSlot`, one a slot."""
    shape = values_of(quantity).shape
    if shape != ((n_slots,) if isinstance(quantity, PerSlot) else (n_devices,)):
        rule = f"must have one value for each of {n_devices} devices, or be PerSlot with {n_slots} values"
        yield Fault(place, rule, shape)


def finite_fault(place: str, quantity: DeviceOrSlot) -> Iterator[Fault]:
    """A fault where a value is not finite, with the device or slot it stands at."""
    values = values_of(quantity)
    at = np.flatnonzero(~np.isfinite(values))
    if at.size:
        where = f"slot {at[0]}" if isinstance(quantity, PerSlot) else f"device {at[0]}"
        yield Fault(place, f"must be finite ({where})", float(values[at[0]]))
