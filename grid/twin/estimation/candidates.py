"""Every bus as a place for a sensor, with what it would measure of the expected state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grid.arrays import Floats
from grid.network.network import Network
from grid.twin.estimation.estimate import StateEstimate, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.observability import voltages_of
from grid.twin.estimation.placement import Criterion, SensorCandidate, SensorPlacement, best_places
from grid.twin.estimation.pseudo import PseudoInjections
from grid.twin.estimation.sensors import LEAST_DEVIATION, SENSOR_SPREAD, sensor_places

BORNE_VM = 0.005
BORNE_PERCENT = 10.0
"""Errors of voltages [pu] and of loadings of lines [%] that weigh the same under ``error``."""
MOST_STEPS = 48
"""Steps over which what is not known is averaged."""


def best_sensors(
    network: Network,
    pseudo: PseudoInjections,
    n: int,
    *,
    measured: MeasuredValues | None = None,
    criterion: Criterion = "information",
    spread: float = SENSOR_SPREAD,
    among: Sequence[int] | None = None,
) -> SensorPlacement:
    """The best places for the next sensors, see `grid.twin.estimation.placement`.

    Args:
        network: The network.
        pseudo: Expected withdrawals, all with a spread.
        n: How many sensors.
        measured: What is measured already.
        criterion: What they are to give: information about withdrawals, or voltages and loadings of lines.
        spread: Standard deviation of a sensor per largest value that it is expected to see [1].
        among: Buses that come into question; by default all that are supplied.
    """
    steps = np.unique(np.linspace(0, pseudo.n_steps - 1, min(MOST_STEPS, pseudo.n_steps)).astype(int))
    nothing = MeasuredValues((), np.empty(0, dtype=np.int64), np.empty((pseudo.n_steps, 0)), np.empty(0))
    found = estimate(network, (measured or nothing).steps(steps), pseudo.steps(steps))
    buses = range(len(network.buses.names)) if among is None else among
    live = [bus for bus in buses if network.buses.node[bus] >= 0]
    return best_places(
        found.gain.covariance(), _candidates(found, live, spread), n, criterion=criterion, wanted=_wanted(found)
    )


def _candidates(found: StateEstimate, buses: Sequence[int], spread: float) -> list[SensorCandidate]:
    network = found.network
    each = [sensor_places(network, [bus], found.model.bus) for bus in buses]
    quantity = tuple(name for names, _ in each for name in names)
    place = np.concatenate([places for _, places in each])
    blank = MeasuredValues(quantity, place, np.zeros((1, place.size)), np.ones(place.size))
    readings = found.model.readings(blank)
    rows = found.sensitivity(readings)
    largest = np.nanmax(np.abs(readings.values(found.swept, found.x)), axis=1)
    deviation = np.maximum(spread * largest, LEAST_DEVIATION)
    ends = np.cumsum([0, *(len(names) for names, _ in each)])
    return [
        SensorCandidate(bus, rows[first:stop], deviation[first:stop])
        for bus, first, stop in zip(buses, ends[:-1], ends[1:], strict=True)
    ]


def _wanted(found: StateEstimate) -> Floats:
    """Rows of what is to be known: voltages of all buses, and power at the beginning of all lines as loading."""
    network = found.network
    voltages = found.sensitivity(found.model.readings(voltages_of(found))) / BORNE_VM
    lines = network.branches.of_kind("line")
    lines = lines[network.branches.rated[lines]]
    power = MeasuredValues(("p_from_mw",) * lines.size, lines, np.zeros((1, lines.size)), np.ones(lines.size))
    per_mw = network.branches.percent_per_pu_from[lines] / network.base_mva / BORNE_PERCENT
    loadings = found.sensitivity(found.model.readings(power)) * per_mw[:, None]
    return np.vstack([voltages / np.sqrt(len(voltages)), loadings / np.sqrt(max(len(loadings), 1))])
