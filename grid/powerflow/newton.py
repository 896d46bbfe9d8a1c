"""Newton's method for every step of a network in which voltage decides what is drawn and fed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow.block_elimination import FillPattern, fill_pattern
from grid.powerflow.newton_kernel import solve_steps_by_newton
from grid.powerflow.zbus import CACHE_BYTES, KEPT_FACTORS, RESIDUAL_MVA, factorise, in_threads, profiles_of
from grid.powerflow.zbus_arrays import Profiles

SETTLED_MVA = 1e-8
"""A block is iterated until no node misses its power by more than this in any step [MVA], as in pandapower."""
MAX_ITERATIONS = 50


class JacobianGrid(NamedTuple):
    """A network's nodes but the slack in the order of elimination, n of them, and the entries of their Jacobian."""

    node: Ints
    """Node at each place, shape (n,)."""
    pointer: Ints
    column: Ints
    diagonal: Ints
    target: Ints
    real: Floats
    """Admittance of each entry, 0 where elimination adds it, shape (E,) [pu]."""
    imag: Floats
    feed_real: Floats
    """Current that the slack nodes draw from each node, shape (n,) [pu]."""
    feed_imag: Floats
    start_real: Floats
    """Voltages to begin with, shape (n,) [pu]."""
    start_imag: Floats


class Answering(NamedTuple):
    """What answers to voltage, by place: H held nodes, Z nodes with ZIP loads, D curves of reactive power."""

    held_row: Ints
    """Which held node each is, shape (n,); -1 none."""
    vm_held: Floats
    q_least: Floats
    """Least reactive power fed in there, shape (H,) [pu]."""
    q_most: Floats
    zip_row: Ints
    """Which node with ZIP loads each is, shape (n,); -1 none."""
    current: Profiles
    """Withdrawal per voltage, Z rows [pu]."""
    impedance: Profiles
    """Withdrawal per square of the voltage, Z rows [pu]."""
    rating: Profiles
    """Reactive power at the full value of each curve, D rows [pu]."""
    curve_pointer: Ints
    """First curve of each node, shape (n + 1,)."""
    curve: Ints
    """Row of each in `curve_vm`, shape (D,)."""
    curve_vm: Floats
    """Voltages of the corners of each kind of curve, ascending, shape (kinds, M) [pu]."""
    curve_q: Floats
    """Withdrawal at the corners per rating, shape (kinds, M) [1]."""
    p_current: Floats
    """Room for a block of what these profiles come to."""
    q_current: Floats
    p_impedance: Floats
    q_impedance: Floats
    curve_rating: Floats
    unused: Floats


class Workspace(NamedTuple):
    """Room for a block of steps, shape (n, block) each."""

    current_real: Floats
    current_imag: Floats
    slope_p: Floats
    slope_q: Floats
    missed_p: Floats
    missed_q: Floats
    injected_q: Floats
    """Reactive power that each held node feeds in, shape (H, block) [pu]."""
    moved_x: Floats
    """Last move of each voltage, shape (n, block) [pu]."""
    moved_y: Floats
    worst: Floats
    """Largest square of what a node misses, shape (block,) [pu²]."""
    before: Floats
    """The same before the last move."""
    halvings: Floats
    """How often the last move was halved, shape (block,)."""
    back: Floats
    """Share of the last move that is taken back, shape (block,)."""


class SolvedSteps(NamedTuple):
    """What is found, T steps."""

    voltage: Floats
    """Real and imaginary parts, shape (N, T, 2) [pu]."""
    residual: Floats
    """Largest square of a power that a node misses, shape (T,) [pu²]."""


