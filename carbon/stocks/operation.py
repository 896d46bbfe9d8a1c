"""What stores do: charge, discharge and drive, as the tracing of their carbon takes it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from carbon.mixing.compiled import kernel
from carbon.validation import array_faults, index_faults
from grid.arrays import Bools, Floats, Ints, read_only, read_only_ints, run_of, run_offsets
from grid.errors import Fault, raise_if_any
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot, values_of
from grid.flexibility.slots_kernel import add_at_places


@dataclass(frozen=True, eq=False)
class StockOperation:
    """What every store did: N devices, each connected for a while, and the K slots (device and step) of their stay.

    A stationary store is one device that is always connected; a car has one device for every charging session, and
    all of them have the same owner: the stock belongs to the owner. Its sessions never overlap.

    Args:
        owner: Which stock each device belongs to, shape (N,), 0 to O - 1.
        node: Node each device is connected to, shape (N,).
        start: First step connected, shape (N,).
        stop: First step no longer connected, shape (N,), greater than `start`.
        p_mw: Withdrawal at the terminals, device after device, each its steps in order, shape (K,) with
            K = sum(stop - start) [MW]: positive when charging, negative when discharging.
        e_start_mwh: Energy in the stock when the device's first step begins, shape (N,) [MWh].
        eta_charge: Energy stored for a MWh at the terminals, shape (N,), or by slot where it changes with the load or
            the weather (`grid.flexibility.per_slot`), above 0, at most 1 [1].
        eta_discharge: Energy at the terminals for a MWh taken out, shape (N,), or by slot, above 0, at most 1 [1].
        retention_per_step: Share of the stored energy that a step's standing loss leaves, shape (N,) [1].
        vehicle: Whether an owner is a vehicle, else a stationary store, shape (O,).
        ci_initial_kg_per_mwh: Carbon per stored energy at an owner's first start, and of all energy that arrives from
            outside later, shape (O,) [kg/MWh]. A stock once charged from a grid of mean intensity w holds w/eta_charge.
        renewable_share_initial: Renewable share of the same energy, shape (O,) [1].
        e_initial_mwh: Energy in each stock before its first device begins, shape (O,) [MWh]; what is missing when that
            begins was driven. None: what it begins with.
        p_drain_mw: Energy taken out of the stock as fuel while connected (hydrogen, lower heating value), shape (K,)
            [MW]: ``drain_mwh / step_hours``; None if there is none. What the stock does not hold when the step begins
            comes from what is charged in it.
        energy_of: One with the same energy and other carbon, in whose place this one stands; see `holding`.

    Raises:
        InputError: If shapes disagree, a value is out of range, or two sessions of an owner overlap.
    """

    owner: Ints
    node: Ints
    start: Ints
    stop: Ints
    p_mw: Floats
    e_start_mwh: Floats
    eta_charge: DeviceOrSlot
    eta_discharge: DeviceOrSlot
    retention_per_step: Floats
    vehicle: Bools
    ci_initial_kg_per_mwh: Floats
    renewable_share_initial: Floats
    e_initial_mwh: Floats | None = None
    p_drain_mw: Floats | None = None
    energy_of: StockOperation | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, values in vars(self).items():
            if name == "energy_of":
                continue
            if name in ("owner", "node", "start", "stop"):
                object.__setattr__(self, name, np.asarray(values, dtype=np.int64))
            elif name == "vehicle":
                object.__setattr__(self, name, np.asarray(values, dtype=np.bool_))
            elif values is not None and not isinstance(values, PerSlot):
                object.__setattr__(self, name, read_only(values))
        raise_if_any([*_shape_faults(self), *_range_faults(self)] or _overlap_faults(self))

    @property
    def n_devices(self) -> int:
        """Number of devices, N."""
        return len(self.start)

    @property
    def n_owners(self) -> int:
        """Number of stocks, O."""
        return len(self.vehicle)

    @cached_property
    def first_slot(self) -> Ints:
        """First slot of each device, shape (N,)."""
        return run_offsets(self.stop - self.start)[:-1]

    @property
    def energy(self) -> StockOperation:
        """One object for all operations that do the same, whatever carbon their stocks hold at first."""
        return self if self.energy_of is None else self.energy_of

    def holding(self, ci_kg_per_mwh: Floats, renewable_share: Floats) -> StockOperation:
        """The same operation of stocks that hold other carbon at first.

        Args:
            ci_kg_per_mwh: See `ci_initial_kg_per_mwh`, shape (O,) [kg/MWh].
            renewable_share: See `renewable_share_initial`, shape (O,) [1].
        """
        initial = {"ci_initial_kg_per_mwh": ci_kg_per_mwh, "renewable_share_initial": renewable_share}
        other = object.__new__(StockOperation)  # of what was found right only this is to be checked
        vars(other).update({each.name: getattr(self, each.name) for each in fields(self)}, energy_of=self.energy)
        vars(other).update({name: read_only(values) for name, values in initial.items()})
        raise_if_any(_initial_faults(other))
        return other

    def select(self, devices: slice) -> StockOperation:
        """The operation of some devices that follow each other; the owners stay the same."""
        first, stop, _ = devices.indices(self.n_devices)
        if (first, stop) == (0, self.n_devices):
            return self
        ends = run_offsets(self.stop - self.start)
        slots = slice(int(ends[first]), int(ends[stop]))
        by_device = ("owner", "node", "start", "stop", "e_start_mwh", "retention_per_step")
        part = object.__new__(StockOperation)  # a part of what was found right needs no check
        vars(part).update(
            {each.name: getattr(self, each.name) for each in fields(self)},
            **{name: getattr(self, name)[devices] for name in by_device},
            p_mw=self.p_mw[slots],
            eta_charge=_part(self.eta_charge, devices, slots),
            eta_discharge=_part(self.eta_discharge, devices, slots),
            p_drain_mw=None if self.p_drain_mw is None else self.p_drain_mw[slots],
            energy_of=None,
        )
        return part

    def power_at_nodes(
        self, n_steps: int, n_nodes: int, which: Bools | None = None, first_step: int = 0
    ) -> tuple[Floats, Floats]:
        """What the stores charge and what they discharge at each node, shape (T, N) each, at least 0 [MW].

        Args:
            n_steps: Number of steps, T.
            n_nodes: Number of nodes, N.
            which: The devices that count, shape (N,); None for all.
            first_step: The first of these steps.
        """
        drawn, fed = np.zeros((2, n_steps, n_nodes))
        counts = np.ones(self.n_devices, dtype=np.bool_) if which is None else which
        _add_at_nodes(first_step, counts, self.node, self.start, self.stop, self.p_mw, drawn, fed)
        return drawn, fed

    def power_at_places(self, place: Ints, steps: slice, n_places: int) -> tuple[Floats, Floats]:
        """As `power_at_nodes`, in some steps, at places of the devices' own, shape (N,): (steps, places) each [MW]."""
        drawn, fed = np.zeros((2, steps.stop - steps.start, n_places))
        every = np.ones(self.n_devices, dtype=np.bool_)
        _add_at_nodes(steps.start, every, read_only_ints(place), self.start, self.stop, self.p_mw, drawn, fed)
        return drawn, fed

    def add_at_places(self, values: Floats, place: Ints, summed: Floats) -> None:
        """Adds values by slot, shape (K,), at places of the devices, shape (N,), to sums of shape (T, places)."""
        offsets, every = run_offsets(self.stop - self.start), read_only_ints(np.arange(self.n_devices + 1))
        start, ones = read_only_ints(self.start), read_only(np.ones(self.n_devices))
        add_at_places(start, offsets, every, read_only_ints(place), ones, read_only(values), summed)

    @property
    def slot_device(self) -> Ints:
        """Device of each slot, shape (K,)."""
        return run_of(self.stop - self.start)

    def per_slot(self, quantity: DeviceOrSlot) -> Floats:
        """A quantity by device or by slot, by slot, shape (K,)."""
        return quantity.values if isinstance(quantity, PerSlot) else np.repeat(quantity, self.stop - self.start)

    @property
    def slot_step(self) -> Ints:
        """Step of each slot, shape (K,)."""
        step: Ints = np.repeat(self.start - self.first_slot, self.stop - self.start)
        step += np.arange(len(step))
        return step


