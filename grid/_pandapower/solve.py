"""Single steps by pandapower's Newton-Raphson."""

from __future__ import annotations

import copy

import numpy as np

from grid._pandapower.control.voltage_control import COEFFICIENTS
from grid._pandapower.run import run_power_flow
from grid.arrays import Floats
from grid.network.network import Complexes, Network

SETTLED_MVA = 1e-9
"""Loads that depend on voltage are settled when they change by less between two power flows [MVA]."""
MOST_ROUNDS = 50


def newton_raphson(network: Network, withdrawal_mva: Complexes, loads_mva: Complexes | None = None) -> Complexes | None:
    """Voltages of one step by pandapower's Newton-Raphson, for what the fixed point does not solve.

    Loads depend on voltage as in pandapower: those of a bus together, by the mean of the coefficients of the loads in
    service there. What else is connected at the bus, such as photovoltaics, does not.

    Args:
        network: The network.
        withdrawal_mva: Withdrawal of loads, static generators and storage by bus, shape (B,) [MW + j MVAr]; loads that
            depend on voltage with what they draw at 1 pu.
        loads_mva: The loads' part of it at the buses `Network.voltage_dependent_bus`, shape (V,); by default all of it.

    Returns:
        Node voltages, shape (N,) complex [pu], or None if Newton-Raphson does not converge either, or no pandapower net
        is in the switching state of the network.
    """
    if network.load_net is None:
        return None
    at = network.voltage_dependent_bus
    if not at.size:
        return _solved(network, withdrawal_mva)
    coefficients = network.voltage_control.dependence
    loads = withdrawal_mva[at] if loads_mva is None else loads_mva
    of_all = _coefficients_of_all(coefficients, loads, withdrawal_mva[at])
    if of_all is not None:
        return _solved(network, withdrawal_mva, of_all)
    others = withdrawal_mva.astype(complex)
    others[at] -= loads
    drawn = loads
    for _ in range(MOST_ROUNDS):
        total = others.copy()
        total[at] += drawn
        voltage = _solved(network, total)
        if voltage is None:
            return None
        before, drawn = drawn, _at_voltage(coefficients, loads, np.abs(voltage[network.buses.node[at]]))
        if np.abs(drawn - before).max() < SETTLED_MVA:
            return voltage
    return None


def _coefficients_of_all(coefficients: Floats, loads_mva: Complexes, total_mva: Complexes) -> Floats | None:
    """Coefficients for all that is drawn at a bus so that it depends on voltage as its loads alone do, shape (V, 4).

    None where pandapower would refuse them, since what feeds in at the bus outweighs its loads.
    """
    scaled = np.zeros_like(coefficients)
    for columns, part, total in (
        (slice(0, 2), loads_mva.real, total_mva.real),
        (slice(2, 4), loads_mva.imag, total_mva.imag),
    ):
        share = np.divide(part, total, out=np.zeros_like(part), where=total != 0)
        scaled[:, columns] = coefficients[:, columns] * share[:, None]
        lost = (total == 0) & (part != 0) & coefficients[:, columns].any(axis=1)
        sums = scaled[:, columns].sum(axis=1)
        if lost.any() or (sums > 1).any() or (sums < 0).any():
            return None
    return scaled


def _at_voltage(coefficients: Floats, loads_mva: Complexes, vm_pu: Floats) -> Complexes:
    """What the loads draw at a voltage, shape (V,) [MW + j MVAr]."""
    i_p, z_p, i_q, z_q = coefficients.T
    p_mw = loads_mva.real * (1 - i_p - z_p + i_p * vm_pu + z_p * vm_pu**2)
    return np.asarray(p_mw + 1j * loads_mva.imag * (1 - i_q - z_q + i_q * vm_pu + z_q * vm_pu**2))


def _solved(network: Network, withdrawal_mva: Complexes, coefficients: Floats | None = None) -> Complexes | None:
    """Voltages with each bus's withdrawal as one load, which depends on voltage by the `coefficients` where given."""
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table in ("sgen", "storage", "load"):
        net[table] = net[table].iloc[:0]
    live = np.flatnonzero((network.buses.node >= 0) & (np.abs(withdrawal_mva) > 0))
    if len(live):
        of_bus = np.zeros((network.buses.node.size, len(COEFFICIENTS)))
        if coefficients is not None:
            of_bus[network.voltage_dependent_bus] = 100 * coefficients
        power = withdrawal_mva[live]
        by_column = dict(zip(COEFFICIENTS, of_bus[live].T, strict=True))
        pandapower.create_loads(net, net.bus.index.to_numpy()[live], p_mw=power.real, q_mvar=power.imag, **by_column)
    try:
        run_power_flow(net)
    except pandapower.LoadflowNotConverged:
        return None
    return np.asarray(net._ppc["internal"]["V"], dtype=complex)  # noqa: SLF001
