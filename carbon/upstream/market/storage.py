"""Reservoirs of a region: hydropower that shaves peaks, and storage that lives from the spread of prices.

Both follow simple rules over windows of calendar time (UTC), each solved for all windows at once by bisection:

- *Hydro reservoirs* spend in each week the energy that the yearly mean gives them, where the residual load is highest:
  their output is the residual load above a level, within the least flow and the capacity (peak shaving by filling, as
  in the load-duration rule of Wood and Wollenberg, "Power Generation, Operation and Control", ch. 7).
- *Storage* (pumped hydro, batteries) charges in each day below a lower level of residual load and discharges above an
  upper one, as far as the price at the upper level times the round-trip efficiency still exceeds the price at the
  lower one, and within its energy. Every day ends with the stock with which it began.
- *The carbon of storage is conserved*: what is discharged in a day carries, at one intensity, exactly the carbon that
  charging took from the mix in that day. Losses are so borne by those who receive the discharge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from grid.arrays import Bools, Floats, Ints, ratio
from grid.time.clock import Clock

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
_MONDAY = np.datetime64("2001-01-01T00:00", "us")
_HALVINGS = 40  # 1e-12 of the range of loads


def windows_of(clock: Clock, length: timedelta) -> Ints:
    """Number of the window of calendar time (from a Monday 00:00 UTC) in which each step begins, from 0, shape (T,)."""
    numbers = (np.asarray(clock.times, dtype="datetime64[us]") - _MONDAY) // np.timedelta64(length)
    return np.asarray(numbers - numbers[0], dtype=np.int64)


def peak_shaving_mw(
    residual_mw: Floats, windows: Ints, *, least_mw: float, greatest_mw: float, mean_mw: float | Floats
) -> Floats:
    """Output of reservoirs that spend the same energy per hour in every window, where the load is highest.

    Args:
        residual_mw: Load less all that must run, shape (T,) [MW].
        windows: Of each step, shape (T,); windows cut by the clock have energy pro rata.
        least_mw: Least flow [MW].
        greatest_mw: Capacity [MW].
        mean_mw: Energy of a window over its length, of all or of each window (W,), between the two [MW].

    Returns:
        Shape (T,) [MW]; its mean in every window is `mean_mw`.
    """

    def output_mw(level_mw: Floats) -> Floats:
        return np.clip(residual_mw - level_mw[windows], least_mw, greatest_mw)

    target_mw = np.broadcast_to(np.clip(mean_mw, least_mw, greatest_mw), windows[-1] + 1)
    lowest = np.full(windows[-1] + 1, residual_mw.min() - greatest_mw)
    highest = np.full(windows[-1] + 1, residual_mw.max() - least_mw)
    level = _bisect(lambda middle: _mean_of(output_mw(middle), windows) > target_mw, lowest, highest)
    return output_mw(level)


def arbitrage_mw(
    residual_mw: Floats,
    windows: Ints,
    price_of: Callable[[Floats], Floats],
    *,
    capacity_mw: float,
    energy_mwh: float,
    round_trip_efficiency: float,
    step_hours: float,
) -> tuple[Floats, Floats]:
    """Charging and discharging of a store by the spread of prices within each window.

    Args:
        residual_mw: Load that the market has to serve, shape (T,) [MW].
        windows: Of each step, shape (T,).
        price_of: Price at a residual load [MW], not falling; any shape.
        capacity_mw: Of charging and of discharging [MW].
        energy_mwh: Greatest energy delivered in one window [MWh].
        round_trip_efficiency: Delivered over charged energy.
        step_hours: Length of a step [h].

    Returns:
        Charge and discharge, shape (T,) each [MW], never both in one step; in each window the discharge is the
        charge times the efficiency.
    """
    count = windows[-1] + 1
    floor = np.full(count, residual_mw.min() - capacity_mw)
    ceiling = np.full(count, residual_mw.max() + capacity_mw)
    hours = np.bincount(windows, minlength=count) * step_hours

    def charge_mw(level: Floats) -> Floats:
        return np.clip(level[windows] - residual_mw, 0.0, capacity_mw)

    def discharge_mw(level: Floats) -> Floats:
        return np.clip(residual_mw - level[windows], 0.0, capacity_mw)

    means_at = _means_beyond(residual_mw, windows, capacity_mw)

    def levels(delivered_mw: Floats) -> tuple[Floats, Floats]:
        taken = delivered_mw / round_trip_efficiency

        def is_above(middle: Floats) -> Bools:
            sold, bought = means_at(middle)
            return np.stack((sold > delivered_mw, bought < taken))

        upper, lower = _bisect(is_above, np.stack((floor, floor)), np.stack((ceiling, ceiling)))
        return lower, upper

    def pays(delivered_mw: Floats) -> Bools:
        lower, upper = levels(delivered_mw)
        return (lower <= upper) & (price_of(lower) <= price_of(upper) * round_trip_efficiency)

    most_mw = np.minimum(energy_mwh / hours, capacity_mw * round_trip_efficiency / (1 + round_trip_efficiency))
    delivered = _bisect(pays, np.zeros(count), most_mw)
    delivered = np.where(pays(delivered), delivered, 0.0)
    lower, upper = levels(delivered)
    discharge = discharge_mw(upper)
    charge = charge_mw(lower)
    sold, taken = _mean_of(discharge, windows), _mean_of(charge, windows)
    matched = np.minimum(sold, taken * round_trip_efficiency)  # removes the last digits of the bisection
    discharge *= ratio(matched, sold, 0.0)[windows]
    charge *= ratio(matched / round_trip_efficiency, taken, 0.0)[windows]
    return charge, discharge


def carried_over(values: Floats, charge_mw: Floats, discharge_mw: Floats, windows: Ints) -> Floats:
    """What a MWh of discharge carries of a property of the mix, so that nothing is lost or gained in a window.

    Args:
        values: Of the mix at charging, per MWh, shape (T,).
        charge_mw: Shape (T,) [MW].
        discharge_mw: Shape (T,) [MW].
        windows: Of each step, shape (T,).

    Returns:
        Per MWh of discharge, shape (T,); 0 in windows without discharge.
    """
    taken = np.bincount(windows, weights=charge_mw * values)
    sold = np.bincount(windows, weights=discharge_mw)
    return np.asarray(ratio(taken, sold, 0.0)[windows])


def _means_beyond(residual_mw: Floats, windows: Ints, capacity_mw: float) -> Callable[[Floats], Floats]:
    """Mean discharge above and charge below levels of each window, shape (2, W) [MW], as a function of both levels.

    Steps of a window stand below each other, so that each is a row of windows, for thousands of trials; sums are those
    of one step after the other.
    """
    sizes = np.bincount(windows)
    first = np.cumsum(sizes) - sizes
    side = np.array([[1.0], [-1.0]])
    beyond_mw = np.full((sizes.max(), 2, sizes.size), -np.inf)  # nothing flows in a step that a window has not
    beyond_mw[np.arange(windows.size) - first[windows], :, windows] = (residual_mw * side).T

    def means(level_mw: Floats) -> Floats:
        flow_mw = beyond_mw - level_mw * side
        np.clip(flow_mw, 0.0, capacity_mw, out=flow_mw)
        return np.asarray(flow_mw.sum(axis=0) / sizes)

    return means


def _bisect(is_above: Callable[[Floats], Bools], low: Floats, high: Floats) -> Floats:
    """Where the answer turns from True to False, for all windows at once, shape (..., W)."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = is_above(middle)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return 0.5 * (low + high)


def _mean_of(values: Floats, windows: Ints) -> Floats:
    return np.asarray(np.bincount(windows, weights=values) / np.bincount(windows))