def _part(quantity: DeviceOrSlot, devices: slice, slots: slice) -> DeviceOrSlot:
    """A quantity of some devices, which have some slots."""
    return PerSlot(quantity.values[slots]) if isinstance(quantity, PerSlot) else quantity[devices]


@kernel()
def _add_at_nodes(
    first: int, counts: Bools, node: Ints, start: Ints, stop: Ints, p_mw: Floats, drawn: Floats, fed: Floats
) -> None:
    """Sums the power of devices at their nodes from step `first` on: charging to `drawn`, discharging to `fed`."""
    offset = 0
    for device in range(node.size):
        if counts[device]:
            for step in range(max(start[device], first), min(stop[device], first + drawn.shape[0])):
                power = p_mw[offset + step - start[device]]
                drawn[step - first, node[device]] += max(power, 0.0)
                fed[step - first, node[device]] += max(-power, 0.0)
        offset += stop[device] - start[device]


def _shape_faults(op: StockOperation) -> list[Fault]:
    """One shape a kind: devices, slots, owners."""
    n_devices, n_owners = op.n_devices, op.n_owners
    faults = [
        *index_faults("operation.owner", op.owner, (n_devices,), n_owners),
        *array_faults("operation.vehicle", op.vehicle.astype(np.float64), (n_owners,)),
    ]
    faults += [
        Fault(f"operation.{name}", f"must have shape {(n_devices,)}", values.shape)
        for name, values in (("node", op.node), ("stop", op.stop))
        if values.shape != (n_devices,)
    ]
    if op.stop.shape == (n_devices,):
        if (op.stop <= op.start).any():
            worst = int(np.argmax(op.stop <= op.start))
            faults.append(Fault(f"operation.stop[{worst}]", "must be greater than start", int(op.stop[worst])))
        n_slots = int((op.stop - op.start).sum())
        faults += array_faults("operation.p_mw", op.p_mw, (n_slots,))
        if op.p_drain_mw is not None:
            faults += array_faults("operation.p_drain_mw", op.p_drain_mw, (n_slots,), low=0)
    return faults


