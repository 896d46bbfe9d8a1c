"""Single steps by pandapower's Newton-Raphson."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from grid._pandapower.matrices import RUNPP_OPTIONS, depends_on_voltage
from grid.arrays import Ints
from grid.network.network import Complexes, Network


def newton_raphson(network: Network, withdrawal_mva: Complexes) -> Complexes | None:
    """Voltages of one step by pandapower's Newton-Raphson, for what the fixed point does not solve.

    Args:
        network: The network.
        withdrawal_mva: Withdrawal of loads, static generators and storage by bus, shape (B,) [MW + j MVAr].

    Returns:
        Node voltages, shape (N,) complex [pu], or None if Newton-Raphson does not converge either.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table in ("sgen", "storage", "load"):
        if table == "load" and depends_on_voltage(net).any():
            continue
        net[table] = net[table].iloc[:0]
    live = np.flatnonzero((network.buses.node >= 0) & (np.abs(withdrawal_mva) > 0))
    if len(live):
        buses = net.bus.index.to_numpy()[live]
        _set_withdrawal(net, buses, withdrawal_mva[live])
    try:
        pandapower.runpp(net, **RUNPP_OPTIONS)
    except pandapower.LoadflowNotConverged:
        return None
    return np.asarray(net._ppc["internal"]["V"], dtype=complex)  # noqa: SLF001


def _set_withdrawal(net: Any, buses: Ints, power: Complexes) -> None:
    """Puts the withdrawal of each bus on loads; where loads depend on voltage, theirs are scaled to it."""
    import pandapower  # noqa: PLC0415  slow to import

    if not depends_on_voltage(net).any():
        pandapower.create_loads(net, buses, p_mw=power.real, q_mvar=power.imag)
        return
    net.load["scaling"] = 1.0
    count = net.load.groupby("bus").p_mw.transform("size").to_numpy()
    wanted = dict(zip(buses.tolist(), power, strict=True))
    at = [wanted.pop(bus, 0j) for bus in net.load.bus]
    net.load["p_mw"] = np.real(at) / count
    net.load["q_mvar"] = np.imag(at) / count
    if wanted:
        rest = np.array(list(wanted.values()))
        pandapower.create_loads(net, list(wanted), p_mw=rest.real, q_mvar=rest.imag)
