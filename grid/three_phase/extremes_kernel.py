"""Extremes of nodes and currents in the steps of a block, and what is kept of them; compiled.

`rows` is one array of rows of `LANES` steps: squares of the phases a, b, c of a node or current, the lowest and highest
of them and the unbalance (of a current that of the way back); then what is gathered over the nodes of a block: lowest
and highest voltage, unbalance, number beyond a limit; last room to find extremes over the steps.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from grid.powerflow.zbus_kernel import FAST
from grid.three_phase.kernel import HALF_ROOT_3, LANES, inlined_kernel

reducing_kernel = partial(inlined_kernel, fastmath=FAST | {"nnan"})
"""For functions that see only steps which have converged, so that extremes over steps are found at once for several."""
PHASE_B, PHASE_C, LOW, HIGH, RATIO, LOWEST, HIGHEST, UNBALANCE, BEYOND, ROOM = (row * LANES for row in range(1, 11))
"""Where the rows begin; phase a is first."""
N_ROWS = 11
LAST_STEPS = 8
"""So few steps are compared one by one."""


@reducing_kernel()
def _most(rows, begin):  # type: ignore[no-untyped-def]
    """The highest of the steps of a row, by halves: the compiler compares several at once only element by element."""
    half = LANES // 2
    for k in range(half):
        rows[ROOM + k] = max(rows[begin + k], rows[begin + half + k])
    while half > LAST_STEPS:
        half //= 2
        for k in range(half):
            rows[ROOM + k] = max(rows[ROOM + k], rows[ROOM + half + k])
    found = rows[ROOM]
    for k in range(half):
        found = max(found, rows[ROOM + k])
    return found


@reducing_kernel()
def _least(rows, begin):  # type: ignore[no-untyped-def]
    """The lowest of the steps of a row."""
    half = LANES // 2
    for k in range(half):
        rows[ROOM + k] = min(rows[begin + k], rows[begin + half + k])
    while half > LAST_STEPS:
        half //= 2
        for k in range(half):
            rows[ROOM + k] = min(rows[ROOM + k], rows[ROOM + half + k])
    found = rows[ROOM]
    for k in range(half):
        found = min(found, rows[ROOM + k])
    return found


@inlined_kernel()
def _from_first_end(part, at, v, scaled):  # type: ignore[no-untyped-def]
    """The part of something in a chain that follows the voltage of its first end: this itself where it is the same."""
    same = True
    for s in range(3):
        same &= part.first_real[s, at] == 1.0 and part.first_imag[s, at] == 0.0
    if same:
        return v
    for s in range(3):
        a, b, begin = part.first_real[s, at], part.first_imag[s, at], 2 * s * LANES
        for k in range(LANES):
            vr, vi = v[begin + k], v[begin + LANES + k]
            scaled[begin + k] = a * vr - b * vi
            scaled[begin + LANES + k] = a * vi + b * vr
    return scaled


@inlined_kernel()
def _phase_squares(zr, zi, pr, pi, nr, ni):  # type: ignore[no-untyped-def]
    """Squares of the phases a, b, c of what there is in three sequences."""
    sum_r, sum_i = pr + nr, pi + ni
    half_r, half_i = zr - 0.5 * sum_r, zi - 0.5 * sum_i
    turned_r, turned_i = HALF_ROOT_3 * (pi - ni), HALF_ROOT_3 * (nr - pr)
    return (
        (zr + sum_r) ** 2 + (zi + sum_i) ** 2,
        (half_r + turned_r) ** 2 + (half_i + turned_i) ** 2,
        (half_r - turned_r) ** 2 + (half_i - turned_i) ** 2,
    )


@inlined_kernel()
def along(part, at, v, d, scaled, z):  # type: ignore[no-untyped-def]
    """Something in a chain in all sequences, three complex rows."""
    base = _from_first_end(part, at, v, scaled)
    for s in range(3):
        a, b, begin = part.rise_real[s, at], part.rise_imag[s, at], 2 * s * LANES
        for k in range(LANES):
            dr, di = d[begin + k], d[begin + LANES + k]
            z[begin + k] = base[begin + k] + a * dr - b * di
            z[begin + LANES + k] = base[begin + LANES + k] + a * di + b * dr


@reducing_kernel()
def reduce_node(inner, at, limits, v, d, scaled, rows):  # type: ignore[no-untyped-def]
    """Squares of a node's phases, extremes by step; returns those of the node and the highest unbalance."""
    base = _from_first_end(inner, at, v, scaled)
    a0, a1, a2 = inner.rise_real[0, at], inner.rise_real[1, at], inner.rise_real[2, at]
    b0, b1, b2 = inner.rise_imag[0, at], inner.rise_imag[1, at], inner.rise_imag[2, at]
    for k in range(LANES):
        zr = base[k] + a0 * d[k] - b0 * d[LANES + k]
        zi = base[LANES + k] + a0 * d[LANES + k] + b0 * d[k]
        pr = base[2 * LANES + k] + a1 * d[2 * LANES + k] - b1 * d[3 * LANES + k]
        pi = base[3 * LANES + k] + a1 * d[3 * LANES + k] + b1 * d[2 * LANES + k]
        nr = base[4 * LANES + k] + a2 * d[4 * LANES + k] - b2 * d[5 * LANES + k]
        ni = base[5 * LANES + k] + a2 * d[5 * LANES + k] + b2 * d[4 * LANES + k]
        a, b, c = _phase_squares(zr, zi, pr, pi, nr, ni)
        ratio = (nr * nr + ni * ni) / (pr * pr + pi * pi)
        low, high = min(a, b, c), max(a, b, c)
        rows[k] = a
        rows[PHASE_B + k] = b
        rows[PHASE_C + k] = c
        rows[LOW + k] = low
        rows[HIGH + k] = high
        rows[RATIO + k] = ratio
        rows[LOWEST + k] = min(rows[LOWEST + k], low)
        rows[HIGHEST + k] = max(rows[HIGHEST + k], high)
        rows[UNBALANCE + k] = max(rows[UNBALANCE + k], ratio)
    lowest, highest, most = _least(rows, LOW), _most(rows, HIGH), _most(rows, RATIO)
    least, highest_permitted, limit = limits
    if lowest < least or highest > highest_permitted or most > limit:
        for k in range(LANES):
            broken = (rows[LOW + k] < least) | (rows[HIGH + k] > highest_permitted) | (rows[RATIO + k] > limit)
            rows[BEYOND + k] += 1.0 if broken else 0.0
    return lowest, highest, most


