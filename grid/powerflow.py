"""AC power flow of every step: the fixed-point Z-bus iteration with one factorisation shared by all steps.

The voltages of the nodes that are not slack solve ``V = w + Y⁻¹ conj(S / V)``, where ``w`` is the voltage without
injections and S the injection. Iterated from ``V = w`` this converges in a few rounds on distribution grids, up to
ten times their nominal load, and every round is one solve with the same factor for many steps at once [1]. A step
whose power residual does not fall goes to pandapower's Newton-Raphson; one that fails there too is reported.

References:
    [1] S. Bolognani and S. Zampieri, "On the existence and linear approximation of the power flow solution in power
        distribution networks", IEEE Trans. Power Systems, vol. 31, no. 1, pp. 163-172, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid import _pandapower
from grid.clock import Clock
from grid.errors import Fault, raise_if_any
from grid.network import Complexes, Network
from grid.series import Bools, Floats

RESIDUAL_MVA = 1e-9
"""A step has converged when no node misses its power by more than this [MVA]."""
MAX_ITERATIONS = 200
STEPS_AT_ONCE = 128
"""Right-hand sides per solve: enough to share the traversal of the factor, few enough to stay in the cache."""


@dataclass(frozen=True, eq=False)
class PowerFlow:
    """Voltages of every step and what follows from them; T steps, N nodes, B buses, L branches.

    Args:
        clock: The time axis.
        network: The network.
        voltage: Node voltages, shape (T, N) complex [pu]; NaN where a step has no solution.
        by_newton: Steps solved by Newton-Raphson instead of the fixed point, shape (T,).
        failed: Steps without a solution, shape (T,).
    """

    clock: Clock
    network: Network
    voltage: Complexes
    by_newton: Bools
    failed: Bools

    def vm_pu(self) -> Floats:
        """Voltage magnitude at every bus, shape (T, B) [pu]; NaN where a bus is de-energised."""
        node = self.network.buses.node
        magnitude = np.abs(self.voltage)[:, node]
        magnitude[:, node < 0] = np.nan
        return magnitude

    def branch_currents_pu(self) -> tuple[Complexes, Complexes]:
        """Currents entering every branch at its "from" and its "to" end, shape (T, L) complex each [pu]."""
        return (
            (self.network.admittance_from @ self.voltage.T).T,
            (self.network.admittance_to @ self.voltage.T).T,
        )

    def branch_powers_mw(self) -> tuple[Floats, Floats]:
        """Active power entering every branch at its "from" and its "to" end, shape (T, L) each [MW]."""
        i_from, i_to = self.branch_currents_pu()
        branches, base = self.network.branches, self.network.base_mva
        p_from = (self.voltage[:, branches.from_node] * i_from.conj()).real * base
        p_to = (self.voltage[:, branches.to_node] * i_to.conj()).real * base
        return p_from, p_to

    def loading_percent(self) -> Floats:
        """Loading of every branch by current, as pandapower defines it, shape (T, L) [%]; NaN without a rating."""
        i_from, i_to = self.branch_currents_pu()
        branches = self.network.branches
        loading = np.maximum(np.abs(i_from) * branches.percent_per_pu_from, np.abs(i_to) * branches.percent_per_pu_to)
        loading[:, branches.percent_per_pu_from == 0] = np.nan
        return loading

    def slack_mva(self) -> Complexes:
        """Power that each external grid's node feeds in, by the admittance matrix, shape (T, R) [MW + j MVAr]."""
        network = self.network
        rows = sparse.csr_array(network.admittance)[network.slack]
        current = (rows @ self.voltage.T).T
        injected: Complexes = self.voltage[:, network.slack] * current.conj() * network.base_mva
        return injected

    def shunt_mw(self) -> Floats:
        """Active power drawn by shunts, shape (T, N) [MW]."""
        return np.abs(self.voltage) ** 2 * self.network.conductance_pu * self.network.base_mva


