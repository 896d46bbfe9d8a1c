"""Reactive power that follows the voltage of its phase, within the fixed-point iteration; compiled."""

from __future__ import annotations

import numpy as np

from grid.powerflow.zbus_kernel import inner_kernel
from grid.three_phase.currents_kernel import to_phases


@inner_kernel()
def follow_voltages(first, n_steps, connected, vr, vi, phase_r, phase_i, state, q):  # type: ignore[no-untyped-def]
    """Moves reactive power towards what follows the voltages of a block, each by a share of the way.

    The share is halved where what is missing changes its sign without falling to half, and grows where it does not
    fall to half with its sign kept. `state` is what of `q` follows the voltages, the share, and what was missing.
    """
    drawn, share_of_way, missing = state
    of, n_nodes = connected.following, connected.wye_node.size
    for j in range(of.row.size):
        phase, m = of.row[j] // n_nodes, of.row[j] % n_nodes
        to_phases(connected.wye_node[m], vr, vi, phase_r, phase_i)
        at, share = of.vm_pu[of.kind[j]], of.share[of.kind[j]]
        for k in range(n_steps):
            v = np.sqrt(phase_r[phase, k] * phase_r[phase, k] + phase_i[phase, k] * phase_i[phase, k])
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
            q[of.row[j], k] += moved
