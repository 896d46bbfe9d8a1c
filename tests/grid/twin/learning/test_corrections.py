from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from grid.errors import InputError
from grid.twin.forecast.quantiles import SCORES
from grid.twin.learning.backtest import forecast_test, response_test
from grid.twin.learning.corrections import action_reliability, forecast_correction, response_rate
from grid.twin.learning.effect import ActionEffect, measured_effect_mwh

DAYS, HOURS = np.repeat(np.arange(31), 24), np.tile(np.arange(24), 31)
USUAL = 2 + np.sin(HOURS / 24 * 2 * np.pi)


def month(bias=0.0, spread=1.0, seed=1):
    """Values and quantiles of a month; the forecast misses by a bias and has a band too narrow by a factor."""
    values = USUAL + bias * (HOURS >= 12) + 0.2 * spread * np.random.default_rng(seed).standard_normal(HOURS.size)
    return values, USUAL[:, None] + 0.2 * SCORES


def effects(rate, n, seed=1, noise=0.05):
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(0.5, 2.0, n)
    measured = rate * predicted + noise * rng.standard_normal(n)
    return [
        ActionEffect("homes", "charging shifted", *map(float, pair)) for pair in zip(predicted, measured, strict=True)
    ]


def test_a_bias_and_a_spread_are_found_and_drawn_towards_none():
    values, quantiles = month(bias=0.4, spread=2.0)
    found = forecast_correction(values, quantiles, HOURS)
    np.testing.assert_allclose(found.bias[:12], 0.0, atol=0.25)
    assert found.bias[12:].mean() == pytest.approx(0.4 * 31 / 41, abs=0.06)
    assert found.spread.mean() == pytest.approx(2.0 ** (31 / 41), abs=0.2)
    few = forecast_correction(values[:24], quantiles[:24], HOURS[:24])
    assert np.abs(few.bias).max() < np.abs(values - quantiles[:, 2])[:24].max() / 10
    none = forecast_correction(np.full(24, np.nan), quantiles[:24], HOURS[:24])
    np.testing.assert_array_equal(none.corrected(quantiles[:24], HOURS[:24]), quantiles[:24])


def test_corrected_quantiles_keep_their_order():
    values, quantiles = month(bias=-1.0, spread=0.05)
    corrected = forecast_correction(values, quantiles, HOURS).corrected(quantiles, HOURS)
    assert (np.diff(corrected, axis=1) > 0).all()


@pytest.mark.parametrize(("bias", "spread"), [(0.4, 1.0), (0.0, 3.0), (-0.3, 2.0)])
def test_a_forecast_with_a_fault_is_better_corrected_on_days_not_learned_from(bias, spread):
    values, quantiles = month(bias, spread)
    found = forecast_test("demand", values, quantiles, HOURS, DAYS, np.random.default_rng(1))
    assert (found.verdict, found.days) == ("better", 24)
    assert found.corrected < 0.97 * found.without
    assert abs(found.coverage_corrected - 0.9) < abs(found.coverage_without - 0.9)
    assert "demand: better" in str(found)


def test_a_forecast_without_a_fault_is_not_said_to_be_better_corrected():
    verdicts = [
        forecast_test("demand", *month(seed=seed), HOURS, DAYS, np.random.default_rng(1)).verdict for seed in range(20)
    ]
    assert verdicts.count("better") <= 2
    assert "worse" in verdicts


def test_no_day_is_corrected_by_itself_or_a_later_one():
    values, quantiles = month(bias=0.4)
    first = forecast_test("demand", values[: 24 * 8], quantiles[: 24 * 8], HOURS[: 24 * 8], DAYS[: 24 * 8],
                          np.random.default_rng(1))  # fmt: skip
    changed = np.where(DAYS == 7, 0.0, values)
    again = forecast_correction(values[DAYS < 7], quantiles[DAYS < 7], HOURS[DAYS < 7])
    assert first.days == 1
    after = forecast_correction(changed[DAYS < 7], quantiles[DAYS < 7], HOURS[DAYS < 7])
    np.testing.assert_array_equal(again.bias, after.bias)
    with pytest.raises(InputError, match="more than 7"):
        forecast_test("demand", values[:100], quantiles[:100], HOURS[:100], DAYS[:100], np.random.default_rng(1))


def test_drivers_who_respond_by_half_are_expected_to():
    found = response_rate(effects(0.5, 40))
    assert found.rate == pytest.approx((40 * 0.5 + 3) / 43, abs=0.02)
    assert response_rate([]).rate == 1.0
    assert response_rate(effects(0.5, 1)).rate == pytest.approx((0.5 + 3) / 4, abs=0.05)
    days = np.repeat(np.arange(20), 2)
    half, all_of_it = (response_test("cars", effects(rate, 40), days, np.random.default_rng(1)) for rate in (0.5, 1.0))
    assert half.verdict == "better"
    assert all_of_it.verdict != "better"


def test_reliability_knows_how_little_is_known():
    good = [ActionEffect("store", "battery", 1.0, 0.95)] * 9
    bad = [ActionEffect("store", "battery", 1.0, 0.5)]
    found, unknown = action_reliability(good + bad), action_reliability([])
    assert found.probability == pytest.approx(9.5 / 11)
    density = lambda x: x**8.5 * (1 - x) ** 0.5  # noqa: E731  of nine good of ten, up to a factor
    below, within, above = (
        quad(density, *ends)[0] for ends in ((0, found.low), (found.low, found.high), (found.high, 1))
    )
    assert (below / within, above / within) == pytest.approx((0.05 / 0.9, 0.05 / 0.9), rel=1e-4)
    assert unknown.probability == 0.5
    assert unknown.high - unknown.low > 0.95


def test_an_effect_is_what_was_drawn_less():
    without, measured = np.array([2.0, 2.0, 2.0]), np.array([1.0, np.nan, 2.5])
    assert measured_effect_mwh(without, measured, 0.25) == pytest.approx(0.125)
    with pytest.raises(InputError, match="shape"):
        measured_effect_mwh(without, measured[:2], 0.25)
