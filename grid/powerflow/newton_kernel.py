"""Newton's method for blocks of steps, compiled: for what voltage decides.

The unknowns are the real and imaginary parts x, y of the node voltages. Each node has two equations: the balance of its
active power, and that of its reactive power or, where a generator holds the voltage, ``x² + y² = v²``. Their Jacobian
has one 2 × 2 block for each entry of the admittance matrix, so the pattern of its factors is known beforehand, and is
the same in every step. Everything is laid out as (entry, step of the block): the inner loop runs over the steps.
"""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import inject, inner_kernel, kernel

LEAST_VOLTAGE = 1e-3
"""Keeps a diverging step from dividing by zero [pu]."""
MOST_HALVINGS = 4.0
"""How often a move is halved that misses more power than before it, as across the corners of a curve of Q(U)."""
LARGEST_MOVE_PU = 0.5
"""No part of a voltage moves by more than this in an iteration, which keeps far starts from running away [pu]."""


@inner_kernel()
def _answer(n_steps, node, node_p, node_q, answering, p, q, slope_p, slope_q, vr, vi):  # type: ignore[no-untyped-def]
    """Withdrawal of a node at its voltage and by how much it changes with it; parts of constant power are given."""
    zip_row = answering.zip_row[node]
    for k in range(n_steps):
        node_p[k], node_q[k], slope_p[k], slope_q[k] = p[node, k], q[node, k], 0.0, 0.0
    if zip_row >= 0:
        for k in range(n_steps):
            v = np.sqrt(vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k])
            p1, q1 = answering.p_current[zip_row, k], answering.q_current[zip_row, k]
            p2, q2 = answering.p_impedance[zip_row, k], answering.q_impedance[zip_row, k]
            node_p[k] += v * (p1 + v * p2)
            node_q[k] += v * (q1 + v * q2)
            slope_p[k] += p1 + 2 * v * p2
            slope_q[k] += q1 + 2 * v * q2
    for entry in range(answering.curve_pointer[node], answering.curve_pointer[node + 1]):
        at, value = answering.curve_vm[answering.curve[entry]], answering.curve_q[answering.curve[entry]]
        for k in range(n_steps):
            v = np.sqrt(vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k])
            share, slope = value[0], 0.0
            for piece in range(at.size - 1):
                width = at[piece + 1] - at[piece]
                rise = (value[piece + 1] - value[piece]) / width if width > 0.0 else 0.0
                share += rise * min(max(v - at[piece], 0.0), width)
                slope += rise * ((v > at[piece]) & (v < at[piece + 1]))
            node_q[k] += share * answering.curve_rating[entry, k]
            slope_q[k] += slope * answering.curve_rating[entry, k]


@inner_kernel()
def _mismatch(n_steps, grid, answering, mode, p, q, vr, vi, work):  # type: ignore[no-untyped-def]
    """Currents and missed powers of every node in `work`; returns the largest square of what a node misses [pu²]."""
    largest = 0.0
    for k in range(n_steps):
        work.worst[k] = 0.0
    for node in range(grid.diagonal.size):
        ir, ii = work.current_real[node], work.current_imag[node]
        for k in range(n_steps):
            ir[k], ii[k] = grid.feed_real[node], grid.feed_imag[node]
        for entry in range(grid.pointer[node], grid.pointer[node + 1]):
            j, a, b = grid.column[entry], grid.real[entry], grid.imag[entry]
            for k in range(n_steps):
                ir[k] += a * vr[j, k] - b * vi[j, k]
                ii[k] += a * vi[j, k] + b * vr[j, k]
        slope_p, slope_q = work.slope_p[node], work.slope_q[node]
        missed_p, missed_q = work.missed_p[node], work.missed_q[node]
        _answer(n_steps, node, missed_p, missed_q, answering, p, q, slope_p, slope_q, vr, vi)
        for k in range(n_steps):
            missed_p[k] += vr[node, k] * ir[k] + vi[node, k] * ii[k]
            missed_q[k] += vi[node, k] * ir[k] - vr[node, k] * ii[k]
        held = answering.held_row[node]
        if held >= 0:
            for k in range(n_steps):
                work.injected_q[held, k] = missed_q[k]
                square = vr[node, k] * vr[node, k] + vi[node, k] * vi[node, k]
                of_voltage = square - answering.vm_held[held] ** 2
                limit = answering.q_least[held] if mode[held, k] < 0 else answering.q_most[held]
                missed_q[k] = of_voltage if mode[held, k] == 0 else missed_q[k] - limit
        for k in range(n_steps):
            work.worst[k] = max(work.worst[k], missed_p[k] * missed_p[k] + missed_q[k] * missed_q[k])
    for k in range(n_steps):
        largest = max(largest, work.worst[k])
    return largest


