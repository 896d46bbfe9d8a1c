"""What follows from the voltages of a block: currents, loadings, losses, power balance, extremes; compiled.

Nothing is stored of the nodes and branches in a chain: their voltages and currents are found from the two ends of the
chain, reduced to extremes, kept where they are wanted, and forgotten.
"""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import inject, kernel
from grid.three_phase.currents_kernel import right_hand_sides
from grid.three_phase.extremes_kernel import (
    BEYOND,
    HIGHEST,
    LOWEST,
    N_ROWS,
    UNBALANCE,
    along,
    count_loadings,
    keep_loadings,
    keep_magnitudes,
    reduce_current,
    reduce_node,
)
from grid.three_phase.following_kernel import follow_voltages
from grid.three_phase.kernel import LANES, ElementFound, inlined_kernel, solved

SLOWEST_KNOWN = 0.01
"""Square of the ratio of two changes that is counted on at best: faster convergence may be chance."""


@inlined_kernel()
def _missed(reduced, which, node, vr, vi, missed_r, missed_i):  # type: ignore[no-untyped-def]
    """Current of one sequence that enters the grid from an active node."""
    for k in range(LANES):
        missed_r[k], missed_i[k] = 0.0, 0.0
    for entry in range(reduced.pointer[node], reduced.pointer[node + 1]):
        j, yr, yi = reduced.column[entry], reduced.real[which, entry], reduced.imag[which, entry]
        for k in range(LANES):
            missed_r[k] += yr * vr[which, j, k] - yi * vi[which, j, k]
        for k in range(LANES):
            missed_i[k] += yr * vi[which, j, k] + yi * vr[which, j, k]


@inlined_kernel()
def _balance(first, n_steps, grid, vr, vi, xr, xi, missed_r, missed_i, step):  # type: ignore[no-untyped-def]
    """Square of the current that a node misses, at worst, and what the held nodes inject into the grid."""
    for k in range(n_steps):
        step.residual[first + k] = 0.0
    for slack in range(grid.held.size):
        for k in range(n_steps):
            step.slack_p[slack, first + k] = 0.0
            step.slack_q[slack, first + k] = 0.0
    for which, sequence in enumerate((grid.zero, grid.positive, grid.negative)):
        for node in range(sequence.place.size):
            _missed(grid.reduced, which, node, vr, vi, missed_r, missed_i)
            at, slack = sequence.place[node], _held_place(grid.held, node)
            if at >= 0:
                for k in range(LANES):
                    missed_r[k] -= xr[which, at, k]
                    missed_i[k] -= xi[which, at, k]
            if slack >= 0:
                _into_grid(first, n_steps, grid, which, node, slack, vr, vi, missed_r, missed_i, step)
            else:
                for k in range(n_steps):
                    square = missed_r[k] * missed_r[k] + missed_i[k] * missed_i[k]
                    if not square <= step.residual[first + k]:  # also where it is no number
                        step.residual[first + k] = square


@inlined_kernel()
def _held_place(held, node):  # type: ignore[no-untyped-def]
    """Place of a node among those that are held; -1 where it is none."""
    for slack in range(held.size):
        if held[slack] == node:
            return slack
    return -1


@inlined_kernel()
def _into_grid(first, n_steps, grid, which, node, slack, vr, vi, missed_r, missed_i, step):  # type: ignore[no-untyped-def]
    """Adds what a held node injects in one sequence: all that enters the grid there but by the grid above itself."""
    gr, gi = grid.source_real[which, slack], grid.source_imag[which, slack]
    for k in range(n_steps):
        a, b = vr[which, node, k], vi[which, node, k]
        c, d = missed_r[k] - (gr * a - gi * b), missed_i[k] - (gr * b + gi * a)
        step.slack_p[slack, first + k] += 3.0 * (a * c + b * d)
        step.slack_q[slack, first + k] += 3.0 * (b * c - a * d)


@inlined_kernel()
def _chain_losses(weight, factors, v, d, loss, sums):  # type: ignore[no-untyped-def]
    """Losses of a chain in each step, and what those of its branches follow from, both by sequence."""
    for s in range(3):
        begin = 2 * s * LANES
        of_own, of_rise, of_real, of_imag = factors[s, 0], factors[s, 1], factors[s, 2], factors[s, 3]
        own, rise, real, imag = 0.0, 0.0, 0.0, 0.0
        for k in range(LANES):
            vr, vi, dr, di = v[begin + k], v[begin + LANES + k], d[begin + k], d[begin + LANES + k]
            a, b = vr * vr + vi * vi, dr * dr + di * di
            c, e = vr * dr + vi * di, vr * di - vi * dr
            loss[k] += of_own * a + of_rise * b + of_real * c + of_imag * e
            own += weight[k] * a
            rise += weight[k] * b
            real += weight[k] * c
            imag += weight[k] * e
        sums[s, 0] += own
        sums[s, 1] += rise
        sums[s, 2] += real
        sums[s, 3] += imag


