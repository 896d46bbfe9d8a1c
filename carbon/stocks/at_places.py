"""What stores at places hold, where only the power of each place is known and not which of its stores took it.

A place's power is shared out among what is plugged in there, by what each can still take or give, or in turn; each
store mixes what it charges with what it holds, as in a run (`carbon.stocks.carbon_kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from carbon.mixing.compiled import inner_kernel, kernel
from grid.arrays import Floats, Ints

LEAST_MWH = 1e-12
"""A store of less holds nothing [MWh]."""


class StoresAtPlaces(NamedTuple):
    """N devices at K places, place after place and by their start at each; O stocks."""

    first: Ints
    """First device of each place, and N at the end, shape (K + 1,)."""
    start: Ints
    """First step of each device, shape (N,)."""
    stop: Ints
    """Step after its last, shape (N,)."""
    owner: Ints
    """Its stock, shape (N,)."""
    first_slot: Ints
    """Its first slot, shape (N,)."""
    p_max_mw: Floats
    """Most withdrawal by slot, shape (slots,) [MW]."""
    p_min_mw: Floats
    """Least withdrawal by slot, shape (slots,) [MW]: below 0 where it may feed in."""
    e_start_mwh: Floats
    """Energy in the stock when the device begins, shape (N,) [MWh]."""
    e_max_mwh: Floats
    """Most energy of the stock, shape (N,) [MWh]."""
    eta_charge: Floats
    """Stored per drawn energy, shape (N,) [1]."""
    eta_discharge: Floats
    """Fed in per energy taken out, shape (N,) [1]."""
    place_of_owner: Ints
    """Place of each stock, shape (O,): that of its first device."""


@dataclass(frozen=True, eq=False)
class FollowedContents:
    """What stores at places give and hold.

    Args:
        given: Intensity of what each place feeds in, or could, in each step, shape (T, K) [kg/MWh].
        held: Mean intensity of what the stocks of each place hold after the last step, per energy drawn, shape (K,).
    """

    given: Floats
    held: Floats


def followed_contents(
    stores: StoresAtPlaces, p_mw: Floats, ci_kg_per_mwh: Floats, before: Floats, step_hours: float,
    priority: Floats | None = None,
) -> FollowedContents:  # fmt: skip
    """Follows what the stores at each place hold by the power of the place.

    Args:
        stores: The stores.
        p_mw: Withdrawal of each place, shape (T, K) [MW]; below 0 where it feeds in. What no store there can take or
            give by its energy, all plugged in take or give by their power.
        ci_kg_per_mwh: Intensity of what is drawn there, shape (T, K) [kg/MWh].
        before: Intensity of what the stocks of each place hold before the first step, per energy drawn, shape (K,).
        step_hours: Length of a step [h].
        priority: In which order devices take and give at full power, the least first, shape (N,); None: all do at once,
            each in proportion to what it can.
    """
    n, in_turn = stores.start.size, priority is not None
    eta = np.full(stores.place_of_owner.size, 1.0)
    eta[stores.owner[::-1]] = stores.eta_charge[::-1]
    energy, intensity = np.zeros(eta.size), before[stores.place_of_owner] / eta
    given = np.empty(p_mw.shape)
    usual = before / np.array([
        (stores.eta_charge[first:stop] * stores.eta_discharge[first:stop]).mean() if stop > first else 1.0
        for first, stop in zip(stores.first[:-1].tolist(), stores.first[1:].tolist(), strict=True)
    ])  # fmt: skip
    _follow(
        stores, np.ascontiguousarray(p_mw), np.ascontiguousarray(ci_kg_per_mwh), step_hours, in_turn,
        np.zeros(n) if priority is None else priority, energy, intensity, usual, np.empty(n, dtype=np.int64),
        np.empty(n), given,
    )  # fmt: skip
    weight = np.bincount(stores.place_of_owner, energy + LEAST_MWH, before.size)
    content = np.bincount(stores.place_of_owner, (energy + LEAST_MWH) * intensity * eta, before.size)
    held = np.divide(content, weight, out=before.copy(), where=weight > 0)
    return FollowedContents(given, held)


def powers_at_places(stores: StoresAtPlaces, n_steps: int) -> tuple[Floats, Floats]:
    """The most that all that is plugged in at each place may draw, and feed in, shape (T, K) each [MW]."""
    draws, feeds = np.zeros((2, n_steps, stores.first.size - 1))
    _add_powers(stores, draws, feeds)
    return draws, feeds


@kernel()
def _add_powers(stores, draws, feeds):  # type: ignore[no-untyped-def]
    for place in range(draws.shape[1]):
        for device in range(stores.first[place], stores.first[place + 1]):
            for step in range(stores.start[device], min(stores.stop[device], draws.shape[0])):
                slot = stores.first_slot[device] + step - stores.start[device]
                draws[step, place] += max(stores.p_max_mw[slot], 0.0)
                feeds[step, place] += max(-stores.p_min_mw[slot], 0.0)


@kernel()
def _follow(  # type: ignore[no-untyped-def]
    stores, p_mw, ci, hours, in_turn, priority, energy, intensity, usual, plugged_in, could, given
):
    """Steps of each place in turn; `plugged_in` and `could`, shape (N,), are room for what is at work."""
    n_steps, n_places = p_mw.shape
    for place in range(n_places):
        count, following = 0, stores.first[place]
        first, stop = stores.first[place], stores.first[place + 1]
        for step in range(n_steps):
            count, following = _plug(stores, step, first, count, following, stop, priority, plugged_in, energy)
            power = p_mw[step, place]
            sign = 1.0 if power > 0.0 else -1.0
            total = _could(stores, step, first, count, sign, hours, plugged_in, energy, could)
            if sign < 0.0:
                usual[place] = _mean_given(stores, first, count, plugged_in, intensity, could, total, usual[place])
            left, by_power = abs(power), total < abs(power)
            fed, carbon = 0.0, 0.0
            if by_power:
                total = _by_power(stores, step, first, count, sign, plugged_in, could)
            for at in range(first, first + count):
                device = plugged_in[at]
                share = could[at] / total if total > 0.0 else 0.0
                own = min(could[at], left) if in_turn and not by_power else share * abs(power)
                left -= own
                if own > 0.0 and sign > 0.0:
                    _charge(stores, device, own * hours, ci[step, place], energy, intensity)
                elif own > 0.0:
                    fed += own
                    carbon += own * intensity[stores.owner[device]] / stores.eta_discharge[device]
                    owner = stores.owner[device]
                    energy[owner] = max(energy[owner] - own * hours / stores.eta_discharge[device], 0.0)
            if fed > 0.0:
                usual[place] = carbon / fed
            given[step, place] = usual[place]


@inner_kernel()
def _plug(  # type: ignore[no-untyped-def]
    stores, step, first, count, following, stop, priority, plugged_in, energy
):
    """Devices that are plugged in, in the order of their priority: how many, and the next that is not yet."""
    kept = 0
    for at in range(first, first + count):
        if stores.stop[plugged_in[at]] > step:
            plugged_in[first + kept] = plugged_in[at]
            kept += 1
    while following < stop and stores.start[following] <= step:
        if stores.stop[following] > step:
            at = first + kept
            while at > first and priority[plugged_in[at - 1]] > priority[following]:
                plugged_in[at] = plugged_in[at - 1]
                at -= 1
            plugged_in[at] = following
            kept += 1
            energy[stores.owner[following]] = stores.e_start_mwh[following]
        following += 1
    return kept, following


@inner_kernel()
def _could(stores, step, first, count, sign, hours, plugged_in, energy, could):  # type: ignore[no-untyped-def]
    """What each device that is plugged in can still take or give in a step, and all together [MW]."""
    total = 0.0
    for at in range(first, first + count):
        device = plugged_in[at]
        slot = stores.first_slot[device] + step - stores.start[device]
        held = energy[stores.owner[device]]
        if sign > 0.0:
            most = (stores.e_max_mwh[device] - held) / (stores.eta_charge[device] * hours)
            could[at] = max(min(stores.p_max_mw[slot], most), 0.0)
        else:
            could[at] = max(min(-stores.p_min_mw[slot], held * stores.eta_discharge[device] / hours), 0.0)
        total += could[at]
    return total


@inner_kernel()
def _by_power(stores, step, first, count, sign, plugged_in, could):  # type: ignore[no-untyped-def]
    """What each can by its power alone, where a place's power is more than its stores have room or energy for."""
    total = 0.0
    for at in range(first, first + count):
        device = plugged_in[at]
        slot = stores.first_slot[device] + step - stores.start[device]
        could[at] = max(stores.p_max_mw[slot] if sign > 0.0 else -stores.p_min_mw[slot], 0.0)
        total += could[at]
    return total


@inner_kernel()
def _mean_given(  # type: ignore[no-untyped-def]
    stores, first, count, plugged_in, intensity, could, total, otherwise
):
    """Mean intensity of what could be fed in."""
    carbon = 0.0
    for at in range(first, first + count):
        device = plugged_in[at]
        carbon += could[at] * intensity[stores.owner[device]] / stores.eta_discharge[device]
    return carbon / total if total > 0.0 else otherwise


@inner_kernel()
def _charge(stores, device, drawn_mwh, ci, energy, intensity):  # type: ignore[no-untyped-def]
    """Mixes what is drawn with what is held; of a stock that is full, as much must have gone before."""
    owner = stores.owner[device]
    gained = stores.eta_charge[device] * drawn_mwh
    kept = max(min(energy[owner], stores.e_max_mwh[device] - gained), 0.0)
    energy[owner] = kept + gained
    intensity[owner] = (kept * intensity[owner] + ci * drawn_mwh) / max(kept + gained, LEAST_MWH)
