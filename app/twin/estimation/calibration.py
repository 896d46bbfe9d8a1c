"""How far off expectations really are: every station's withdrawal by all others, against what it measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.twin.estimation.expectations import Expectations
from grid.arrays import Floats
from grid.network.network import Network
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate, estimate
from grid.twin.estimation.measured import BUS_QUANTITIES, MeasuredValues

LEAST, MOST = 1.0, 3.0
"""Between which a factor lies: a few stations are no reason to narrow the bands of all other buses, and beyond the
greater, expectations are wrong and not only their spread."""
FEWEST: Final = 100
"""Values from which a factor is taken."""
NORMAL_90: Final = 1.6449
"""Two-sided 90 % quantile of the normal distribution."""
MOST_STATIONS: Final = 8
MOST_STEPS: Final = 32
"""Stations left out one by one, and steps of each."""


@dataclass(frozen=True)
class SpreadFactors:
    """What the spread of expectations is multiplied with, and that of the external grids' voltage.

    Args:
        active: Of active powers [1].
        reactive: Of reactive powers [1].
        n_stations: Stations that were left out one by one; 0: too few measure withdrawals, and nothing is changed.
        grid_voltage: Standard deviation of the external grids' voltage about the net's own [1].
    """

    active: float = 1.0
    reactive: float = 1.0
    n_stations: int = 0
    grid_voltage: float = GRID_VOLTAGE_SPREAD


def spread_factors(network: Network, measured: MeasuredValues, expected: Expectations) -> SpreadFactors:
    """The factors with which bands of stations that are left out hold 90 % of what they measured.

    Args:
        network: The network.
        measured: Measurements of T steps.
        expected: What is expected of the elements in these steps.
    """
    pseudo, *_ = expected.pseudo()
    unknown = np.setdiff1d(np.arange(len(expected.elements.name)), expected.known)
    known = set(expected.elements.bus.tolist()) - set(expected.elements.bus[unknown].tolist())
    drawing = np.unique(pseudo.bus)
    stations = [
        int(place) for quantity, place in zip(measured.quantity, measured.place, strict=True)
        if quantity == "p_mw" and place in drawing and int(place) not in known
        and network.buses.node[place] not in network.slack
    ]  # fmt: skip
    steps = np.unique(np.linspace(0, measured.n_steps - 1, min(MOST_STEPS, measured.n_steps)).astype(int))
    found: dict[str, list[Floats]] = {"p_mw": [], "q_mvar": []}
    part, expects = measured.steps(steps), pseudo.steps(steps)
    for bus in stations[:MOST_STATIONS]:
        at = _at(network, measured, bus)
        left = estimate(network, part.select(np.flatnonzero(~at)), expects)
        for quantity, values in found.items():
            here = np.flatnonzero(at & (np.array(measured.quantity) == quantity))
            if here.size:
                values.append(_normalised(left, part.select(here)))
    factors = [_factor(np.concatenate(values)) if values else 1.0 for values in found.values()]
    return SpreadFactors(factors[0], factors[1], min(len(stations), MOST_STATIONS))


def _at(network: Network, measured: MeasuredValues, bus: int) -> np.ndarray:
    """Values that are measured at a bus, shape (M,)."""
    branches = network.branches
    found = np.zeros(len(measured.quantity), dtype=bool)
    for k, (quantity, place) in enumerate(zip(measured.quantity, measured.place, strict=True)):
        if quantity in BUS_QUANTITIES:
            found[k] = place == bus
        else:
            found[k] = (branches.from_bus if "_from_" in quantity else branches.to_bus)[place] == bus
    return found


def _normalised(left: StateEstimate, measured: MeasuredValues) -> Floats:
    readings = left.model.readings(measured)
    error = measured.values.T - readings.values(left.swept, left.x)
    variance = left.gain.variance(left.sensitivity(readings)).T + np.asarray(measured.standard_deviation).T ** 2
    z = error / np.sqrt(variance)
    return np.asarray(z[np.isfinite(z)])


def _factor(z: Floats) -> float:
    if z.size < FEWEST:
        return 1.0
    return float(np.clip(np.quantile(np.abs(z), 0.9) / NORMAL_90, LEAST, MOST))
