"""The fixed-point iteration between phase nodes for blocks of steps, compiled.

As in `grid.powerflow.zbus_kernel`, arrays are laid out as (node, step of the block), real and imaginary parts apart.
Nodes without a load come first in the order of elimination: they take no part in the iteration and are found once after
it by the same factor. Voltages are per unit of each node, currents and powers in MVA at rated voltage.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grid.arrays import Floats, Ints
from grid.powerflow.zbus_arrays import Triangle
from grid.powerflow.zbus_kernel import inner_kernel

LEAST_VOLTAGE = 1e-3
"""Keeps a diverging step from dividing by zero [pu]."""


class Legs(NamedTuple):
    """What draws power between two places, M of them; as in `grid.network.phase_network.PhaseLegs`."""

    start: Ints
    """Place of each leg, shape (M,); -1 for earth."""
    end: Ints
    per_rated: Floats
    """Rated voltage of the nodes over that of the leg, shape (M,)."""
    constant: Floats
    current: Floats
    impedance: Floats
    below: Floats
    slope: Floats
    above: Floats
    lowest: Floats
    vm_low: Floats
    vm_min: Floats
    vm_max: Floats


class NodeGrid(NamedTuple):
    """A network for the kernel: N nodes in the order of elimination, the first `passive` of them without a load."""

    passive: int
    active_lower: Triangle
    """Lower factor without its diagonal, entries between nodes with a load only."""
    upper: Triangle
    """Upper factor without its diagonal."""
    diagonal_real: Floats
    """Inverse diagonal of the upper factor, shape (N,)."""
    diagonal_imag: Floats
    unloaded_real: Floats
    """Voltages without any load, shape (N,) [pu]."""
    unloaded_imag: Floats
    order: Ints
    """Number of each node in the network, shape (N,)."""
    legs: Legs
    pointer: Ints
    """First conductor of each element, shape (E + 1,)."""
    place: Ints
    """Place of each conductor, shape (C,); -1 for earth."""
    matrix: Ints
    """First entry of each element's matrix, shape (E,)."""
    real: Floats
    """Entries of the matrices by rows [MVA]."""
    imag: Floats
    own_real: Floats
    """Current that each conductor of a source injects at no voltage, shape (C,) [MVA]."""
    own_imag: Floats
    percent_squared: Floats
    """Square of the loading per current of each conductor, shape (C,) [%²/MVA²]; 0 where it has no rating."""
    lossy: Ints
    """1 for lines and transformers, 0 for shunts, -1 for sources, shape (E,)."""
    is_phase: Ints
    """1 for phases, 0 for neutrals, shape (N,)."""
    threes: Ints
    """Places of the phases of buses that have three, shape (3, buses)."""


@inner_kernel()
def cleared(n_steps, ar, ai):  # type: ignore[no-untyped-def]
    """Nothing in the steps of a block."""
    for row in range(ar.shape[0]):
        for k in range(n_steps):
            ar[row, k] = 0.0
            ai[row, k] = 0.0


@inner_kernel()
def _add(n_steps, sign, place, fr, fi, ar, ai):  # type: ignore[no-untyped-def]
    """Adds what stands at a place to one row; earth has nothing."""
    if place >= 0:
        for k in range(n_steps):
            ar[k] += sign * fr[place, k]
            ai[k] += sign * fi[place, k]


@inner_kernel()
def _add_to(n_steps, sign, place, ar, ai, xr, xi):  # type: ignore[no-untyped-def]
    """Adds one row to what stands at a place; what enters earth is not counted."""
    if place >= 0:
        for k in range(n_steps):
            xr[place, k] += sign * ar[k]
            xi[place, k] += sign * ai[k]