def bus_to_node(network: Network, at_buses: Floats) -> Floats:
    """Sums of a quantity by bus, shape (T, B), to nodes, shape (T, N); de-energised buses are left out."""
    node = network.buses.node
    live = np.flatnonzero(node >= 0)
    gather = sparse.csr_array((np.ones(live.size), (live, node[live])), shape=(node.size, network.n_nodes))
    return np.asarray(at_buses @ gather)


def power_flow(network: Network, clock: Clock, p_mw: Floats, q_mvar: Floats) -> PowerFlow:
    """Solves the AC power flow of every step.

    Args:
        network: The network.
        clock: The time axis, T steps.
        p_mw: Withdrawal of active power at every bus, shape (T, B) [MW].
        q_mvar: Withdrawal of reactive power at every bus, shape (T, B) [MVAr].

    Raises:
        InputError: If shapes disagree or a power is not finite.
    """
    shape = (clock.n_steps, len(network.buses.names))
    faults = []
    for name, values in (("p_mw", p_mw), ("q_mvar", q_mvar)):
        if values.shape != shape:
            faults.append(Fault(f"power_flow.{name}", f"must have shape {shape}", values.shape))
        elif not np.isfinite(values).all():
            step, bus = np.argwhere(~np.isfinite(values))[0]
            faults.append(Fault(f"power_flow.{name}", f"must be finite; bus {network.buses.names[bus]!r}, step {step}"))
    raise_if_any(faults)
    withdrawal = bus_to_node(network, p_mw) + 1j * bus_to_node(network, q_mvar) + network.fixed_mva
    voltage = np.full((clock.n_steps, network.n_nodes), np.nan + 0j)
    voltage[:, network.slack] = network.v_slack
    solved = np.zeros(clock.n_steps, dtype=bool)
    if not network.uncovered:
        solved = _fixed_point(network, -withdrawal / network.base_mva, voltage)
    failed = np.zeros(clock.n_steps, dtype=bool)
    for step in np.flatnonzero(~solved):
        newton = _pandapower.newton_raphson(network, p_mw[step] + 1j * q_mvar[step])
        failed[step] = newton is None
        voltage[step] = np.nan if newton is None else newton
    return PowerFlow(clock, network, voltage, ~solved & ~failed, failed)


def factorise(network: Network) -> tuple[linalg.SuperLU, np.ndarray, Complexes]:
    """The shared factor of the admittance among the nodes that are not slack.

    Returns:
        The factor, the places of those nodes, and their voltages without injections [pu].
    """
    rest = np.setdiff1d(np.arange(network.n_nodes), network.slack)
    rows = sparse.csr_array(network.admittance)[rest]
    factor = linalg.splu(
        sparse.csc_array(rows[:, rest]),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    unloaded = factor.solve(-(rows[:, network.slack] @ network.v_slack))
    return factor, rest, unloaded


def _fixed_point(network: Network, injection: Complexes, voltage: Complexes) -> Bools:
    """Iterates all steps, block by block, writing `voltage` (T, N) where a step converges; returns which did."""
    factor, rest, unloaded = factorise(network)
    solved = np.zeros(len(injection), dtype=bool)
    if not rest.size:
        return ~solved
    tolerance = RESIDUAL_MVA / network.base_mva
    for first in range(0, len(injection), STEPS_AT_ONCE):
        steps = np.arange(first, min(first + STEPS_AT_ONCE, len(injection)))
        s = np.asfortranarray(injection[np.ix_(steps, rest)].T)
        v = np.repeat(unloaded[:, None], steps.size, axis=1)
        active = np.arange(steps.size)
        with np.errstate(all="ignore"):  # a diverging step overflows; it is caught by its residual
            for _ in range(MAX_ITERATIONS):
                current = np.conj(s[:, active] / v[:, active])
                improved = unloaded[:, None] + factor.solve(current)
                # Y (improved - unloaded) is `current` exactly, so the residual needs no product with Y
                residual = np.abs(improved * np.conj(current) - s[:, active]).max(axis=0)
                v[:, active] = improved
                done = residual < tolerance
                solved[steps[active[done]]] = True
                active = active[~done & np.isfinite(residual)]
                if not active.size:
                    break
        good = solved[steps]
        voltage[np.ix_(steps[good], rest)] = v[:, good].T
    return solved
