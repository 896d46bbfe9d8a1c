"""What follows from the voltages of a block: currents, loadings, losses, power balance, extremes; compiled."""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import inject, inner_kernel, kernel
from grid.three_phase.kernel import ElementFound, fill_between, right_hand_sides, solved, to_phases


@inner_kernel()
def _branch_currents(n_steps, grid, sequence, branch, vr, vi, current_r, current_i):  # type: ignore[no-untyped-def]
    """Currents of one sequence entering a branch at its two ends, rows ``sequence`` and 3 + ``sequence``."""
    f, t, y = grid.ends[branch, 0], grid.ends[branch, 1], grid.series[sequence, branch]
    fr, fi, tr, ti = vr[sequence, f], vi[sequence, f], vr[sequence, t], vi[sequence, t]
    for k in range(n_steps):
        current_r[sequence, k] = y[0] * fr[k] - y[1] * fi[k] + y[2] * tr[k] - y[3] * ti[k]
        current_i[sequence, k] = y[0] * fi[k] + y[1] * fr[k] + y[2] * ti[k] + y[3] * tr[k]
    for k in range(n_steps):
        current_r[3 + sequence, k] = y[4] * fr[k] - y[5] * fi[k] + y[6] * tr[k] - y[7] * ti[k]
        current_i[3 + sequence, k] = y[4] * fi[k] + y[5] * fr[k] + y[6] * ti[k] + y[7] * tr[k]


@inner_kernel()
def _into_nodes(n_steps, ends, sequence, vr, vi, current_r, current_i, ir, ii, lost):  # type: ignore[no-untyped-def]
    """Adds the currents of a branch to those of its nodes, and three times its loss in the sequence to `lost`."""
    for end in range(2):
        node, row = ends[end], 3 * end + sequence
        for k in range(n_steps):
            ir[sequence, node, k] += current_r[row, k]
            ii[sequence, node, k] += current_i[row, k]
        for k in range(n_steps):
            lost[k] += 3.0 * (vr[sequence, node, k] * current_r[row, k] + vi[sequence, node, k] * current_i[row, k])


@inner_kernel()
def _highest_phase(n_steps, current_r, current_i, end, per_pu, loading):  # type: ignore[no-untyped-def]
    """Raises the squares of a branch's loadings to those of its phases at one end."""
    zr, zi, pr, pi, nr, ni = (
        current_r[3 * end], current_i[3 * end], current_r[3 * end + 1], current_i[3 * end + 1],
        current_r[3 * end + 2], current_i[3 * end + 2],
    )  # fmt: skip
    square, root = per_pu * per_pu, np.sqrt(0.75)
    for k in range(n_steps):
        a, b = zr[k] + pr[k] + nr[k], zi[k] + pi[k] + ni[k]
        half_r, half_i = zr[k] - 0.5 * (pr[k] + nr[k]), zi[k] - 0.5 * (pi[k] + ni[k])
        turned_r, turned_i = root * (pi[k] - ni[k]), root * (nr[k] - pr[k])
        c, d = half_r + turned_r, half_i + turned_i
        e, f = half_r - turned_r, half_i - turned_i
        loading[k] = max(loading[k], square * max(a * a + b * b, c * c + d * d, e * e + f * f))


@inner_kernel()
def measure(first, n_steps, grid, vr, vi, ir, ii, loading, neutral, lost, loss):  # type: ignore[no-untyped-def]
    """Branch by branch: currents into the nodes, squares of loadings and of neutral currents, losses [pu]."""
    current_r, current_i = np.empty((6, n_steps)), np.empty((6, n_steps))
    for k in range(n_steps):
        loss[first + k] = 0.0
    for sequence in range(3):
        for node in range(vr.shape[1]):
            gr, gi = grid.shunt_real[sequence, node], grid.shunt_imag[sequence, node]
            for k in range(n_steps):
                ir[sequence, node, k] = gr * vr[sequence, node, k] - gi * vi[sequence, node, k]
                ii[sequence, node, k] = gr * vi[sequence, node, k] + gi * vr[sequence, node, k]
            if gr != 0.0:
                for k in range(n_steps):
                    square = vr[sequence, node, k] ** 2 + vi[sequence, node, k] ** 2
                    loss[first + k] += 3.0 * gr * square
    for branch in range(grid.ends.shape[0]):
        for k in range(n_steps):
            lost[branch, k] = 0.0
            loading[branch, k] = 0.0
        for sequence in range(3):
            _branch_currents(n_steps, grid, sequence, branch, vr, vi, current_r, current_i)
            _into_nodes(n_steps, grid.ends[branch], sequence, vr, vi, current_r, current_i, ir, ii, lost[branch])
        for end in range(2):
            _highest_phase(n_steps, current_r, current_i, end, grid.percent_per_pu[branch, end], loading[branch])
        for k in range(n_steps):
            at_from = current_r[0, k] ** 2 + current_i[0, k] ** 2
            neutral[branch, k] = 9.0 * max(at_from, current_r[3, k] ** 2 + current_i[3, k] ** 2)
            loss[first + k] += lost[branch, k]


