"""What a sensor at a bus measures: its voltage, what it draws, and what enters its branches there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grid.arrays import Floats, Ints
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.model import StateModel

SENSOR_SPREAD = 0.01
"""Standard deviation of a sensor's error per largest value that it sees [1]: instruments are classed by what they are
made for, their fiducial value (IEC 60688)."""

LEAST_DEVIATION = 1e-5
"""Least standard deviation of any value [pu, MW, MVAr]: ten watts."""


def sensor_places(network: Network, buses: Iterable[int], drawing: Ints) -> tuple[tuple[str, ...], Ints]:
    """What sensors at buses measure.

    Args:
        network: The network.
        buses: Places of the buses.
        drawing: Buses that may draw anything; at others no withdrawal is measured.

    Returns:
        The quantity and the place of each value.
    """
    branches, nodes = network.branches, network.buses.node
    measures = set(drawing.tolist())
    found: list[tuple[str, int]] = []
    for bus in buses:
        found.append(("vm_pu", bus))
        if bus in measures and nodes[bus] not in network.slack:
            found += [("p_mw", bus), ("q_mvar", bus)]
        for side, ends in (("from", branches.from_bus), ("to", branches.to_bus)):
            for branch in np.flatnonzero(ends == bus).tolist():
                found += [(f"p_{side}_mw", branch), (f"q_{side}_mvar", branch)]
    return tuple(name for name, _ in found), np.array([place for _, place in found], dtype=np.int64)


def simulated_sensors(
    flow: PowerFlow,
    withdrawal: tuple[Floats, Floats],
    buses: Iterable[int],
    *,
    spread: float = SENSOR_SPREAD,
    rng: np.random.Generator | None = None,
) -> MeasuredValues:
    """What sensors at buses would have measured of a power flow.

    Args:
        flow: The power flow.
        withdrawal: Active and reactive withdrawal of every bus, shape (T, B) each [MW, MVAr].
        buses: Places of the buses with a sensor.
        spread: Standard deviation of the noise per largest value of the period [1].
        rng: Draws the noise; None: there is none, but the spread is stated all the same.
    """
    network = flow.network
    drawing = np.flatnonzero((withdrawal[0] != 0).any(axis=0) | (withdrawal[1] != 0).any(axis=0))
    quantity, place = sensor_places(network, buses, drawing)
    model = StateModel.from_network(network, drawing)
    x = np.hstack([withdrawal[0][:, model.bus], withdrawal[1][:, model.bus], np.ones((len(withdrawal[0]), 1))])
    blank = MeasuredValues(quantity, place, np.zeros((len(x), len(quantity))), np.ones(len(quantity)))
    true = (
        model.readings(blank)
        .values(np.ascontiguousarray(flow.voltage.T[model.factor.order]), np.ascontiguousarray(x.T))
        .T
    )
    deviation = np.maximum(spread * np.abs(true).max(axis=0, initial=0.0), LEAST_DEVIATION)
    noise = 0.0 if rng is None else rng.standard_normal(true.shape) * deviation
    return MeasuredValues(quantity, place, true + noise, deviation)
