"""Extremes of nodes and currents in the steps of a block, and what is kept of them; compiled.

Each loop writes one array: of several the compiler would not know that they are apart, and would compute step by step.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from grid.powerflow.zbus_kernel import FAST
from grid.three_phase.kernel import HALF_ROOT_3, LANES, inlined_kernel

reducing_kernel = partial(inlined_kernel, fastmath=FAST | {"nnan"})
"""For functions that see only steps which have converged, so that extremes over steps are found at once for several."""


@inlined_kernel()
def along(part, at, v, d, z):  # type: ignore[no-untyped-def]
    """Something in a chain in all sequences, from the voltage of its first end and the rise to its second."""
    vr, vi, dr, di, zr, zi = v[0], v[1], d[0], d[1], z[0], z[1]
    for s in range(3):
        fr, fi, rr, ri = part.first_real[s, at], part.first_imag[s, at], part.rise_real[s, at], part.rise_imag[s, at]
        for k in range(LANES):
            zr[s, k] = rr * dr[s, k] - ri * di[s, k]
        for k in range(LANES):
            zi[s, k] = rr * di[s, k] + ri * dr[s, k]
        if fr == 1.0 and fi == 0.0:
            for k in range(LANES):
                zr[s, k] += vr[s, k]
            for k in range(LANES):
                zi[s, k] += vi[s, k]
        elif fr != 0.0 or fi != 0.0:
            for k in range(LANES):
                zr[s, k] += fr * vr[s, k] - fi * vi[s, k]
            for k in range(LANES):
                zi[s, k] += fr * vi[s, k] + fi * vr[s, k]


@inlined_kernel()
def _phase_squares(zr, zi, half_r, half_i, a, b, c):  # type: ignore[no-untyped-def]
    """Squares of the phases a, b, c of what there is in three sequences."""
    for k in range(LANES):
        a[k] = (zr[0, k] + zr[1, k] + zr[2, k]) ** 2 + (zi[0, k] + zi[1, k] + zi[2, k]) ** 2
    for k in range(LANES):
        half_r[k] = zr[0, k] - 0.5 * (zr[1, k] + zr[2, k])
    for k in range(LANES):
        half_i[k] = zi[0, k] - 0.5 * (zi[1, k] + zi[2, k])
    for k in range(LANES):
        turned_r, turned_i = HALF_ROOT_3 * (zi[1, k] - zi[2, k]), HALF_ROOT_3 * (zr[2, k] - zr[1, k])
        b[k] = (half_r[k] + turned_r) ** 2 + (half_i[k] + turned_i) ** 2
    for k in range(LANES):
        turned_r, turned_i = HALF_ROOT_3 * (zi[1, k] - zi[2, k]), HALF_ROOT_3 * (zr[2, k] - zr[1, k])
        c[k] = (half_r[k] - turned_r) ** 2 + (half_i[k] - turned_i) ** 2


@inlined_kernel()
def squares(zr, zi, s, a):  # type: ignore[no-untyped-def]
    """Squares of one sequence."""
    for k in range(LANES):
        a[k] = zr[s, k] * zr[s, k] + zi[s, k] * zi[s, k]


@reducing_kernel()
def _most(a):  # type: ignore[no-untyped-def]
    """The highest of the steps."""
    found = a[0]
    for k in range(LANES):
        found = max(found, a[k])
    return found


@reducing_kernel()
def _least(a):  # type: ignore[no-untyped-def]
    """The lowest of the steps."""
    found = a[0]
    for k in range(LANES):
        found = min(found, a[k])
    return found


@reducing_kernel()
def _raise_to(a, high):  # type: ignore[no-untyped-def]
    """Raises the highest values of the steps."""
    for k in range(LANES):
        high[k] = max(high[k], a[k])


@reducing_kernel()
def _highest_phase(a, b, c, high):  # type: ignore[no-untyped-def]
    """The highest of three phases in each step."""
    for k in range(LANES):
        high[k] = max(a[k], b[k], c[k])


@reducing_kernel()
def reduce_node(least, highest_permitted, limit, z, row, seen):  # type: ignore[no-untyped-def]
    """Extremes of the voltages by step; returns those of the node, and the highest unbalance."""
    zr, zi = z
    a, b, c, low, high, ratio = row
    vm_min, vm_max, unbalance, over = seen
    _phase_squares(zr, zi, low, high, a, b, c)
    _highest_phase(a, b, c, high)
    for k in range(LANES):
        low[k] = min(a[k], b[k], c[k])
    for k in range(LANES):
        ratio[k] = (zr[2, k] * zr[2, k] + zi[2, k] * zi[2, k]) / (zr[1, k] * zr[1, k] + zi[1, k] * zi[1, k])
    for k in range(LANES):
        vm_min[k] = min(vm_min[k], low[k])
    _raise_to(high, vm_max)
    _raise_to(ratio, unbalance)
    lowest, highest, most = _least(low), _most(high), _most(ratio)
    if lowest < least or highest > highest_permitted or most > limit:
        for k in range(LANES):
            broken = (low[k] < least) | (high[k] > highest_permitted) | (ratio[k] > limit)
            over[k] += 1.0 if broken else 0.0
    return lowest, highest, most


@inlined_kernel()
def keep_magnitudes(first, n_steps, at, a, b, c, vm):  # type: ignore[no-untyped-def]
    """Writes the voltages of the phases of a node."""
    for k in range(n_steps):
        vm[0, at, first + k] = np.sqrt(np.float32(a[k]))
    for k in range(n_steps):
        vm[1, at, first + k] = np.sqrt(np.float32(b[k]))
    for k in range(n_steps):
        vm[2, at, first + k] = np.sqrt(np.float32(c[k]))


@inlined_kernel()
def reduce_current(g, most, z, row, square, loading_max):  # type: ignore[no-untyped-def]
    """Squares of the highest phase of a current by step; returns the highest of it and of the way back."""
    zr, zi = z
    a, b, c, low, high = row[:5]
    _phase_squares(zr, zi, low, high, a, b, c)
    _highest_phase(a, b, c, high)
    for k in range(LANES):
        square[g, k] = high[k]
    squares(zr, zi, 0, low)
    for group in range(most.shape[0]):
        factor = most[group, g]
        if factor > 0.0:
            for k in range(LANES):
                loading_max[group, k] = max(loading_max[group, k], factor * high[k])
    return _most(high), 9.0 * _most(low)


@inlined_kernel()
def count_loadings(of_from, of_to, percent, limit_percent, square, over):  # type: ignore[no-untyped-def]
    """Branches beyond their limit in each step."""
    for branch in range(of_from.size):
        f, t, limit = of_from[branch], of_to[branch], limit_percent[branch] ** 2
        a, b = percent[branch, 0] ** 2, percent[branch, 1] ** 2
        for k in range(LANES):
            over[k] += 1.0 if max(a * square[f, k], b * square[t, k]) > limit else 0.0


@inlined_kernel()
def keep_loadings(first, n_steps, of_from, of_to, percent, square, loading):  # type: ignore[no-untyped-def]
    """Writes the loadings of a block; `square` becomes the currents themselves."""
    for g in range(square.shape[0]):
        for k in range(LANES):
            square[g, k] = np.sqrt(square[g, k])
    for branch in range(of_from.size):
        f, t, a, b = of_from[branch], of_to[branch], percent[branch, 0], percent[branch, 1]
        for k in range(n_steps):
            loading[branch, first + k] = max(a * square[f, k], b * square[t, k])
