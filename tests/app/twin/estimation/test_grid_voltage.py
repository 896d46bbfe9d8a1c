"""How far the voltage of the external grids is taken to be off, by what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from app.twin.estimation.city_state import _clean
from app.twin.estimation.grid_voltage import GridVoltages, GridVoltageSpread, grid_voltage_spread
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
    assert grid_voltage_spread(found_by(off, seed)).rms == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_voltage_that_is_the_nets_own_is_taken_as_such(seed: int) -> None:
    assert grid_voltage_spread(found_by(np.zeros(STEPS), seed)).rms < 0.1 * GRID_VOLTAGE_SPREAD


def test_nothing_measured_and_few_steps_leave_it_as_it_is_usually() -> None:
    blind, expected, _ = voltages(np.zeros(1), 1)
    nothing = blind.without(np.ones(blind.values.shape, dtype=bool))
    assert grid_voltage_spread(estimate(feeder(), nothing, expected)).rms == GRID_VOLTAGE_SPREAD
    assert grid_voltage_spread(found_by(np.zeros(1), 1)).rms > 0.5 * GRID_VOLTAGE_SPREAD


def test_an_offset_that_lasts_counts_as_little_as_a_few_steps_and_is_not_denied() -> None:
    lasting, passing = np.full(STEPS, 0.004), 0.004 * np.random.default_rng(5).choice([-1.0, 1.0], STEPS)
    assert grid_voltage_spread(found_by(passing, 1)).rms == pytest.approx(0.004, rel=0.1)
    assert 0.003 < grid_voltage_spread(found_by(lasting, 1)).rms < 0.006


def test_voltages_err_less_by_the_steps_together_than_by_each() -> None:
    measured, expected, true = voltages(np.zeros(STEPS), 4)
    clean, spread = _clean(feeder(), measured, expected, np.zeros((STEPS, 2)))
    alone = estimate(feeder(), measured, expected)
    assert spread.rms < 0.1 * GRID_VOLTAGE_SPREAD
    errors = [np.abs(each.vm_pu() - true).mean() for each in (clean.estimate, alone)]
    assert errors[0] < 0.3 * errors[1]


def drawn(found: StateEstimate, spread: GridVoltageSpread, n: int = 400) -> tuple[Floats, Floats]:
    """Errors drawn by an estimate, and those with the voltage drawn anew, shape (V + 1, n × T) each."""
    voltages_of, rng = GridVoltages.of(found, GRID_VOLTAGE_SPREAD, spread), np.random.default_rng(7)
    before = [found.gain.draw(found.settled.size, rng) for _ in range(n)]
    after = [voltages_of.moved(error, (k + 0.5) / n, rng) for k, error in enumerate(before)]
    return np.concatenate(before, axis=1), np.concatenate(after, axis=1)


def test_a_spread_that_is_known_leaves_what_is_drawn_as_it_was() -> None:
    found = found_by(np.zeros(20), 3)
    before, after = drawn(found, GridVoltageSpread(np.array([GRID_VOLTAGE_SPREAD]), np.ones(1)))
    scale = np.sqrt(np.outer(before.var(axis=1), before.var(axis=1)))
    assert (before.var(axis=1) > 0).all()
    np.testing.assert_allclose(np.cov(after) / scale, np.cov(before) / scale, atol=0.05)


def test_without_any_spread_the_voltage_is_the_nets_own_and_withdrawals_are_those_that_go_with_it() -> None:
    measured, expected, _ = voltages(0.004 * np.ones(20), 3)
    found = estimate(feeder(), measured, expected)
    own = estimate(feeder(), measured, expected, grid_voltage_spread=1e-9)
    none = GridVoltageSpread(np.zeros(1), np.ones(1))
    moved = GridVoltages.of(found, GRID_VOLTAGE_SPREAD, none).moved(np.zeros((3, 20)), 0.5, np.random.default_rng(1))
    np.testing.assert_allclose(moved[-1], 1 - found.x[-1], atol=1e-15)
    np.testing.assert_allclose(found.elements + moved[:-1].T, own.elements, atol=2e-5)
    assert np.abs(found.elements - own.elements).max() > 1e-3


def test_possible_states_take_each_spread_as_often_as_it_is_likely() -> None:
    spread = GridVoltageSpread(np.array([0.0, 0.001, 0.01]), np.array([6.0, 3.0, 1.0]))
    taken = [spread.quantile((k + 0.5) / 10) for k in range(10)]
    assert taken == [0.0] * 6 + [0.001] * 3 + [0.01]
    assert spread.rms == pytest.approx(np.sqrt(0.3 * 1e-6 + 0.1 * 1e-4))
