"""Measurements that contradict the others: the largest normalised residual, one at a time, until none is left.

A residual is divided by its own standard deviation, √(R − H P Hᵀ); of correct measurements it is beyond 3 once in 370
times [1]. The measurement with the largest is taken out, and the step is estimated anew, since one wrong value pulls
the residuals of its neighbours along. A measurement that no other checks has no residual: it cannot be tested.

References:
    [1] A. Abur and A. Gómez Expósito, "Power System State Estimation: Theory and Implementation", Marcel Dekker, 2004,
        chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from grid.network.network import Network
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections

THRESHOLD = 4.0
"""Normalised residual beyond which a measurement is bad; correct ones are, once in 16,000 times [1]."""
CHECKED = 0.02
"""Share of its variance that others must check for a measurement to be tested. The variance of a residual is the small
difference of two that are linearised about a mean state and off by some hundredths: where it is less, a correct value
looks bad."""
MOST_TAKEN_OUT = 10
"""Of a step."""


@dataclass(frozen=True)
class BadDatum:
    """A measurement that was taken out.

    Args:
        step: In which step.
        element: Name of the bus or branch.
        quantity: What was measured.
        value: The value.
        expected: What it should have read by all others.
        normalised_residual: How far it was off, per standard deviation of the residual.
    """

    step: int
    element: str
    quantity: str
    value: float
    expected: float
    normalised_residual: float


@dataclass(frozen=True, eq=False)
class CleanEstimate:
    """An estimate without what contradicts it.

    Args:
        estimate: The estimate.
        bad: What was taken out, in the order in which it was.
        untested: Values that no other checks, shape (T, M).
    """

    estimate: StateEstimate
    bad: tuple[BadDatum, ...]
    untested: Bools


def normalised_residuals(found: StateEstimate) -> tuple[Floats, Bools]:
    """Normalised residuals, shape (T, M), NaN where a value is missing or untested; and which are untested."""
    variance = np.asarray(found.measured.standard_deviation) ** 2
    left = variance - found.gain.variance(found.sensitivity(found.readings))
    untested = left < CHECKED * variance
    normalised = np.full(variance.shape, np.nan)
    np.divide(np.abs(found.residual), np.sqrt(np.maximum(left, 1e-300)), out=normalised, where=~untested)
    return normalised, untested & found.measured.known


def estimate_without_bad_data(
    network: Network,
    measured: MeasuredValues,
    pseudo: PseudoInjections,
    *,
    threshold: float = THRESHOLD,
    grid_voltage_spread: float | None = GRID_VOLTAGE_SPREAD,
) -> CleanEstimate:
    """The state of a grid without measurements that contradict the others; arguments as `estimate`.

    Args:
        network: The network.
        measured: Measurements.
        pseudo: Expected withdrawals.
        threshold: Normalised residual beyond which a measurement is taken out.
        grid_voltage_spread: See `estimate`.
    """
    found = estimate(network, measured, pseudo, grid_voltage_spread=grid_voltage_spread)
    first, untested = normalised_residuals(found)
    bad: list[BadDatum] = []
    left_out = np.zeros(measured.values.shape, dtype=bool)
    steps, residuals, part = np.arange(measured.n_steps), first, found
    for _ in range(MOST_TAKEN_OUT):
        worst = np.nan_to_num(residuals, nan=0.0).max(axis=1, initial=0.0) > threshold
        if not worst.any():
            break
        new = list(_largest(part, residuals, np.flatnonzero(worst), steps))
        for datum, column in new:
            left_out[datum.step, column] = True
            bad.append(datum)
        steps = steps[worst]
        part = estimate(
            network,
            measured.without(left_out).steps(steps),
            pseudo.steps(steps),
            grid_voltage_spread=grid_voltage_spread,
        )
        residuals, _ = normalised_residuals(part)
    if bad:
        found = estimate(network, measured.without(left_out), pseudo, grid_voltage_spread=grid_voltage_spread)
    return CleanEstimate(found, tuple(bad), untested)


def _largest(
    found: StateEstimate, residuals: Floats, rows: np.ndarray, steps: np.ndarray
) -> Iterator[tuple[BadDatum, int]]:
    """The worst measurement of each of some steps, and its column."""
    read = found.read()
    for row in rows.tolist():
        column = int(np.nanargmax(residuals[row]))
        element, quantity = found.measured.label(found.network, column)
        yield (
            BadDatum(
                int(steps[row]), element, quantity, float(found.measured.values[row, column]),
                float(read[row, column]), float(residuals[row, column]),
            ),
            column,
        )  # fmt: skip
