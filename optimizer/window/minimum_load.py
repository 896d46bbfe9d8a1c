"""Devices that run at no less than a minimum load, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grid.arrays import Ints
from grid.flexibility.per_slot import values_of
from optimizer._highs import Solver
from optimizer._highs.binaries import on_or_off
from optimizer.window.programme import Window
from optimizer.window.roles import by_device

SHARE = 1e-4
"""Share of the minimum load below which a device counts as standing, and by which it may fall short."""


def run_or_not(solver: Solver, window: Window, x: np.ndarray) -> bool:
    """Decides for every device whose linear optimum lies between standing and its minimum load, and fixes that.

    Binaries are asked for only where the linear optimum needs them: for the devices of which any step lies between.

    Args:
        solver: The solver at the linear optimum.
        window: Its window.
        x: The linear optimum, shape (columns,).

    Returns:
        Whether anything was fixed, so that the programme must be solved again.
    """
    fixed = False
    for place, least, sign in _with_minimum(window):
        power = sign * x[place]
        most = sign * (window.own.upper if sign > 0 else window.own.lower)[place]
        usable = most >= least
        between = (power > SHARE * least) & (power < (1 - SHARE) * least)
        if not between[usable].any():
            continue
        at, high = place[usable], most[usable]
        low = np.full(at.size, least)
        runs = on_or_off(solver, at, low, high, sign)
        lower, upper = sign * np.where(runs, low, 0.0), sign * np.where(runs, high, 0.0)
        solver.bound(at, np.minimum(lower, upper), np.maximum(lower, upper))
        fixed = True
    return fixed


def _with_minimum(window: Window) -> Iterator[tuple[Ints, float, float]]:
    """Columns, minimum load and sign of the power of every device that has one, shape (n_steps,)."""
    columns, segment = window.compiled.columns, 0
    units = ((f, device) for f in window.roles.units for device in range(f.n_devices))
    for unit_mw, (flexibility, device) in zip(columns["unit_mw"], units, strict=True):
        least = by_device(flexibility.p_min_on_mw, flexibility)[device]
        if least > 0:
            yield unit_mw, float(least), -1.0 if values_of(flexibility.p_min_mw).min() < 0 else 1.0
    for flexibility, store in window.roles.stores:
        for least in by_device(flexibility.p_min_on_mw, flexibility):
            if least > 0:  # the first segment is the cheapest, so it carries the minimum load
                yield columns["charge_mw"][segment], float(least), 1.0
            segment += len(store.charge_segments)