@inlined_kernel()
def keep_magnitudes(first, n_steps, at, rows, vm):  # type: ignore[no-untyped-def]
    """Writes the voltages of the phases of a node."""
    for phase in range(3):
        for k in range(n_steps):
            vm[phase, at, first + k] = np.sqrt(np.float32(rows[phase * LANES + k]))


@reducing_kernel()
def reduce_current(currents, g, v, d, scaled, rows, square, loading_max):  # type: ignore[no-untyped-def]
    """Squares of the highest phase of a current by step; returns the highest of it and of the way back."""
    base = _from_first_end(currents, g, v, scaled)
    a0, a1, a2 = currents.rise_real[0, g], currents.rise_real[1, g], currents.rise_real[2, g]
    b0, b1, b2 = currents.rise_imag[0, g], currents.rise_imag[1, g], currents.rise_imag[2, g]
    of = square[g]
    for k in range(LANES):
        zr = base[k] + a0 * d[k] - b0 * d[LANES + k]
        zi = base[LANES + k] + a0 * d[LANES + k] + b0 * d[k]
        pr = base[2 * LANES + k] + a1 * d[2 * LANES + k] - b1 * d[3 * LANES + k]
        pi = base[3 * LANES + k] + a1 * d[3 * LANES + k] + b1 * d[2 * LANES + k]
        nr = base[4 * LANES + k] + a2 * d[4 * LANES + k] - b2 * d[5 * LANES + k]
        ni = base[5 * LANES + k] + a2 * d[5 * LANES + k] + b2 * d[4 * LANES + k]
        a, b, c = _phase_squares(zr, zi, pr, pi, nr, ni)
        rows[HIGH + k] = max(a, b, c)
        rows[RATIO + k] = zr * zr + zi * zi
    for k in range(LANES):
        of[k] = rows[HIGH + k]
    for group in range(currents.most.shape[0]):
        factor = currents.most[group, g]
        if factor > 0.0:
            for k in range(LANES):
                loading_max[group, k] = max(loading_max[group, k], factor * rows[HIGH + k])
    return _most(rows, HIGH), 9.0 * _most(rows, RATIO)


@inlined_kernel()
def count_loadings(of_from, of_to, percent, limit_percent, square, over):  # type: ignore[no-untyped-def]
    """Branches beyond their limit in each step."""
    for branch in range(of_from.size):
        f, t, limit = of_from[branch], of_to[branch], limit_percent[branch] ** 2
        a, b = percent[branch, 0] ** 2, percent[branch, 1] ** 2
        for k in range(LANES):
            over[BEYOND + k] += 1.0 if max(a * square[f, k], b * square[t, k]) > limit else 0.0


@inlined_kernel()
def keep_loadings(first, n_steps, of_from, of_to, percent, square, loading):  # type: ignore[no-untyped-def]
    """Writes the loadings of a block; `square` becomes the currents themselves."""
    for g in range(square.shape[0]):
        for k in range(LANES):
            square[g, k] = np.sqrt(square[g, k])
    for branch in range(of_from.size):
        f, t, a, b = of_from[branch], of_to[branch], percent[branch, 0], percent[branch, 1]
        if f == t:
            a = max(a, b)
            for k in range(n_steps):
                loading[branch, first + k] = a * square[f, k]
        else:
            for k in range(n_steps):
                loading[branch, first + k] = max(a * square[f, k], b * square[t, k])
