"""Currents of what is connected, from the voltages of its phases to right-hand sides of the sequences; compiled."""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import MIN_VOLTAGE_SQUARED
from grid.three_phase.kernel import HALF_ROOT_3, LANES, inlined_kernel

TURN_REAL, TURN_IMAG = (1.0, -0.5, -0.5), (0.0, HALF_ROOT_3, -HALF_ROOT_3)
"""The positive sequence of each phase is turned back by its angle against phase a; real and imaginary part."""


@inlined_kernel()
def to_phases(node, vr, vi, phase_r, phase_i):  # type: ignore[no-untyped-def]
    """Phases a, b, c of what a node has in the three sequences, shape (3, block) each."""
    zr, zi, pr, pi, nr, ni = vr[0, node], vi[0, node], vr[1, node], vi[1, node], vr[2, node], vi[2, node]
    for k in range(LANES):
        phase_r[0, k] = zr[k] + pr[k] + nr[k]
        phase_i[0, k] = zi[k] + pi[k] + ni[k]
    for k in range(LANES):
        phase_r[1, k] = zr[k] - 0.5 * (pr[k] + nr[k]) + HALF_ROOT_3 * (pi[k] - ni[k])
        phase_r[2, k] = zr[k] - 0.5 * (pr[k] + nr[k]) - HALF_ROOT_3 * (pi[k] - ni[k])
    for k in range(LANES):
        phase_i[1, k] = zi[k] - 0.5 * (pi[k] + ni[k]) - HALF_ROOT_3 * (pr[k] - nr[k])
        phase_i[2, k] = zi[k] - 0.5 * (pi[k] + ni[k]) + HALF_ROOT_3 * (pr[k] - nr[k])


@inlined_kernel()
def _add_sequences(grid, node, phase_r, phase_i, xr, xi):  # type: ignore[no-untyped-def]
    """Adds the sequences of three phase currents to the right-hand sides; in a held sequence there is none."""
    third, root = 1.0 / 3.0, HALF_ROOT_3 / 3.0
    ar, ai, br, bi, cr, ci = phase_r[0], phase_i[0], phase_r[1], phase_i[1], phase_r[2], phase_i[2]
    at = grid.zero.place[node]
    for k in range(LANES):
        xr[0, at, k] += third * (ar[k] + br[k] + cr[k])
        xi[0, at, k] += third * (ai[k] + bi[k] + ci[k])
    at = grid.positive.place[node]
    if at >= 0:
        for k in range(LANES):
            xr[1, at, k] += third * (ar[k] - 0.5 * (br[k] + cr[k])) - root * (bi[k] - ci[k])
            xi[1, at, k] += third * (ai[k] - 0.5 * (bi[k] + ci[k])) + root * (br[k] - cr[k])
    at = grid.negative.place[node]
    for k in range(LANES):
        xr[2, at, k] += third * (ar[k] - 0.5 * (br[k] + cr[k])) + root * (bi[k] - ci[k])
        xi[2, at, k] += third * (ai[k] - 0.5 * (bi[k] + ci[k])) - root * (br[k] - cr[k])


@inlined_kernel()
def _phase(f, node, vr, vi, phase_r, phase_i):  # type: ignore[no-untyped-def]
    """One phase of what a node has in the three sequences, into the first rows."""
    zr, zi, pr, pi, nr, ni = vr[0, node], vi[0, node], vr[1, node], vi[1, node], vr[2, node], vi[2, node]
    c, s = TURN_REAL[f], TURN_IMAG[f]
    for k in range(LANES):
        phase_r[0, k] = zr[k] + c * (pr[k] + nr[k]) + s * (pi[k] - ni[k])
    for k in range(LANES):
        phase_i[0, k] = zi[k] + c * (pi[k] + ni[k]) - s * (pr[k] - nr[k])


