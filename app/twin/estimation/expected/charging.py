"""What cars are expected to draw at each bus of what all draw: by what each needs and what lines let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.elements import CityElements
from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot
from optimizer.network.dc import DCNetwork, has_reactances

MANAGED: Final = "optimal"
"""The strategy under which charging keeps the limits of lines."""
LEAST_MW: Final = 1e-9
"""What is less is nothing [MW]."""


def share_out_by_need(
    inputs: SimulationInputs, elements: CityElements, sums: Ints, expected: tuple[Floats, Floats], spread_mw: Floats
) -> None:
    """Shares out anew what cars are expected to draw where only the sum of it is told, see `expected_charging`.

    Where lines delay charging, it may be off by all that they change of it: when a line is full depends on what all
    else draws.

    Args:
        inputs: The scenario.
        elements: Its elements, E of them.
        sums: Known sum that the active power of each is part of, shape (E,); -1: none.
        expected: Active powers [MW], changed in place, and reactive powers [MVAr], shape (T, E) each.
        spread_mw: Standard deviation of the active powers, shape (T, E), changed in place.
    """
    n_buses = inputs.loaded.city.n_buses
    for number, fleet in enumerate(inputs.flexibilities):
        at = np.array([k for k in elements.of("asset") if elements.row[k] == number and sums[k] >= 0], dtype=np.int64)
        if not at.size or fleet.reservoir is None or not fleet.reservoir.vehicle:
            continue
        others = np.setdiff1d(np.arange(sums.size), at)
        to_buses = sparse.csr_array((np.ones(others.size), (others, elements.bus[others])), shape=(sums.size, n_buses))
        drawn = expected[0] @ to_buses, expected[1] @ to_buses
        lines = room_on_lines(inputs, drawn, fleet.at_buses(np.maximum(fleet.per_slot(fleet.p_max_mw), 0.0)))
        charging, moved = charging_moved_by_lines(fleet, expected[0][:, at].sum(axis=1), lines)
        expected[0][:, at] = charging[:, elements.bus[at]]
        spread_mw[:, at] = np.hypot(spread_mw[:, at], moved[:, elements.bus[at]])


@dataclass(frozen=True, eq=False)
class RoomOnLines:
    """Branches that charging may fill, R of them; T steps, B buses.

    Args:
        share: What each carries of what a bus draws, in the direction that charging has, shape (R, B) [1].
        room_mw: What it lets through beside all else, shape (T, R) [MW].
    """

    share: Floats
    room_mw: Floats

    @classmethod
    def none(cls, n_steps: int, n_buses: int) -> RoomOnLines:
        """No branch."""
        return cls(np.empty((0, n_buses)), np.empty((n_steps, 0)))


def room_on_lines(inputs: SimulationInputs, drawn: tuple[Floats, Floats], most_mw: Floats) -> RoomOnLines:
    """Branches that may be loaded beyond the scenario's limits if all that is plugged in draws.

    None where charging does not keep them, or a branch has no reactance: flows are those of the linear power flow.

    Args:
        inputs: The scenario.
        drawn: What all else is expected to draw at each bus, active [MW] and reactive [MVAr], shape (T, B) each.
        most_mw: What all that is plugged in may draw there, likewise [MW].
    """
    network, limit = inputs.loaded.city.network, inputs.limits.loading_max_percent
    if inputs.loaded.scenario.dispatch.strategy != MANAGED or not has_reactances(network):
        return RoomOnLines.none(*most_mw.shape)
    linear = DCNetwork.from_network(network)
    at = np.flatnonzero(network.branches.rated & np.isfinite(limit) & (linear.percent_per_mw > 0))
    share = linear.share[at]
    charging = most_mw @ share.T
    way = np.where(charging.sum(axis=0) < 0, -1.0, 1.0)
    active, reactive = drawn[0] @ share.T + linear.offset_mw[at], drawn[1] @ share.T
    through = np.sqrt(np.maximum((limit[at] / linear.percent_per_mw[at]) ** 2 - reactive**2, 0.0))
    room = np.maximum(through - way * active, 0.0)
    filled = (way * charging > room).any(axis=0)
    return RoomOnLines((way[:, None] * share)[filled], room[:, filled])


def charging_moved_by_lines(fleet: Flexibility, total_mw: Floats, lines: RoomOnLines) -> tuple[Floats, Floats]:
    """What cars are expected to draw at each bus, and how much more than without limits of lines, shape (T, B) [MW].

    Args:
        fleet: The sessions.
        total_mw: See `expected_charging`.
        lines: What lines let through.
    """
    charging = expected_charging(fleet, total_mw, lines)
    if not lines.share.size:
        return charging, np.zeros_like(charging)
    return charging, charging - expected_charging(fleet, total_mw, RoomOnLines.none(*charging.shape))


def expected_charging(fleet: Flexibility, total_mw: Floats, lines: RoomOnLines) -> Floats:
    """What the cars of a fleet are expected to draw at each bus, shape (T, B) [MW], of what all draw.

    Step by step, each car that is plugged in draws what it must so as not to leave with less than is due to it, and of
    the rest an equal share of what it still needs and can draw. Where a line would be loaded beyond its limit, the cars
    behind it draw less, and the others more; what they still need, they draw later. To feed in, each does an equal
    share of what it can.

    Args:
        fleet: The sessions.
        total_mw: What all of them draw, below 0 where they feed in, shape (T,) [MW].
        lines: What lines let through.
    """
    cars = _Cars.from_fleet(fleet)
    behind = np.asarray(fleet.shares @ lines.share.T)
    p_mw = np.zeros(fleet.n_slots)
    for step, total in enumerate(total_mw.tolist()):
        at = np.flatnonzero((fleet.start <= step) & (fleet.stop > step))
        if at.size:
            p_mw[fleet.offsets[at] + step - fleet.start[at]] = cars.step(
                at, step, total, behind[at], lines.room_mw[step]
            )
    return fleet.at_buses(p_mw)


@dataclass(frozen=True, eq=False)
class _Cars:
    """Sessions with what is stored in each by now, `e_mwh`, shape (N,) [MWh]; the rest as in a fleet."""

    fleet: Flexibility
    draws_mw: Floats
    feeds_mw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    e_mwh: Floats
    due_mwh: Floats
    least_mwh: Floats
    most_mwh: Floats

    @classmethod
    def from_fleet(cls, fleet: Flexibility) -> _Cars:
        store = fleet.reservoir
        if store is None:
            raise ValueError(f"{fleet.name} stores nothing")

        def mean(quantity: DeviceOrSlot) -> Floats:
            summed = np.add.reduceat(fleet.per_slot(quantity), fleet.offsets[: fleet.n_devices])
            return np.asarray(summed / (fleet.stop - fleet.start))

        low, high = fleet.per_slot(fleet.p_min_mw), fleet.per_slot(fleet.p_max_mw)
        return cls(
            fleet, np.maximum(high, 0.0), np.maximum(-low, 0.0), mean(store.eta_charge), mean(store.eta_discharge),
            np.array(store.e_start_mwh), store.e_end_mwh, store.e_min_mwh, store.e_max_mwh,
        )  # fmt: skip

    def step(self, at: np.ndarray, step: int, total: float, behind: Floats, room: Floats) -> Floats:
        """Power of the cars `at` in a step, of which each takes or gives accordingly."""
        hours, slot = self.fleet.clock.step_hours, self.fleet.offsets[at] + step - self.fleet.start[at]
        if total >= 0:
            power, per_mw = self.draws_mw[slot], self.eta_charge[at] * hours
            could = np.clip((self.due_mwh[at] - self.e_mwh[at]) / per_mw, 0.0, power)
            later = power * (self.fleet.stop[at] - step - 1)
            must = np.clip((self.due_mwh[at] - self.e_mwh[at]) / per_mw - later, 0.0, power)
            besides = np.clip((self.most_mwh[at] - self.e_mwh[at]) / per_mw, 0.0, power)
            found = _within_room((must, could, besides, power), total, behind, room)
            self.e_mwh[at] = np.minimum(self.e_mwh[at] + found * per_mw, self.most_mwh[at])
            return found
        power, per_mw = self.feeds_mw[slot], hours / self.eta_discharge[at]
        could = np.clip((self.e_mwh[at] - self.least_mwh[at]) / per_mw, 0.0, power)
        found = _filled((could, power), -total)
        self.e_mwh[at] = np.maximum(self.e_mwh[at] - found * per_mw, 0.0)
        return -found


def _within_room(levels: tuple[Floats, ...], total: float, behind: Floats, room: Floats) -> Floats:
    """A total shared out to levels, one after the other, where lines have room for it; else beyond that."""
    found, free = _filled(levels, total), np.ones(levels[0].size, dtype=bool)
    for _ in range(room.size):
        through = found @ behind
        over = through - room
        line = int(np.argmax(over))
        these = free & (behind[:, line] > 0.5)
        if over[line] <= LEAST_MW or not these.any():
            break
        held = float(found[~these] @ behind[~these, line])
        of_these = float(found[these] @ behind[these, line])
        found[these] *= max(room[line] - held, 0.0) / of_these if of_these > 0 else 0.0
        free &= ~these
        found[free] = _filled(tuple(level[free] for level in levels), total - float(found[~free].sum()))
    left = total - float(found.sum())
    most = levels[-1] - found
    return found + (most * (left / most.sum()) if left > LEAST_MW and most.sum() > 0 else 0.0)


def _filled(levels: tuple[Floats, ...], total: float) -> Floats:
    """A total shared out in levels, each above the one before: all that a level holds, then a part of the next."""
    before, below = np.zeros(levels[0].size), 0.0
    for level in levels:
        sum_of = float(level.sum())
        if total <= sum_of and sum_of > below:
            return before + (level - before) * (max(total - below, 0.0) / (sum_of - below))
        before, below = level, sum_of
    return before
