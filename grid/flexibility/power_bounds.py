"""Limits on power that change with time, put on what may be decided about an asset: here, so that every path has them.

What follows from them is settled in the same place: charging sessions ask for no more than they can have, and what one
lacks the next of the same vehicle asks for; what nobody manages runs ahead of a limit where its use needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, read_only
from grid.errors import InputError
from grid.flexibility.flexibility import ROUNDING_MW, Flexibility
from grid.flexibility.kernel_input import Devices
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot, values_of
from grid.flexibility.reservoir import ROUNDING_MWH, Reservoir

Limits = tuple[DeviceOrSlot, DeviceOrSlot]
"""Least and most withdrawal of a part, by device or by slot [MW]."""


@dataclass(frozen=True, eq=False)
class PowerBounds:
    """The most that some devices may draw and feed in; T steps.

    It is shared among the devices that are there, in proportion to what each could draw, or feed in, then.

    Args:
        charge_max_mw: Most withdrawal of all together, shape (T,) [MW]; infinite where there is no limit.
        discharge_max_mw: Most feed-in of all together, shape (T,) [MW]; infinite where there is no limit.
        charge_max_share: Most withdrawal, as a share of what all together could draw then, shape (T,) [1].
        discharge_max_share: Most feed-in, as a share of what all together could feed in then, shape (T,) [1].
    """

    charge_max_mw: Floats
    discharge_max_mw: Floats
    charge_max_share: Floats
    discharge_max_share: Floats


def within_bounds(
    name: str, parts: Sequence[Flexibility], bounds: Sequence[tuple[Sequence[bool], PowerBounds]]
) -> tuple[Flexibility, ...]:
    """The parts of an asset within bounds on their power.

    Args:
        name: Name of the asset, for messages.
        parts: What may be decided about it.
        bounds: Which of the parts each holds for together, and the bounds.

    Returns:
        The parts in their order; those that nothing binds are the same objects.

    Raises:
        InputError: If less may be drawn than must be, or than the use of a store needs.
    """
    limits: list[Limits] = [(part.p_min_mw, part.p_max_mw) for part in parts]
    for chosen, bound in bounds:
        at = np.flatnonzero(chosen).tolist()
        bound_parts, tight = [parts[k] for k in at], [limits[k] for k in at]
        if bound_parts and _binds(bound.charge_max_mw, bound.charge_max_share):
            tight = _less_charge(name, bound_parts, tight, bound)
        if bound_parts and _binds(bound.discharge_max_mw, bound.discharge_max_share):
            tight = _less_discharge(bound_parts, tight, bound)
        for k, pair in zip(at, tight, strict=True):
            limits[k] = pair
    return tuple(
        part if low is part.p_min_mw and high is part.p_max_mw else _settled(name, part, low, high)
        for part, (low, high) in zip(parts, limits, strict=True)
    )


def _binds(most_mw: Floats, most_share: Floats) -> bool:
    return bool(np.isfinite(most_mw).any() or (most_share < 1.0).any())


def _less_charge(name: str, parts: Sequence[Flexibility], limits: Sequence[Limits], bound: PowerBounds) -> list[Limits]:
    """The limits with less withdrawal: what must be drawn, and of the rest the same fraction for every device."""
    must = [np.maximum(part.per_slot(low), 0.0) for part, (low, _) in zip(parts, limits, strict=True)]
    rest = [
        np.maximum(part.per_slot(high), 0.0) - least for part, least, (_, high) in zip(parts, must, limits, strict=True)
    ]
    must_mw, rest_mw = _together(parts, must), _together(parts, rest)
    allowed_mw = np.minimum(bound.charge_max_mw, bound.charge_max_share * (must_mw + rest_mw))
    short = must_mw > allowed_mw + ROUNDING_MW
    if short.any():
        step = int(np.argmax(short))
        at, left, power = parts[0].clock.times[step], allowed_mw[step], must_mw[step]
        rule = f"allow {left:.4g} MW at {at} UTC, where {power:.4g} MW can be neither moved nor left out"
        raise InputError.single(f"{name}.power_limits", rule)
    fraction = _fraction(allowed_mw - must_mw, rest_mw)
    return [
        (low, PerSlot(np.where(part.per_slot(high) > 0.0, least + fraction[part.step] * more, part.per_slot(high))))
        for part, least, more, (low, high) in zip(parts, must, rest, limits, strict=True)
    ]


def _less_discharge(parts: Sequence[Flexibility], limits: Sequence[Limits], bound: PowerBounds) -> list[Limits]:
    """The limits with less feed-in; generation that has to run is curtailed too."""
    feed_mw = _together(
        parts, [np.maximum(-part.per_slot(low), 0.0) for part, (low, _) in zip(parts, limits, strict=True)]
    )
    fraction = _fraction(np.minimum(bound.discharge_max_mw, bound.discharge_max_share * feed_mw), feed_mw)
    found: list[Limits] = []
    for part, (low, high) in zip(parts, limits, strict=True):
        least = part.per_slot(low)
        least = np.where(least < 0.0, fraction[part.step] * least + 0.0, least)  # no negative zeros
        must_feed = (values_of(high) < 0.0).any()
        found.append((PerSlot(least), PerSlot(np.maximum(part.per_slot(high), least)) if must_feed else high))
    return found


def _together(parts: Sequence[Flexibility], p_mw: Sequence[Floats]) -> Floats:
    """Power of all parts by step, shape (T,) [MW], from that by slot."""
    return np.asarray(np.sum([part.by_step(power) for part, power in zip(parts, p_mw, strict=True)], axis=0))


def _fraction(allowed_mw: Floats, wanted_mw: Floats) -> Floats:
    """Share of what is wanted that is allowed, shape (T,), 0 to 1."""
    over = wanted_mw > allowed_mw
    return np.divide(np.maximum(allowed_mw, 0.0), wanted_mw, out=np.ones(over.size), where=over)


def _settled(name: str, part: Flexibility, low: DeviceOrSlot, high: DeviceOrSlot) -> Flexibility:
    """A part with its new limits, and all that follows from them."""
    low, high = _no_part_load(part, low, high)
    store = part.reservoir
    if store is None:
        usual = part.p_unmanaged_mw
        kept = None if usual is None else np.clip(usual, part.per_slot(low), part.per_slot(high))
        return replace(part, p_min_mw=low, p_max_mw=high, p_unmanaged_mw=kept)
    if len(store.charge_segments) > 1 and store.p_segments_mw is None:
        store = replace(store, p_segments_mw=_rated(part))
    if store.vehicle or not part.lasts_throughout:
        return _sessions(part, store, low, high)
    return _store(name, part, store, low, high)


def _no_part_load(part: Flexibility, low: DeviceOrSlot, high: DeviceOrSlot) -> Limits:
    """The limits, with nothing where they leave less than the minimum load."""
    if not part.p_min_on_mw.any():
        return low, high
    least = part.per_slot(part.p_min_on_mw)
    if part.reservoir is None and values_of(part.p_min_mw).min() < 0.0:
        feeds = part.per_slot(low)
        stopped = (feeds < 0.0) & (feeds > -least)
        return PerSlot(np.where(stopped, np.minimum(part.per_slot(high), 0.0), feeds)), high
    draws = part.per_slot(high)
    stopped = (draws > 0.0) & (draws < least)
    return low, PerSlot(np.where(stopped, np.maximum(part.per_slot(low), 0.0), draws))


def _rated(part: Flexibility) -> Floats:
    """The most power of each device in any step, shape (N,) [MW]."""
    return np.maximum.reduceat(part.per_slot(part.p_max_mw), part.offsets[:-1])


def _limited_devices(part: Flexibility, store: Reservoir, high: DeviceOrSlot) -> Devices:
    """The devices as the kernels read them, with another most withdrawal."""
    p_max_mw, by_slot = read_only(values_of(high)), isinstance(high, PerSlot)
    return part.kernel_input(store)._replace(p_max_mw=p_max_mw, p_max_by_slot=by_slot)


def _sessions(part: Flexibility, store: Reservoir, low: DeviceOrSlot, high: DeviceOrSlot) -> Flexibility:
    """Devices that come and go: what cannot be charged before the end of a stay is asked for in the next one."""
    from grid.flexibility.reservoir_kernel import carried_over  # noqa: PLC0415  slow to import

    devices = _limited_devices(part, store, high)
    start, due = carried_over(devices, store.owner, store.e_start_mwh, store.e_end_mwh)
    lacks = store.e_end_mwh - due
    short = lacks > ROUNDING_MWH
    return replace(
        part,
        p_min_mw=low,
        p_max_mw=high,
        reservoir=replace(store, e_start_mwh=start, e_end_mwh=due, e_min_mwh=np.minimum(store.e_min_mwh, start)),
        limited_sessions=int(short.sum()),
        limited_mwh=float(lacks[short].sum()),
    )


def _store(name: str, part: Flexibility, store: Reservoir, low: DeviceOrSlot, high: DeviceOrSlot) -> Flexibility:
    """A store that lasts: unmanaged it follows its usual level where it can, and runs ahead where it must.

    Without use it ends with what standing losses let it have, where that is less than it began with.
    """
    from grid.flexibility.reservoir_kernel import energies, followed, highest_energy  # noqa: PLC0415  slow to import

    usual = part.energy_mwh(part.unmanaged_power())
    devices = _limited_devices(part, store, high)
    if store.drain_mwh is None:
        most = highest_energy(devices, store.e_start_mwh, store.e_max_mwh, 0, part.clock.n_steps)
        store = replace(store, e_end_mwh=np.minimum(store.e_end_mwh, most))
    power = followed(
        devices, store.e_start_mwh, store.e_end_mwh, store.e_min_mwh, store.e_max_mwh, usual,
        read_only(part.p_min_on_mw),
    )  # fmt: skip
    held = energies(devices, store.e_start_mwh, power)
    least = store.e_min_mwh[part.device]
    least[part.offsets[1:] - 1] = np.maximum(store.e_min_mwh, store.e_end_mwh)
    lacks = least - held
    if lacks.max() > ROUNDING_MWH:
        slot = int(np.argmax(lacks > ROUNDING_MWH))
        at = part.clock.start + (int(part.step[slot]) + 1) * part.clock.step
        missing = f"{lacks.max():.4g} MWh of what it stores are missing by {at:%Y-%m-%d %H:%M} UTC"
        raise InputError.single(f"{name}.power_limits", f"leave too little for its use: {missing}")
    return replace(part, p_min_mw=low, p_max_mw=high, p_unmanaged_mw=power, reservoir=store)
