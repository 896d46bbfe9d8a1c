"""Where the next stations tell most about what is sought, by many possible states of the city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.carbon import intensities
from app.twin.estimation.expectations import Expectations
from app.twin.estimation.operating_points import OperatingPoints
from app.twin.estimation.possible_states import PossibleStates
from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.powerflow.powerflow import PowerFlow
from grid.twin.estimation.bad_data import CleanEstimate
from grid.twin.estimation.candidates import best_sensors
from grid.twin.estimation.estimate import estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.sensors import LEAST_DEVIATION, SENSOR_SPREAD, sensor_places

Sought = Literal["carbon", "voltage", "loading", "information"]
SOUGHT: Final[tuple[Sought, ...]] = ("carbon", "voltage", "loading", "information")
UNIT: Final[dict[str, str]] = {"carbon": "of the mean intensity", "voltage": "pu", "loading": "%", "information": "nat"}
"""Of what is left to be known, or, of ``information``, of what is known."""
MOST_STEPS: Final = 24
"""Steps in which possible states are drawn."""
STATES: Final = 30
"""Possible states drawn in each of them."""


@dataclass(frozen=True, eq=False)
class StationPlaces:
    """Places for stations, the best first.

    Args:
        buses: Place of the bus of each, length n.
        left: What is left to be known with so many of them, shape (n + 1,): root mean square of the error [share of the
            mean intensity, pu, or %]; of ``information`` what is known instead [nat].
        bound: What no choice of stations goes beyond: what stations at all buses leave, or, of ``information``, the
            most that any n of them tell.
    """

    buses: tuple[int, ...]
    left: Floats
    bound: float

    def bound_in_words(self, sought: Sought) -> str:
        """What the bound says."""
        if sought == "information":
            return f"no {len(self.buses)} stations tell more than {self.bound:.4g} {UNIT[sought]}"
        return f"stations at all buses leave {self.bound:.3g} {UNIT[sought]}, these {self.left[-1]:.3g}"


def station_places(
    inputs: SimulationInputs, expected: Expectations, measured: MeasuredValues, n: int, sought: Sought, seed: int = 0
) -> StationPlaces:
    """The best places for the next stations, one after the other, each where it leaves least.

    A station measures voltage, withdrawal and the powers of all branch ends at its bus, with `SENSOR_SPREAD`. What it
    tells about anything is taken from how both vary together over possible states of many steps, which holds for what
    is not linear too. Choosing one by one is exact for the first; for more it has a proven bound under ``information``
    alone (`grid.twin.estimation.placement`).

    Args:
        inputs: The scenario.
        expected: What is expected of its elements, with what says itself what it does.
        measured: What is measured already, in its steps.
        n: How many.
        sought: What is to be known.
        seed: Of the states that are drawn.

    Raises:
        InputError: If no step has an estimate by what is measured already.
    """
    network = inputs.loaded.city.network
    pseudo, active, _ = expected.pseudo()
    if sought == "information":
        found = best_sensors(network, pseudo, n, measured=measured)
        return StationPlaces(found.places, found.value, found.bound)
    steps = np.unique(np.linspace(0, pseudo.n_steps - 1, min(MOST_STEPS, pseudo.n_steps)).astype(int))
    part = estimate(network, measured.steps(steps), pseudo.steps(steps))
    if not part.settled.any():
        raise InputError.single("MEASUREMENTS", "leave no step with an estimate")
    clean = CleanEstimate(part, (), np.zeros(part.measured.values.shape, dtype=bool))
    drawn = PossibleStates(inputs, expected, clean, active, steps)
    samples = _Samples.drawn(drawn, sought, np.random.default_rng(seed))
    return _greedy(samples, n)


@dataclass(frozen=True, eq=False)
class _Samples:
    """How candidates and what is sought vary together over S possible states.

    Args:
        bus: Bus of each of M values that a station would measure, shape (M,).
        read: Covariance of these values, shape (M, M), each per its standard deviation.
        common: Covariance of what is sought with them, shape (R, M).
        total: Sum of the variances of what is sought.
    """

    bus: Ints
    read: Floats
    common: Floats
    total: float

    @classmethod
    def drawn(cls, states: PossibleStates, sought: Sought, rng: np.random.Generator) -> _Samples:
        """Draws them, in the steps that have an estimate."""
        found = states.clean.estimate
        network = found.network
        live = [k for k, node in enumerate(network.buses.node) if node >= 0]
        each = [sensor_places(network, [bus], found.model.bus) for bus in live]
        place = np.concatenate([places for _, places in each])
        quantity = tuple(name for names, _ in each for name in names)
        bus = np.repeat(live, [len(names) for names, _ in each])
        blank = MeasuredValues(quantity, place, np.zeros((1, place.size)), np.ones(place.size))
        readings = found.model.readings(blank)
        stored, settled = states.stored()[0], np.flatnonzero(found.settled)
        read, wanted = [], []
        for _ in range(STATES):
            x, points = states.possible(rng)
            values = readings.values(np.ascontiguousarray(points.voltage.T[found.model.factor.order]), x).T
            read.append(values[settled])
            wanted.append(_sought(states, points, stored, sought)[settled])
        y, w = np.stack(read), np.stack(wanted)
        deviation = np.maximum(SENSOR_SPREAD * np.abs(y).max(axis=(0, 1)), LEAST_DEVIATION)
        y, w = ((part - part.mean(axis=0)).reshape(-1, part.shape[2]) for part in (y / deviation, w))
        count = y.shape[0] - y.shape[0] // STATES
        w = np.nan_to_num(w)
        return cls(bus, y.T @ y / count, w.T @ y / count, float((w**2).sum() / count / max(w.shape[1], 1)))


def _sought(states: PossibleStates, points: OperatingPoints, stored: Floats, sought: Sought) -> Floats:
    """What is sought in possible states of T steps, shape (T, R)."""
    inputs, network = states.inputs, states.clean.estimate.network
    if sought == "carbon":
        node = network.buses.node
        ci = intensities(inputs, states.expected.elements, points, stored)[:, node[node >= 0]]
        return np.asarray(ci / np.nanmean(ci, axis=1, keepdims=True))
    clock, nothing = inputs.clock.window(0, points.step.size), np.zeros(points.step.size, dtype=bool)
    flow = PowerFlow(clock, network, points.voltage, nothing, nothing)
    if sought == "voltage":
        return flow.vm_pu()
    lines = network.branches.of_kind("line")
    return flow.loading_percent()[:, lines[network.branches.rated[lines]]]


def _greedy(samples: _Samples, n: int) -> StationPlaces:
    """One station after the other, by the covariances alone."""
    read, common = samples.read.copy(), samples.common.copy()
    n_sought = max(len(common), 1)
    values = {int(bus): np.flatnonzero(samples.bus == bus) for bus in dict.fromkeys(samples.bus.tolist())}
    left, places = [samples.total], list[int]()
    for _ in range(min(n, len(values))):
        gains = {bus: _gain(read, common, at) for bus, at in values.items() if bus not in places}
        best = max(gains, key=lambda bus: gains[bus])
        at = values[best]
        solved = np.linalg.solve(read[np.ix_(at, at)] + np.eye(at.size), read[at])
        common = common - common[:, at] @ solved
        read = read - read[:, at] @ solved
        places.append(best)
        left.append(max(left[-1] - gains[best] / n_sought, 0.0))
    everywhere = _gain(samples.read, samples.common, np.arange(samples.bus.size)) / n_sought
    bound = np.sqrt(max(samples.total - everywhere, 0.0))
    return StationPlaces(tuple(places), np.sqrt(np.array(left)), float(bound))


def _gain(read: Floats, common: Floats, at: Ints) -> float:
    """By how much values at some places lower the sum of the variances of what is sought."""
    part = common[:, at]
    return float(np.einsum("rm,rm->", part, np.linalg.solve(read[np.ix_(at, at)] + np.eye(at.size), part.T).T))
