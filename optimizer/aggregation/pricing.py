"""The cheapest schedule of every session at given prices, exactly and at once.

A session is a small store with a beginning, an end and an energy due. At fixed prices its dispatch is a linear
programme in one state, solved here without a solver: the least cost of holding energy e after a step is a convex,
piecewise linear function of e, kept as its segments in the order of their slopes. A step adds two segments, charging at
``price / eta_charge`` and not discharging at ``(price - wear) · eta_discharge`` per stored megawatt-hour, each as long
as the energy that the step can move, and cuts off what lies outside the bounds of the store. Reading the functions
backwards from the energy due gives the schedule. Negative prices need no special care: the slopes are sorted anyway,
which is the convex hull that the linear programme sees. A session that cannot feed in, or for which it
does not pay, only fills its cheapest steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from grid.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class PricedSessions:
    """Sessions as the pricing needs them; N sessions, K slots, session after session.

    Args:
        offsets: First slot of each session, and K, shape (N + 1,).
        charge_max_mw: Most charging power of each slot, shape (K,) [MW].
        discharge_max_mw: Most feed-in of each slot, shape (K,) [MW]; 0 where it cannot.
        e_start_mwh: Energy when the session begins, shape (N,) [MWh].
        e_low_mwh: Least energy at any time, shape (N,) [MWh].
        e_high_mwh: Most energy at any time, shape (N,) [MWh].
        e_due_low_mwh: Least energy at its end, shape (N,) [MWh].
        e_due_high_mwh: Most energy at its end, shape (N,) [MWh].
        eta_charge: Stored per drawn energy, shape (N,) [1].
        eta_discharge: Fed in per energy taken out, shape (N,) [1].
        wear_per_mwh: Cost per energy fed in, shape (N,) [currency/MWh].
        step_hours: Length of a step [h].
    """

    offsets: Ints
    charge_max_mw: Floats
    discharge_max_mw: Floats
    e_start_mwh: Floats
    e_low_mwh: Floats
    e_high_mwh: Floats
    e_due_low_mwh: Floats
    e_due_high_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    wear_per_mwh: Floats
    step_hours: float

    def cheapest(self, price_per_mwh: Floats, cell: Ints | None = None) -> tuple[Floats, Floats]:
        """Charging and feed-in of every slot, shape (K,) each [MW], at least cost.

        Args:
            price_per_mwh: Price seen in each cell, shape (D,) [currency/MWh].
            cell: Cell of each slot, shape (K,); None: each slot has a cell of its own.
        """
        cell = np.arange(self.charge_max_mw.size) if cell is None else cell
        return _cheapest(
            self.offsets, np.ascontiguousarray(price_per_mwh), cell, self.charge_max_mw, self.discharge_max_mw,
            self.e_start_mwh, self.e_low_mwh, self.e_high_mwh, self.e_due_low_mwh, self.e_due_high_mwh,
            self.eta_charge, self.eta_discharge, self.wear_per_mwh, self.step_hours,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _cheapest(
    offsets: Ints,
    price_of_cell: Floats,
    cell: Ints,
    charge_max: Floats,
    discharge_max: Floats,
    e_start: Floats,
    e_low: Floats,
    e_high: Floats,
    due_low: Floats,
    due_high: Floats,
    eta_c: Floats,
    eta_d: Floats,
    wear: Floats,
    h: float,
) -> tuple[Floats, Floats]:
    n_slots = cell.size
    charge, discharge = np.zeros(n_slots), np.zeros(n_slots)
    longest = 0
    for i in range(e_start.size):
        longest = max(longest, offsets[i + 1] - offsets[i])
    slopes, lengths = np.empty((longest + 1, 2 * longest + 2)), np.empty((longest + 1, 2 * longest + 2))
    counts, bottoms, prices = np.zeros(longest + 1, np.int64), np.zeros(longest + 1), np.empty(longest)
    for i in range(e_start.size):
        first, n = offsets[i], offsets[i + 1] - offsets[i]
        at, price = slice(first, first + n), prices[:n]
        for k in range(n):
            price[k] = price_of_cell[cell[first + k]]
        if e_start[i] >= e_low[i] and _only_charges(
            price, charge_max[at], discharge_max[at], eta_c[i], eta_d[i], wear[i], due_low[i] >= e_start[i]
        ):
            most = min(due_high[i], e_high[i]) - e_start[i]
            _fill(charge[at], price, charge_max[at], h * eta_c[i], due_low[i] - e_start[i], most)
            continue
        counts[0], bottoms[0] = 0, e_start[i]
        for k in range(n):
            s = first + k
            _step(
                slopes, lengths, counts, bottoms, k,
                price[k] / eta_c[i], h * eta_c[i] * charge_max[s],
                (price[k] - wear[i]) * eta_d[i], h * discharge_max[s] / eta_d[i],
                e_low[i], e_high[i],
            )  # fmt: skip
        energy = _end(slopes[n], lengths[n], counts[n], bottoms[n], due_low[i], due_high[i])
        for k in range(n - 1, -1, -1):
            s = first + k
            most_charge, most_discharge = h * eta_c[i] * charge_max[s], h * discharge_max[s] / eta_d[i]
            before, gained, spent = _back(
                slopes[k], lengths[k], counts[k], bottoms[k], energy,
                price[k] / eta_c[i], most_charge, (price[k] - wear[i]) * eta_d[i], most_discharge,
            )  # fmt: skip
            charge[s], discharge[s] = gained / (h * eta_c[i]), spent * eta_d[i] / h
            energy = before
    return charge, discharge


@njit(cache=True, nogil=True)
def taken(charge: Floats, discharge: Floats, fed: Ints) -> tuple[Ints, Floats]:
    """Places and values of what is not 0: charging of K slots, and after them the feed-in of the slots `fed`."""
    n_slots, count = charge.size, 0
    for s in range(n_slots):
        count += charge[s] != 0.0
    for s in fed:
        count += discharge[s] != 0.0
    places, values = np.empty(count, np.int64), np.empty(count)
    count = 0
    for s in range(n_slots):
        if charge[s] != 0.0:
            places[count], values[count] = s, charge[s]
            count += 1
    for place in range(fed.size):
        if discharge[fed[place]] != 0.0:
            places[count], values[count] = n_slots + place, discharge[fed[place]]
            count += 1
    return places, values


@njit(cache=True, nogil=True)
def _only_charges(
    price: Floats, charge_max: Floats, discharge_max: Floats, eta_c: float, eta_d: float, wear: float, must_gain: bool
) -> bool:
    """Whether a session never feeds in: it cannot, or gains nothing by it that charging again would not cost.

    The second only where it must leave with no less than it came with.
    """
    earned, paid = -np.inf, np.inf
    for k in range(price.size):
        if discharge_max[k] > 0.0:
            earned = max(earned, (price[k] - wear) * eta_d)
        if charge_max[k] > 0.0:
            paid = min(paid, price[k] / eta_c)
    return earned == -np.inf or (must_gain and earned <= paid)


@njit(cache=True, nogil=True)
def _fill(charge: Floats, price: Floats, charge_max: Floats, gain: float, due: float, most: float) -> None:
    """Charges in the cheapest steps, of equal ones the last first, as much as is due, or as is paid for."""
    stored = 0.0
    for rank in np.argsort(price[::-1], kind="mergesort"):
        s = price.size - 1 - rank
        wanted = most if price[s] < 0.0 else due
        charge[s] = min(max(wanted - stored, 0.0) / gain, charge_max[s])
        stored += gain * charge[s]


@njit(cache=True, nogil=True)
def _step(
    slopes: Floats,
    lengths: Floats,
    counts: Ints,
    bottoms: Floats,
    k: int,
    slope_c: float,
    length_c: float,
    slope_d: float,
    length_d: float,
    low: float,
    high: float,
) -> None:
    """The function after step k + 1 from that after step k: two segments merged in, both ends cut to the bounds."""
    if slope_c <= slope_d:
        first_slope, first_length, last_slope, last_length = slope_c, length_c, slope_d, length_d
    else:
        first_slope, first_length, last_slope, last_length = slope_d, length_d, slope_c, length_c
    bottom = bottoms[k] - length_d
    cut = max(low - bottom, 0.0)  # from below
    room = max(high - max(bottom, low), 0.0)  # what may remain above
    count, taken_first, taken_last = 0, first_length <= 0.0, last_length <= 0.0
    j = 0
    while j < counts[k] or not taken_first or not taken_last:
        slope, length, own = np.inf, 0.0, 0
        if j < counts[k]:
            slope, length = slopes[k, j], lengths[k, j]
        if not taken_first and first_slope <= slope:
            slope, length, own = first_slope, first_length, 1
        elif taken_first and not taken_last and last_slope <= slope:
            slope, length, own = last_slope, last_length, 2
        if own == 0:
            j += 1
        elif own == 1:
            taken_first = True
        else:
            taken_last = True
        below = min(cut, length)
        cut -= below
        kept = min(length - below, room)
        room -= kept
        if kept > 0.0:
            slopes[k + 1, count], lengths[k + 1, count] = slope, kept
            count += 1
    counts[k + 1], bottoms[k + 1] = count, max(bottom, low)


@njit(cache=True, nogil=True)
def _end(slopes: Floats, lengths: Floats, count: int, bottom: float, due_low: float, due_high: float) -> float:
    """The cheapest energy at the end within what is due."""
    energy = bottom
    for j in range(count):
        if slopes[j] < 0.0 or energy < due_low:
            wanted = lengths[j] if slopes[j] < 0.0 else min(lengths[j], due_low - energy)
            energy += wanted
    return max(min(energy, due_high), bottom)


@njit(cache=True, nogil=True)
def _back(
    slopes: Floats,
    lengths: Floats,
    count: int,
    bottom: float,
    energy: float,
    slope_c: float,
    length_c: float,
    slope_d: float,
    length_d: float,
) -> tuple[float, float, float]:
    """Energy before a step, and what it gained and spent, so that the energy after it is `energy` at least cost.

    From the bottom of the function before, with everything discharged, the cheapest segments come first; at equal
    slopes what the step can do itself goes before what earlier steps did.
    """
    missing = energy - (bottom - length_d)
    gained = kept = 0.0  # charged, and not discharged
    before = bottom
    j, open_c, open_d = 0, length_c > 0.0, length_d > 0.0
    while missing > 0.0 and (j < count or open_c or open_d):
        slope = slopes[j] if j < count else np.inf
        if open_d and slope_d <= slope and (not open_c or slope_d <= slope_c):
            kept = min(length_d, missing)
            missing -= kept
            open_d = False
        elif open_c and slope_c <= slope:
            gained = min(length_c, missing)
            missing -= gained
            open_c = False
        else:
            part = min(lengths[j], missing)
            before += part
            missing -= part
            j += 1
    return before, gained, length_d - kept
