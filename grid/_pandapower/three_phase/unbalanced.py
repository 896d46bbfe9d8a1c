"""Single steps by pandapower's three-phase power flow."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, SequenceNetwork

BASE_MVA = 0.01
"""pandapower's tolerance is per unit of this: 3e-8 of it are 0.3 mW."""
MOST_ROUNDS = 300
VM, VA = 7, 8
"""Columns of magnitude [pu] and angle [degree] in pandapower's tables of buses."""


def runpp_3ph(sequences: SequenceNetwork, wye_mva: Complexes, delta_mva: Complexes) -> Complexes | None:
    """Voltages of one step by pandapower's `runpp_3ph`, for what the fixed point does not solve.

    Args:
        sequences: The network.
        wye_mva: Withdrawal from phase to neutral by phase and bus, shape (3, B) [MW + j MVAr].
        delta_mva: Withdrawal between the phases ab, bc, ca, shape (3, B) [MW + j MVAr].

    Returns:
        Voltages by sequence, shape (3, N) complex [pu]; None if it does not converge either.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(sequences.net)
    for table in ("load", "sgen", "storage", "asymmetric_load", "asymmetric_sgen"):
        net[table] = net[table].iloc[:0]
    net.sn_mva = BASE_MVA
    for kind, power in (("wye", wye_mva), ("delta", delta_mva)):
        _connect(net, kind, np.where(sequences.buses.node >= 0, power, 0.0))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):  # what it says of voltages that collapse
            warnings.simplefilter("ignore")
            pandapower.runpp_3ph(net, max_iteration=MOST_ROUNDS)
    except pandapower.LoadflowNotConverged:
        return None
    tables = [net[name]["bus"][sequences.row].real for name in ("_ppc0", "_ppc1", "_ppc2")]
    voltage = np.array([bus[:, VM] * np.exp(1j * np.deg2rad(bus[:, VA])) for bus in tables])
    return voltage if np.isfinite(voltage).all() else None


def _connect(net: Any, kind: str, power_mva: Complexes) -> None:
    """Adds one load a bus with any power, which has its own in each phase."""
    import pandapower  # noqa: PLC0415  slow to import

    for bus in np.flatnonzero(power_mva.any(axis=0)):
        parts = {f"p_{name}_mw": power_mva[k, bus].real for k, name in enumerate(PHASES)}
        parts |= {f"q_{name}_mvar": power_mva[k, bus].imag for k, name in enumerate(PHASES)}
        pandapower.create_asymmetric_load(net, int(net.bus.index[bus]), type=kind, **parts)
