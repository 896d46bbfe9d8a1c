"""Limits of the network in three phases as linear rows: what each phase answers to power in each phase.

As in `optimizer.network.linearisation`, with the currents of the phases in place of one: a change of what is drawn
changes a real function of the voltages V of the sequences by ``dh = Re(c @ dV)``. With the matrix A that makes phases
of sequences, ``V = w + Y⁻¹ A⁻¹ I`` and ``dI = conj(dS) / conj(A V) - M conj(A dV)``, where M holds ``I / conj(A V)`` of
what is between phase and neutral and, between phases, of what is connected there. So the adjoint is the fixed point
``y = c - A conj(M A⁻¹ g)`` with ``g = Y⁻ᵀ y``, and ``dh = Re(A⁻¹ g @ conj(dS) / conj(A V))``. All rows of all steps
share one factor a sequence. Loads at the node of an external grid are taken to draw a constant current.

Powers are withdrawn at terminals: the phases a, b, c of every bus, phase by phase, 3 B of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from grid.arrays import Floats, Ints
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, TO_PHASES, TO_SEQUENCES, SequenceNetwork
from grid.units import PERCENT
from optimizer.network.linearisation import TOLERANCE, Linearisation

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow

ROUNDS = 60
"""Rounds of the adjoint fixed point, at most; it converges as fast as the power flow does."""
MOST_AT_ONCE = 100_000
"""So many numbers of a gradient are solved for at once [1]."""

Gradient = Callable[[Ints, Ints], tuple[Floats, Complexes]]
"""Values, shape (J,), and gradients by sequence and node, shape (J, 3, N), of rows with certain steps and elements."""


def phase_loading_rows(flow: PhasePowerFlow, step: Ints, element: Ints) -> Linearisation:
    """Loading of a phase of branches in certain steps [%], at the end that is loaded more.

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        element: Phase times the number of branches, plus the branch, shape (J,).
    """
    of, branches = flow.sequences, flow.sequences.branches

    def gradient(step: Ints, element: Ints) -> tuple[Floats, Complexes]:
        phase, branch = np.divmod(element, len(branches))
        ends = []
        for admittance, per_pu in (
            (of.admittance_from, branches.percent_per_pu_from), (of.admittance_to, branches.percent_per_pu_to)
        ):  # fmt: skip
            rows = np.stack([sparse.csr_array(part)[branch].toarray() for part in admittance], axis=1)
            rows = rows * TO_PHASES[phase][:, :, None] * per_pu[branch][:, None, None]
            ends.append((rows, np.einsum("jsn,snj->j", rows, flow.voltage[:, :, step])))
        at_from = np.abs(ends[0][1]) >= np.abs(ends[1][1])
        current = np.where(at_from, ends[0][1], ends[1][1])
        direction = np.conj(current) / np.maximum(np.abs(current), 1e-12)
        return np.abs(current), direction[:, None, None] * np.where(at_from[:, None, None], ends[0][0], ends[1][0])

    return _rows(flow, step, element, gradient)


def phase_voltage_rows(flow: PhasePowerFlow, step: Ints, element: Ints) -> Linearisation:
    """Voltage of a phase at nodes in certain steps [pu].

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        element: Phase times the number of nodes, plus the node, shape (J,).
    """
    n_nodes = flow.sequences.n_nodes

    def gradient(step: Ints, element: Ints) -> tuple[Floats, Complexes]:
        phase, node = np.divmod(element, n_nodes)
        v = (TO_PHASES[phase] * flow.voltage[:, node, step].T).sum(axis=1)
        found = np.zeros((step.size, len(PHASES), n_nodes), dtype=complex)
        found[np.arange(step.size), :, node] = TO_PHASES[phase] * (np.conj(v) / np.abs(v))[:, None]
        return np.abs(v), found

    return _rows(flow, step, element, gradient)


def unbalance_rows(flow: PhasePowerFlow, step: Ints, node: Ints) -> Linearisation:
    """Unbalance of the voltage at nodes in certain steps, negative over positive sequence [%].

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        node: Node of each row, shape (J,).
    """

    def gradient(step: Ints, node: Ints) -> tuple[Floats, Complexes]:
        _, positive, negative = flow.voltage[:, node, step]
        size, of = np.abs(positive), np.maximum(np.abs(negative), 1e-12)
        found, at = np.zeros((step.size, len(PHASES), flow.sequences.n_nodes), dtype=complex), np.arange(step.size)
        found[at, 2, node] = PERCENT * np.conj(negative) / (of * size)
        found[at, 1, node] = -PERCENT * np.conj(positive) * of / size**3
        return PERCENT * of / size, found

    return _rows(flow, step, node, gradient)


def phase_loss_rows(flow: PhasePowerFlow, step: Ints) -> Linearisation:
    """Power drawn by the grid itself, lines, transformers and shunts alike, in certain steps [MW]."""
    of = flow.sequences
    own = [y - sparse.diags_array(source) for y, source in zip(of.admittance, of.source, strict=True)]
    hermitian = [sparse.csr_array((y + y.conj().T).T * (len(PHASES) * of.base_mva / 2)) for y in own]

    def gradient(step: Ints, _: Ints) -> tuple[Floats, Complexes]:
        v = flow.voltage[:, :, step]
        drawn = np.stack([matrix @ np.conj(part) for matrix, part in zip(hermitian, v, strict=True)])
        return (drawn * v).sum(axis=(0, 1)).real, 2 * drawn.transpose(2, 0, 1)

    return _rows(flow, step, step, gradient)


def spread_evenly(per_terminal: Floats) -> Floats:
    """Change per withdrawal that is spread evenly over the phases, shape (J, B), of one per terminal, (J, 3 B)."""
    by_phase = per_terminal.reshape(len(per_terminal), len(PHASES), -1)
    return np.asarray(by_phase.mean(axis=1))


def _rows(flow: PhasePowerFlow, step: Ints, element: Ints, gradient: Gradient) -> Linearisation:
    """The rows, some at once, so that their gradients take little room."""
    at_once = max(1, MOST_AT_ONCE // (len(PHASES) * flow.sequences.n_nodes))
    values, active, reactive = [np.empty(0)], [], []
    for first in range(0, max(step.size, 1), at_once):
        at = slice(first, first + at_once)
        value, by_voltage = gradient(step[at], element[at])
        per_mw, per_mvar = _per_withdrawal(flow, step[at], by_voltage)
        values.append(value)
        active.append(per_mw)
        reactive.append(per_mvar)
    return Linearisation(step, np.concatenate(values), np.concatenate(active), np.concatenate(reactive))


@lru_cache(maxsize=4)
def _factors(sequences: SequenceNetwork) -> tuple[tuple[Ints, SuperLU], ...]:
    """Nodes that are solved for and the factor of their admittances in each sequence, kept for networks used last."""
    found = []
    for which, matrix in enumerate(sequences.admittance):
        held = sequences.slack if which == 1 else np.empty(0, dtype=np.int64)
        rest = np.setdiff1d(np.arange(sequences.n_nodes), held)
        factor = splu(sparse.csc_array(sparse.csr_array(matrix)[rest][:, rest]), permc_spec="MMD_AT_PLUS_A")
        found.append((rest, factor))
    return tuple(found)


def _per_withdrawal(flow: PhasePowerFlow, step: Ints, gradient: Complexes) -> tuple[Floats, Floats]:
    """Turns gradients by voltage into gradients by withdrawal at the terminals, shape (J, 3 B) each [1/MW, 1/MVAr]."""
    of = flow.sequences
    v = np.tensordot(TO_PHASES, flow.voltage[:, :, step], axes=1)
    wye, delta = _currents_per_voltage(flow, step, v)

    def moved(g: Complexes) -> Complexes:
        between = delta * (g - np.roll(g, -1, axis=0))
        return wye * g + between - np.roll(between, 1, axis=0)

    c = np.ascontiguousarray(gradient.transpose(1, 2, 0))
    y, size = c, np.abs(c).max(initial=0.0)
    for _ in range(ROUNDS):
        improved = c - np.tensordot(TO_PHASES, np.conj(moved(_solved(of, y))), axes=1)
        converged = np.abs(improved - y).max(initial=0.0) <= TOLERANCE * size
        y = improved
        if converged:
            break
    per_injection = _solved(of, y) / np.conj(v) / of.base_mva
    node = of.buses.node
    at_buses = np.where(node >= 0, per_injection[:, node].transpose(2, 0, 1), 0.0).reshape(step.size, -1)
    return -at_buses.real, -at_buses.imag


def _solved(sequences: SequenceNetwork, y: Complexes) -> Complexes:
    """Adjoint currents of the phases at every node, shape (3, N, J): those of the sequences solved one by one."""
    g = np.zeros_like(y)
    for which, (rest, factor) in enumerate(_factors(sequences)):
        g[which, rest] = factor.solve(np.ascontiguousarray(y[which, rest]), trans="T")
    return np.asarray(np.tensordot(TO_SEQUENCES, g, axes=1))


def _currents_per_voltage(flow: PhasePowerFlow, step: Ints, v: Complexes) -> tuple[Complexes, Complexes]:
    """Current per conjugate voltage of what is connected to the neutral and between phases, shape (3, N, J) each.

    Args:
        flow: The operating point.
        step: Step of each row, shape (J,).
        v: Voltages of the phases, shape (3, N, J) [pu].
    """
    of = flow.sequences
    currents = np.stack([y @ part for y, part in zip(of.admittance, flow.voltage[:, :, step], strict=True)])
    injected = np.asarray(np.tensordot(TO_PHASES, currents, axes=1), dtype=np.complex128)
    between = np.zeros_like(v)
    if flow.delta is not None and flow.delta.p_mw.nnz + flow.delta.q_mvar.nnz:
        profiles, live = flow.delta.profiles[:, step], np.flatnonzero(of.buses.node >= 0)
        drawn = (flow.delta.p_mw @ profiles + 1j * (flow.delta.q_mvar @ profiles)).reshape(len(PHASES), -1, step.size)
        for phase, power in enumerate(drawn):
            np.subtract.at(between[phase], of.buses.node[live], power[live] / of.base_mva)
    across = v - np.roll(v, -1, axis=0)
    in_delta = np.conj(between / across)
    wye = (injected - in_delta + np.roll(in_delta, 1, axis=0)) / np.conj(v)
    wye[:, of.slack] = 0.0
    return wye, np.asarray(in_delta / np.conj(across))
