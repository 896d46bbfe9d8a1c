"""How far the voltage of the external grids is taken to be off, by what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from app.twin.estimation.calibration import grid_voltage_spread
from app.twin.estimation.city_state import _clean
from grid.arrays import Floats
from grid.powerflow.powerflow import power_flow
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections
from tests.optimizer.small_cases import clock_of, feeder

NOISE = 0.003
STEPS = 400


def voltages(off: Floats, seed: int) -> tuple[MeasuredValues, PseudoInjections, Floats]:
    """Measured voltages where that of the external grid is off, with expectations that are right, and the true ones."""
    network, n = feeder(), off.size
    p = np.zeros((n, 3))
    p[:, 1:] = 0.2
    true = power_flow(network, clock_of(n), p, 0.0 * p).vm_pu() + off[:, None]
    read = true + NOISE * np.random.default_rng(seed).standard_normal(true.shape)
    expected = PseudoInjections(np.array([1, 2]), np.zeros(2, dtype=bool), p[:, 1:], np.full((n, 2), 0.01))
    return MeasuredValues(("vm_pu",) * 3, np.arange(3), read, np.full(read.shape, NOISE)), expected, true


def found_by(off: Floats, seed: int) -> StateEstimate:
    measured, expected, _ = voltages(off, seed)
    return estimate(feeder(), measured, expected)


@pytest.mark.parametrize("spread", [0.003, 0.01])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_spread_that_measurements_show_is_found(spread: float, seed: int) -> None:
    off = spread * np.random.default_rng(seed + 10).standard_normal(STEPS)
    assert grid_voltage_spread(found_by(off, seed)) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_voltage_that_is_the_nets_own_is_taken_as_such(seed: int) -> None:
    assert grid_voltage_spread(found_by(np.zeros(STEPS), seed)) < 0.1 * GRID_VOLTAGE_SPREAD


def test_nothing_measured_and_few_steps_leave_it_as_it_is_usually() -> None:
    blind, expected, _ = voltages(np.zeros(1), 1)
    nothing = blind.without(np.ones(blind.values.shape, dtype=bool))
    assert grid_voltage_spread(estimate(feeder(), nothing, expected)) == GRID_VOLTAGE_SPREAD
    assert grid_voltage_spread(found_by(np.zeros(1), 1)) > 0.5 * GRID_VOLTAGE_SPREAD


def test_an_offset_that_lasts_counts_as_little_as_a_few_steps_and_is_not_denied() -> None:
    lasting, passing = np.full(STEPS, 0.004), 0.004 * np.random.default_rng(5).choice([-1.0, 1.0], STEPS)
    assert grid_voltage_spread(found_by(passing, 1)) == pytest.approx(0.004, rel=0.1)
    assert 0.003 < grid_voltage_spread(found_by(lasting, 1)) < 0.006


def test_voltages_err_less_by_the_steps_together_than_by_each() -> None:
    measured, expected, true = voltages(np.zeros(STEPS), 4)
    clean, spread = _clean(feeder(), measured, expected, np.zeros((STEPS, 2)))
    alone = estimate(feeder(), measured, expected)
    assert spread < 0.1 * GRID_VOLTAGE_SPREAD
    errors = [np.abs(each.vm_pu() - true).mean() for each in (clean.estimate, alone)]
    assert errors[0] < 0.3 * errors[1]
