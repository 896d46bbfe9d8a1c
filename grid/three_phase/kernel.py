"""The fixed-point iteration in symmetrical components for blocks of steps, compiled.

As in `grid.powerflow.zbus_kernel`, arrays are laid out as (element, step of the block), real and imaginary parts apart.
The three sequences couple only where something is connected: there voltages are turned into phases, powers into
currents, and these into sequences again. Nodes that only pass current on are left out of the iteration and found after
it from the two nodes that they lie between.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats, Ints
from grid.powerflow.zbus_arrays import Profiles, Triangle
from grid.powerflow.zbus_kernel import inner_kernel

Singles = npt.NDArray[np.float32]
inlined_kernel = partial(inner_kernel, forceinline=True)
"""Compiles a function into those that call it: handing on so many arrays would cost more than its loops."""
LANES = 128
"""Steps in a block, known when loops over them are compiled: many enough that what surrounds the loops costs little."""
HALF_ROOT_3 = float(np.sqrt(0.75))
"""Imaginary part of the operator a = exp(j 120°); its real part is -1/2."""


class Sequence(NamedTuple):
    """One sequence between the active nodes, of which there are A; n of them are solved for."""

    lower: Triangle
    upper: Triangle
    diagonal_real: Floats
    """Inverse diagonal of the upper factor, shape (n,)."""
    diagonal_imag: Floats
    place: Ints
    """Place of each active node in the elimination, shape (A,); -1 where its voltage is held."""
    unloaded_real: Floats
    """Voltages without anything connected, shape (A,) [pu]."""
    unloaded_imag: Floats


class Chains(NamedTuple):
    """Pairs of active nodes with what lies between them, P of them; see `grid.three_phase.chains`."""

    first: Ints
    second: Ints
    loss: Floats
    """Losses of all phases as factors of |V|², |D|², Re(V* D), Im(V* D) by sequence, shape (P, 3, 4)."""
    node_pointer: Ints
    """First of the nodes of each chain, shape (P + 1,)."""
    current_pointer: Ints
    """First of the currents of each chain, shape (P + 1,)."""
    of_branch: Ints
    """Chain of each branch, shape (L,)."""
    branch_loss: Floats
    """The same of each branch, shape (L, 3, 4)."""


class Inner(NamedTuple):
    """All nodes in the order of the chains, each in one of them; factors of V and D by sequence, shape (3, N)."""

    node: Ints
    first_real: Floats
    first_imag: Floats
    rise_real: Floats
    rise_imag: Floats


class Currents(NamedTuple):
    """Currents in chains that differ in magnitude, in the order of the chains; factors of V and D by sequence."""

    first_real: Floats
    first_imag: Floats
    rise_real: Floats
    rise_imag: Floats
    of_from: Ints
    """Current at the "from" end of each branch, shape (L,)."""
    of_to: Ints
    most: Floats
    """Largest square of a loading per current by group, shape (groups, currents) [%²/pu²]."""


class Reduced(NamedTuple):
    """Admittance between the active nodes by rows, on the common pattern of the sequences."""

    pointer: Ints
    column: Ints
    real: Floats
    """Shape (3, entries)."""
    imag: Floats


class SequenceGrid(NamedTuple):
    """A network for the kernel: A active nodes, then the passive ones, N in all; L branches, R held nodes."""

    zero: Sequence
    positive: Sequence
    negative: Sequence
    reduced: Reduced
    chains: Chains
    inner: Inner
    currents: Currents
    order: Ints
    """Number of each node in the network, shape (N,)."""
    held: Ints
    """Nodes whose positive-sequence voltage is held, shape (R,)."""
    source_real: Floats
    """Admittance of the external grid of each held node by sequence, shape (3, R) [pu]."""
    source_imag: Floats
    percent_per_pu: Floats
    """Loading per current of a phase at both ends, shape (L, 2) [%/pu]."""


class Bounds(NamedTuple):
    """What violations are counted against."""

    vm_low: Floats
    """Square of the lowest permitted voltage of a phase, shape (N,) [pu²]."""
    vm_high: Floats
    unbalance: float
    """Square of the highest permitted ratio of the negative to the positive sequence [1]."""
    loading: Floats
    """Highest permitted loading of each branch, shape (L,) [%]."""
    current: Floats
    """Square of the current above which a branch is beyond its limit, shape (currents,) [pu²]."""


class Following(NamedTuple):
    """Reactive power that follows the voltage between its two ends, J of them; constant beyond corners."""

    row: Ints
    """Row of each among those that are between phase and neutral, then those between phases, shape (J,)."""
    kind: Ints
    """Row of each in `vm_pu`, shape (J,)."""
    rating: Floats
    """Withdrawal at a share of 1, shape (J, T) [pu]."""
    vm_pu: Floats
    """Voltages of the corners, ascending, shape (kinds, M) [pu]."""
    share: Floats
    """Withdrawal at the corners per rating, shape (kinds, M) [1]."""


class Connected(NamedTuple):
    """What is connected: K nodes between phase and neutral, D between phases; rows are phase by phase."""

    wye_node: Ints
    alone: Ints
    """The only phase of each of the K in which anything is drawn, shape (K,); -1 where there are more."""
    wye: Profiles
    delta_node: Ints
    delta: Profiles
    following: Following


class StepFound(NamedTuple):
    """What is found in each step; shape (T,) unless said otherwise."""

    residual: Floats
    """Largest square of a current that a node misses in a sequence [pu²]."""
    loss: Floats
    slack_p: Floats
    """Shape (R, T) [pu], injected into the grid."""
    slack_q: Floats
    vm_min: Floats
    """Square of the lowest voltage of a phase [pu²]."""
    vm_max: Floats
    unbalance_max: Floats
    """Square of the highest ratio of the negative to the positive sequence [1]."""
    loading_max: Floats
    """Square of the highest loading of a phase of each group, shape (groups, T) [%²]."""
    violations: Ints


class ElementFound(NamedTuple):
    """Extremes of each node (N,) and current (G,) over the steps that have converged, and sums of each chain (P,)."""

    vm_min: Floats
    vm_max: Floats
    unbalance_max: Floats
    current_max: Floats
    """Square of the highest current of a phase, shape (G,) [pu²]."""
    neutral_max: Floats
    """Square of the highest current of the way back, shape (G,) [pu²]."""
    squares: Floats
    """Sums over the steps of |V|², |D|², Re(V* D), Im(V* D) by sequence, shape (P, 3, 4) [pu²]."""


class PhasesKept(NamedTuple):
    """What is kept of every step; without elements where it is not wanted."""

    voltage: Floats
    """Voltages by sequence, node, step and part (real, imaginary), shape (3, N, T, 2) [pu]."""
    vm: Singles
    """Voltage of each phase, shape (3, N, T) [pu]."""
    loading: Singles
    """Highest loading of a phase of each branch, shape (L, T) [%]."""
    first: int
    """The step that stands first in them."""


@inlined_kernel()
def _substitute(sequence, xr, xi):  # type: ignore[no-untyped-def]
    """Forward and backward substitution of the right-hand sides of a block, in place."""
    lower, upper = sequence.lower, sequence.upper
    n = sequence.diagonal_real.size
    for j in range(n):
        for entry in range(lower.pointer[j], lower.pointer[j + 1]):
            i, cr, ci = lower.column[entry], lower.real[entry], lower.imag[entry]
            for k in range(LANES):
                xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
                xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
    for j in range(n - 1, -1, -1):
        for entry in range(upper.pointer[j], upper.pointer[j + 1]):
            i, cr, ci = upper.column[entry], upper.real[entry], upper.imag[entry]
            for k in range(LANES):
                xr[j, k] -= cr * xr[i, k] - ci * xi[i, k]
                xi[j, k] -= cr * xi[i, k] + ci * xr[i, k]
        dr, di = sequence.diagonal_real[j], sequence.diagonal_imag[j]
        for k in range(LANES):
            a = dr * xr[j, k] - di * xi[j, k]
            xi[j, k] = dr * xi[j, k] + di * xr[j, k]
            xr[j, k] = a


@inlined_kernel()
def _moved(sequence, xr, xi, vr, vi, change):  # type: ignore[no-untyped-def]
    """New voltages of the active nodes in one sequence; the largest square of a change by step is kept."""
    for j in range(sequence.place.size):
        at = sequence.place[j]
        if at < 0:
            continue
        wr, wi = sequence.unloaded_real[j], sequence.unloaded_imag[j]
        for k in range(LANES):
            a, b = wr + xr[at, k], wi + xi[at, k]
            moved_r, moved_i = a - vr[j, k], b - vi[j, k]
            change[k] = max(change[k], moved_r * moved_r + moved_i * moved_i)
            vr[j, k] = a
            vi[j, k] = b


@inlined_kernel()
def solved(grid, vr, vi, xr, xi, change):  # type: ignore[no-untyped-def]
    """New voltages from the right-hand sides of a block; returns the largest square of a change of a voltage."""
    for k in range(LANES):
        change[k] = 0.0
    for which, sequence in enumerate((grid.zero, grid.positive, grid.negative)):
        _substitute(sequence, xr[which], xi[which])
        _moved(sequence, xr[which], xi[which], vr[which], vi[which], change)
    largest = 0.0
    for k in range(LANES):
        largest = max(largest, change[k])
    return largest