@inlined_kernel()
def _ends(i, j, vr, vi, v, d):  # type: ignore[no-untyped-def]
    """Voltage of the first end of a chain, and the rise to its second."""
    for s in range(3):
        begin = 2 * s * LANES
        for k in range(LANES):
            v[begin + k] = vr[s, i, k]
            d[begin + k] = vr[s, j, k] - vr[s, i, k]
        for k in range(LANES):
            v[begin + LANES + k] = vi[s, i, k]
            d[begin + LANES + k] = vi[s, j, k] - vi[s, i, k]


@inlined_kernel()
def _walk(at_kept, n_steps, grid, bounds, weight, vr, vi, scratch, square, loading_max, loss, element, kept):  # type: ignore[no-untyped-def]
    """Chain by chain: voltages of the nodes, currents of the branches, losses."""
    chains, inner, currents, (v, d, scaled, z, rows) = grid.chains, grid.inner, grid.currents, scratch
    for chain in range(chains.first.size):
        _ends(chains.first[chain], chains.second[chain], vr, vi, v, d)
        _chain_losses(weight, chains.loss[chain], v, d, loss, element.squares[chain])
        for at in range(chains.node_pointer[chain], chains.node_pointer[chain + 1]):
            node = inner.node[at]
            limits = bounds.vm_low[node], bounds.vm_high[node], bounds.unbalance
            low, high, most = reduce_node(inner, at, limits, v, d, scaled, rows)
            element.vm_min[node] = min(element.vm_min[node], low)
            element.vm_max[node] = max(element.vm_max[node], high)
            element.unbalance_max[node] = max(element.unbalance_max[node], most)
            if kept.vm.size:
                keep_magnitudes(at_kept, n_steps, grid.order[node], rows, kept.vm)
            if kept.voltage.size:
                along(inner, at, v, d, scaled, z)
                _keep_phasors(at_kept, n_steps, grid.order[node], z, kept.voltage)
        for g in range(chains.current_pointer[chain], chains.current_pointer[chain + 1]):
            high, neutral = reduce_current(currents, g, v, d, scaled, rows, square, loading_max)
            element.current_max[g] = max(element.current_max[g], high)
            element.neutral_max[g] = max(element.neutral_max[g], neutral)


@inlined_kernel()
def _begin(grid, vr, vi):  # type: ignore[no-untyped-def]
    """Voltages without anything connected."""
    for sequence, of in enumerate((grid.zero, grid.positive, grid.negative)):
        for node in range(of.place.size):
            for k in range(LANES):
                vr[sequence, node, k] = of.unloaded_real[node]
                vi[sequence, node, k] = of.unloaded_imag[node]


@inlined_kernel()
def _stand_in(first, n_steps, missed, vr, vi, weight, step):  # type: ignore[no-untyped-def]
    """Puts a step that has converged in place of those that have not, so that extremes are of solutions only.

    Returns whether any step of the block has converged; `weight` is 1 for those and 0 for others.
    """
    good = -1
    for k in range(LANES):
        weight[k] = 1.0 if k < n_steps and step.residual[first + k] < missed else 0.0
        good = k if weight[k] > 0 else good
    if good < 0:
        return False
    for k in range(LANES):
        if weight[k] == 0.0:
            for sequence in range(3):
                for node in range(vr.shape[1]):
                    vr[sequence, node, k] = vr[sequence, node, good]
                    vi[sequence, node, k] = vi[sequence, node, good]
    return True


@inlined_kernel()
def _found(  # type: ignore[no-untyped-def]
    first, at_kept, n_steps, grid, bounds, weight, vr, vi, scratch, square, loading_max, loss, step, element, kept
):
    """Everything that is found of the voltages of a block."""
    rows, currents, percent = scratch[4], grid.currents, grid.percent_per_pu
    for k in range(LANES):
        rows[LOWEST + k], rows[HIGHEST + k], rows[UNBALANCE + k], rows[BEYOND + k], loss[k] = np.inf, 0.0, 0.0, 0.0, 0.0
    for group in range(loading_max.shape[0]):
        for k in range(LANES):
            loading_max[group, k] = 0.0
    _walk(at_kept, n_steps, grid, bounds, weight, vr, vi, scratch, square, loading_max, loss, element, kept)
    beyond = False
    for g in range(square.shape[0]):
        beyond |= element.current_max[g] > bounds.current[g]
    if beyond:
        count_loadings(currents.of_from, currents.of_to, percent, bounds.loading, square, rows)
    if kept.loading.size:
        keep_loadings(at_kept, n_steps, currents.of_from, currents.of_to, percent, square, kept.loading)
    for k in range(n_steps):
        at = first + k
        step.vm_min[at], step.vm_max[at] = rows[LOWEST + k], rows[HIGHEST + k]
        step.unbalance_max[at] = rows[UNBALANCE + k]
        step.loss[at], step.violations[at] = loss[k], int(rows[BEYOND + k] * weight[k])
    for group in range(loading_max.shape[0]):
        for k in range(n_steps):
            step.loading_max[group, first + k] = loading_max[group, k]


