"""AC power flow of every step: the fixed-point Z-bus iteration with one factorisation shared by all steps.

The voltages of the nodes that are not slack solve ``V = w + Y⁻¹ conj(S / V)``, where ``w`` is the voltage without
injections and S the injection. Iterated from ``V = w`` this converges in a few rounds on distribution grids, up to
ten times their nominal load, and every round is one solve with the same factor for many steps at once [1]. Where
voltages are held or decide what is drawn, and in steps whose power residual does not fall, Newton's method takes its
place, for many steps at once as well. A step that it does not solve goes to pandapower's Newton-Raphson; one that fails
there too is reported. Both iterations are compiled (`grid.powerflow.zbus_kernel`, `grid.powerflow.newton_kernel`).

References:
    [1] S. Bolognani and S. Zampieri, "On the existence and linear approximation of the power flow solution in power
        distribution networks", IEEE Trans. Power Systems, vol. 31, no. 1, pp. 163-172, 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from grid import _pandapower
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, InputError, raise_if_any
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.powerflow import newton as newton_method
from grid.powerflow import zbus
from grid.powerflow.newton import VoltageCurves, newton
from grid.powerflow.zbus import RESIDUAL_MVA, run
from grid.time.clock import Clock
from grid.units import BYTES_PER_MB

network_digest = _pandapower.network_digest
"""A digest of all that a power flow takes from a network."""


@dataclass(frozen=True)
class Patience:
    """Most iterations of steps that do not converge, which those beside them in a block have to wait for.

    Args:
        fixed_point: Of the fixed point, after which Newton's method takes over.
        newton: Of Newton's method.
    """

    fixed_point: int = zbus.MAX_ITERATIONS
    newton: int = newton_method.MAX_ITERATIONS


@dataclass(frozen=True, eq=False)
class PowerFlow:
    """Voltages of every step and what follows from them; T steps, N nodes, B buses, L branches.

    Args:
        clock: The time axis.
        network: The network.
        voltage: Node voltages, shape (T, N) complex [pu]; NaN where a step has no solution.
        by_newton: Steps that pandapower's Newton-Raphson solved one by one, shape (T,).
        failed: Steps without a solution, shape (T,).
        variants: The network at each set of positions of tap changers and capacitor banks; none: as it stands.
        variant: Which of them each step has, shape (T,); empty where there are none.
    """

    clock: Clock
    network: Network
    voltage: Complexes
    by_newton: Bools
    failed: Bools
    variants: tuple[Network, ...] = ()
    variant: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def at(self, network: Network, steps: Ints) -> PowerFlow:
        """Some steps on the network that they have, in the order in which they are given."""
        clock = self.clock.window(0, steps.size)  # how many they are counts, not when
        return PowerFlow(clock, network, self.voltage[steps], self.by_newton[steps], self.failed[steps])

    def between(self, steps: slice) -> PowerFlow:
        """The same in some steps that follow each other."""
        if (steps.start, steps.stop) == (0, self.clock.n_steps):
            return self
        clock = self.clock.window(steps.start, steps.stop)
        apart = self.voltage[steps], self.by_newton[steps], self.failed[steps]
        return PowerFlow(clock, self.network, *apart, self.variants, self.variant[steps])

    def vm_pu(self) -> Floats:
        """Voltage magnitude at every bus, shape (T, B) [pu]; NaN where a bus is de-energised."""
        node = self.network.buses.node
        magnitude = np.abs(self.voltage)[:, node]
        magnitude[:, node < 0] = np.nan
        return magnitude

    def branch_currents_pu(self) -> tuple[Complexes, Complexes]:
        """Currents entering every branch at its "from" and its "to" end, shape (T, L) complex each [pu]."""
        return (
            self._by_admittance(lambda network: network.admittance_from),
            self._by_admittance(lambda network: network.admittance_to),
        )

    def _by_admittance(self, matrix: Callable[[Network], Any]) -> Complexes:
        """Currents by an admittance matrix of the network that each step has, shape (T, rows) complex [pu]."""
        if not self.variants:
            return np.asarray((matrix(self.network) @ self.voltage.T).T)
        found = np.empty((self.clock.n_steps, matrix(self.network).shape[0]), dtype=np.complex128)
        for place, network in enumerate(self.variants):
            steps = np.flatnonzero(self.variant == place)
            found[steps] = (matrix(network) @ self.voltage[steps].T).T
        return found

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
        loading[:, ~branches.rated] = np.nan
        return loading

    def slack_mva(self) -> Complexes:
        """Power that each external grid's node feeds in, by the admittance matrix, shape (T, R) [MW + j MVAr]."""
        network = self.network
        current = self._by_admittance(lambda network: sparse.csr_array(network.admittance)[network.slack])
        injected: Complexes = self.voltage[:, network.slack] * current.conj() * network.base_mva
        return injected

    def net_import_mw(self, p_mw: Floats) -> Floats:
        """Net import through all external grids, shape (T,) [MW]: what enters the grid, and what their buses draw.

        Args:
            p_mw: Withdrawal at every bus that was solved for, shape (T, B) [MW].
        """
        network = self.network
        there = np.isin(network.buses.node, network.slack)
        drawn = p_mw[:, there].sum(axis=1) + network.fixed_mva[network.slack].real.sum()
        return np.asarray(self.slack_mva().real.sum(axis=1) + drawn)

    def injected_mw(self) -> Floats:
        """Active power that enters the grid at each node, by the admittance matrix, shape (T, N) [MW]."""
        current = self._by_admittance(lambda network: network.admittance)
        injected: Floats = (self.voltage * current.conj()).real * self.network.base_mva
        return injected

    def shunt_mw(self) -> Floats:
        """Active power lost in shunts, shape (T, N) [MW]."""
        lost_pu = self.network.conductance_pu - self.network.load_conductance_pu
        return np.abs(self.voltage) ** 2 * lost_pu * self.network.base_mva

    def impedance_load_mw(self) -> Floats:
        """Active power that constant impedances of wards consume, shape (T, N) [MW]."""
        return np.abs(self.voltage) ** 2 * self.network.load_conductance_pu * self.network.base_mva


