"""The stores of a run as the tracing wants them: devices at one node each, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from carbon.stocks.operation import StockOperation
from grid.arrays import Bools, Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility


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
    by_slot = any(eta.size != f.n_devices for f in flexibilities for eta in etas[f.name])
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
            flexibility.per_slot(eta)[slot] if by_slot else eta[device] for eta in etas[flexibility.name]
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
            "ci_initial_kg_per_mwh": np.full(count, ci_year_kg_per_mwh / np.mean(store.eta_charge)),
            "renewable_share_initial": np.full(count, renewable_share_year),
            **({"p_drain_mw": flexibility.drain_mwh[slot] * here / city.clock.step_hours} if drained else {}),
        }.items():
            columns.setdefault(name, []).append(values)
        devices[flexibility.name] = slice(n_devices, n_devices + device.size)
        buses.append(bus)
        n_devices, n_owners = n_devices + device.size, n_owners + count
    if not columns:
        return Stores(None, {}, np.empty(0, dtype=np.int64))
    operation = StockOperation(**{name: np.concatenate(values) for name, values in columns.items()})
    return Stores(operation, devices, np.concatenate(buses))


def _efficiencies(flexibility: Flexibility, p_mw: Floats) -> tuple[Floats, Floats]:
    """Efficiency of charge and discharge, by device, or by slot where a device's power `p_mw` (K,) decides."""
    store, slots, devices = flexibility.reservoir, (flexibility.n_slots,), (flexibility.n_devices,)
    if store is None:
        return np.ones(devices), np.ones(devices)
    charge, discharge = (
        eta if eta.shape == slots else np.broadcast_to(eta, devices) for eta in (store.eta_charge, store.eta_discharge)
    )
    if len(store.charge_segments) > 1:
        gained_mwh, charged_mwh = flexibility.gain_mwh(p_mw), flexibility.clock.step_hours * p_mw
        charge = np.divide(gained_mwh, charged_mwh, out=flexibility.per_slot(charge).copy(), where=p_mw > 0)
    return np.minimum(charge, 1.0), discharge


def _slots_of(flexibility: Flexibility, device: Ints) -> tuple[Ints, Ints]:
    """Slots of `device` after `device`, and the place of the device of each."""
    length = (flexibility.stop - flexibility.start)[device]
    at = np.repeat(np.arange(device.size), length)
    rank = np.arange(at.size) - np.repeat(np.cumsum(length) - length, length)
    return flexibility.offsets[device][at] + rank, at