@inner_kernel()
def _assemble(n_steps, node, grid, answering, mode, vr, vi, work, values):  # type: ignore[no-untyped-def]
    """The Jacobian's row of blocks of a node, in `values` of shape (entries, 4, block)."""
    held = answering.held_row[node]
    x, y = vr[node], vi[node]
    for entry in range(grid.pointer[node], grid.pointer[node + 1]):
        a, b, block = grid.real[entry], grid.imag[entry], values[entry]
        for k in range(n_steps):
            tr, ti = x[k] * a + y[k] * b, y[k] * a - x[k] * b
            block[0, k], block[1, k], block[2, k], block[3, k] = tr, ti, ti, -tr
        if held >= 0:
            for k in range(n_steps):
                free = 1.0 if mode[held, k] != 0 else 0.0
                block[2, k] *= free
                block[3, k] *= free
    block, ir, ii = values[grid.diagonal[node]], work.current_real[node], work.current_imag[node]
    slope_p, slope_q = work.slope_p[node], work.slope_q[node]
    for k in range(n_steps):
        per_v = 1.0 / max(np.sqrt(x[k] * x[k] + y[k] * y[k]), LEAST_VOLTAGE)
        block[0, k] += ir[k] + slope_p[k] * x[k] * per_v
        block[1, k] += ii[k] + slope_p[k] * y[k] * per_v
        free = 1.0 if held < 0 or mode[held, k] != 0 else 0.0
        block[2, k] += free * (slope_q[k] * x[k] * per_v - ii[k]) + (1 - free) * 2 * x[k]
        block[3, k] += free * (slope_q[k] * y[k] * per_v + ir[k]) + (1 - free) * 2 * y[k]


@inner_kernel()
def _eliminate(n_steps, grid, answering, mode, vr, vi, work, values):  # type: ignore[no-untyped-def]
    """Factors the Jacobian of a block row by row and takes its lower factor off the missed powers."""
    update = 0
    for node in range(grid.diagonal.size):
        _assemble(n_steps, node, grid, answering, mode, vr, vi, work, values)
        rp, rq = work.missed_p[node], work.missed_q[node]
        for entry in range(grid.pointer[node], grid.diagonal[node]):
            j, block = grid.column[entry], values[entry]
            inverse = values[grid.diagonal[j]]
            for k in range(n_steps):
                a, b, c, d = block[0, k], block[1, k], block[2, k], block[3, k]
                block[0, k] = a * inverse[0, k] + b * inverse[2, k]
                block[1, k] = a * inverse[1, k] + b * inverse[3, k]
                block[2, k] = c * inverse[0, k] + d * inverse[2, k]
                block[3, k] = c * inverse[1, k] + d * inverse[3, k]
                rp[k] -= block[0, k] * work.missed_p[j, k] + block[1, k] * work.missed_q[j, k]
                rq[k] -= block[2, k] * work.missed_p[j, k] + block[3, k] * work.missed_q[j, k]
            for right in range(grid.diagonal[j] + 1, grid.pointer[j + 1]):
                above, changed = values[right], values[grid.target[update]]
                update += 1
                for k in range(n_steps):
                    changed[0, k] -= block[0, k] * above[0, k] + block[1, k] * above[2, k]
                    changed[1, k] -= block[0, k] * above[1, k] + block[1, k] * above[3, k]
                    changed[2, k] -= block[2, k] * above[0, k] + block[3, k] * above[2, k]
                    changed[3, k] -= block[2, k] * above[1, k] + block[3, k] * above[3, k]
        block = values[grid.diagonal[node]]
        for k in range(n_steps):
            a, b, c, d = block[0, k], block[1, k], block[2, k], block[3, k]
            scale = 1.0 / (a * d - b * c)
            block[0, k], block[1, k], block[2, k], block[3, k] = d * scale, -b * scale, -c * scale, a * scale


@inner_kernel()
def _judge(n_steps, work):  # type: ignore[no-untyped-def]
    """Finds the steps whose last move missed more power than before it: they go back half of it, a few times."""
    for k in range(n_steps):
        worse = (work.worst[k] > work.before[k]) & (work.halvings[k] < MOST_HALVINGS)
        work.back[k] = 0.5 if worse else 0.0
        work.halvings[k] = work.halvings[k] + 1.0 if worse else 0.0
        work.before[k] = work.before[k] if worse else work.worst[k]


