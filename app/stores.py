"""The stores of a run as the tracing wants them: devices at one node each, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from carbon.stocks import StockOperation
from grid.city import City
from grid.flexibility import Flexibility
from grid.series import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Stores:
    """All stores of a run as one operation, and which part of it is whose.

    Args:
        operation: What every store did; None if there is none.
        devices: Devices of each flexibility in the operation, by name.
        slots: Slots of each flexibility in the operation, by name.
        bus: Bus of each device of the operation, shape (N,).
    """

    operation: StockOperation | None
    devices: Mapping[str, slice]
    slots: Mapping[str, slice]
    bus: Ints


def stores_of(
    city: City,
    flexibilities: Sequence[Flexibility],
    p_mw: Mapping[str, Floats],
    supplied: Bools,
    ci_year_kg_per_mwh: float,
    renewable_share_year: float,
) -> Stores:
    """Every store as devices at one node each; one that is spread over buses becomes one at each, in its shares."""
    node = city.network.buses.node
    columns: dict[str, list[np.ndarray]] = {}
    devices, slots, buses = {}, {}, []
    n_devices = n_slots = n_owners = 0
    for flexibility in flexibilities:
        store = flexibility.reservoir
        if store is None:
            continue
        shares = flexibility.shares.tocoo()
        device, bus, share = shares.row.astype(np.int64), shares.col.astype(np.int64), shares.data
        spread = device.size > flexibility.n_devices
        owner = np.arange(device.size) if spread else store.owner[device]
        slot, at = _slots_of(flexibility, device)
        power = np.where(supplied[flexibility.step[slot]], p_mw[flexibility.name][slot] * share[at], 0.0)
        count = int(owner.max(initial=-1)) + 1
        eta = np.broadcast_to(store.eta_charge, (flexibility.n_devices,))[device]
        for name, values in {
            "owner": owner + n_owners,
            "node": node[bus],
            "start": flexibility.start[device],
            "stop": flexibility.stop[device],
            "p_mw": power,
            "e_start_mwh": store.e_start_mwh[device] * share,
            "eta_charge": eta,
            "eta_discharge": np.broadcast_to(store.eta_discharge, (flexibility.n_devices,))[device],
            "retention_per_step": store.retention_per_step[device],
            "vehicle": np.full(count, store.vehicle),
            "ci_initial_kg_per_mwh": np.full(count, ci_year_kg_per_mwh / eta.mean()),
            "renewable_share_initial": np.full(count, renewable_share_year),
        }.items():
            columns.setdefault(name, []).append(values)
        devices[flexibility.name] = slice(n_devices, n_devices + device.size)
        slots[flexibility.name] = slice(n_slots, n_slots + slot.size)
        buses.append(bus)
        n_devices, n_slots, n_owners = n_devices + device.size, n_slots + slot.size, n_owners + count
    if not columns:
        return Stores(None, {}, {}, np.empty(0, dtype=np.int64))
    operation = StockOperation(**{name: np.concatenate(values) for name, values in columns.items()})
    return Stores(operation, devices, slots, np.concatenate(buses))


def _slots_of(flexibility: Flexibility, device: Ints) -> tuple[Ints, Ints]:
    """Slots of `device` after `device`, and the place of the device of each."""
    length = (flexibility.stop - flexibility.start)[device]
    at = np.repeat(np.arange(device.size), length)
    rank = np.arange(at.size) - np.repeat(np.cumsum(length) - length, length)
    return flexibility.offsets[device][at] + rank, at
