"""The waist between assets and optimizer: what may be decided about an asset, and nothing of what it is.

A flexibility is a set of *devices*. Each device draws power at one bus, or at several in fixed shares, during one run
of steps, within bounds, and may fill and empty a reservoir. A battery is one device over the whole clock; a roof PV
stock one device a district; every charging session of every car is a device that lives from plug-in to plug-out.

Power over time is *ragged*: device after device, each with its own steps (K slots in all), so that a fleet of
thousands of short sessions costs what its slots cost, not devices × steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints, read_only
from grid.errors import Fault, raise_if_any
from grid.flexibility.kernel_input import Devices
from grid.flexibility.labels import Labels
from grid.flexibility.per_slot import (
    DeviceOrSlot,
    PerSlot,
    finite_fault,
    mapped,
    one_each,
    shape_fault,
    values_of,
)
from grid.flexibility.reservoir import ROUNDING_MWH, Reservoir
from grid.flexibility.slots import Slots
from grid.time.clock import Clock

__all__ = ["Element", "Flexibility", "Reservoir", "one_device", "one_hot"]

Element = Literal["load", "sgen", "storage"]
"""Tables of pandapower in which an asset appears when the net is written."""
_NUMBERS = (
    *("p_min_mw", "p_max_mw", "p_unmanaged_mw", "wear_cost_per_mwh", "value_per_mwh", "p_min_on_mw", "ramp_mw_per_h"),
    "q_max_mvar",
)
"""Fields of numbers, all of them finite."""
ROUNDING_MW = 1e-12
"""Rounding by which a lower bound may exceed an upper one [MW]."""


@dataclass(frozen=True, eq=False)
class Flexibility(Slots):
    """What may be decided about the devices of one asset; N devices, K slots, B buses.

    What changes while a device lasts is a `PerSlot`; an array has one value a device. One value stands for all devices.

    Args:
        name: Name of the asset.
        kind: Kind of the asset; the optimizer does not look at it.
        clock: The time axis.
        shares: Share of each device's power at each bus, shape (N, B), rows sum to 1.
        start: First step of each device, shape (N,).
        stop: Step after its last, shape (N,).
        p_min_mw: Least withdrawal, shape (N,), or by slot [MW]; negative where it can feed in.
        p_max_mw: Most withdrawal, shape (N,), or by slot [MW].
        element: Table of pandapower that the asset appears in.
        reservoir: What the devices fill and empty, if anything.
        p_unmanaged_mw: Withdrawal when nobody manages it, shape (K,) [MW]; None: charge at full power from the
            start until the energy due is stored, then hold it.
        smart: Whether plain smart charging shifts it already; else only strategy ``optimal`` moves it.
        wear_cost_per_mwh: Cost of wear or fuel per energy fed in, shape (N,) [currency/MWh].
        value_per_mwh: What energy drawn is worth to its user, shape (N,), or by slot [currency/MWh]; 0 where the
            demand has to be met anyway. An interruptible load goes without when power costs more.
        p_min_on_mw: Minimum load: it draws (or feeds in) nothing or at least this, shape (N,) [MW].
        ramp_mw_per_h: Most change of power from step to step, shape (N,) [MW/h]; None: any.
        q_max_mvar: Reactive power that it can draw or supply at any active power, shape (N,) [MVAr].
        connection: Name of the grid connection that it shares with others; empty: its own.
        connection_max_mw: Most power through that connection, either way [MW].
        gpc_code: GPC sub-sector that its consumption counts in (``II.1``); None for stores and generation.
        technology: Technology of the factor sets that its generation counts as; None if it generates nothing.
        fuel_free: Whether what it feeds in is made without fuel and comes from no store, as that of sun and wind.
        ci_kg_per_mwh: Emissions of its own generation, direct and life-cycle [kg/MWh], where they are its own and not
            those of its technology.
        place: Where the devices are, in words, for the sessions table (``home``).
        vehicle_class: Class of the vehicle of each device, shape (N,); None for what is no vehicle, or not known.
        wear_kg_per_mwh: Carbon of making what a MWh fed in wears out [kg/MWh]. It is part of no ledger: emissions of
            the making stand in the maker's.
        limited_sessions: Devices that leave with less than they would ask for, because of power limits.
        limited_mwh: Energy that they lack then, as stored; one that lacks it in several stays counts in each [MWh].
    """

    name: str
    kind: str
    clock: Clock
    shares: sparse.csr_array
    start: Ints
    stop: Ints
    p_min_mw: DeviceOrSlot
    p_max_mw: DeviceOrSlot
    element: Element
    reservoir: Reservoir | None = None
    p_unmanaged_mw: Floats | None = None
    smart: bool = False
    wear_cost_per_mwh: Floats = field(default_factory=lambda: np.zeros(1))
    value_per_mwh: DeviceOrSlot = field(default_factory=lambda: np.zeros(1))
    p_min_on_mw: Floats = field(default_factory=lambda: np.zeros(1))
    ramp_mw_per_h: Floats | None = None
    q_max_mvar: Floats = field(default_factory=lambda: np.zeros(1))
    connection: str = ""
    connection_max_mw: float = np.inf
    gpc_code: str | None = None
    technology: str | None = None
    fuel_free: bool = False
    ci_kg_per_mwh: tuple[float, float] | None = None
    place: str = ""
    vehicle_class: Labels | None = None
    wear_kg_per_mwh: float = 0.0
    limited_sessions: int = 0
    limited_mwh: float = 0.0

    def __post_init__(self) -> None:
        for name in ("p_min_mw", "p_max_mw", "value_per_mwh"):
            object.__setattr__(self, name, one_each(getattr(self, name), self.start.size))
        for name in ("wear_cost_per_mwh", "p_min_on_mw", "q_max_mvar", "ramp_mw_per_h"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, one_each(getattr(self, name), self.start.size))
        if self.p_unmanaged_mw is not None:
            object.__setattr__(self, "p_unmanaged_mw", read_only(self.p_unmanaged_mw))
        raise_if_any(self._faults(), f"asset {self.name!r}")

    def _faults(self) -> Iterator[Fault]:
        """All that is wrong with it; shapes first, because nothing else can be said where they are."""
        shapes = list(self._shape_faults())
        yield from shapes
        if shapes:
            return
        low, high = self.alike(self.p_min_mw, self.p_max_mw)
        if (low > high + ROUNDING_MW).any():
            at = int(np.argmax(low - high))
            by_slot = isinstance(self.p_min_mw, PerSlot) or isinstance(self.p_max_mw, PerSlot)
            step = self.step[at] if by_slot else self.start[at]
            yield Fault(self.name, f"p_min_mw exceeds p_max_mw at step {step}", (low[at], high[at]))
        if self.reservoir is not None:
            wrong = list(self.reservoir.faults(self.name))
            yield from wrong or self._reach_faults(self.reservoir)

    def _shape_faults(self) -> Iterator[Fault]:
        n, k = self.n_devices, self.n_slots
        if self.shares.shape[0] != n or self.stop.shape != (n,):
            yield Fault(self.name, f"start, stop and shares must describe the same {n} devices")
            return
        if (self.start < 0).any() or (self.stop > self.clock.n_steps).any() or (self.stop <= self.start).any():
            yield Fault(self.name, f"every device needs at least one step within 0..{self.clock.n_steps}")
            return
        for name in ("p_min_mw", "p_max_mw"):
            yield from shape_fault(f"{self.name}.{name}", getattr(self, name), n, k)
        for name in _NUMBERS:
            if getattr(self, name) is not None:
                yield from finite_fault(f"{self.name}.{name}", getattr(self, name))
        if self.p_unmanaged_mw is not None and self.p_unmanaged_mw.shape != (k,):
            yield Fault(f"{self.name}.p_unmanaged_mw", f"must have shape ({k},)", self.p_unmanaged_mw.shape)
        if self.vehicle_class is not None and self.vehicle_class.code.shape != (n,):
            yield Fault(f"{self.name}.vehicle_class", f"must have shape ({n},)", self.vehicle_class.code.shape)
        if self.reservoir is not None:
            yield from self.reservoir.shape_faults(self.name, n, k)

    def _reach_faults(self, store: Reservoir) -> Iterator[Fault]:
        """Energy due that full power does not reach."""
        reachable = store.e_start_mwh + self.most_gain_mwh()
        short = np.flatnonzero(store.e_end_mwh > reachable + ROUNDING_MWH)
        if short.size:
            at = short[0]
            yield Fault(
                f"{self.name}.e_end_mwh",
                f"cannot be reached in the {self.stop[at] - self.start[at]} steps of device {at}: "
                f"at most {reachable[at]:.6g} MWh",
                float(store.e_end_mwh[at]),
            )

    @property
    def buses(self) -> Ints:
        """Buses that any device is connected to, ascending."""
        return np.unique(self.shares.indices).astype(np.int64)

    def drained_mwh(self, slots: Ints) -> Floats:
        """Energy used from the reservoir in the steps of some slots [MWh]."""
        store = self.reservoir
        return np.zeros(slots.size) if store is None or store.drain_mwh is None else store.drain_mwh[slots]

    def decided(self, p_mw: Floats) -> Flexibility:
        """The same with its power fixed to `p_mw`, shape (K,), and no reactive power."""
        fixed = PerSlot(p_mw)
        return replace(self, p_min_mw=fixed, p_max_mw=fixed, p_unmanaged_mw=p_mw, q_max_mvar=np.zeros(1))

    def without_feed_in(self) -> Flexibility:
        """The same without the ability to feed in."""
        return replace(self, p_min_mw=mapped(self.p_min_mw, lambda p_mw: np.maximum(p_mw, 0.0)))

    def with_costs_scaled(self, factor: float) -> Flexibility:
        """The same with wear and the worth of what it draws times `factor`."""
        value = mapped(self.value_per_mwh, lambda per_mwh: factor * per_mwh)
        return replace(self, wear_cost_per_mwh=factor * self.wear_cost_per_mwh, value_per_mwh=value)

    def unmanaged_power(self) -> Floats:
        """Withdrawal when nobody manages it, shape (K,) [MW]: see `p_unmanaged_mw`."""
        from grid.flexibility.reservoir_kernel import charge_at_once  # noqa: PLC0415  slow to import

        if self.p_unmanaged_mw is not None:
            return self.p_unmanaged_mw
        if self.reservoir is None:
            return self.per_slot(self.p_max_mw)
        return charge_at_once(self.kernel_input(self.reservoir), self.reservoir.e_start_mwh, self.reservoir.e_end_mwh)

    @cached_property
    def drain_mwh(self) -> Floats:
        """Energy used from the reservoir in each slot's step, shape (K,) [MWh]."""
        store = self.reservoir
        return np.zeros(self.n_slots) if store is None or store.drain_mwh is None else store.drain_mwh

    def gain_mwh(self, p_mw: Floats) -> Floats:
        """What withdrawal `p_mw` adds to the reservoir before standing losses and use, both of shape (K,) [MWh]."""
        return self.gain_at(p_mw, np.arange(self.n_slots))

    def most_gain_mwh(self) -> Floats:
        """What each device gains at full power over all its steps, less what is used, shape (N,) [MWh]."""
        from grid.flexibility.reservoir_kernel import most_gains  # noqa: PLC0415  slow to import

        return np.zeros(self.n_devices) if self.reservoir is None else most_gains(self.kernel_input(self.reservoir))

    def gain_at(self, p_mw: Floats, slots: Ints, device: Ints | None = None) -> Floats:
        """What withdrawal `p_mw` of some slots adds to the reservoir before standing losses and use [MWh].

        Args:
            p_mw: Their withdrawal, shape (J,) [MW].
            slots: The slots, shape (J,).
            device: Device of each, shape (J,); None: it is searched for.
        """
        from grid.flexibility.reservoir_kernel import gains_at  # noqa: PLC0415  slow to import

        if self.reservoir is None:
            return np.zeros(slots.size)
        device = self.device_of(slots) if device is None else device
        return gains_at(self.kernel_input(self.reservoir), device, slots, read_only(p_mw))

    def charging_power(self, gain_mwh: Floats, slots: Ints) -> Floats:
        """Charging power of some slots that gains `gain_mwh`, as far as it goes [MW]; 0 without a reservoir."""
        from grid.flexibility.reservoir_kernel import charging_powers  # noqa: PLC0415  slow to import

        if self.reservoir is None:
            return np.zeros(slots.size)
        return charging_powers(self.kernel_input(self.reservoir), self.device_of(slots), slots, read_only(gain_mwh))

    def highest_mwh(self, e_mwh: Floats, first: int, stop: int) -> Floats:
        """Most energy that each device can hold after the steps `first` to `stop` - 1, shape (N,) [MWh].

        Args:
            e_mwh: Energy of each device when the first of these steps begins, shape (N,) [MWh]; all live throughout.
            first: First step.
            stop: Step after the last.
        """
        from grid.flexibility.reservoir_kernel import highest_energy  # noqa: PLC0415  slow to import

        store = self.reservoir
        if store is None:
            return np.zeros(self.n_devices)
        return highest_energy(self.kernel_input(store), read_only(e_mwh), store.e_max_mwh, first, stop)

    def energy_mwh(self, p_mw: Floats) -> Floats:
        """Energy in the reservoir when each slot ends, shape (K,) [MWh], for withdrawal `p_mw`, shape (K,)."""
        from grid.flexibility.reservoir_kernel import energies  # noqa: PLC0415  slow to import

        if self.reservoir is None:
            return np.zeros(self.n_slots)
        return energies(self.kernel_input(self.reservoir), self.reservoir.e_start_mwh, read_only(p_mw))

    def kernel_input(self, store: Reservoir) -> Devices:
        """The devices with a reservoir as the kernels read them."""
        return Devices(
            first_slot=self.offsets,
            step_hours=float(self.clock.step_hours),
            p_max_mw=read_only(values_of(self.p_max_mw)),
            eta_charge=read_only(values_of(store.eta_charge)),
            eta_discharge=read_only(values_of(store.eta_discharge)),
            p_max_by_slot=isinstance(self.p_max_mw, PerSlot),
            eta_charge_by_slot=isinstance(store.eta_charge, PerSlot),
            eta_discharge_by_slot=isinstance(store.eta_discharge, PerSlot),
            retention_per_step=read_only(store.retention_per_step),
            drain_mwh=read_only(np.empty(0) if store.drain_mwh is None else store.drain_mwh),
            segments=read_only(np.array(store.charge_segments)),
            p_segments_mw=read_only(values_of(self.p_max_mw) if store.p_segments_mw is None else store.p_segments_mw),
            p_segments_by_slot=store.p_segments_mw is None and isinstance(self.p_max_mw, PerSlot),
        )

    def at_buses(self, p_mw: Floats, shares: sparse.csr_array | None = None) -> Floats:
        """Power by slot, shape (K,), summed to buses, shape (T, B), or to what there are `shares` of, (N, any)."""
        at = sparse.csr_array(self.shares if shares is None else shares)
        return self._at_places(p_mw, at.indptr, at.indices, at.data, at.shape[1])


def one_hot(buses: Ints, n_buses: int) -> sparse.csr_array:
    """Shares of devices that draw at one bus each, shape (N, B)."""
    n = buses.size
    return sparse.csr_array((np.ones(n), (np.arange(n), buses)), shape=(n, n_buses))


def one_device(
    name: str,
    kind: str,
    clock: Clock,
    shares: sparse.csr_array,
    p_min_mw: DeviceOrSlot,
    p_max_mw: DeviceOrSlot,
    **more: Any,
) -> Flexibility:
    """A flexibility of one device that lives from the first step to the last.

    Args:
        name: Name of the asset.
        kind: Kind of the asset.
        clock: The time axis, T steps.
        shares: Share of its power at each bus, shape (1, B), sums to 1.
        p_min_mw: Least withdrawal, shape (1,), or by slot, which is by step [MW].
        p_max_mw: Most withdrawal, likewise [MW].
        **more: Other fields of `Flexibility`.
    """
    return Flexibility(
        name=name,
        kind=kind,
        clock=clock,
        shares=shares,
        start=np.array([0]),
        stop=np.array([clock.n_steps]),
        p_min_mw=p_min_mw,
        p_max_mw=p_max_mw,
        **more,
    )