@inner_kernel()
def _move(n_steps, grid, vr, vi, work, values):  # type: ignore[no-untyped-def]
    """Solves with the upper factor and moves the voltages, or takes back half of the last move."""
    for node in range(grid.diagonal.size - 1, -1, -1):
        rp, rq = work.missed_p[node], work.missed_q[node]
        for entry in range(grid.diagonal[node] + 1, grid.pointer[node + 1]):
            j, block = grid.column[entry], values[entry]
            for k in range(n_steps):
                rp[k] -= block[0, k] * work.missed_p[j, k] + block[1, k] * work.missed_q[j, k]
                rq[k] -= block[2, k] * work.missed_p[j, k] + block[3, k] * work.missed_q[j, k]
        inverse = values[grid.diagonal[node]]
        for k in range(n_steps):
            dx = inverse[0, k] * rp[k] + inverse[1, k] * rq[k]
            dy = inverse[2, k] * rp[k] + inverse[3, k] * rq[k]
            rp[k], rq[k] = dx, dy
            back = work.back[k]
            dx = -back * work.moved_x[node, k] if back > 0.0 else min(max(dx, -LARGEST_MOVE_PU), LARGEST_MOVE_PU)
            dy = -back * work.moved_y[node, k] if back > 0.0 else min(max(dy, -LARGEST_MOVE_PU), LARGEST_MOVE_PU)
            work.moved_x[node, k] = -dx if back > 0.0 else dx
            work.moved_y[node, k] = -dy if back > 0.0 else dy
            vr[node, k] -= dx
            vi[node, k] -= dy


@inner_kernel()
def _release(n_steps, answering, missed, mode, work):  # type: ignore[no-untyped-def]
    """Holds no longer what would take more reactive power than a generator has; returns how many steps that changes."""
    changed = 0
    for held in range(answering.vm_held.size):
        least, most = answering.q_least[held], answering.q_most[held]
        for k in range(n_steps):
            injected = work.injected_q[held, k]
            if mode[held, k] == 0 and work.worst[k] < missed and (injected > most or injected < least):
                mode[held, k] = 1 if injected > most else -1
                changed += 1
    return changed


@kernel()
def solve_steps_by_newton(  # type: ignore[no-untyped-def]
    begin, end, block, grid, profiles, answering, settled, missed, max_iterations, work, values, found
):
    """Solves the steps ``begin`` to ``end`` - 1, block by block, into `found`.

    A block is iterated until no node misses its power by more than the root of `settled` in any step, or for
    `max_iterations`. Generators that would exceed a limit of reactive power are then held at it, all at once, and the
    block is solved again, until none is left.
    """
    n = grid.diagonal.size
    p, q = np.empty((n, block)), np.empty((n, block))
    vr, vi = np.empty((n, block)), np.empty((n, block))
    mode = np.zeros((answering.vm_held.size, block), np.int64)
    for first in range(begin, end, block):
        n_steps = min(block, end - first)
        inject(first, n_steps, profiles, p, q)
        inject(first, n_steps, answering.current, answering.p_current, answering.q_current)
        inject(first, n_steps, answering.impedance, answering.p_impedance, answering.q_impedance)
        inject(first, n_steps, answering.rating, answering.curve_rating, answering.unused)
        mode[:] = 0
        for node in range(n):
            vr[node, :] = grid.start_real[node]
            vi[node, :] = grid.start_imag[node]
        while True:
            work.before[:] = np.inf
            work.halvings[:] = 0.0
            for iteration in range(max_iterations + 1):
                missing = _mismatch(n_steps, grid, answering, mode, p, q, vr, vi, work)
                if missing < settled or iteration == max_iterations:
                    break
                _judge(n_steps, work)
                _eliminate(n_steps, grid, answering, mode, vr, vi, work, values)
                _move(n_steps, grid, vr, vi, work, values)
            if _release(n_steps, answering, missed, mode, work) == 0:
                break
        for node in range(n):
            row = found.voltage[grid.node[node], first:]
            for k in range(n_steps):
                row[k, 0] = vr[node, k]
                row[k, 1] = vi[node, k]
        for k in range(n_steps):
            found.residual[first + k] = work.worst[k]
