"""What follows from the voltages of a block: currents, loadings, losses, balance of each node, extremes; compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grid.arrays import Floats
from grid.phase_coordinates.kernel import cleared, fill_passive, iterate, leg_currents
from grid.powerflow.zbus_kernel import inject, inner_kernel, kernel

THIRD_TURN = float(np.sqrt(0.75))
"""Imaginary part of the operator a = exp(j 120°); its real part is -1/2."""


class StepsFound(NamedTuple):
    """What is found in each step, shape (T,)."""

    residual: Floats
    """Largest square of a current that a node misses [MVA²]."""
    loss: Floats
    """Losses of lines and transformers [MW]."""
    source_p: Floats
    """Power that the sources feed in [MW]."""
    source_q: Floats
    vm_min: Floats
    """Square of the lowest voltage of a phase [pu²]."""
    vm_max: Floats
    unbalance_max: Floats
    """Square of the highest ratio of the negative to the positive sequence [1]."""
    loading_max: Floats
    """Square of the highest loading of a conductor [%²]."""


class ElementsFound(NamedTuple):
    """Extremes of each node (N,) and element (E,) over the steps that have converged."""

    vm_min: Floats
    vm_max: Floats
    loading_max: Floats
    loss: Floats
    """Sum over the steps [MW]."""


class NodesKept(NamedTuple):
    """Voltages of every step, shape (N, T, 2): real and imaginary parts [pu]; without elements where not wanted."""

    voltage: Floats


@inner_kernel()
def _conductor_current(n_steps, grid, e, row, vr, vi, ar, ai):  # type: ignore[no-untyped-def]
    """Current that enters an element by one of its conductors [MVA]."""
    begin, end = grid.pointer[e], grid.pointer[e + 1]
    at = grid.matrix[e] + row * (end - begin)
    for k in range(n_steps):
        ar[k] = -grid.own_real[begin + row]
        ai[k] = -grid.own_imag[begin + row]
    for j in range(end - begin):
        other = grid.place[begin + j]
        if other >= 0:
            cr, ci = grid.real[at + j], grid.imag[at + j]
            for k in range(n_steps):
                ar[k] += cr * vr[other, k] - ci * vi[other, k]
                ai[k] += cr * vi[other, k] + ci * vr[other, k]


@inner_kernel()
def _measure(first, n_steps, grid, vr, vi, ir, ii, step, loading, lost):  # type: ignore[no-untyped-def]
    """Element by element: currents into the nodes, squares of loadings, losses, power of the sources [MVA]."""
    cleared(n_steps, ir, ii)
    cleared(n_steps, loading, lost)
    ar, ai, reactive = np.empty(n_steps), np.empty(n_steps), np.empty(n_steps)
    for k in range(n_steps):
        step.loss[first + k], step.source_p[first + k], step.source_q[first + k] = 0.0, 0.0, 0.0
    for e in range(grid.matrix.size):
        begin = grid.pointer[e]
        for k in range(n_steps):
            reactive[k] = 0.0
        for row in range(grid.pointer[e + 1] - begin):
            node, square = grid.place[begin + row], grid.percent_squared[begin + row]
            if node >= 0:
                _conductor_current(n_steps, grid, e, row, vr, vi, ar, ai)
                for k in range(n_steps):
                    ir[node, k] += ar[k]
                    ii[node, k] += ai[k]
                    lost[e, k] += vr[node, k] * ar[k] + vi[node, k] * ai[k]
                    reactive[k] += vi[node, k] * ar[k] - vr[node, k] * ai[k]
                    loading[e, k] = max(loading[e, k], square * (ar[k] * ar[k] + ai[k] * ai[k]))
        if grid.lossy[e] > 0:
            for k in range(n_steps):
                step.loss[first + k] += lost[e, k]
        elif grid.lossy[e] < 0:
            for k in range(n_steps):
                step.source_p[first + k] -= lost[e, k]
                step.source_q[first + k] -= reactive[k]
                lost[e, k] = 0.0


@inner_kernel()
def _balance(first, n_steps, ir, ii, xr, xi, valid, missed, step):  # type: ignore[no-untyped-def]
    """Square of the current that a node misses at worst, and which steps have converged."""
    for k in range(n_steps):
        step.residual[first + k] = 0.0
        valid[k] = 1
    for node in range(ir.shape[0]):
        for k in range(n_steps):
            a, b = ir[node, k] - xr[node, k], ii[node, k] - xi[node, k]
            square = a * a + b * b
            step.residual[first + k] = max(step.residual[first + k], square)
            valid[k] &= square < missed  # not so where it is no number
    for k in range(n_steps):
        step.residual[first + k] = step.residual[first + k] if valid[k] else np.inf


@inner_kernel()
def _extremes(first, n_steps, grid, valid, vr, vi, loading, lost, step, found):  # type: ignore[no-untyped-def]
    """Extremes by step, by node and by element."""
    for k in range(n_steps):
        step.vm_min[first + k], step.vm_max[first + k] = np.inf, 0.0
        step.unbalance_max[first + k], step.loading_max[first + k] = 0.0, 0.0
    for node in range(vr.shape[0]):
        low, high = found.vm_min[node], found.vm_max[node]
        for k in range(n_steps):
            square = vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k]
            low = min(low, square if valid[k] else low)
            high = max(high, square * valid[k])
            if grid.is_phase[node]:
                step.vm_min[first + k] = min(step.vm_min[first + k], square)
                step.vm_max[first + k] = max(step.vm_max[first + k], square)
        found.vm_min[node], found.vm_max[node] = low, high
    for bus in range(grid.threes.shape[1]):
        a, b, c = grid.threes[0, bus], grid.threes[1, bus], grid.threes[2, bus]
        for k in range(n_steps):
            half_r, half_i = vr[a, k] - 0.5 * (vr[b, k] + vr[c, k]), vi[a, k] - 0.5 * (vi[b, k] + vi[c, k])
            turned_r, turned_i = THIRD_TURN * (vi[c, k] - vi[b, k]), THIRD_TURN * (vr[b, k] - vr[c, k])
            positive = (half_r + turned_r) ** 2 + (half_i + turned_i) ** 2
            negative = (half_r - turned_r) ** 2 + (half_i - turned_i) ** 2
            step.unbalance_max[first + k] = max(step.unbalance_max[first + k], negative / positive)
    for e in range(loading.shape[0]):
        high, total = found.loading_max[e], 0.0
        for k in range(n_steps):
            step.loading_max[first + k] = max(step.loading_max[first + k], loading[e, k])
            high = max(high, loading[e, k] * valid[k])
            total += lost[e, k] if valid[k] else 0.0
        found.loading_max[e] = high
        found.loss[e] += total


@kernel()
def solve_steps(begin, end, block, grid, profiles, settled, missed, max_iterations, step, found, kept):  # type: ignore[no-untyped-def]
    """Solves the steps ``begin`` to ``end`` - 1, block by block, into `step`, `found` and `kept`.

    A block is iterated until no voltage of it moves by more than the root of `settled`, or for `max_iterations`. A step
    has converged if no node misses a current of more than the root of `missed`.
    """
    n_nodes, n_legs, n_elements = grid.order.size, grid.legs.start.size, grid.matrix.size
    p, q = np.empty((n_legs, block)), np.empty((n_legs, block))
    vr, vi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    xr, xi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    ir, ii = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    loading, lost = np.empty((n_elements, block)), np.empty((n_elements, block))
    change, valid = np.empty(block), np.ones(block, np.int64)
    for first in range(begin, end, block):
        n_steps = min(block, end - first)
        inject(first, n_steps, profiles, p, q)
        for node in range(n_nodes):
            for k in range(n_steps):
                vr[node, k] = grid.unloaded_real[node]
                vi[node, k] = grid.unloaded_imag[node]
        for _ in range(max_iterations):
            if iterate(n_steps, grid, p, q, vr, vi, xr, xi, change) < settled:
                break
        fill_passive(n_steps, grid, vr, vi, xr, xi)
        _measure(first, n_steps, grid, vr, vi, ir, ii, step, loading, lost)
        leg_currents(n_steps, grid.legs, p, q, vr, vi, xr, xi)
        _balance(first, n_steps, ir, ii, xr, xi, valid, missed, step)
        _extremes(first, n_steps, grid, valid, vr, vi, loading, lost, step, found)
        if kept.voltage.size:
            for node in range(n_nodes):
                for k in range(n_steps):
                    kept.voltage[grid.order[node], first + k, 0] = vr[node, k]
                    kept.voltage[grid.order[node], first + k, 1] = vi[node, k]
