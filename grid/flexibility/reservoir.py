"""What the devices of a flexibility fill and empty: energy bounds, efficiencies, standing losses and use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from grid.arrays import Floats, Ints, read_only
from grid.errors import Fault
from grid.flexibility.per_slot import DeviceOrSlot, finite_fault, one_each, shape_fault

Contents = Literal["electricity", "hydrogen", "heat", "work"]
"""What a reservoir holds: electricity, hydrogen by its lower heating value, heat, or work that can wait."""
ROUNDING_MWH = 1e-9
"""Rounding that a bound on energy [MWh], or a sum of shares [1], allows."""


@dataclass(frozen=True, eq=False)
class Reservoir:
    """What the devices fill and empty; N devices.

    Energy after a step: ``e' = retention · e + h (eta_charge · charge - discharge / eta_discharge) - drain``.

    Args:
        e_start_mwh: Energy when the device's first step begins, shape (N,) [MWh].
        e_end_mwh: Energy due when its last step ends, shape (N,) [MWh].
        e_min_mwh: Least energy at any time, shape (N,) [MWh].
        e_max_mwh: Most energy at any time, shape (N,) [MWh].
        eta_charge: Stored per drawn energy, shape (N,), or by slot [1]; one value stands for all devices.
        eta_discharge: Fed in per energy taken out, shape (N,), or by slot [1]; likewise.
        retention_per_step: Share of the energy that a step of standing leaves, shape (N,) [1].
        e_before_mwh: What the device's stock holds before it, if it is the first of its stock, shape (N,) [MWh]: a car
            has driven since; None: `e_start_mwh`.
        owed_mwh: Energy due to a car after the end of the clock, as stored, shape (N,) [MWh]; None: nothing.
        drain_mwh: Energy used from the store in each slot's step (fuel, heat, work), shape (K,) [MWh]; None: nothing.
        charge_segments: Part-load efficiency: (share of `p_segments_mw`, efficiency relative to `eta_charge`) of each
            segment of the charging power, from the first megawatt on; shares sum to 1, efficiencies do not rise.
        p_segments_mw: Power that the shares of the segments are of, such as the rated one, shape (N,) [MW]; None: the
            most withdrawal of the flexibility.
        owner: The stock that a device belongs to (a car has many sessions), shape (N,), 0-based.
        exact_end: Whether `e_end_mwh` is met exactly, or is a least value.
        holds: What is stored; the optimizer does not look at it.
        vehicle: Whether the stocks are cars: consumers at the meter, not stationary stores.
        mwh_per_km: What a car has used on its way to each device, shape (N,) [MWh/km]; None if it does not drive.
    """

    e_start_mwh: Floats
    e_end_mwh: Floats
    e_min_mwh: Floats
    e_max_mwh: Floats
    eta_charge: DeviceOrSlot
    eta_discharge: DeviceOrSlot
    retention_per_step: Floats
    owner: Ints
    exact_end: bool = False
    holds: Contents = "electricity"
    vehicle: bool = False
    mwh_per_km: Floats | None = None
    e_before_mwh: Floats | None = None
    owed_mwh: Floats | None = None
    drain_mwh: Floats | None = None
    charge_segments: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    p_segments_mw: Floats | None = None

    def __post_init__(self) -> None:
        for name in ("e_start_mwh", "e_end_mwh", "e_min_mwh", "e_max_mwh", "retention_per_step"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        for name in ("eta_charge", "eta_discharge"):
            object.__setattr__(self, name, one_each(getattr(self, name), self.e_start_mwh.size))
        for name in ("e_before_mwh", "owed_mwh", "drain_mwh", "p_segments_mw"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, read_only(getattr(self, name)))

    def shape_faults(self, name: str, n_devices: int, n_slots: int) -> Iterator[Fault]:
        """Arrays of another length than the devices and slots of the asset called `name` have."""
        for column in ("e_start_mwh", "e_end_mwh", "e_min_mwh", "e_max_mwh", "retention_per_step"):
            shape = getattr(self, column).shape
            if shape != (n_devices,):
                yield Fault(f"{name}.{column}", f"must have shape ({n_devices},)", shape)
            yield from finite_fault(f"{name}.{column}", getattr(self, column))
        for column in ("eta_charge", "eta_discharge"):
            yield from shape_fault(f"{name}.{column}", getattr(self, column), n_devices, n_slots)
            yield from finite_fault(f"{name}.{column}", getattr(self, column))
        if self.drain_mwh is not None and self.drain_mwh.shape != (n_slots,):
            yield Fault(f"{name}.drain_mwh", f"must have shape ({n_slots},)", self.drain_mwh.shape)
        if self.drain_mwh is not None:
            yield from finite_fault(f"{name}.drain_mwh", self.drain_mwh)

    def faults(self, name: str) -> Iterator[Fault]:
        """Energies at both ends that lie outside of what it holds, and segments that are no part-load efficiency."""
        low, high = self.e_min_mwh - ROUNDING_MWH, self.e_max_mwh + ROUNDING_MWH
        for column, energy in (("e_start_mwh", self.e_start_mwh), ("e_end_mwh", self.e_end_mwh)):
            outside = np.flatnonzero((energy < low) | (energy > high))
            if outside.size:
                at = outside[0]
                yield Fault(
                    f"{name}.{column}",
                    f"must lie within {self.e_min_mwh[at]:.6g}..{self.e_max_mwh[at]:.6g} MWh (device {at})",
                    float(energy[at]),
                )
        shares = np.array(self.charge_segments)
        if abs(shares[:, 0].sum() - 1) > ROUNDING_MWH or (np.diff(shares[:, 1]) > 0).any():
            yield Fault(f"{name}.charge_segments", "shares must sum to 1, efficiencies must not rise", shares)
