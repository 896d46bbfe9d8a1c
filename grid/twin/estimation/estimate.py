"""State estimation by weighted least squares, for all steps at once.

The iteration is Gauss–Newton's with the gain of one linearisation (`grid.twin.estimation.gain`), as the power flow
iterates with the factor of one admittance matrix; steps that it does not settle are linearised anew, one by one. What
is settled on is the least square of the measurements' and the pseudo-measurements' weighted errors [1].

References:
    [1] A. Abur and A. Gómez Expósito, "Power System State Estimation: Theory and Implementation", Marcel Dekker, 2004,
        chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.network import Complexes, Network
from grid.powerflow.powerflow import PowerFlow
from grid.time.clock import Clock
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.estimation.gain import CovarianceGain, Gain, InformationGain
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.model import StateModel
from grid.twin.estimation.newton import LeastSquares, descend
from grid.twin.estimation.pseudo import PseudoInjections
from grid.twin.estimation.readings import Readings

SETTLED_PU = 1e-9
"""A step is settled when no voltage of it moves by more than this [pu]."""
LINEAR_ROUNDS, MOST_ROUNDS = 1, 24
"""Iterations with the derivatives of the linearisation, before those with the step's own; iterations at most."""
SWEEPS = 3
"""Sweeps of the power flow in an iteration, and of the adjoint. With a single one the currents of a bus that is
measured all around do not add up while the voltages move, which exact sensors take for an error."""
DIVERGED_PU = 0.5
"""What moves a voltage by more in an iteration settles no more [pu]."""
GROUPS, MOST_LINEARISATIONS = (8, 1), 8
"""Steps that are linearised anew together when they are not settled with all others; how often a single one is."""
LINEARISED_PU = 1e-5
"""A single step is linearised anew until that moves no voltage by more [pu]."""
ROUNDS_BEFORE = 5
"""Iterations, with the derivatives of the linearisation, to what steps are linearised about anew."""
GRID_VOLTAGE_SPREAD = 0.005
"""Standard deviation of the external grids' voltage about that of the net: a tap changer holds its voltage to a dead
band of about a hundredth; ours, unverified [1]."""


@dataclass(frozen=True, eq=False)
class StateEstimate:
    """The estimated state of T steps; N nodes, M measurements, V withdrawals.

    Args:
        model: The grid.
        measured: What was measured.
        readings: What the measurements read.
        x: The states, shape (K, T), see `StateModel`.
        elements: The V withdrawals that pseudo-measurements stand for, shape (T, V) [MW or MVAr].
        swept: Node voltages as the model has them, shape (N, T) complex [pu]; NaN where the step has none.
        settled: Steps that have an estimate, shape (T,).
        gain: What is left to be known.
        reference: State and voltages about which it was linearised, shapes (K,) and (N,).
    """

    model: StateModel
    measured: MeasuredValues
    readings: Readings
    x: Floats
    elements: Floats
    swept: Complexes
    settled: Bools
    gain: Gain
    reference: tuple[Floats, Complexes]

    @property
    def network(self) -> Network:
        """The network."""
        return self.model.network

    @cached_property
    def voltage(self) -> Complexes:
        """Node voltages, shape (T, N) complex [pu]; NaN where the step has none."""
        return self.model.by_node(self.swept)

    def power_flow(self, clock: Clock) -> PowerFlow:
        """The voltages as those of a power flow, with all that follows from them."""
        return PowerFlow(clock, self.network, self.voltage, np.zeros(clock.n_steps, dtype=bool), ~self.settled)

    def vm_pu(self) -> Floats:
        """Voltage of every bus, shape (T, B) [pu]; NaN where a bus is de-energised."""
        return self._of_buses(np.abs(self.voltage))

    def va_degree(self) -> Floats:
        """Voltage angle of every bus, shape (T, B) [°]."""
        return self._of_buses(np.degrees(np.angle(self.voltage)))

    def _of_buses(self, values: Floats) -> Floats:
        node = self.network.buses.node
        found = values[:, node]
        found[:, node < 0] = np.nan
        return found

    def read(self) -> Floats:
        """What the measurements would read without errors, shape (T, M)."""
        return np.ascontiguousarray(self.readings.values(self.swept, self.x).T)

    @cached_property
    def residual(self) -> Floats:
        """Measured less read, shape (T, M); NaN where a value is missing."""
        return np.asarray(self.measured.values - self.read())

    def sensitivity(self, readings: Readings) -> Floats:
        """Derivative of readings by the state where it was linearised, shape (M, K)."""
        return self.model.sensitivity(readings, *self.reference)