def _range_faults(op: StockOperation) -> list[Fault]:
    """Energies are not negative, shares lie between 0 and 1."""
    tiny = float(np.finfo(np.float64).tiny)
    devices, owners = (op.n_devices,), (op.n_owners,)
    return [
        *array_faults("operation.e_start_mwh", op.e_start_mwh, devices, low=0),
        *([] if op.e_initial_mwh is None else array_faults("operation.e_initial_mwh", op.e_initial_mwh, owners, low=0)),
        *array_faults("operation.eta_charge", values_of(op.eta_charge), _shape(op, op.eta_charge), low=tiny, high=1),
        *array_faults(
            "operation.eta_discharge", values_of(op.eta_discharge), _shape(op, op.eta_discharge), low=tiny, high=1
        ),
        *array_faults("operation.retention_per_step", op.retention_per_step, devices, low=0, high=1),
        *_initial_faults(op),
    ]


def _initial_faults(op: StockOperation) -> list[Fault]:
    """What stocks hold at first must be known, and no more than all of it renewable."""
    owners = (op.n_owners,)
    return [
        *array_faults("operation.ci_initial_kg_per_mwh", op.ci_initial_kg_per_mwh, owners),
        *array_faults("operation.renewable_share_initial", op.renewable_share_initial, owners, low=0, high=1),
    ]


def _shape(op: StockOperation, quantity: DeviceOrSlot) -> tuple[int, ...]:
    """The shape that a quantity by device or by slot must have."""
    return op.p_mw.shape if isinstance(quantity, PerSlot) else (op.n_devices,)


def _overlap_faults(op: StockOperation) -> list[Fault]:
    """A car cannot be in two places."""
    order = np.lexsort((op.start, op.owner))
    same = op.owner[order][1:] == op.owner[order][:-1]
    overlaps = np.flatnonzero(same & (op.start[order][1:] < op.stop[order][:-1]))
    return [
        Fault(
            f"operation.start[{int(order[i + 1])}]",
            f"must not lie before the end of session {int(order[i])} of the same owner",
            int(op.start[order[i + 1]]),
        )
        for i in overlaps
    ]
