"""The stores of a run as the tracing wants them: devices at one node each, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.stocks.trace import Entries
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot, mapped, values_of


@dataclass(frozen=True, eq=False)
class Stores:
    """All stores of a run as one operation, and which part of it is whose.

    Args:
        operation: What every store did; None if there is none.
        devices: Devices of each flexibility in the operation, by name.
        bus: Bus of each device of the operation, shape (N,).
    """

    operation: StockOperation | None
    devices: Mapping[str, slice]
    bus: Ints


def stores_of(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    supplied: Bools,
    ci_year_kg_per_mwh: float,
    renewable_share_year: float,
) -> Stores:
    """Every store as devices at one node each; one that is spread over buses becomes one at each, in its shares.

    Its efficiency in a slot is what the slot gains by its power, part load included. Nobody draws fuel in a step
    without a supply.
    """
    node = city.network.buses.node
    columns: dict[str, list[np.ndarray]] = {}
    etas = {f.name: _efficiencies(f, p_mw[f.name]) for f in flexibilities}
    by_slot = any(isinstance(eta, PerSlot) for pair in etas.values() for eta in pair)
    drained = any(f.drain_mwh.any() for f in flexibilities)
    devices, buses = {}, []
    n_devices = n_owners = 0
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            continue
        shares = flexibility.shares.tocoo()
        device, bus, share = shares.row.astype(np.int64), shares.col.astype(np.int64), shares.data
        spread = device.size > flexibility.n_devices
        owner = np.arange(device.size) if spread else store.owner[device]
        slot, at = _slots_of(flexibility, device)
        here = np.where(supplied[flexibility.step[slot]], share[at], 0.0)
        eta_charge, eta_discharge = (
            flexibility.at_slots(eta, slot) if by_slot else values_of(eta)[device] for eta in etas[flexibility.name]
        )
        count = int(owner.max(initial=-1)) + 1
        for name, values in {
            "owner": owner + n_owners,
            "node": node[bus],
            "start": flexibility.start[device],
            "stop": flexibility.stop[device],
            "p_mw": p_mw[flexibility.name][slot] * here,
            "e_start_mwh": store.e_start_mwh[device] * share,
            "eta_charge": eta_charge,
            "eta_discharge": eta_discharge,
            "retention_per_step": store.retention_per_step[device],
            "vehicle": np.full(count, store.vehicle),
            "ci_initial_kg_per_mwh": np.full(count, ci_year_kg_per_mwh / np.mean(values_of(store.eta_charge))),
            "renewable_share_initial": np.full(count, renewable_share_year),
            **({"p_drain_mw": flexibility.drain_mwh[slot] * here / city.clock.step_hours} if drained else {}),
        }.items():
            columns.setdefault(name, []).append(values)
        devices[flexibility.name] = slice(n_devices, n_devices + device.size)
        buses.append(bus)
        n_devices, n_owners = n_devices + device.size, n_owners + count
    if not columns:
        return Stores(None, {}, np.empty(0, dtype=np.int64))
    joined: dict[str, Any] = {name: np.concatenate(values) for name, values in columns.items()}
    if by_slot:
        joined |= {name: PerSlot(joined[name]) for name in ("eta_charge", "eta_discharge")}
    operation = StockOperation(**joined)
    return Stores(operation, devices, np.concatenate(buses))


def stock_error_mwh(
    flexibilities: Sequence[Flexibility], p_mw: Mapping[str, Floats], stores: Stores, supplied: Bools, entries: Entries
) -> float:
    """The most by which a stock, after anything that happened in it, differs from that of the dispatch [MWh].

    Args:
        flexibilities: All stores.
        p_mw: Their withdrawal by name, shape (K,) each [MW].
        stores: What they did, as it was traced.
        supplied: Steps in which anyone is supplied, shape (T,).
        entries: When something happened in which store, and what the tracing found in it then.
    """
    worst = 0.0
    for flexibility in flexibilities:
        shares = flexibility.shares.tocoo()
        slot, at = _slots_of(flexibility, shares.row.astype(np.int64))
        own, _ = entries.of(stores.devices[flexibility.name])
        here = supplied[flexibility.step]
        held_mwh = _drained_if(flexibility, here).energy_mwh(p_mw[flexibility.name] * here)
        expected_mwh = (held_mwh[slot] * shares.data[at])[own.slot]
        worst = max(worst, float(np.abs(own.e_after_mwh - expected_mwh).max(initial=0.0)))
    return worst


def _drained_if(flexibility: Flexibility, supplied: Bools) -> Flexibility:
    """The same where fuel is drawn in the slots of `supplied` only, shape (K,)."""
    store = flexibility.reservoir
    if store is None or store.drain_mwh is None or supplied.all():
        return flexibility
    return replace(flexibility, reservoir=replace(store, drain_mwh=store.drain_mwh * supplied))


def _efficiencies(flexibility: Flexibility, p_mw: Floats) -> tuple[DeviceOrSlot, DeviceOrSlot]:
    """Efficiency of charge and discharge, by device, or by slot where a device's power `p_mw` (K,) decides."""
    store = flexibility.reservoir
    if store is None:
        return np.ones(flexibility.n_devices), np.ones(flexibility.n_devices)
    charge, discharge = store.eta_charge, store.eta_discharge
    if len(store.charge_segments) > 1:
        gained_mwh, charged_mwh = flexibility.gain_mwh(p_mw), flexibility.clock.step_hours * p_mw
        own = flexibility.per_slot(charge).copy()
        charge = PerSlot(np.divide(gained_mwh, charged_mwh, out=own, where=p_mw > 0))
    return mapped(charge, lambda eta: np.minimum(eta, 1.0)), discharge


def _slots_of(flexibility: Flexibility, device: Ints) -> tuple[Ints, Ints]:
    """Slots of `device` after `device`, and the place of the device of each."""
    length = (flexibility.stop - flexibility.start)[device]
    at = np.repeat(np.arange(device.size), length)
    rank = np.arange(at.size) - np.repeat(np.cumsum(length) - length, length)
    return flexibility.offsets[device][at] + rank, at
