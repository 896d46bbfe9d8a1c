"""All devices of an asset as one store with bounds that change from block to block of steps.

What thousands of sessions may do together lies within the sums of what each may do: between charging as late and as
early as possible, and up to the power of all that are plugged in [1]. The sums admit a little more than the sessions
do (a full car lends nothing to an empty one), so a schedule of the aggregate is an estimate from below of cost.

References:
    [1] F. L. Müller, J. Szabó, O. Sundström, J. Lygeros, "Aggregation and disaggregation of energetic flexibility from
        distributed energy resources", IEEE Trans. Smart Grid, vol. 10, no. 2, pp. 1205-1214, 2019.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import DeviceOrSlot, values_of
from grid.flexibility.reservoir_kernel import charge_at_once, energies


@dataclass(frozen=True, eq=False)
class AggregateStore:
    """The devices of an asset together, in H blocks of steps; B buses.

    Args:
        name: Name of the asset.
        charge_min_mw: Least withdrawal, shape (H,) [MW].
        charge_max_mw: Most withdrawal, shape (H,) [MW].
        discharge_max_mw: Most feed-in, shape (H,) [MW].
        e_low_mwh: Least energy when each block ends, shape (H,) [MWh].
        e_high_mwh: Most energy then, shape (H,) [MWh].
        gain_mwh: What devices bring as they come, less what they take as they go and what is used, shape (H,) [MWh].
        eta_charge: Stored per energy drawn, shape (H,) [1].
        eta_discharge: Fed in per energy taken out, shape (H,) [1].
        retention: Share of the energy that a block of standing leaves [1].
        wear_cost_per_mwh: Cost per energy fed in [currency/MWh].
        value_per_mwh: Worth of energy drawn, shape (H,) [currency/MWh].
        stores: Whether there is a store at all.
        shares: Share of its power at each bus, shape (B,).
    """

    name: str
    charge_min_mw: Floats
    charge_max_mw: Floats
    discharge_max_mw: Floats
    e_low_mwh: Floats
    e_high_mwh: Floats
    gain_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    retention: float
    wear_cost_per_mwh: float
    value_per_mwh: Floats
    stores: bool
    shares: Floats

    def scaled(self, factor: float, name: str | None = None) -> AggregateStore:
        """So many times as much of the same."""
        sized = ("charge_min_mw", "charge_max_mw", "discharge_max_mw", "e_low_mwh", "e_high_mwh", "gain_mwh")
        return replace(self, name=name or self.name, **{field: factor * getattr(self, field) for field in sized})


def aggregate(flexibility: Flexibility, block: int, *, feeds_in: bool = True) -> AggregateStore:
    """The devices of a flexibility as one store.

    Args:
        flexibility: The flexibility.
        block: Steps of a block; the clock consists of whole blocks.
        feeds_in: Whether its devices may feed in.
    """
    powers = _powers(flexibility, block, feeds_in=feeds_in)
    store = flexibility.reservoir
    return powers if store is None else _with_store(powers, flexibility, store, block, feeds_in=feeds_in)


def _powers(f: Flexibility, block: int, *, feeds_in: bool) -> AggregateStore:
    """Bounds of the power, as of an asset that stores nothing."""
    low, high = f.per_slot(f.p_min_mw), f.per_slot(f.p_max_mw)
    feed = np.maximum(-low, 0.0) if feeds_in else np.zeros(f.n_slots)
    wear = f.per_slot(f.wear_cost_per_mwh)
    none, one = np.zeros(f.clock.n_steps // block), np.ones(f.clock.n_steps // block)
    return AggregateStore(
        name=f.name,
        charge_min_mw=_mean(f, np.maximum(low, 0.0), block),
        charge_max_mw=_mean(f, np.maximum(high, 0.0), block),
        discharge_max_mw=_mean(f, feed, block),
        e_low_mwh=none, e_high_mwh=none, gain_mwh=none, eta_charge=one, eta_discharge=one, retention=1.0,
        wear_cost_per_mwh=float((wear * feed).sum() / feed.sum()) if feed.any() else 0.0,
        value_per_mwh=_by_power(f, f.value_per_mwh, block),
        stores=False,
        shares=_shares(f),
    )  # fmt: skip


def _with_store(
    powers: AggregateStore, f: Flexibility, store: Reservoir, block: int, *, feeds_in: bool
) -> AggregateStore:
    """The same with what its devices hold together."""
    n_blocks = f.clock.n_steps // block
    e_low, e_high = _envelope(f, store, feeds_in=feeds_in)
    at_end = np.flatnonzero(((f.step % block) == block - 1) & (f.step + 1 < f.stop[f.device]))
    when = f.step[at_end] // block
    coming = _summed(f.start // block, store.e_start_mwh, n_blocks)
    going = _summed((f.stop - 1) // block, store.e_end_mwh, n_blocks)
    used = f.by_step(f.drain_mwh).reshape(n_blocks, block).sum(axis=1)
    part_load = float(np.array(store.charge_segments).prod(axis=1).sum())
    return replace(
        powers,
        e_low_mwh=_summed(when, e_low[at_end], n_blocks),
        e_high_mwh=_summed(when, e_high[at_end], n_blocks),
        gain_mwh=coming - going - used,
        eta_charge=part_load * _by_power(f, store.eta_charge, block),
        eta_discharge=_by_power(f, store.eta_discharge, block),
        retention=float(store.retention_per_step.mean()) ** block,
        stores=True,
    )


def _mean(f: Flexibility, values: Floats, block: int) -> Floats:
    """Values by slot summed over devices, as means over blocks, shape (H,)."""
    return by_block(f.by_step(values), block)


def _by_power(f: Flexibility, quantity: DeviceOrSlot, block: int) -> Floats:
    """Mean of a quantity over devices, weighted by their power, shape (H,); its plain mean where nobody is there."""
    weight = np.maximum(f.per_slot(f.p_max_mw), 1e-9)
    total = _mean(f, weight, block)
    plain = float(values_of(quantity).mean())
    return np.where(total > 0, _mean(f, f.per_slot(quantity) * weight, block) / np.maximum(total, 1e-12), plain)


def _envelope(f: Flexibility, store: Reservoir, *, feeds_in: bool) -> tuple[Floats, Floats]:
    """Least and most energy of every device when each slot ends, shape (K,) each [MWh]."""
    feeding = f.per_slot(f.p_min_mw) < 0 if feeds_in else np.zeros(f.n_slots, dtype=bool)
    may_feed = np.zeros(f.n_devices, dtype=bool)
    may_feed[f.device[feeding]] = True
    floor = np.where(may_feed, store.e_min_mwh, np.minimum(store.e_start_mwh, store.e_end_mwh))
    stationary = not store.vehicle
    floor = store.e_min_mwh if stationary else floor
    top = store.e_max_mwh if stationary else np.where(may_feed, store.e_max_mwh, store.e_end_mwh)
    kernel = f.kernel_input(store)
    highest = np.minimum(energies(kernel, store.e_start_mwh, charge_at_once(kernel, store.e_start_mwh, top)),
                         top[f.device])  # fmt: skip
    gain = np.maximum(f.gain_mwh(np.maximum(f.per_slot(f.p_max_mw), 0.0)) - f.drain_mwh, 0.0)
    before = np.cumsum(gain)
    last = f.offsets[1:] - 1
    later = before[last][f.device] - before
    lowest = np.maximum(store.e_end_mwh[f.device] - later, floor[f.device])
    return np.minimum(lowest, highest), highest


def _shares(f: Flexibility) -> Floats:
    """Share of the asset's power at each bus, by the energy that its devices can move, shape (B,)."""
    weight = np.bincount(f.device, np.maximum(np.abs(f.per_slot(f.p_max_mw)), np.abs(f.per_slot(f.p_min_mw))),
                         f.n_devices)  # fmt: skip
    if f.reservoir is not None and f.reservoir.vehicle:
        weight = np.maximum(f.reservoir.e_end_mwh - f.reservoir.e_start_mwh, 0.0)
    shares = np.asarray(f.shares.T @ weight).ravel()
    total = shares.sum()
    return shares / total if total > 0 else shares


def _summed(place: Ints, values: Floats, n: int) -> Floats:
    return np.bincount(place, weights=values, minlength=n).astype(np.float64)


def blocks_of(step_hours: float, n_steps: int) -> int:
    """Steps of a block: an hour where the clock has whole hours, else a step."""
    steps = round(1 / step_hours)
    return steps if steps >= 1 and abs(steps * step_hours - 1) < 1e-9 and n_steps % steps == 0 else 1


def by_block(values: Floats, block: int) -> Floats:
    """Means of a series of shape (T,) or (T, …) over blocks of steps."""
    return np.asarray(values.reshape(values.shape[0] // block, block, *values.shape[1:]).mean(axis=1))
