"""Reactive power that follows the voltage of its phase, within the fixed-point iteration; compiled."""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import inner_kernel
from grid.three_phase.currents_kernel import to_phases

ROOT_OF_THIRD = float(np.sqrt(1 / 3))
"""Voltage from phase to earth over the voltage across two phases."""


@inner_kernel()
def follow_voltages(first, n_steps, connected, vr, vi, phase_r, phase_i, state, q_wye, q_delta):  # type: ignore[no-untyped-def]
    """Moves reactive power towards what follows the voltages of a block, each by a share of the way.

    The share is halved where what is missing changes its sign without falling to half, and grows where it does not
    fall to half with its sign kept. `state` is what of the reactive power follows the voltages, the share, and what was
    missing. What is between two phases sees the voltage across them over the root of 3.
    """
    drawn, share_of_way, missing = state
    of, n_wye, n_delta = connected.following, connected.wye_node.size, connected.delta_node.size
    for j in range(of.row.size):
        row, between = of.row[j], of.row[j] >= 3 * n_wye
        if between:
            row -= 3 * n_wye
        phase = row // n_delta if between else row // n_wye
        other, node = (
            (phase + 1) % 3,
            connected.delta_node[row % n_delta] if between else connected.wye_node[row % n_wye],
        )
        to_phases(node, vr, vi, phase_r, phase_i)
        at, share, q = of.vm_pu[of.kind[j]], of.share[of.kind[j]], q_delta[row] if between else q_wye[row]
        for k in range(n_steps):
            a, b = phase_r[phase, k], phase_i[phase, k]
            if between:
                a, b = ROOT_OF_THIRD * (a - phase_r[other, k]), ROOT_OF_THIRD * (b - phase_i[other, k])
            v = np.sqrt(a * a + b * b)
            value = share[0]
            for corner in range(1, at.size):
                if v > at[corner - 1] and at[corner] > at[corner - 1]:
                    along = min((v - at[corner - 1]) / (at[corner] - at[corner - 1]), 1.0)
                    value = share[corner - 1] + along * (share[corner] - share[corner - 1])
            misses = value * of.rating[j, first + k] - drawn[j, k]
            if abs(misses) > 0.5 * abs(missing[j, k]):
                turned = misses * missing[j, k] < 0.0
                share_of_way[j, k] = min(share_of_way[j, k] * (0.5 if turned else 1.5), 1.0)
            missing[j, k] = misses
            moved = share_of_way[j, k] * misses
            drawn[j, k] += moved
            q[k] += moved