@inner_kernel()
def balance(first, n_steps, grid, vr, vi, ir, ii, work, step):  # type: ignore[no-untyped-def]
    """Square of the current that a node misses, at worst, and what the held nodes inject into the grid.

    `ir` and `ii` are the currents from each node into the grid, `work` holds those that what is connected injects.
    """
    _, _, xr, xi = work
    for k in range(n_steps):
        step.residual[first + k] = 0.0
    for which, sequence in enumerate((grid.zero, grid.positive, grid.negative)):
        for node in range(vr.shape[1]):
            at = sequence.place[node] if node < sequence.place.size else -2
            if at >= 0:
                for k in range(n_steps):
                    ir[which, node, k] -= xr[which, at, k]
                    ii[which, node, k] -= xi[which, at, k]
    for slack in range(grid.held.size):
        node = grid.held[slack]
        for k in range(n_steps):
            step.slack_p[slack, first + k] = 0.0
            step.slack_q[slack, first + k] = 0.0
        for which in range(3):
            a, b, c, d = vr[which, node], vi[which, node], ir[which, node], ii[which, node]
            for k in range(n_steps):
                step.slack_p[slack, first + k] += 3.0 * (a[k] * c[k] + b[k] * d[k])
                step.slack_q[slack, first + k] += 3.0 * (b[k] * c[k] - a[k] * d[k])
                c[k] = 0.0
                d[k] = 0.0
    for which in range(3):
        for node in range(vr.shape[1]):
            for k in range(n_steps):
                missed = ir[which, node, k] ** 2 + ii[which, node, k] ** 2
                step.residual[first + k] = max(step.residual[first + k], missed)


@inner_kernel()
def _reduce_nodes(first, n_steps, grid, valid, vr, vi, phase_r, phase_i, step, element, kept):  # type: ignore[no-untyped-def]
    """Extremes of the voltages by step and by node, and the voltages of the phases where they are kept."""
    for node in range(vr.shape[1]):
        low, high, unbalance, over = element.vm_min[node], element.vm_max[node], element.unbalance_max[node], 0
        to_phases(n_steps, node, vr, vi, phase_r, phase_i)
        if kept.vm.size:
            for f in range(3):
                for k in range(n_steps):
                    kept.vm[f, grid.order[node], first + k] = np.sqrt(phase_r[f, k] ** 2 + phase_i[f, k] ** 2)
        for k in range(n_steps):
            a = phase_r[0, k] ** 2 + phase_i[0, k] ** 2
            b = phase_r[1, k] ** 2 + phase_i[1, k] ** 2
            c = phase_r[2, k] ** 2 + phase_i[2, k] ** 2
            least, most = min(a, b, c), max(a, b, c)
            negative = vr[2, node, k] ** 2 + vi[2, node, k] ** 2
            ratio = negative / (vr[1, node, k] ** 2 + vi[1, node, k] ** 2)
            step.vm_min[first + k] = min(step.vm_min[first + k], least)
            step.vm_max[first + k] = max(step.vm_max[first + k], most)
            step.unbalance_max[first + k] = max(step.unbalance_max[first + k], ratio)
            broken = (least < grid.vm_low[node]) | (most > grid.vm_high[node]) | (ratio > grid.unbalance_high)
            step.violations[first + k] += valid[k] * broken
            over += valid[k] * broken
            low = min(low, least if valid[k] else low)
            high = max(high, most * valid[k])
            unbalance = max(unbalance, ratio * valid[k])
        element.vm_min[node], element.vm_max[node], element.unbalance_max[node] = low, high, unbalance
        element.vm_over[node] += over


@inner_kernel()
def _reduce_branches(first, n_steps, grid, valid, loading, neutral, lost, step, element, kept):  # type: ignore[no-untyped-def]
    """Extremes of the currents by step and by branch, and the loadings where they are kept."""
    for branch in range(grid.ends.shape[0]):
        group, limit = grid.kind[branch], grid.limit_percent[branch] ** 2
        if kept.loading.size:
            for k in range(n_steps):
                kept.loading[branch, first + k] = np.sqrt(loading[branch, k])
        high, most, over, total = element.loading_max[branch], element.neutral_max[branch], 0, 0.0
        for k in range(n_steps):
            square = loading[branch, k]
            step.loading_max[group, first + k] = max(step.loading_max[group, first + k], square)
            broken = valid[k] * (square > limit)
            step.violations[first + k] += broken
            over += broken
            high = max(high, square * valid[k])
            most = max(most, neutral[branch, k] * valid[k])
            total += lost[branch, k] * valid[k]
        element.loading_max[branch], element.neutral_max[branch] = high, most
        element.loading_over[branch] += over
        element.loss[branch] += total


