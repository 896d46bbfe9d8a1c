"""Limits of the network as linear rows: how currents and losses answer to power, at an AC operating point.

For the fixed point ``Y (V - w) = conj(S / V)`` a small change of the injections S changes a real function of the
voltages, ``dh = Re(c @ dV)``, by ``Re(g @ (dP - j dQ) / conj(V))``, where the adjoint ``g = Y⁻ᵀ y`` follows from the
fixed point ``y = c - conj(a · Y⁻ᵀ y)`` with ``a = conj(S) / conj(V)²``. All rows of all steps share one factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from grid.arrays import Floats, Ints
from grid.network.network import Complexes, Network
from grid.powerflow.powerflow import PowerFlow
from grid.powerflow.zbus import factorise

ROUNDS = 30
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Linearisation:
    """Functions of the state, to first order in the withdrawals; J rows.

    Args:
        step: Step of each row, shape (J,).
        value: Value at the operating point, shape (J,).
        per_mw: Change per withdrawal of active power at each bus, shape (J, B) [1/MW].
        per_mvar: Change per withdrawal of reactive power at each bus, shape (J, B) [1/MVAr].
    """

    step: Ints
    value: Floats
    per_mw: Floats
    per_mvar: Floats


def loading_rows(flow: PowerFlow, step: Ints, branch: Ints) -> Linearisation:
    """Loading of branches in certain steps [%], at the end that is loaded more.

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        branch: Branch of each row, shape (J,).
    """
    network, branches = flow.network, flow.network.branches
    v = flow.voltage[step]
    rows_from = sparse.csr_array(network.admittance_from)[branch].toarray()
    rows_to = sparse.csr_array(network.admittance_to)[branch].toarray()
    i_from, i_to = (rows_from * v).sum(axis=1), (rows_to * v).sum(axis=1)
    at_from = np.abs(i_from) * branches.percent_per_pu_from[branch]
    at_to = np.abs(i_to) * branches.percent_per_pu_to[branch]
    from_end = at_from >= at_to
    current = np.where(from_end, i_from, i_to)
    per_pu = np.where(from_end, branches.percent_per_pu_from[branch], branches.percent_per_pu_to[branch])
    admittance = np.where(from_end[:, None], rows_from, rows_to)
    direction = np.conj(current) / np.maximum(np.abs(current), 1e-12)
    gradient = (per_pu * direction)[:, None] * admittance
    return Linearisation(step, np.maximum(at_from, at_to), *per_withdrawal(flow, step, gradient))


def voltage_rows(flow: PowerFlow, step: Ints, node: Ints) -> Linearisation:
    """Voltage of nodes in certain steps [pu].

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        node: Node of each row, shape (J,).
    """
    v = flow.voltage[step, node]
    gradient = np.zeros((step.size, flow.network.n_nodes), dtype=complex)
    gradient[np.arange(step.size), node] = np.conj(v) / np.abs(v)
    return Linearisation(step, np.abs(v), *per_withdrawal(flow, step, gradient))


def loss_rows(flow: PowerFlow, step: Ints) -> Linearisation:
    """Power drawn by the grid itself, lines, transformers and shunts alike, in certain steps [MW]."""
    network = flow.network
    v = flow.voltage[step]
    hermitian = (network.admittance + network.admittance.conj().T) / 2
    drawn = (hermitian.T @ np.conj(v).T).T * network.base_mva
    value = (drawn * v).sum(axis=1).real
    return Linearisation(step, value, *per_withdrawal(flow, step, 2 * drawn))


def per_withdrawal(flow: PowerFlow, step: Ints, gradient: Complexes) -> tuple[Floats, Floats]:
    """Turns gradients by node voltage into gradients by withdrawal at the buses, shape (J, B) each [1/MW, 1/MVAr].

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        gradient: Rows c of ``dh = Re(c @ dV)``, shape (J, N) [per pu].
    """
    network = flow.network
    if network.generator_node.size:
        active, reactive = (-per_injected / network.base_mva for per_injected in _by_jacobian(flow, step, gradient))
        return _to_buses(network, active), _to_buses(network, reactive)
    factor = factorise(network)
    rest = factor.eliminated
    v = flow.voltage[np.ix_(step, rest)].T
    s = _injection(flow)[np.ix_(step, rest)].T
    a = np.conj(s) / np.conj(v) ** 2
    c = gradient[:, rest].T
    y = c
    for _ in range(ROUNDS):
        g = factor.superlu.solve(np.ascontiguousarray(y), trans="T")
        improved = c - np.conj(a * g)
        converged = np.abs(improved - y).max(initial=0.0) <= TOLERANCE * np.abs(c).max(initial=1.0)
        y = improved
        if converged:
            break
    g = factor.superlu.solve(np.ascontiguousarray(y), trans="T")
    per_injection = (g / np.conj(v)).T / network.base_mva
    active, reactive = np.zeros((2, step.size, network.n_nodes))
    active[:, rest], reactive[:, rest] = -per_injection.real, -per_injection.imag
    return _to_buses(network, active), _to_buses(network, reactive)


def _by_jacobian(flow: PowerFlow, step: Ints, gradient: Complexes) -> tuple[Floats, Floats]:
    """The same by injection at the nodes where generators hold voltages, active and reactive, shape (J, N) each [1/pu].

    There the active power of a generator and its voltage are given, and its reactive power follows. With the voltage
    ``V = x + jy`` the equations of Newton's method are those of ``dS = conj(I) dV + V conj(Y dV)`` and, for a
    generator, of ``Re(conj(V) dV)`` in place of the reactive power; the adjoint solves with their transpose.
    """
    network = flow.network
    rest = np.setdiff1d(np.arange(network.n_nodes), network.slack)
    held = np.isin(rest, network.generator_node)
    admittance = sparse.csr_array(network.admittance)[rest]
    active, reactive = np.zeros((2, step.size, network.n_nodes))
    for k in np.unique(step):
        rows, v = np.flatnonzero(step == k), flow.voltage[k]
        current = sparse.diags_array(np.conj(admittance @ v))
        turned = sparse.diags_array(v[rest]) @ admittance[:, rest].conj()
        by_x, by_y = current + turned, 1j * (current - turned)
        free, fixed = sparse.diags_array((~held).astype(float)), sparse.diags_array(held.astype(float))
        lower = [
            free @ by_x.imag + fixed @ sparse.diags_array(v[rest].real),
            free @ by_y.imag + fixed @ sparse.diags_array(v[rest].imag),
        ]
        jacobian = sparse.csc_matrix(sparse.block_array([[by_x.real, by_y.real], lower]))
        wanted = np.concatenate([gradient[rows][:, rest].real, -gradient[rows][:, rest].imag], axis=1)
        adjoint = splu(jacobian).solve(np.ascontiguousarray(wanted.T), trans="T").T
        active[np.ix_(rows, rest)] = adjoint[:, : rest.size]
        reactive[np.ix_(rows, rest)] = np.where(held, 0.0, adjoint[:, rest.size :])
    return active, reactive


def _injection(flow: PowerFlow) -> Complexes:
    """Power injected at each node by the voltages themselves, shape (T, N) [pu]."""
    current = (flow.network.admittance @ flow.voltage.T).T
    injected: Complexes = flow.voltage * np.conj(current)
    return injected


def _to_buses(network: Network, at_nodes: Floats) -> Floats:
    node = network.buses.node
    return np.where(node >= 0, at_nodes[:, node], 0.0)