@dataclass(frozen=True, eq=False)
class VoltageCurves:
    """Reactive power that follows the voltage by curves; D devices or groups of them, each at one bus.

    Args:
        bus: Place of the bus of each, shape (D,).
        kind: Row of each in `vm_pu`, shape (D,).
        rating_mvar: Withdrawal at a value of 1, shape (T, D) [MVAr].
        vm_pu: Voltages of the corners of each kind, ascending, shape (kinds, M) [pu]; constant beyond them.
        q_share: Withdrawal at the corners per rating, shape (kinds, M) [1].
    """

    bus: Ints
    kind: Ints
    rating_mvar: Floats
    vm_pu: Floats
    q_share: Floats

    @classmethod
    def none(cls, n_steps: int) -> VoltageCurves:
        """No device that follows the voltage."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, np.empty((n_steps, 0)), np.empty((0, 2)), np.empty((0, 2)))

    def chosen(self, steps: Ints) -> VoltageCurves:
        """Some steps, in the order in which they are given."""
        return replace(self, rating_mvar=self.rating_mvar[steps])

    def q_mvar(self, vm_pu: Floats) -> Floats:
        """Withdrawal at voltages of the buses, shape (T, D) [MVAr], for shape (T, B) [pu]."""
        found = np.zeros(self.rating_mvar.shape)
        for row, (at, share) in enumerate(zip(self.vm_pu, self.q_share, strict=True)):
            of_kind = self.kind == row
            found[:, of_kind] = np.interp(vm_pu[:, self.bus[of_kind]], at, share)
        return np.asarray(found * self.rating_mvar)


@lru_cache(maxsize=KEPT_FACTORS)
def _pattern(network: Network) -> tuple[FillPattern, Ints]:
    """Where the Jacobian's entries stand, and the nodes that are not slack."""
    rest = np.setdiff1d(np.arange(network.n_nodes), network.slack)
    return fill_pattern(sparse.csc_array(sparse.csr_array(network.admittance)[rest][:, rest])), rest


