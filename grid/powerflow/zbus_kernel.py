"""The fixed-point Z-bus iteration for blocks of steps, compiled.

Everything is laid out as (element, step of the block), real and imaginary parts apart, so that the inner loop runs
over the steps and vectorises. Nodes stand in the order of elimination, the slack nodes after them. One pass forward
and one backward through the factor is an iteration; one pass over the branches then yields currents, loadings, losses
and the power balance of every node, and one more the extremes, so that nothing of a block needs to be stored; what is
wanted in full is written from there, once and where it stays.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit

import grid.code_cache  # noqa: F401  before any function is compiled

FAST = {"contract", "reassoc", "nsz", "arcp"}
"""Freedoms of the compiler; infinities and NaN stay what they are, since they are how a step diverges."""
kernel = partial(njit, cache=True, nogil=True, no_cfunc_wrapper=True)
inner_kernel = partial(kernel, fastmath=FAST, error_model="numpy", no_cpython_wrapper=True)
"""Compiles a function that only kernels call: without what would stand between Python and its many arrays."""
BRANCHES_AT_ONCE = 64
"""Branches that are measured before their arrays are written: what the first-level cache holds of 16 steps."""
MIN_VOLTAGE_SQUARED = 1e-6
"""Keeps a diverging step from dividing by zero."""


@inner_kernel()
def inject(first, n_steps, profiles, p, q):  # type: ignore[no-untyped-def]
    """Withdrawal of every node in the steps of a block, ``p`` and ``q`` of shape (n, block) [pu]."""
    for node in range(p.shape[0]):
        for k in range(n_steps):
            p[node, k] = 0.0
            q[node, k] = 0.0
        for entry in range(profiles.pointer[node], profiles.pointer[node + 1]):
            values, a, b = profiles.values[profiles.row[entry]], profiles.p_of[entry], profiles.q_of[entry]
            if a != 0.0:
                for k in range(n_steps):
                    p[node, k] += a * values[first + k]
            if b != 0.0:
                for k in range(n_steps):
                    q[node, k] += b * values[first + k]


@inner_kernel()
def iterate(n_steps, grid, p, q, vr, vi, xr, xi, change):  # type: ignore[no-untyped-def]
    """One iteration ``V <- w - Y^-1 conj(S / V)`` of all steps of a block, with S the withdrawal.

    Returns the largest square of a change of a voltage.
    """
    lower, upper = grid.lower, grid.upper
    n = grid.diagonal_real.size
    for j in range(n):
        for k in range(n_steps):
            a, b = vr[j, k], vi[j, k]
            scale = -1.0 / max(a * a + b * b, MIN_VOLTAGE_SQUARED)
            xr[j, k] = (p[j, k] * a + q[j, k] * b) * scale
            xi[j, k] = (p[j, k] * b - q[j, k] * a) * scale
        for entry in range(lower.pointer[j], lower.pointer[j + 1]):
            i, cr, ci = lower.column[entry], lower.real[entry], lower.imag[entry]
            for k in range(n_steps):
                xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
                xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
    for k in range(n_steps):
        change[k] = 0.0
    for j in range(n - 1, -1, -1):
        for entry in range(upper.pointer[j], upper.pointer[j + 1]):
            i, cr, ci = upper.column[entry], upper.real[entry], upper.imag[entry]
            for k in range(n_steps):
                xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
                xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
        dr, di, wr, wi = grid.diagonal_real[j], grid.diagonal_imag[j], grid.unloaded_real[j], grid.unloaded_imag[j]
        for k in range(n_steps):
            a = dr * xr[j, k] - di * xi[j, k]
            b = dr * xi[j, k] + di * xr[j, k]
            xr[j, k] = a
            xi[j, k] = b
            a += wr
            b += wi
            moved_r, moved_i = a - vr[j, k], b - vi[j, k]
            change[k] = max(change[k], moved_r * moved_r + moved_i * moved_i)
            vr[j, k] = a
            vi[j, k] = b
    largest = 0.0
    for k in range(n_steps):
        largest = max(largest, change[k])
    return largest


@inner_kernel()
def _measure_shunts(first, n_steps, grid, vr, vi, ir, ii, loss):  # type: ignore[no-untyped-def]
    """Currents of the nodes to ground and the losses there [pu]."""
    for node in range(vr.shape[0]):
        gr, gi = grid.shunt_real[node], grid.shunt_imag[node]
        for k in range(n_steps):
            ir[node, k] = gr * vr[node, k] - gi * vi[node, k]
            ii[node, k] = gr * vi[node, k] + gi * vr[node, k]
    for k in range(n_steps):
        loss[first + k] = 0.0
    for node in range(vr.shape[0]):
        if grid.lossy_real[node] != 0.0:
            for k in range(n_steps):
                square = vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k]
                loss[first + k] += grid.lossy_real[node] * square


@inner_kernel()
def _measure_branches(begin, end, first, n_steps, grid, vr, vi, ir, ii, loading, sent, lost, loss):  # type: ignore[no-untyped-def]
    """Adds currents of the branches ``begin`` to ``end`` - 1 to those of the nodes, and their losses to those of all.

    Squares of loadings, powers sent at the "from" end and losses [pu] are put into rows 0 to ``end`` - ``begin`` - 1.
    """
    for branch in range(begin, end):
        at, f, t, y = branch - begin, grid.ends[branch, 0], grid.ends[branch, 1], grid.series[branch]
        per_from, per_to = grid.percent_per_pu[branch, 0] ** 2, grid.percent_per_pu[branch, 1] ** 2
        for k in range(n_steps):
            fr, fi, tr, ti = vr[f, k], vi[f, k], vr[t, k], vi[t, k]
            a = y[0] * fr - y[1] * fi + y[2] * tr - y[3] * ti
            b = y[0] * fi + y[1] * fr + y[2] * ti + y[3] * tr
            c = y[4] * fr - y[5] * fi + y[6] * tr - y[7] * ti
            d = y[4] * fi + y[5] * fr + y[6] * ti + y[7] * tr
            ir[f, k] += a
            ii[f, k] += b
            ir[t, k] += c
            ii[t, k] += d
            loading[at, k] = max(per_from * (a * a + b * b), per_to * (c * c + d * d))
            at_from = fr * a + fi * b
            power = at_from + tr * c + ti * d
            sent[at, k] = at_from
            lost[at, k] = power
            loss[first + k] += power


@inner_kernel()
def _balance(first, n_steps, p, q, vr, vi, ir, ii, step):  # type: ignore[no-untyped-def]
    """Square of the power that a node misses, at worst, and what the slack nodes inject."""
    n = p.shape[0]
    for k in range(n_steps):
        step.residual[first + k] = 0.0
    for node in range(n):
        for k in range(n_steps):
            a = vr[node, k] * ir[node, k] + vi[node, k] * ii[node, k] + p[node, k]
            b = vi[node, k] * ir[node, k] - vr[node, k] * ii[node, k] + q[node, k]
            step.residual[first + k] = max(step.residual[first + k], a * a + b * b)
    for slack in range(vr.shape[0] - n):
        node = n + slack
        for k in range(n_steps):
            step.slack_p[slack, first + k] = vr[node, k] * ir[node, k] + vi[node, k] * ii[node, k]
            step.slack_q[slack, first + k] = vi[node, k] * ir[node, k] - vr[node, k] * ii[node, k]


@inner_kernel()
def _reduce(first, n_steps, grid, valid, vr, vi, loading, lost, step, element):  # type: ignore[no-untyped-def]
    """Extremes by step and by element; steps that are not ``valid`` count for nothing but themselves."""
    for k in range(n_steps):
        step.vm_min[first + k] = np.inf
        step.vm_max[first + k] = 0.0
        step.violations[first + k] = 0
    for node in range(vr.shape[0]):
        low, high, over = element.vm_min[node], element.vm_max[node], 0
        least, most = grid.vm_low[node], grid.vm_high[node]
        for k in range(n_steps):
            square = vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k]
            step.vm_min[first + k] = min(step.vm_min[first + k], square)
            step.vm_max[first + k] = max(step.vm_max[first + k], square)
            broken = valid[k] * ((square < least) | (square > most))
            step.violations[first + k] += broken
            over += broken
            low = min(low, square if valid[k] else low)
            high = max(high, square * valid[k])
        element.vm_min[node], element.vm_max[node] = low, high
        element.vm_over[node] += over
    for group in range(step.loading_max.shape[0]):
        for k in range(n_steps):
            step.loading_max[group, first + k] = 0.0
    for branch in range(grid.ends.shape[0]):
        group, limit, at = grid.kind[branch], grid.limit_percent[branch] ** 2, grid.branch[branch]
        high, over, total = element.loading_max[at], 0, 0.0
        for k in range(n_steps):
            square = loading[branch, k]
            step.loading_max[group, first + k] = max(step.loading_max[group, first + k], square)
            broken = valid[k] * (square > limit)
            step.violations[first + k] += broken
            over += broken
            high = max(high, square * valid[k])
            total += lost[branch, k] * valid[k]
        element.loading_max[at] = high
        element.loading_over[at] += over
        element.loss[at] += total


@inner_kernel()
def _keep_voltages(first, n_steps, grid, vr, vi, voltage):  # type: ignore[no-untyped-def]
    """Copies the voltages of a block to where they stay."""
    for place in range(vr.shape[0]):
        row = voltage[grid.node[place], first:]
        for k in range(n_steps):
            row[k, 0] = vr[place, k]
            row[k, 1] = vi[place, k]


@inner_kernel()
def _keep_magnitudes(first, n_steps, grid, vr, vi, kept):  # type: ignore[no-untyped-def]
    """Writes voltage magnitudes of a block to where they stay, in single precision."""
    for place in range(vr.shape[0]):
        vm = kept.vm[grid.node[place], first:]
        for k in range(n_steps):
            vm[k] = np.sqrt(vr[place, k] * vr[place, k] + vi[place, k] * vi[place, k])


@inner_kernel()
def _keep_branches(begin, end, first, n_steps, grid, loading, sent, lost, kept):  # type: ignore[no-untyped-def]
    """Writes loadings and powers of the branches ``begin`` to ``end`` - 1 to where they stay, in single precision.

    One loop for each: in one for all there are more rows that could overlap than the compiler asks about. And apart
    from `_measure_branches`: what is written far apart is waited for, unless little else is written meanwhile.
    """
    for at in range(end - begin):
        branch = grid.branch[begin + at]
        percent = kept.loading[branch, first:]
        for k in range(n_steps):
            percent[k] = np.sqrt(loading[at, k])
        p_from = kept.p_from[branch, first:]
        for k in range(n_steps):
            p_from[k] = sent[at, k] * grid.base_mva
        p_to = kept.p_to[branch, first:]
        for k in range(n_steps):
            p_to[k] = (lost[at, k] - sent[at, k]) * grid.base_mva


@kernel()
def solve_steps(begin, end, block, grid, profiles, settled, missed, max_iterations, step, element, kept):  # type: ignore[no-untyped-def]
    """Solves the steps ``begin`` to ``end`` - 1, block by block, into `step`, `element` and `kept`.

    A block is iterated until no voltage of it moves by more than the root of `settled`, or for `max_iterations`. A
    step has converged if no node misses its power by more than the root of `missed`; others are left out of the
    extremes of elements, which are not looked for if there is no room for them.
    """
    n, n_nodes, n_branches = grid.diagonal_real.size, grid.unloaded_real.size, grid.ends.shape[0]
    p, q = np.empty((n, block)), np.empty((n, block))
    vr, vi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    xr, xi = np.empty((n_nodes, block)), np.empty((n_nodes, block))
    tile = max(1, n_branches if element.vm_min.size else min(BRANCHES_AT_ONCE, n_branches))
    loading, lost, sent = np.empty((tile, block)), np.empty((tile, block)), np.empty((tile, block))
    change, valid = np.empty(block), np.ones(block, np.int64)
    for first in range(begin, end, block):
        n_steps = min(block, end - first)
        inject(first, n_steps, profiles, p, q)
        for node in range(n_nodes):
            vr[node, :] = grid.unloaded_real[node]
            vi[node, :] = grid.unloaded_imag[node]
        for _ in range(max_iterations):
            if iterate(n_steps, grid, p, q, vr, vi, xr, xi, change) < settled:
                break
        _measure_shunts(first, n_steps, grid, vr, vi, xr, xi, step.loss)
        for at in range(0, n_branches, tile):
            to = min(at + tile, n_branches)
            _measure_branches(at, to, first, n_steps, grid, vr, vi, xr, xi, loading, sent, lost, step.loss)
            if kept.vm.size:
                _keep_branches(at, to, first, n_steps, grid, loading, sent, lost, kept)
        _balance(first, n_steps, p, q, vr, vi, xr, xi, step)
        if element.vm_min.size:
            for k in range(n_steps):
                valid[k] = step.residual[first + k] < missed
            _reduce(first, n_steps, grid, valid, vr, vi, loading, lost, step, element)
        if kept.voltage.size:
            _keep_voltages(first, n_steps, grid, vr, vi, kept.voltage)
        if kept.vm.size:
            _keep_magnitudes(first, n_steps, grid, vr, vi, kept)