def power_flow(
    network: Network,
    clock: Clock,
    p_mw: Floats,
    q_mvar: Floats,
    *,
    loads_mva: Complexes | None = None,
    threads: int = 1,
) -> PowerFlow:
    """Solves the AC power flow of every step and keeps all voltages.

    Args:
        network: The network.
        clock: The time axis, T steps.
        p_mw: Withdrawal of active power at every bus, shape (T, B) [MW].
        q_mvar: Withdrawal of reactive power at every bus, shape (T, B) [MVAr].
        loads_mva: What the loads at the buses `Network.voltage_dependent_bus` draw at 1 pu, shape (T, V)
            [MW + j MVAr], contained in `p_mw` and `q_mvar`; by default all that is drawn there.
        threads: Number of threads.

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
    injections = Injections.dense(p_mw, q_mvar)
    return voltages(network, clock, injections, loads_mva=loads_mva, threads=threads)


def voltages(
    network: Network,
    clock: Clock,
    injections: Injections,
    *,
    loads_mva: Complexes | None = None,
    threads: int = 1,
) -> PowerFlow:
    """The same for injections by profile, which for thousands of elements is much cheaper.

    Args:
        network: The network.
        clock: The time axis.
        injections: Withdrawal of the buses on that clock.
        loads_mva: As in `power_flow`.
        threads: Number of threads.

    Raises:
        InputError: If the injections are not those of this network and clock.
    """
    check_injections(network, clock, injections)
    voltage, solved = node_voltages(network, injections, loads_mva, threads=threads)
    failed = np.zeros(clock.n_steps, dtype=bool)
    alike: dict[bytes, Complexes | None] = {}  # such as the step that all samples of a forecast begin with
    for k in np.flatnonzero(~solved):
        p_mw, q_mvar = injections.at(int(k))
        withdrawal = np.asarray(p_mw + 1j * q_mvar)
        loads = None if loads_mva is None else loads_mva[k]
        key = withdrawal.tobytes() + (b"" if loads is None else loads.tobytes())
        if key not in alike:
            alike[key] = _pandapower.newton_raphson(network, withdrawal, loads)
        found = alike[key]
        failed[k] = found is None
        voltage[k] = np.nan if found is None else found
    return PowerFlow(clock, network, voltage, ~solved & ~failed, failed)


def node_voltages(
    network: Network,
    injections: Injections,
    loads_mva: Complexes | None = None,
    curves: VoltageCurves | None = None,
    *,
    threads: int = 1,
    patience: Patience = Patience(),
) -> tuple[Complexes, Bools]:
    """Voltages by our kernels alone; arguments as `voltages`.

    Args:
        network: The network.
        injections: Withdrawal of the buses.
        loads_mva: As in `power_flow`.
        curves: Reactive power that follows the voltage, in addition.
        threads: Number of threads.
        patience: When it gives up steps.

    Returns:
        Node voltages, shape (T, N) complex [pu], and the steps in which they are a solution, shape (T,).
    """
    if network.uncovered:
        return np.full((network.n_nodes, injections.n_steps), np.nan + 0j).T, np.zeros(injections.n_steps, dtype=bool)
    if network.decided_by_voltage or curves is not None:
        voltage, missed_mva = newton(
            network, injections, loads_mva, curves, threads=threads, iterations=patience.newton
        )
        return voltage, missed_mva < RESIDUAL_MVA
    step, _, kept = run(network, injections, None, "voltages", threads=threads, iterations=patience.fixed_point)
    voltage, solved = (
        kept.voltage.view(np.complex128)[:, :, 0].T,
        step.residual < (RESIDUAL_MVA / network.base_mva) ** 2,
    )
    missed = np.flatnonzero(~solved)
    if missed.size:
        of_missed = injections.chosen(missed)
        voltage[missed], missed_mva = newton(network, of_missed, threads=threads, iterations=patience.newton)
        solved[missed] = missed_mva < RESIDUAL_MVA
    return voltage, solved


def stream(
    network: Network, clock: Clock, injections: Injections, *, memory_mb: float, threads: int = 1
) -> Iterator[PowerFlow]:
    """The same in consecutive windows, so that the voltages of no more than `memory_mb` are held at a time [MB].

    Raises:
        InputError: If the injections do not fit, or the bound is below what a single step needs.
    """
    check_injections(network, clock, injections)
    per_step = 16 * network.n_nodes
    at_once = int(memory_mb * BYTES_PER_MB // per_step)
    if at_once < 1:
        raise InputError.single("memory_mb", f"must be at least {per_step / BYTES_PER_MB:.3g}", memory_mb)
    for first in range(0, clock.n_steps, at_once):
        stop = min(first + at_once, clock.n_steps)
        yield voltages(network, clock.window(first, stop), injections.window(first, stop), threads=threads)


def check_injections(network: Network, clock: Clock, injections: Injections) -> None:
    """Raises an `InputError` unless the injections are for the buses of a network and the steps of a clock."""
    expected = (len(network.buses.names), clock.n_steps)
    if (injections.n_buses, injections.n_steps) != expected:
        raise InputError.single(
            "injections", f"must be for {expected[0]} buses and {expected[1]} steps",
            (injections.n_buses, injections.n_steps),
        )  # fmt: skip