def newton(
    network: Network,
    injections: Injections,
    loads_mva: Complexes | None = None,
    curves: VoltageCurves | None = None,
    *,
    threads: int = 1,
    iterations: int = MAX_ITERATIONS,
) -> tuple[Complexes, Floats]:
    """Solves all steps by Newton's method; which have converged, their residual tells.

    Args:
        network: The network.
        injections: Withdrawal of the buses, T steps; loads that depend on voltage with what they draw at 1 pu.
        loads_mva: The loads' part of it at the buses `Network.voltage_dependent_bus`, shape (T, V) [MW + j MVAr]; by
            default all that is drawn there.
        curves: Reactive power that follows the voltage, in addition.
        threads: Number of threads, each with its own range of steps.
        iterations: Most iterations of a block of steps.

    Returns:
        Node voltages, shape (T, N) complex [pu], and the largest power that a node misses, shape (T,) [MVA].
    """
    pattern, rest = _pattern(network)
    node = rest[pattern.order]
    grid = _jacobian_grid(network, pattern, node)
    n_steps, base = injections.n_steps, network.base_mva
    found = SolvedSteps(np.empty((network.n_nodes, n_steps, 2)), np.full(n_steps, np.inf))
    found.voltage[network.slack] = np.column_stack([network.v_slack.real, network.v_slack.imag])[:, None]
    block = int(np.clip(CACHE_BYTES // (32 * max(pattern.column.size, 1)) // 8 * 8, 8, 64))
    profiles, answering = _compiled(network, node, injections, loads_mva, curves or VoltageCurves.none(n_steps), block)
    settled, missed = (SETTLED_MVA / base) ** 2, (RESIDUAL_MVA / base) ** 2

    def solve(begin: int, end: int) -> None:
        own = answering._replace(**{name: np.empty_like(getattr(answering, name)) for name in Answering._fields[-6:]})
        sizes = [*[node.size] * 6, own.vm_held.size, node.size, node.size]
        rooms = [np.empty((size, block)) for size in sizes] + [np.empty(block) for _ in range(4)]
        work = Workspace._make(rooms)
        values = np.empty((pattern.column.size, 4, block))
        solve_steps_by_newton(begin, end, block, grid, profiles, own, settled, missed, iterations, work, values, found)

    in_threads(solve, n_steps, block, threads)
    return found.voltage.view(np.complex128)[:, :, 0].T, np.sqrt(found.residual) * base


def _jacobian_grid(network: Network, pattern: FillPattern, node: Ints) -> JacobianGrid:
    matrix = sparse.csr_array(network.admittance)
    row = np.repeat(np.arange(node.size), np.diff(pattern.pointer))
    entries = np.asarray(matrix[node[row], node[pattern.column]], dtype=np.complex128).ravel()
    feed = matrix[node][:, network.slack] @ network.v_slack
    start = network.voltage_control.start
    if not start.size:
        factor = factorise(network)
        start = np.empty(network.n_nodes, dtype=np.complex128)
        start[factor.order] = factor.unloaded
    return JacobianGrid(
        node, pattern.pointer, pattern.column, pattern.diagonal, pattern.target,
        *(np.ascontiguousarray(part) for value in (entries, feed, start[node]) for part in (value.real, value.imag)),
    )  # fmt: skip


def _compiled(
    network: Network,
    node: Ints,
    injections: Injections,
    loads_mva: Complexes | None,
    curves: VoltageCurves,
    block: int,
) -> tuple[Profiles, Answering]:
    """Withdrawal of constant power of each place, and what answers to voltage."""
    place = np.full(network.n_nodes + 1, -1)  # the last stands for node -1
    place[node] = np.arange(node.size)
    control, base, n = network.voltage_control, network.base_mva, node.size
    at = place[network.buses.node[network.voltage_dependent_bus]]
    zip_node = np.unique(at[at >= 0])
    loads = _dependent_loads(network, injections, loads_mva)
    into_zip = _selection(np.searchsorted(zip_node, at), at >= 0, zip_node.size)
    of_place = place[network.buses.node[curves.bus]]
    order = np.argsort(of_place, kind="stable")[np.count_nonzero(of_place < 0) :]
    rated = sparse.csr_array(sparse.eye_array(order.size) / base)
    i_p, z_p, i_q, z_q = control.dependence.T
    return _constant(network, place, node, injections, loads), Answering(
        held_row=_row_of(place[network.generator_node], n),
        vm_held=control.vm_pu,
        q_least=control.q_min_mvar / base,
        q_most=control.q_max_mvar / base,
        zip_row=_row_of(zip_node, n),
        current=profiles_of(loads, *_parts(into_zip, i_p / base, i_q / base)),
        impedance=profiles_of(loads, *_parts(into_zip, z_p / base, z_q / base)),
        rating=profiles_of(np.ascontiguousarray(curves.rating_mvar.T[order]), rated, sparse.csr_array(rated.shape)),
        curve_pointer=np.concatenate([[0], np.cumsum(np.bincount(of_place[order], minlength=n))]).astype(np.int64),
        curve=np.ascontiguousarray(curves.kind[order]),
        curve_vm=curves.vm_pu,
        curve_q=curves.q_share,
        p_current=np.empty((zip_node.size, block)), q_current=np.empty((zip_node.size, block)),
        p_impedance=np.empty((zip_node.size, block)), q_impedance=np.empty((zip_node.size, block)),
        curve_rating=np.empty((order.size, block)), unused=np.empty((order.size, block)),
    )  # fmt: skip


def _dependent_loads(network: Network, injections: Injections, loads_mva: Complexes | None) -> Floats:
    """Active, then reactive power of the loads that depend on voltage, as they are at 1 pu, shape (2 V, T)."""
    if loads_mva is not None:
        return np.concatenate([loads_mva.real.T, loads_mva.imag.T])
    at = network.voltage_dependent_bus
    return np.concatenate([injections.p_mw[at] @ injections.profiles, injections.q_mvar[at] @ injections.profiles])


def _constant(network: Network, place: Ints, node: Ints, injections: Injections, loads: Floats) -> Profiles:
    """Withdrawal of constant power by place: injections, what is fixed, and feed-in where voltages are held."""
    base, n = network.base_mva, node.size
    at_bus = place[network.buses.node]
    gather = _selection(at_bus, at_bus >= 0, n)
    fixed = network.fixed_mva[node]
    fixed[place[network.generator_node]] -= network.voltage_control.p_mw
    at = at_bus[network.voltage_dependent_bus]
    i_p, z_p, i_q, z_q = network.voltage_control.dependence.T
    off_p, off_q = _parts(_selection(at, at >= 0, n), -(i_p + z_p), -(i_q + z_q))
    p = sparse.hstack([gather @ injections.p_mw, fixed.real[:, None], off_p])
    q = sparse.hstack([gather @ injections.q_mvar, fixed.imag[:, None], off_q])
    values = np.vstack([injections.profiles, np.ones(injections.n_steps), loads])
    return profiles_of(values, sparse.csr_array(p) / base, sparse.csr_array(q) / base)


def _parts(into: sparse.csr_array, of_p: Floats, of_q: Floats) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Shares of loads, active ones of the first half of their profiles and reactive ones of the second."""
    p, q = into @ sparse.diags_array(of_p), into @ sparse.diags_array(of_q)
    nothing = sparse.csr_array(into.shape)
    return sparse.csr_array(sparse.hstack([p, nothing])), sparse.csr_array(sparse.hstack([nothing, q]))


def _selection(row: Ints, chosen: Bools, n_rows: int) -> sparse.csr_array:
    """Ones at the given rows in the columns that are chosen, shape (n_rows, columns)."""
    column = np.flatnonzero(chosen)
    return sparse.csr_array((np.ones(column.size), (row[column], column)), shape=(n_rows, row.size))


def _row_of(places: Ints, n: int) -> Ints:
    """Number of each place in `places`, shape (n,); -1 where it is not among them."""
    row = np.full(n, -1, dtype=np.int64)
    row[places] = np.arange(places.size)
    return row