@inner_kernel()
def _begin(first, n_steps, grid, vr, vi, step):  # type: ignore[no-untyped-def]
    """Voltages without anything connected, and extremes of the steps before anything is seen."""
    for sequence, of in enumerate((grid.zero, grid.positive, grid.negative)):
        for node in range(of.place.size):
            for k in range(n_steps):
                vr[sequence, node, k] = of.unloaded_real[node]
                vi[sequence, node, k] = of.unloaded_imag[node]
    for k in range(first, first + n_steps):
        step.vm_min[k], step.vm_max[k], step.unbalance_max[k] = np.inf, 0.0, 0.0
        step.violations[k] = 0
        for group in range(step.loading_max.shape[0]):
            step.loading_max[group, k] = 0.0


@kernel()
def solve_steps(begin, end, block, grid, connected, settled, missed, max_iterations, step, element, kept):  # type: ignore[no-untyped-def]
    """Solves the steps ``begin`` to ``end`` - 1, block by block, into `step`, `element` and `kept`.

    A block is iterated until no voltage of it moves by more than the root of `settled`, or for `max_iterations`. A step
    has converged if no node misses a current of more than the root of `missed` in any sequence.
    """
    n_active, n_nodes, n_branches = grid.zero.place.size, grid.shunt_real.shape[1], grid.ends.shape[0]
    n_wye, n_delta = 3 * connected.wye_node.size, 3 * connected.delta_node.size
    power = (np.empty((n_wye, block)), np.empty((n_wye, block)), np.empty((n_delta, block)), np.empty((n_delta, block)))
    work = (np.empty((3, block)), np.empty((3, block)), np.empty((3, n_active, block)), np.empty((3, n_active, block)))
    vr, vi = np.empty((3, n_nodes, block)), np.empty((3, n_nodes, block))
    ir, ii = np.empty((3, n_nodes, block)), np.empty((3, n_nodes, block))
    loading, neutral = np.empty((n_branches, block)), np.empty((n_branches, block))
    lost = np.empty((n_branches, block))
    change, valid = np.empty(block), np.ones(block, np.int64)
    for first in range(begin, end, block):
        n_steps = min(block, end - first)
        inject(first, n_steps, connected.wye, power[0], power[1])
        inject(first, n_steps, connected.delta, power[2], power[3])
        _begin(first, n_steps, grid, vr, vi, step)
        for _ in range(max_iterations):
            right_hand_sides(n_steps, grid, connected, power, vr, vi, work)
            if solved(n_steps, grid, vr, vi, work[2], work[3], change) < settled:
                break
        fill_between(n_steps, grid, vr, vi)
        measure(first, n_steps, grid, vr, vi, ir, ii, loading, neutral, lost, step.loss)
        right_hand_sides(n_steps, grid, connected, power, vr, vi, work)
        balance(first, n_steps, grid, vr, vi, ir, ii, work, step)
        for k in range(n_steps):
            valid[k] = step.residual[first + k] < missed
        _reduce_nodes(first, n_steps, grid, valid, vr, vi, work[0], work[1], step, element, kept)
        _reduce_branches(first, n_steps, grid, valid, loading, neutral, lost, step, element, kept)
        if kept.voltage.size:
            _keep_phasors(first, n_steps, grid, vr, vi, kept)


@inner_kernel()
def _keep_phasors(first, n_steps, grid, vr, vi, kept):  # type: ignore[no-untyped-def]
    """Copies the voltages of a block."""
    for sequence in range(3):
        for node in range(vr.shape[1]):
            for k in range(n_steps):
                kept.voltage[sequence, grid.order[node], first + k, 0] = vr[sequence, node, k]
                kept.voltage[sequence, grid.order[node], first + k, 1] = vi[sequence, node, k]


def nothing_found(n_nodes: int, n_branches: int) -> ElementFound:
    """Extremes before any step has been seen."""
    return ElementFound(
        np.full(n_nodes, np.inf), np.zeros(n_nodes), np.zeros(n_nodes), np.zeros(n_nodes, np.int64),
        np.zeros(n_branches), np.zeros(n_branches), np.zeros(n_branches, np.int64), np.zeros(n_branches),
    )  # fmt: skip


def merged(parts: list[ElementFound]) -> ElementFound:
    """Extremes of several ranges of steps together."""
    joined = zip(
        (np.min, np.max, np.max, np.sum, np.max, np.max, np.sum, np.sum), zip(*parts, strict=True), strict=True
    )
    return ElementFound(*(join(values, axis=0) for join, values in joined))  # type: ignore[operator]
