"""What the compiled iteration reads and writes, as records of arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats, Ints

Singles = npt.NDArray[np.float32]


class Triangle(NamedTuple):
    """A triangular factor by rows, without its diagonal."""

    pointer: Ints
    column: Ints
    real: Floats
    imag: Floats


class Grid(NamedTuple):
    """A factorised network in the order of elimination: n nodes, then the slack nodes, N in all; L branches."""

    lower: Triangle
    upper: Triangle
    diagonal_real: Floats
    """Inverse diagonal of the upper factor, shape (n,)."""
    diagonal_imag: Floats
    unloaded_real: Floats
    """Voltages without injections, then those of the slack nodes, shape (N,) [pu]."""
    unloaded_imag: Floats
    node: Ints
    """Node at each place, shape (N,)."""
    base_mva: float
    branch: Ints
    """The branches by the first place that they touch, so that their ends lie together too, shape (L,)."""
    ends: Ints
    """Places of the ends of each branch in that order, as all that follows of branches, shape (L, 2)."""
    series: Floats
    """Real and imaginary parts of y_ff, y_ft, y_tf, y_tt of each branch, shape (L, 8) [pu]."""
    shunt_real: Floats
    """Admittance of each node to ground beside the branches', shape (N,) [pu]."""
    shunt_imag: Floats
    lossy_real: Floats
    """The part of `shunt_real` whose power is lost, not consumed, shape (N,) [pu]."""
    percent_per_pu: Floats
    """Loading per current at both ends of each branch, shape (L, 2) [%/pu]."""
    limit_percent: Floats
    """Limit of the loading and its tolerance, shape (L,) [%]."""
    kind: Ints
    """Group of each branch for the extremes of a step, shape (L,)."""
    vm_low: Floats
    """Square of the lowest permitted voltage of each node, tolerance included, shape (N,) [pu²]."""
    vm_high: Floats


class Profiles(NamedTuple):
    """Withdrawal of each node as a sum of scaled profiles."""

    values: Floats
    """Shape (F, T)."""
    pointer: Ints
    row: Ints
    p_of: Floats
    q_of: Floats


class PerStep(NamedTuple):
    """What is found in each step; shape (T,) unless said otherwise."""

    residual: Floats
    """Largest square of a power that a node misses [pu²]."""
    loss: Floats
    slack_p: Floats
    """Shape (R, T) [pu], injected into the grid."""
    slack_q: Floats
    vm_min: Floats
    """Square of the lowest voltage [pu²]."""
    vm_max: Floats
    loading_max: Floats
    """Square of the highest loading of each group, shape (groups, T) [%²]."""
    violations: Ints
    """Number of nodes and branches beyond a limit."""


class PerElement(NamedTuple):
    """Extremes of each node (N,) and branch (L,) over the steps that have converged."""

    vm_min: Floats
    vm_max: Floats
    vm_over: Ints
    loading_max: Floats
    loading_over: Ints
    loss: Floats


class Kept(NamedTuple):
    """Full arrays, node or branch by step, in the order of the network; empty where they are not wanted."""

    voltage: Floats
    """Real and imaginary parts, shape (N, T, 2) [pu]."""
    vm: Singles
    """Shape (N, T) [pu]."""
    loading: Singles
    """Shape (L, T) [%]."""
    p_from: Singles
    """Shape (L, T) [MW]."""
    p_to: Singles


def empty_extremes(n_nodes: int, n_branches: int) -> PerElement:
    """Extremes before any step has been seen."""
    return PerElement(
        np.full(n_nodes, np.inf),
        np.zeros(n_nodes),
        np.zeros(n_nodes, np.int64),
        np.zeros(n_branches),
        np.zeros(n_branches, np.int64),
        np.zeros(n_branches),
    )


def merged_extremes(parts: list[PerElement]) -> PerElement:
    """Extremes of several ranges of steps together."""
    return PerElement(
        np.min([part.vm_min for part in parts], axis=0),
        np.max([part.vm_max for part in parts], axis=0),
        np.sum([part.vm_over for part in parts], axis=0),
        np.max([part.loading_max for part in parts], axis=0),
        np.sum([part.loading_over for part in parts], axis=0),
        np.sum([part.loss for part in parts], axis=0),
    )