def estimate(
    network: Network,
    measured: MeasuredValues,
    pseudo: PseudoInjections,
    *,
    grid_voltage_spread: float | None = GRID_VOLTAGE_SPREAD,
) -> StateEstimate:
    """The state of a grid by what was measured and what is expected.

    Args:
        network: The network.
        measured: Measurements of T steps.
        pseudo: Expected withdrawals, with their spread, for the same steps. A bus that none stands for draws nothing,
            exactly. Several at a bus are told apart by their spread.
        grid_voltage_spread: Standard deviation of the voltage of the external grids about that of the net [1]; None
            if nothing is known of it.

    Returns:
        The estimate. Steps in which nothing was measured have that of the pseudo-measurements alone.

    Raises:
        InputError: If the inputs do not fit the network or each other.
    """
    measured.check(network)
    pseudo.check(network)
    if measured.n_steps != pseudo.n_steps:
        raise InputError.single("values", f"must be for {pseudo.n_steps} steps", measured.n_steps)
    model = StateModel.from_network(network, pseudo.bus)
    pseudo = _within(model, pseudo)
    case = _Case(
        model, measured, model.readings(measured), _prior(model, pseudo, grid_voltage_spread),
        np.vstack([pseudo.values.T, np.ones(pseudo.n_steps)]),
    )  # fmt: skip
    reference = _middle(case)
    with np.errstate(all="ignore"):  # what diverges is found by what it moves
        found = _descended(_iterate(case, reference), case, reference)
        for size in GROUPS if not found.gain.is_blind else ():
            found = _linearised_anew(found, case, reference, size)
    return found


@dataclass(frozen=True, eq=False)
class _Case:
    """What is solved: as in `StateEstimate`, with what is expected of the withdrawals, shape (V + 1, T)."""

    model: StateModel
    measured: MeasuredValues
    readings: Readings
    prior: PriorCovariance
    expected: Floats

    def steps(self, which: Ints) -> _Case:
        measured, prior = self.measured.steps(which), self.prior.steps(which)
        return replace(self, measured=measured, prior=prior, expected=self.expected[:, which])

    def arrays(self) -> tuple[Floats, Floats]:
        """Measured values, 0 where one is missing or a magnitude below 0, and weights, shape (M, T) each."""
        weights = np.ascontiguousarray(self.measured.weights().T)
        values = np.where(weights > 0, self.measured.values.T, 0.0)
        values[self.readings.current] = np.maximum(values[self.readings.current], 0.0)
        return values, weights

    def gain(self, reference: tuple[Floats, Complexes]) -> CovarianceGain | InformationGain:
        h = self.model.sensitivity(self.readings, *reference)
        known = bool(np.isfinite(self.prior.own).all())
        make = CovarianceGain if known else InformationGain
        return make(h, self.prior, self.expected, self.arrays()[1])


def _within(model: StateModel, pseudo: PseudoInjections) -> PseudoInjections:
    """The withdrawals that move voltages: those of buses in the model."""
    kept = np.isin(pseudo.bus, model.bus)
    return pseudo if kept.all() else pseudo.select(np.flatnonzero(kept))


def _prior(model: StateModel, pseudo: PseudoInjections, spread: float | None) -> PriorCovariance:
    column = np.array([model.column[int(bus)] for bus in pseudo.bus], dtype=np.int64)
    column += np.where(pseudo.reactive, model.bus.size, 0)
    return PriorCovariance.from_pseudo(column, model.n_columns, pseudo, np.inf if spread is None else spread)


