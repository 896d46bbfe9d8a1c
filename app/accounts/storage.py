"""The stores of a run as the tracing wants them: devices at one node each, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.stocks.trace import StockEvents
from grid.arrays import Bools, Floats, Ints, one_after_another, rank_in_run, run_offsets
from grid.city.city import City
from grid.flexibility.energy_pieces import energy_in_pieces
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot, mapped, values_of
from grid.flexibility.reservoir import Reservoir


@dataclass(frozen=True, eq=False)
class Stores:
    """All stores of a run as one operation, and which part of it is whose.

    Args:
        operation: What every store did; None if there is none.
        devices: Devices of each flexibility in the operation, by name.
        bus: Bus of each device of the operation, shape (N,).
        eta_mean: Mean efficiency with which each stock is charged, shape (O,).
    """

    operation: StockOperation | None
    devices: Mapping[str, slice]
    bus: Ints
    eta_mean: Floats = field(default_factory=lambda: np.empty(0))

    def holding(self, ci_kg_per_mwh: float, renewable_share: float) -> Stores:
        """The same with what stocks hold at first.

        Args:
            ci_kg_per_mwh: Intensity of that energy before charging losses [kg/MWh].
            renewable_share: Its renewable share [1].
        """
        if self.operation is None:
            return self
        at_first = ci_kg_per_mwh / self.eta_mean, np.full(self.eta_mean.size, renewable_share)
        return replace(self, operation=self.operation.holding(*at_first))


def stores_of(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
) -> Stores:
    """Every store as devices at one node each; one that is spread over buses becomes one at each, in its shares.

    Its efficiency in a slot is what the slot gains by its power, part load included. Nothing is said of the carbon in
    it yet (`Stores.holding`).

    Args:
        city: The city.
        flexibilities: All stores.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
    """
    held = [(f, f.reservoir) for f in flexibilities if f.reservoir is not None]
    if not held:
        return Stores(None, {}, np.empty(0, dtype=np.int64))
    efficiencies = [_efficiencies(f, store, p_mw[f.name]) for f, store in held]
    by_slot = any(isinstance(eta, PerSlot) for pair in efficiencies for eta in pair)
    parts = [
        _part(f, store, p_mw[f.name], etas, by_slot=by_slot)
        for (f, store), etas in zip(held, efficiencies, strict=True)
    ]
    n_owners, n_devices = (np.array([part[name].size for part in parts]) for name in ("vehicle", "start"))
    drain_mwh = _drained_mwh(parts)
    columns: dict[str, Any] = {name: one_after_another([part[name] for part in parts]) for name in parts[0]}
    columns["owner"] = columns["owner"] + np.repeat(run_offsets(n_owners)[:-1], n_devices)
    bus, eta_mean = (columns.pop(name) for name in ("bus", "eta_mean"))
    if by_slot:
        columns |= {name: PerSlot(columns[name]) for name in ("eta_charge", "eta_discharge")}
    operation = StockOperation(
        node=city.network.buses.node[bus],
        ci_initial_kg_per_mwh=np.zeros(eta_mean.size),
        renewable_share_initial=np.zeros(eta_mean.size),
        p_drain_mw=drain_mwh / city.clock.step_hours if drain_mwh is not None and drain_mwh.any() else None,
        **columns,
    )
    first = run_offsets(n_devices).tolist()
    devices = {f.name: slice(first[place], first[place + 1]) for place, (f, _) in enumerate(held)}
    return Stores(operation, devices, bus, eta_mean)


@dataclass(frozen=True, eq=False)
class NodeDevices:
    """The devices of a flexibility, each in as many parts as it has buses: M parts with Km slots.

    Args:
        device: Device that each is a part of, shape (M,).
        bus: Its bus, shape (M,).
        share: Its share of the device's power and energy, shape (M,) [1].
        length: Slots of each, shape (M,).
        slot: Slot of the flexibility that each slot is a part of, part after part, shape (Km,); all of them where the
            parts are the devices.
    """

    device: Ints
    bus: Ints
    share: Floats
    length: Ints
    slot: Ints | slice

    @classmethod
    def from_flexibility(cls, flexibility: Flexibility) -> NodeDevices:
        """The parts, device after device."""
        shares = flexibility.shares.tocoo()
        device, bus = shares.row.astype(np.int64), shares.col.astype(np.int64)
        length = (flexibility.stop - flexibility.start)[device]
        if np.array_equal(device, np.arange(flexibility.n_devices)):
            return cls(device, bus, shares.data, length, slice(0, flexibility.n_slots))
        slot = np.repeat(flexibility.offsets[device], length) + rank_in_run(length)
        return cls(device, bus, shares.data, length, slot)

    def of_slots(self, values: Floats) -> Floats:
        """The part of values of the flexibility's slots, shape (K,), that each slot here has, shape (Km,)."""
        here: Floats = values[self.slot]
        return here if (self.share == 1.0).all() else here * np.repeat(self.share, self.length)


