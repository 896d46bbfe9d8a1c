"""What can be wrong with a flexibility and its reservoir."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from grid.errors import Fault
from grid.flexibility.reservoir import Reservoir

if TYPE_CHECKING:
    from grid.flexibility.flexibility import Flexibility

WITHIN = 1e-9
"""Rounding that a bound on energy [MWh], or a sum of shares [1], allows."""


def faults_of(asset: Flexibility) -> Iterator[Fault]:
    """All that is wrong with it; shapes first, because nothing else can be said where they are."""
    n, k = asset.n_devices, asset.n_slots
    shapes = list(_shape_faults(asset))
    yield from shapes
    if shapes:
        return
    low, high = asset.p_min_mw, asset.p_max_mw  # by device where both are, else by slot: a fleet has 100 M slots
    if low.shape != high.shape:
        low, high = asset.per_slot(low), asset.per_slot(high)
    if (low > high + 1e-12).any():
        at = int(np.argmax(low - high))
        step = asset.step[at] if low.shape == (k,) else asset.start[at]
        yield Fault(asset.name, f"p_min_mw exceeds p_max_mw at step {step}", (low[at], high[at]))
    if asset.p_unmanaged_mw is not None and asset.p_unmanaged_mw.shape != (k,):
        yield Fault(f"{asset.name}.p_unmanaged_mw", f"must have shape ({k},)", asset.p_unmanaged_mw.shape)
    if asset.vehicle_class is not None and asset.vehicle_class.code.shape != (n,):
        yield Fault(f"{asset.name}.vehicle_class", f"must have shape ({n},)", asset.vehicle_class.code.shape)
    if asset.reservoir is not None:
        yield from _bound_faults(asset.name, asset.reservoir)
        yield from _reach_faults(asset, asset.reservoir)


def _shape_faults(asset: Flexibility) -> Iterator[Fault]:
    n, k = asset.n_devices, asset.n_slots
    if asset.shares.shape[0] != n or asset.stop.shape != (n,):
        yield Fault(asset.name, f"start, stop and shares must describe the same {n} devices")
        return
    if (asset.start < 0).any() or (asset.stop > asset.clock.n_steps).any() or (asset.stop <= asset.start).any():
        yield Fault(asset.name, f"every device needs at least one step within 0..{asset.clock.n_steps}")
        return
    for name in ("p_min_mw", "p_max_mw"):
        values = getattr(asset, name)
        if values.shape not in {(n,), (k,)}:
            yield Fault(f"{asset.name}.{name}", f"must have shape ({n},) or ({k},)", values.shape)
            return
        if not np.isfinite(values).all():
            yield Fault(f"{asset.name}.{name}", "must be finite")
            return
    store = asset.reservoir
    by_device = ("e_start_mwh", "e_end_mwh", "e_min_mwh", "e_max_mwh", "retention_per_step")
    for name in () if store is None else by_device:
        if getattr(store, name).shape != (n,):
            yield Fault(f"{asset.name}.{name}", f"must have shape ({n},)", getattr(store, name).shape)
    for name in () if store is None else ("eta_charge", "eta_discharge"):
        if getattr(store, name).shape not in {(1,), (n,), (k,)}:
            yield Fault(f"{asset.name}.{name}", f"must have shape ({n},) or ({k},)", getattr(store, name).shape)


def _bound_faults(name: str, store: Reservoir) -> Iterator[Fault]:
    """Energies at both ends that lie outside of what the reservoir holds."""
    low, high = store.e_min_mwh - WITHIN, store.e_max_mwh + WITHIN
    for column, energy in (("e_start_mwh", store.e_start_mwh), ("e_end_mwh", store.e_end_mwh)):
        outside = np.flatnonzero((energy < low) | (energy > high))
        if outside.size:
            at = outside[0]
            yield Fault(
                f"{name}.{column}",
                f"must lie within {store.e_min_mwh[at]:.6g}..{store.e_max_mwh[at]:.6g} MWh (device {at})",
                float(energy[at]),
            )


def _reach_faults(asset: Flexibility, store: Reservoir) -> Iterator[Fault]:
    """Energy due that full power does not reach, or why that cannot be told."""
    shares = np.array(store.charge_segments)
    if abs(shares[:, 0].sum() - 1) > WITHIN or (np.diff(shares[:, 1]) > 0).any():
        yield Fault(f"{asset.name}.charge_segments", "shares must sum to 1, efficiencies must not rise", shares)
        return
    if store.drain_mwh is not None and store.drain_mwh.shape != (asset.n_slots,):
        yield Fault(f"{asset.name}.drain_mwh", f"must have shape ({asset.n_slots},)", store.drain_mwh.shape)
        return
    reachable = store.e_start_mwh + asset.most_gain_mwh()
    short = np.flatnonzero(store.e_end_mwh > reachable + WITHIN)
    if short.size:
        at = short[0]
        yield Fault(
            f"{asset.name}.e_end_mwh",
            f"cannot be reached in the {asset.stop[at] - asset.start[at]} steps of device {at}: "
            f"at most {reachable[at]:.6g} MWh",
            float(store.e_end_mwh[at]),
        )