@inner_kernel()
def leg_currents(n_steps, legs, p, q, vr, vi, xr, xi):  # type: ignore[no-untyped-def]
    """Currents that the legs inject at the voltages of a block, added up by place [MVA]."""
    cleared(n_steps, xr, xi)
    ar, ai = np.empty(n_steps), np.empty(n_steps)
    for m in range(legs.start.size):
        start, end, per = legs.start[m], legs.end[m], legs.per_rated[m]
        for k in range(n_steps):
            ar[k], ai[k] = 0.0, 0.0
        _add(n_steps, 1.0, start, vr, vi, ar, ai)
        _add(n_steps, -1.0, end, vr, vi, ar, ai)
        cp, ip, zp = legs.constant[0, m], legs.current[0, m], legs.impedance[0, m]
        cq, iq, zq = legs.constant[1, m], legs.current[1, m], legs.impedance[1, m]
        bp, sp, hp = legs.below[0, m], legs.slope[0, m], legs.above[0, m]
        bq, sq, hq = legs.below[1, m], legs.slope[1, m], legs.above[1, m]
        lowest, v_low, v_min, v_max = legs.lowest[m], legs.vm_low[m], legs.vm_min[m], legs.vm_max[m]
        for k in range(n_steps):
            square = ar[k] * ar[k] + ai[k] * ai[k]
            v = max(np.sqrt(square) * per, LEAST_VOLTAGE)
            of_p, of_q = cp + v * (ip + v * zp), cq + v * (iq + v * zq)
            of_p, of_q = (hp * v * v, hq * v * v) if v > v_max else (of_p, of_q)
            of_p, of_q = (v * (bp + sp * v), v * (bq + sq * v)) if v <= v_min else (of_p, of_q)
            of_p, of_q = (lowest * v * v, lowest * v * v) if v <= v_low else (of_p, of_q)
            scale = -1.0 / max(square, LEAST_VOLTAGE * LEAST_VOLTAGE)
            a, b = of_p * p[m, k], of_q * q[m, k]
            real, imag = (a * ar[k] + b * ai[k]) * scale, (a * ai[k] - b * ar[k]) * scale
            ar[k], ai[k] = real, imag
        _add_to(n_steps, 1.0, start, ar, ai, xr, xi)
        _add_to(n_steps, -1.0, end, ar, ai, xr, xi)


@inner_kernel()
def _back(n_steps, grid, j, xr, xi):  # type: ignore[no-untyped-def]
    """One row of the substitution backward."""
    upper = grid.upper
    for entry in range(upper.pointer[j], upper.pointer[j + 1]):
        i, cr, ci = upper.column[entry], upper.real[entry], upper.imag[entry]
        for k in range(n_steps):
            xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
            xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
    dr, di = grid.diagonal_real[j], grid.diagonal_imag[j]
    for k in range(n_steps):
        a = dr * xr[j, k] - di * xi[j, k]
        xi[j, k] = dr * xi[j, k] + di * xr[j, k]
        xr[j, k] = a


@inner_kernel()
def iterate(n_steps, grid, p, q, vr, vi, xr, xi, change):  # type: ignore[no-untyped-def]
    """One iteration ``V <- w + Y^-1 I(V)`` of all steps of a block; returns the largest square of a change."""
    leg_currents(n_steps, grid.legs, p, q, vr, vi, xr, xi)
    lower, n = grid.active_lower, grid.order.size
    for j in range(grid.passive, n):
        for entry in range(lower.pointer[j], lower.pointer[j + 1]):
            i, cr, ci = lower.column[entry], lower.real[entry], lower.imag[entry]
            for k in range(n_steps):
                xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
                xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
    for k in range(n_steps):
        change[k] = 0.0
    for j in range(n - 1, grid.passive - 1, -1):
        _back(n_steps, grid, j, xr, xi)
        wr, wi = grid.unloaded_real[j], grid.unloaded_imag[j]
        for k in range(n_steps):
            a, b = wr + xr[j, k], wi + xi[j, k]
            moved_r, moved_i = a - vr[j, k], b - vi[j, k]
            change[k] = max(change[k], moved_r * moved_r + moved_i * moved_i)
            vr[j, k] = a
            vi[j, k] = b
    largest = 0.0
    for k in range(n_steps):
        largest = max(largest, change[k])
    return largest


@inner_kernel()
def fill_passive(n_steps, grid, vr, vi, xr, xi):  # type: ignore[no-untyped-def]
    """Voltages of the nodes without a load, by what `iterate` left of the others."""
    for j in range(grid.passive - 1, -1, -1):
        _back(n_steps, grid, j, xr, xi)
        for k in range(n_steps):
            vr[j, k] = grid.unloaded_real[j] + xr[j, k]
            vi[j, k] = grid.unloaded_imag[j] + xi[j, k]
