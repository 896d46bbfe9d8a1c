"""What is drawn and fed in by phase, for every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, SequenceNetwork
from grid.powerflow.zbus import in_threads
from grid.three_phase.columns_kernel import turn_columns

STEPS_LOOKED_AT = 16
"""Steps that show in which columns anything is drawn; whether there are others, the kernel finds."""
STEPS_OF_A_THREAD = 64
"""Threads take so many steps, or a multiple."""


@dataclass(frozen=True, eq=False)
class PhaseLoads:
    """Withdrawal by phase; T steps, B buses.

    Args:
        wye: Between phase and neutral, rows phase by phase: 3 B of them.
        delta: Between the phases ab, bc, ca, in the same way.
    """

    wye: Injections
    delta: Injections

    @classmethod
    def dense(cls, wye_mva: Complexes, delta_mva: Complexes | None = None) -> PhaseLoads:
        """Withdrawal given for every step, phase and bus, shape (T, 3, B) each [MW + j MVAr]."""
        n_steps = wye_mva.shape[0]
        none = np.zeros_like(wye_mva) if delta_mva is None else delta_mva
        flat = [power.reshape(n_steps, -1) for power in (wye_mva, none)]
        return cls(*(Injections.dense(power.real, power.imag) for power in flat))

    @classmethod
    def at_buses(cls, network: SequenceNetwork, buses: Ints, wye_mva: Complexes, *, threads: int = 1) -> PhaseLoads:
        """Withdrawal between phase and neutral at some buses only.

        Args:
            network: The network.
            buses: Their places, shape (K,), each once.
            wye_mva: Withdrawal, shape (T, 3, K) [MW + j MVAr].
            threads: Number of threads that lay it out.
        """
        n_buses, n_steps = len(network.buses.names), wye_mva.shape[0]
        rows = np.add.outer(np.arange(len(PHASES)) * n_buses, buses)
        if wye_mva.strides[1] < wye_mva.strides[2]:  # the phases of a bus lie side by side
            wye_mva, rows = wye_mva.transpose(0, 2, 1), rows.T
        table = np.ascontiguousarray(wye_mva.reshape(n_steps, -1), dtype=np.complex128)
        profiles, drawn = rows_of(table, threads)
        at, n_drawn = rows.ravel()[drawn], int(drawn.sum())
        shape = (len(PHASES) * n_buses, 2 * n_drawn)
        p, q = (
            sparse.csr_array((np.ones(n_drawn), (at, part * n_drawn + np.arange(n_drawn))), shape=shape)
            for part in range(2)
        )
        none = sparse.csr_array((len(PHASES) * n_buses, 0))
        return cls(Injections(profiles, p, q), Injections(np.empty((0, n_steps)), none, none))

    @classmethod
    def of_net(cls, network: SequenceNetwork) -> PhaseLoads:
        """One step with what the net's own elements draw."""
        return cls.dense(network.wye_mva[None], network.delta_mva[None])

    @classmethod
    def balanced(cls, injections: Injections) -> PhaseLoads:
        """A third of the withdrawal of a balanced net in each phase."""
        thirds = [sparse.vstack([part / len(PHASES)] * len(PHASES), format="csr")
                  for part in (injections.p_mw, injections.q_mvar)]  # fmt: skip
        none = sparse.csr_array(thirds[0].shape)
        return cls(Injections(injections.profiles, *thirds), Injections(injections.profiles, none, none))

    def with_earth_of(self, network: SequenceNetwork) -> PhaseLoads:
        """The same with all between a phase and a neutral without earth put between phases: a at ab, b at bc, c at ca.

        A balanced load draws the same either way, and no current into earth.
        """
        node = network.buses.node
        alone = np.tile((node >= 0) & network.unearthed[node], len(PHASES))
        if not alone.any():
            return self
        moved, left = (sparse.diags_array(part.astype(float)) for part in (alone, ~alone))
        parts = [
            Injections(self.wye.profiles, sparse.csr_array(of @ self.wye.p_mw), sparse.csr_array(of @ self.wye.q_mvar))
            for of in (left, moved)
        ]
        return PhaseLoads(parts[0], self.delta.plus(parts[1]))

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return self.wye.n_steps


def rows_of(table: Complexes, threads: int = 1) -> tuple[Floats, Bools]:
    """Columns of a table of steps that are not all 0, as rows.

    Args:
        table: Shape (T, C), contiguous.
        threads: Number of threads.

    Returns:
        Their real parts, then their imaginary parts, shape (2 R, T), and which columns they are, shape (C,).
    """
    n_steps, n_columns = table.shape
    parts = table.view(np.float64)

    def turned(drawn: Bools) -> tuple[Floats, bool]:
        rows = np.empty((2 * int(drawn.sum()), n_steps))
        row_of = np.full((n_columns, 2), -1, dtype=np.int64)
        row_of[drawn] = np.arange(len(rows)).reshape(2, -1).T
        others = in_threads(
            lambda begin, end: bool(turn_columns(begin, end, parts, row_of.ravel(), rows)),
            n_steps, STEPS_OF_A_THREAD, threads,
        )  # fmt: skip
        return rows, any(others)

    drawn = np.asarray(table[:: max(n_steps // STEPS_LOOKED_AT, 1)].any(axis=0))
    rows, others = turned(drawn)
    if others:
        drawn = np.asarray(table.any(axis=0))
        rows, _ = turned(drawn)
    return rows, drawn