def _middle(case: _Case) -> tuple[Floats, Complexes]:
    """The mean expected state and its voltages; without a solution, the state without power."""
    x = case.prior.summed(case.expected).mean(axis=1)
    voltage = case.model.voltages(x[:, None])
    if not np.isfinite(voltage).all():
        x = np.append(np.zeros(x.size - 1), 1.0)
        voltage = case.model.voltages(x[:, None])
    return x, voltage[:, 0]


def _iterate(
    case: _Case, reference: tuple[Floats, Complexes], linear: int = LINEAR_ROUNDS, most: int = MOST_ROUNDS
) -> StateEstimate:
    """Iterates all steps with one linearisation until they are settled."""
    gain = case.gain(reference)
    if isinstance(gain, CovarianceGain):
        return _found(case, gain, reference, _by_multipliers(case, gain, reference[1], linear, most))
    return _found(case, gain, reference, _by_state(case, gain, reference[1], most))


def _found(
    case: _Case,
    gain: CovarianceGain | InformationGain,
    reference: tuple[Floats, Complexes],
    iterated: tuple[Floats, Floats, Complexes, Floats],
) -> StateEstimate:
    """The estimate by states, arguments of the gain, voltages, and by how much the last round moved them."""
    x, u, voltage, moved = iterated
    settled = moved <= SETTLED_PU
    elements = np.ascontiguousarray(gain.elements(u)[:-1].T)
    swept = np.where(settled, voltage, np.nan)
    return StateEstimate(case.model, case.measured, case.readings, x, elements, swept, settled, gain, reference)


def _by_multipliers(
    case: _Case, gain: CovarianceGain, start: Complexes, linear: int, most: int
) -> tuple[Floats, Floats, Complexes, Floats]:
    """Multipliers, voltages and adjoints settle together, after some rounds with the linearisation's derivatives.

    Returns:
        States, Σ's arguments, voltages, and by how much the last round moved a voltage of each step [pu].
    """
    model, readings = case.model, case.readings
    measured, weights = case.arrays()
    multiplier, u = np.zeros_like(weights), np.zeros((model.n_columns, weights.shape[1]))
    x = gain.state(u)
    voltage, moved = model.sweep(x, np.tile(start[:, None], (1, weights.shape[1])), 1)
    adjoint = model.no_adjoint(weights.shape[1])
    for count in range(most):
        missed, slope = np.where(weights > 0, measured - readings.values(voltage, x), 0.0), u
        if count >= linear:
            slope, adjoint = model.slope(readings, multiplier, (x, voltage), adjoint, SWEEPS)
        multiplier, u = gain.advance(multiplier, u, slope, missed)
        x = gain.state(u)
        voltage, moved = model.sweep(x, voltage, SWEEPS)
        lost = ~(moved < DIVERGED_PU)
        if lost.any():
            multiplier[:, lost], u[:, lost], adjoint[:, lost] = 0.0, 0.0, 0.0
            x[:, lost], voltage[:, lost] = gain.state(u)[:, lost], start[:, None]
        if count >= linear and ((moved <= SETTLED_PU) | lost).all():
            break
    return x, u, voltage, moved


def _by_state(
    case: _Case, gain: InformationGain, start: Complexes, most: int
) -> tuple[Floats, Floats, Complexes, Floats]:
    """States, voltages and adjoints settle together; as `_by_multipliers`, with changes of the expected state."""
    model, readings = case.model, case.readings
    measured, weights = case.arrays()
    u = np.zeros((model.n_columns, weights.shape[1]))
    x = gain.state(u)
    voltage, _ = model.sweep(x, np.tile(start[:, None], (1, weights.shape[1])), 1)
    adjoint, moved = model.no_adjoint(weights.shape[1]), np.full(weights.shape[1], np.inf)
    for _ in range(most):
        missed = np.where(weights > 0, weights * (measured - readings.values(voltage, x)), 0.0)
        slope, adjoint = model.slope(readings, missed, (x, voltage), adjoint, SWEEPS)
        u = gain.advance(u, slope)
        x = gain.state(u)
        voltage, moved = model.sweep(x, voltage, SWEEPS)
        if (moved <= SETTLED_PU).all() or not (moved < DIVERGED_PU).all():
            break
    return x, u, voltage, moved