@inlined_kernel()
def _add_phase(f, grid, node, ir, ii, xr, xi):  # type: ignore[no-untyped-def]
    """Adds the sequences of a current in one phase alone to the right-hand sides."""
    third, c, s = 1.0 / 3.0, TURN_REAL[f] / 3.0, TURN_IMAG[f] / 3.0
    at = grid.zero.place[node]
    for k in range(LANES):
        xr[0, at, k] += third * ir[k]
        xi[0, at, k] += third * ii[k]
    at = grid.positive.place[node]
    if at >= 0:
        for k in range(LANES):
            xr[1, at, k] += c * ir[k] - s * ii[k]
            xi[1, at, k] += c * ii[k] + s * ir[k]
    at = grid.negative.place[node]
    for k in range(LANES):
        xr[2, at, k] += c * ir[k] + s * ii[k]
        xi[2, at, k] += c * ii[k] - s * ir[k]


@inlined_kernel()
def _current(p, q, a, b):  # type: ignore[no-untyped-def]
    """Turns a voltage into the current that a withdrawal injects at it."""
    for k in range(LANES):
        vr, vi = a[k], b[k]
        scale = -1.0 / max(vr * vr + vi * vi, MIN_VOLTAGE_SQUARED)
        a[k] = (p[k] * vr + q[k] * vi) * scale
        b[k] = (p[k] * vi - q[k] * vr) * scale


@inlined_kernel()
def _currents(grid, node, alone, p, q, vr, vi, phase_r, phase_i, xr, xi):  # type: ignore[no-untyped-def]
    """Adds the currents of what is between phase and neutral to the right-hand sides."""
    for m in range(node.size):
        if alone[m] >= 0:
            f = alone[m]
            row = f * node.size + m
            _phase(f, node[m], vr, vi, phase_r, phase_i)
            _current(p[row], q[row], phase_r[0], phase_i[0])
            _add_phase(f, grid, node[m], phase_r[0], phase_i[0], xr, xi)
            continue
        to_phases(node[m], vr, vi, phase_r, phase_i)
        for f in range(3):
            row = f * node.size + m
            _current(p[row], q[row], phase_r[f], phase_i[f])
        _add_sequences(grid, node[m], phase_r, phase_i, xr, xi)


@inlined_kernel()
def _delta_currents(grid, node, p, q, vr, vi, phase_r, phase_i, xr, xi):  # type: ignore[no-untyped-def]
    """The same for what is between two phases: ab, bc, ca."""
    across_r, across_i = np.empty((3, LANES)), np.empty((3, LANES))
    for m in range(node.size):
        to_phases(node[m], vr, vi, phase_r, phase_i)
        for f in range(3):
            row, other = f * node.size + m, (f + 1) % 3
            for k in range(LANES):
                a, b = phase_r[f, k] - phase_r[other, k], phase_i[f, k] - phase_i[other, k]
                scale = -1.0 / max(a * a + b * b, MIN_VOLTAGE_SQUARED)
                across_r[f, k] = (p[row, k] * a + q[row, k] * b) * scale
                across_i[f, k] = (p[row, k] * b - q[row, k] * a) * scale
        for f in range(3):
            other = (f + 2) % 3
            for k in range(LANES):
                phase_r[f, k] = across_r[f, k] - across_r[other, k]
                phase_i[f, k] = across_i[f, k] - across_i[other, k]
        _add_sequences(grid, node[m], phase_r, phase_i, xr, xi)


@inlined_kernel()
def right_hand_sides(grid, connected, power, vr, vi, work):  # type: ignore[no-untyped-def]
    """Currents that what is connected injects at the voltages of a block, by place in each elimination."""
    p, q, pd, qd = power
    phase_r, phase_i, xr, xi = work
    for sequence in range(3):
        for row in range(xr.shape[1]):
            for k in range(LANES):
                xr[sequence, row, k] = 0.0
                xi[sequence, row, k] = 0.0
    _currents(grid, connected.wye_node, connected.alone, p, q, vr, vi, phase_r, phase_i, xr, xi)
    if connected.delta_node.size:
        _delta_currents(grid, connected.delta_node, pd, qd, vr, vi, phase_r, phase_i, xr, xi)
