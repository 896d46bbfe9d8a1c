"""Iterations of the power flow and of its adjoint from the state of an estimation, compiled, for blocks of steps.

Laid out as the power flow's kernel is (`grid.powerflow.zbus_kernel`), whose factor and iteration these are: nodes in
the order of elimination, steps innermost, real and imaginary parts apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grid.arrays import Floats, Ints
from grid.powerflow.zbus_kernel import inner_kernel, iterate, kernel


class Drawing(NamedTuple):
    """Which nodes draw what the state says, in the order of elimination; n buses, N - R eliminated nodes."""

    place: Ints
    """Place of the node of each bus of the state, shape (n,)."""
    base_mva: float
    fixed_p: Floats
    """Known withdrawal of each node, shape (N - R,) [pu]."""
    fixed_q: Floats


@inner_kernel()
def _draw(first, n_steps, drawing, x, p, q):  # type: ignore[no-untyped-def]
    """Withdrawal of every eliminated node in the steps of a block [pu]."""
    n, per_base = drawing.place.size, 1.0 / drawing.base_mva
    for node in range(p.shape[0]):
        for k in range(n_steps):
            p[node, k] = drawing.fixed_p[node]
            q[node, k] = drawing.fixed_q[node]
    for bus in range(n):
        node = drawing.place[bus]
        active, reactive = x[bus, first:], x[n + bus, first:]
        for k in range(n_steps):
            p[node, k] += active[k] * per_base
            q[node, k] += reactive[k] * per_base


@kernel()
def sweep_steps(sweeps, block, grid, drawing, x, voltage, moved):  # type: ignore[no-untyped-def]
    """Iterates the voltages of all steps, shape (N, T), some times, and says by how much that moved them.

    With the external grids at α times their voltage, the voltages are α times those of 1/α² of the power.

    Args:
        sweeps: How often.
        block: Steps in a block.
        grid: The factor, as the power flow has it.
        drawing: Which nodes draw what the state says.
        x: The states, shape (K, T).
        voltage: Changed in place.
        moved: Largest change of a voltage in each step, shape (T,) [pu]; infinite where one is no number.
    """
    n, n_nodes, scale = grid.diagonal_real.size, grid.unloaded_real.size, x[-1]
    p, q = np.empty((n, block)), np.empty((n, block))
    vr, vi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    xr, xi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    change, total, inverse = np.empty(block), np.empty(block), np.empty(block)
    for first in range(0, moved.size, block):
        n_steps = min(block, moved.size - first)
        _draw(first, n_steps, drawing, x, p, q)
        for k in range(n_steps):
            inverse[k] = 1.0 / scale[first + k]
        for node in range(n):
            for k in range(n_steps):
                p[node, k] *= inverse[k] * inverse[k]
                q[node, k] *= inverse[k] * inverse[k]
        for node in range(n_nodes):
            row = voltage[node, first:]
            for k in range(n_steps):
                vr[node, k] = row[k].real * inverse[k]
                vi[node, k] = row[k].imag * inverse[k]
        for node in range(n, n_nodes):
            vr[node, :] = grid.unloaded_real[node]
            vi[node, :] = grid.unloaded_imag[node]
        for _ in range(sweeps):
            iterate(n_steps, grid, p, q, vr, vi, xr, xi, change)
        change[:] = 0.0
        total[:] = 0.0
        for node in range(n_nodes):
            row = voltage[node, first:]
            for k in range(n_steps):
                a, b = vr[node, k] * scale[first + k], vi[node, k] * scale[first + k]
                moved_r, moved_i = a - row[k].real, b - row[k].imag
                square = moved_r * moved_r + moved_i * moved_i
                change[k] = max(change[k], square)
                total[k] += square
                row[k] = complex(a, b)
        for k in range(n_steps):
            moved[first + k] = np.sqrt(change[k]) if np.isfinite(total[k]) else np.inf


@inner_kernel()
def _solve_adjoint(n_steps, grid, xr, xi):  # type: ignore[no-untyped-def]
    """Solves with the conjugate transpose of the admittance matrix, in place, for the steps of a block."""
    lower, upper = grid.lower, grid.upper
    n = grid.diagonal_real.size
    for j in range(n):
        dr, di = grid.diagonal_real[j], -grid.diagonal_imag[j]
        for k in range(n_steps):
            a = dr * xr[j, k] - di * xi[j, k]
            b = dr * xi[j, k] + di * xr[j, k]
            xr[j, k] = a
            xi[j, k] = b
        for entry in range(upper.pointer[j], upper.pointer[j + 1]):
            i, cr, ci = upper.column[entry], upper.real[entry], -upper.imag[entry]
            for k in range(n_steps):
                xr[i, k] -= cr * xr[j, k] - ci * xi[j, k]
                xi[i, k] -= cr * xi[j, k] + ci * xr[j, k]
    for j in range(n - 1, -1, -1):
        for entry in range(lower.pointer[j], lower.pointer[j + 1]):
            i, cr, ci = lower.column[entry], lower.real[entry], -lower.imag[entry]
            for k in range(n_steps):
                xr[i, k] -= cr * xr[j, k] - ci * xi[j, k]
                xi[i, k] -= cr * xi[j, k] + ci * xr[j, k]


@inner_kernel()
def _bend(first, n_steps, voltage, p, q, br, bi):  # type: ignore[no-untyped-def]
    """How a gradient by voltages answers to the conjugate adjoint: conj(S / V²) with S fed in."""
    for node in range(p.shape[0]):
        row = voltage[node, first:]
        for k in range(n_steps):
            a, b = row[k].real, row[k].imag
            square = a * a + b * b
            c, d = (a * a - b * b) / (square * square), 2.0 * a * b / (square * square)  # 1 / conj(V²)
            br[node, k] = -(p[node, k] * c + q[node, k] * d)
            bi[node, k] = -(p[node, k] * d - q[node, k] * c)


@inner_kernel()
def _adjoint_sweep(first, n_steps, grid, gradient, bend, adjoint, right):  # type: ignore[no-untyped-def]
    """One iteration of the adjoint: what is solved for, and its solution."""
    (br, bi), (ar, ai), (xr, xi) = bend, adjoint, right
    for node in range(br.shape[0]):
        row = gradient[node, first:]
        for k in range(n_steps):
            xr[node, k] = row[k].real - br[node, k] * ar[node, k] - bi[node, k] * ai[node, k]
            xi[node, k] = row[k].imag + br[node, k] * ai[node, k] - bi[node, k] * ar[node, k]
            ar[node, k] = xr[node, k]
            ai[node, k] = xi[node, k]
    _solve_adjoint(n_steps, grid, ar, ai)


@inner_kernel()
def _add_derivative(first, n_steps, grid, drawing, gradient, at, found):  # type: ignore[no-untyped-def]
    """Adds the derivative by the state that an adjoint stands for."""
    voltage, (ar, ai), (xr, xi) = at
    n, n_inner, per_base = drawing.place.size, ar.shape[0], 1.0 / drawing.base_mva
    for bus in range(n):
        node = drawing.place[bus]
        row, active, reactive = voltage[node, first:], found[bus, first:], found[n + bus, first:]
        for k in range(n_steps):
            a, b = row[k].real, row[k].imag
            scale = per_base / (a * a + b * b)
            active[k] -= (ar[node, k] * a + ai[node, k] * b) * scale
            reactive[k] += (ai[node, k] * a - ar[node, k] * b) * scale
    last = found[found.shape[0] - 1, first:]
    for node in range(n_inner):
        wr, wi = grid.unloaded_real[node], grid.unloaded_imag[node]
        for k in range(n_steps):
            last[k] += wr * xr[node, k] + wi * xi[node, k]
    for node in range(n_inner, voltage.shape[0]):
        wr, wi, row = grid.unloaded_real[node], grid.unloaded_imag[node], gradient[node, first:]
        for k in range(n_steps):
            last[k] += wr * row[k].real + wi * row[k].imag


@kernel()
def slope_steps(sweeps, block, grid, drawing, x, voltage, gradient, adjoint, found):  # type: ignore[no-untyped-def]
    """Iterates the adjoint of all steps and adds the derivative by the state that it stands for.

    Args:
        sweeps: How often.
        block: Steps in a block.
        grid: The factor, as the power flow has it.
        drawing: Which nodes draw what the state says.
        x: The states, shape (K, T).
        voltage: Their voltages, shape (N, T).
        gradient: Gradient by the voltages, shape (N, T).
        adjoint: Changed in place, shape (N - R, T).
        found: Derivative by the state, shape (K, T); added to.
    """
    n, shape = grid.diagonal_real.size, (grid.diagonal_real.size, block)
    p, q = np.empty(shape), np.empty(shape)
    bend, now = (np.empty(shape), np.empty(shape)), (np.empty(shape), np.empty(shape))
    right = np.empty(shape), np.empty(shape)
    for first in range(0, voltage.shape[1], block):
        n_steps = min(block, voltage.shape[1] - first)
        _draw(first, n_steps, drawing, x, p, q)
        _bend(first, n_steps, voltage, p, q, bend[0], bend[1])
        for node in range(n):
            row = adjoint[node, first:]
            for k in range(n_steps):
                now[0][node, k] = row[k].real
                now[1][node, k] = row[k].imag
        for _ in range(sweeps):
            _adjoint_sweep(first, n_steps, grid, gradient, bend, now, right)
        _add_derivative(first, n_steps, grid, drawing, gradient, (voltage, now, right), found)
        for node in range(n):
            row = adjoint[node, first:]
            for k in range(n_steps):
                row[k] = complex(now[0][node, k], now[1][node, k])