def _descended(found: StateEstimate, case: _Case, reference: tuple[Floats, Complexes]) -> StateEstimate:
    """The steps that are not settled though something is known of all withdrawals, by Newton's method."""
    late = np.flatnonzero(~found.settled)
    if not (late.size and case.readings.current.size and isinstance(found.gain, CovarianceGain)):
        return found
    part = case.steps(late)
    measured, weights = part.arrays()
    squares = LeastSquares(case.model, case.readings, measured, weights, part.prior, part.prior.summed(part.expected))
    return _put(found, late, _found(part, part.gain(reference), reference, descend(squares, reference, SETTLED_PU)))


def _linearised_anew(
    found: StateEstimate, case: _Case, reference: tuple[Floats, Complexes], size: int
) -> StateEstimate:
    """The steps that are not settled, so many of like load at a time, linearised about what is found of them."""
    late = np.flatnonzero(~found.settled)
    if not late.size:
        return found
    first = _iterate(case.steps(late), reference, ROUNDS_BEFORE, ROUNDS_BEFORE).x
    load = np.nan_to_num(first[: case.model.bus.size].sum(axis=0))
    order = np.argsort(load, kind="stable")
    for start in range(0, late.size, size):
        chosen = order[start : start + size]
        part = case.steps(late[chosen])
        about = _mean_state(case.model, first[:, chosen], reference)
        for _ in range(MOST_LINEARISATIONS if size == 1 else 0):
            before, about = about, _stepped(part, about)
            if np.abs(about[1] - before[1]).max() <= LINEARISED_PU:
                break
        found = _put(found, late[chosen], _iterate(part, about))
    return found


def _stepped(case: _Case, reference: tuple[Floats, Complexes]) -> tuple[Floats, Complexes]:
    """A step of Gauss and Newton from a state, in the mean of the case's steps; where it leads nowhere, the state."""
    x, voltage = reference
    gain = case.gain(reference)
    if not isinstance(gain, CovarianceGain):
        return _about(_iterate(case, reference, ROUNDS_BEFORE, ROUNDS_BEFORE), reference)
    measured, weights = case.arrays()
    missed = measured - case.readings.values(voltage[:, None], x[:, None]) + gain.read(x)
    nothing = np.zeros((x.size, weights.shape[1]))
    _, u = gain.advance(np.zeros_like(weights), nothing, nothing, np.where(weights > 0, missed, 0.0))
    return _mean_state(case.model, gain.state(u), reference)


def _about(found: StateEstimate, reference: tuple[Floats, Complexes]) -> tuple[Floats, Complexes]:
    return _mean_state(found.model, found.x[:, np.isfinite(found.x).all(axis=0)], reference)


def _mean_state(model: StateModel, x: Floats, otherwise: tuple[Floats, Complexes]) -> tuple[Floats, Complexes]:
    """The mean of states, shape (K, T), and its voltages, or another state if there are none."""
    if not x.size or not np.isfinite(x).all():
        return otherwise
    middle = x.mean(axis=1)
    voltage = model.voltages(middle[:, None])[:, 0]
    return (middle, voltage) if np.isfinite(voltage).all() else otherwise


def _put(found: StateEstimate, steps: Ints, other: StateEstimate) -> StateEstimate:
    """The estimate with another of some steps; the error bands stay those of the common linearisation."""
    x, elements, swept, settled = found.x.copy(), found.elements.copy(), found.swept.copy(), found.settled.copy()
    x[:, steps], swept[:, steps] = other.x, other.swept
    elements[steps], settled[steps] = other.elements, other.settled
    return replace(found, x=x, elements=elements, swept=swept, settled=settled)