@inlined_kernel()
def _remaining(moved, before):  # type: ignore[no-untyped-def]
    """Square of what is left of a geometric series of changes, from the squares of the last and of the one before."""
    ratio = max(moved / before, SLOWEST_KNOWN)
    return moved * ratio / (1.0 - np.sqrt(ratio)) ** 2 if ratio < 1.0 else np.inf


@kernel()
def solve_steps(begin, end, grid, bounds, connected, settled, missed, max_iterations, step, element, kept):  # type: ignore[no-untyped-def]
    """Solves the steps ``begin`` to ``end`` - 1, block by block, into `step`, `element` and `kept`.

    A block is iterated until no voltage of it moves by more than the root of `settled`, or is farther than that from
    where it tends to, or for `max_iterations`. A step has converged if no node misses a current of more than the root
    of `missed` in any sequence.
    """
    n_active, n_currents, six = grid.zero.place.size, grid.currents.most.shape[1], 6 * LANES
    wye, delta = (3 * connected.wye_node.size, LANES), (3 * connected.delta_node.size, LANES)
    active, three = (3, n_active, LANES), (3, LANES)
    power = (np.empty(wye), np.empty(wye), np.empty(delta), np.empty(delta))
    work = (np.empty(three), np.empty(three), np.empty(active), np.empty(active))
    vr, vi, square = np.empty(active), np.empty(active), np.empty((n_currents, LANES))
    scratch = (np.empty(six), np.empty(six), np.empty(six), np.empty(six), np.empty(N_ROWS * LANES))
    loading_max, loss = np.empty((step.loading_max.shape[0], LANES)), np.empty(LANES)
    change, weight = np.empty(LANES), np.empty(LANES)
    n_following = connected.following.row.size
    state = (np.empty((n_following, LANES)), np.empty((n_following, LANES)), np.empty((n_following, LANES)))
    for first in range(begin, end, LANES):
        n_steps = min(LANES, end - first)
        inject(first, n_steps, connected.wye, power[0], power[1])
        inject(first, n_steps, connected.delta, power[2], power[3])
        for part in power:
            part[:, n_steps:] = 0.0
        _begin(grid, vr, vi)
        state[0][:], state[1][:], state[2][:] = 0.0, 1.0, 0.0
        before, settles = np.inf, False
        for iteration in range(max_iterations + 1):
            last = settles or iteration == max_iterations
            if n_following:
                if last:
                    state[1][:], state[2][:] = 1.0, 0.0
                follow_voltages(first, n_steps, connected, vr, vi, work[0], work[1], state, power[1], power[3])
            right_hand_sides(grid, connected, power, vr, vi, work)
            if last:
                break
            moved = solved(grid, vr, vi, work[2], work[3], change)
            settles = moved < settled or (not n_following and _remaining(moved, before) < settled)
            before = moved
        _balance(first, n_steps, grid, vr, vi, work[2], work[3], loss, change, step)
        if _stand_in(first, n_steps, missed, vr, vi, weight, step):
            _found(
                first, first - kept.first, n_steps, grid, bounds, weight, vr, vi, scratch, square, loading_max, loss,
                step, element, kept,
            )  # fmt: skip


@inlined_kernel()
def _keep_phasors(first, n_steps, node, z, voltage):  # type: ignore[no-untyped-def]
    """Copies the voltages of a node."""
    for sequence in range(3):
        for k in range(n_steps):
            voltage[sequence, node, first + k, 0] = z[2 * sequence * LANES + k]
            voltage[sequence, node, first + k, 1] = z[(2 * sequence + 1) * LANES + k]


def nothing_found(n_nodes: int, n_currents: int, n_chains: int) -> ElementFound:
    """Extremes before any step has been seen."""
    return ElementFound(
        np.full(n_nodes, np.inf), np.zeros(n_nodes), np.zeros(n_nodes), np.zeros(n_currents), np.zeros(n_currents),
        np.zeros((n_chains, 3, 4)),
    )  # fmt: skip


def merged(parts: list[ElementFound]) -> ElementFound:
    """Extremes of several ranges of steps together."""
    joined = zip((np.min, np.max, np.max, np.max, np.max, np.sum), zip(*parts, strict=True), strict=True)
    return ElementFound(*(join(values, axis=0) for join, values in joined))  # type: ignore[operator]