def _part(
    flexibility: Flexibility,
    store: Reservoir,
    p_mw: Floats,
    efficiencies: tuple[DeviceOrSlot, DeviceOrSlot],
    *,
    by_slot: bool,
) -> dict[str, Floats | Ints | Bools]:
    """The columns of the operation for one flexibility; owners from 0, efficiencies by device or `by_slot`."""
    at = NodeDevices.from_flexibility(flexibility)
    start = flexibility.start[at.device]
    spread = at.device.size > flexibility.n_devices
    owner = np.arange(at.device.size) if spread else store.owner[at.device]
    n_owners = int(owner.max(initial=-1)) + 1
    before_mwh = store.e_start_mwh if store.e_before_mwh is None else store.e_before_mwh
    latest_first = np.argsort(start, kind="stable")[::-1]
    e_initial_mwh = np.zeros(n_owners)
    e_initial_mwh[owner[latest_first]] = (before_mwh[at.device] * at.share)[latest_first]
    eta_charge, eta_discharge = (
        flexibility.per_slot(eta)[at.slot] if by_slot else values_of(eta)[at.device] for eta in efficiencies
    )
    return {
        "owner": owner,
        "bus": at.bus,
        "start": start,
        "stop": flexibility.stop[at.device],
        "p_mw": at.of_slots(p_mw),
        "e_start_mwh": store.e_start_mwh[at.device] * at.share,
        "e_initial_mwh": e_initial_mwh,
        "eta_charge": eta_charge,
        "eta_discharge": eta_discharge,
        "retention_per_step": store.retention_per_step[at.device],
        "vehicle": np.full(n_owners, store.vehicle),
        "eta_mean": np.full(n_owners, np.mean(values_of(store.eta_charge))),
        "drain_mwh": np.empty(0) if store.drain_mwh is None else at.of_slots(store.drain_mwh),
    }


def _drained_mwh(parts: Sequence[dict[str, Any]]) -> Floats | None:
    """Energy used in the slots of all parts, which it is taken out of, shape (K,) [MWh]; None if none is used."""
    drained = [(part.pop("drain_mwh"), part["p_mw"].size) for part in parts]
    if not any(mwh.size for mwh, _ in drained):
        return None
    return np.concatenate([mwh if mwh.size else np.zeros(n_slots) for mwh, n_slots in drained])


def _efficiencies(flexibility: Flexibility, store: Reservoir, p_mw: Floats) -> tuple[DeviceOrSlot, DeviceOrSlot]:
    """Efficiency of charge and discharge, by device, or by slot where a device's power `p_mw` (K,) decides."""
    charge, discharge = store.eta_charge, store.eta_discharge
    if len(store.charge_segments) > 1:
        gained_mwh, charged_mwh = flexibility.gain_mwh(p_mw), flexibility.clock.step_hours * p_mw
        own = flexibility.per_slot(charge).copy()
        charge = PerSlot(np.divide(gained_mwh, charged_mwh, out=own, where=p_mw > 0))
    return mapped(charge, lambda eta: np.minimum(eta, 1.0)), discharge


def dispatched_stocks_mwh(flexibilities: Sequence[Flexibility], p_mw: Mapping[str, Floats]) -> Floats:
    """Energy that the dispatch reckons with in every store at the end of each slot of the operation, shape (K,) [MWh].

    Args:
        flexibilities: All stores.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
    """
    parts = [NodeDevices.from_flexibility(f).of_slots(f.energy_mwh(p_mw[f.name])) for f in flexibilities]
    return np.concatenate(parts) if parts else np.empty(0)


def dispatched_in_pieces(flexibilities: Sequence[Flexibility], p_mw: Mapping[str, Floats]) -> Iterator[Floats]:
    """`dispatched_stocks_mwh`, shape (K,), in pieces that follow each other: a year of many cars is too large."""
    for flexibility in flexibilities:
        at = NodeDevices.from_flexibility(flexibility)
        if isinstance(at.slot, slice):
            yield from energy_in_pieces(flexibility, p_mw[flexibility.name])
        else:
            yield at.of_slots(flexibility.energy_mwh(p_mw[flexibility.name]))


def stock_error_mwh(dispatched_mwh: Iterable[Floats], events: StockEvents) -> float:
    """The most by which a stock, after anything that happened in it, differs from that of the dispatch [MWh].

    Args:
        dispatched_mwh: That of the dispatch, see `dispatched_stocks_mwh`, in pieces, each of whole devices.
        events: When something happened in which store, and what the tracing found in it then.
    """
    worst, first = 0.0, 0
    for piece in dispatched_mwh:
        devices = np.searchsorted(events.operation.first_slot, [first, first + piece.size]).tolist()
        here, _ = events.select(slice(*devices))
        worst = max(worst, float(np.abs(here.e_after_mwh - piece[here.slot]).max(initial=0.0)))
        first += piece.size
    return worst
