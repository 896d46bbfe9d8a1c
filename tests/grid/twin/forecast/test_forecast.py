from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import special

from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.forecast import PowerHistory, backtest, make_forecaster, sample_paths
from grid.twin.forecast.backtest import MODEL
from grid.twin.forecast.forecaster import KEPT_FORECASTS, Forecaster, QuantileForecast, with_arrived
from grid.twin.forecast.quantiles import LEVELS, SCORES, at_scores, normal_scores, pinball_loss
from grid.twin.forecast.samples import Dependence
from tests.few_trees import few_trees  # noqa: F401  a fixture
from tests.places import SHARED_DATA

HOUR = timedelta(hours=1)
MONDAY = datetime(2030, 3, 4, tzinfo=UTC)
DAYS = 45
HOURS = np.arange(24 * DAYS)
DAILY = 10 + 4 * np.sin(HOURS / 24 * 2 * np.pi) + 3 * (HOURS // 24 % 7 < 5)


def history(values, kind="demand"):
    return PowerHistory("city", kind, Clock(MONDAY, HOUR, len(values)), values)


@pytest.fixture(scope="module")
def noisy():
    return history(DAILY + np.random.default_rng(1).normal(0, 1, HOURS.size))


@pytest.fixture(scope="module")
def forecaster(noisy):
    return make_forecaster(noisy, 48, days=12)


def test_what_repeats_with_noise_is_learned_better_than_yesterday_says(forecaster):
    scores = forecaster.tested.scores
    assert scores[MODEL].pinball_mw < scores["persistence"].pinball_mw
    assert not forecaster.tested.worse_than_persistence
    assert 0.65 < scores[MODEL].coverage_80 < scores[MODEL].coverage_90 < 1


def test_quantiles_do_not_cross_and_begin_where_the_measurements_end(forecaster, noisy):
    issued = forecaster.issue()
    assert issued.clock.start == noisy.clock.stop
    assert issued.clock.n_steps == 48
    for quantiles in (issued.quantiles_mw, *forecaster.tested.quantiles_mw.values()):
        assert (np.diff(quantiles, axis=-1) >= 0).all()


def test_nothing_that_comes_later_is_looked_at(noisy):
    changed = noisy.values_mw.copy()
    found = backtest(noisy, 24, days=1)
    changed[found.origins[0] :] = 1e3
    later = backtest(replace(noisy, values_mw=changed), 24, days=1)
    for name, quantiles in found.quantiles_mw.items():
        np.testing.assert_array_equal(later.quantiles_mw[name], quantiles)


def test_what_arrives_counts_in_the_next_forecast(forecaster, noisy):
    arrived = with_arrived(noisy, np.array([30.0, 31.0]))
    later = replace(forecaster, method="persistence", model=None).issue(arrived)
    assert later.clock.start == noisy.clock.stop + 2 * HOUR
    assert (later.median_mw[22:24] > 25).all()  # a day after they were measured
    assert later.median_mw[:22].max() < 25


def test_a_forecast_that_is_asked_for_again_is_not_made_again(forecaster, noisy, monkeypatch):
    made: list[int] = []
    fresh = replace(forecaster)
    issue = Forecaster._issue
    monkeypatch.setattr(Forecaster, "_issue", lambda *each: made.append(1) or issue(*each))
    arrived = [with_arrived(noisy, np.array([30.0 + k])) for k in range(KEPT_FORECASTS + 1)]
    first = fresh.issue(arrived[0])
    assert fresh.issue(with_arrived(noisy, np.array([30.0]))) is first
    assert fresh.issue(arrived[1]) is not first
    assert len(made) == 2
    for each in arrived:
        fresh.issue(each)
    np.testing.assert_array_equal(fresh.issue(arrived[0]).quantiles_mw, first.quantiles_mw)
    assert len(made) == KEPT_FORECASTS + 2  # the first was forgotten meanwhile


def test_a_model_worse_than_persistence_says_so_and_is_not_used():
    rng = np.random.default_rng(0)
    level = np.repeat(np.where(np.arange(DAYS) < DAYS - 14, 0.0, 80.0), 24)  # a large customer came two weeks ago
    made = make_forecaster(history(100 + level + rng.normal(0, 0.1, HOURS.size)), 24, days=8)
    assert made.tested.worse_than_persistence
    assert made.method == "persistence"
    assert "the trained model is worse than persistence" in made.issue().statement
    assert made.issue().median_mw == pytest.approx(180, abs=1)


def test_gaps_are_borne(forecaster, noisy):
    gaps = noisy.values_mw.copy()
    gaps[100:130] = gaps[-30:-20] = np.nan
    assert np.isfinite(forecaster.issue(replace(noisy, values_mw=gaps)).quantiles_mw).all()


def test_few_days_are_forecast_by_persistence_and_fewer_not_at_all(noisy):
    made = make_forecaster(noisy.before(24 * 10), 24, days=5)
    assert MODEL not in made.tested.scores
    assert "no model was trained" in made.statement
    with pytest.raises(InputError, match="must be measured for 5 days at least"):
        make_forecaster(noisy.before(24 * 3), 48)


def test_sun_is_never_below_nothing_nor_above_what_was_seen():
    sun = np.maximum(0, np.sin((HOURS % 24 - 6) / 12 * np.pi)) * np.random.default_rng(2).uniform(0.2, 1, HOURS.size)
    found = make_forecaster(history(sun, "pv"), 24, days=3).tested.quantiles_mw[MODEL]
    assert (found >= 0).all()
    assert found.max() <= sun.max()


def test_a_measured_grid_is_forecast_within_its_bands():
    """EIA-930, California (CISO): total of all sources as its demand, from January on."""
    path = SHARED_DATA / "generation_mix_hourly_2022_us_8ba.parquet"
    if not path.is_file():
        pytest.skip("the shared data are not there")
    table = pl.read_parquet(path).filter(pl.col("ba") == "CISO").sort("time_utc").unique("time_utc", keep="first")
    hours = pl.datetime_range(datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 4, 10, 23, tzinfo=UTC), HOUR, eager=True)
    table = pl.DataFrame({"time_utc": hours.cast(table["time_utc"].dtype)}).join(table, on="time_utc", how="left")
    total = table.select(pl.sum_horizontal(pl.col("^.*_mw$"), ignore_nulls=False)).to_series().cast(pl.Float64)
    clock = Clock(datetime(2022, 1, 1, tzinfo=UTC), HOUR, total.len())
    values = total.fill_null(float("nan")).to_numpy()
    tested = backtest(PowerHistory("CISO", "demand", clock, values, "America/Los_Angeles", "US"), 24, every_days=2)
    assert tested.scores[MODEL].pinball_mw < tested.scores["persistence"].pinball_mw
    assert 0.65 < tested.scores[MODEL].coverage_80 < 0.92
    assert 0.78 < tested.scores[MODEL].coverage_90 < 0.98


def test_pinball_loss_by_hand():
    assert pinball_loss(np.array(10.0), np.full(5, 8.0)) == pytest.approx(2 * np.mean(LEVELS))
    assert pinball_loss(np.array(6.0), np.full(5, 8.0)) == pytest.approx(2 * np.mean(1 - np.array(LEVELS)))


def test_scores_and_values_are_each_others_inverse():
    quantiles = np.array([1.0, 2.0, 5.0, 7.0, 8.0])
    np.testing.assert_allclose(normal_scores(quantiles, np.tile(quantiles, (5, 1))), SCORES, atol=1e-12)
    z = np.linspace(-2.9, 2.9, 30)
    np.testing.assert_allclose(normal_scores(at_scores(z, quantiles), np.tile(quantiles, (30, 1))), z)
    assert np.isnan(normal_scores(np.array(1.0), np.full(5, 1.0)))


def test_samples_have_the_quantiles_and_the_correlation_they_were_given():
    clock = Clock(MONDAY, HOUR, 3)
    quantiles = np.tile(10 + SCORES, (3, 1))
    two = [QuantileForecast(name, "demand", clock, quantiles, "", "") for name in "ab"]
    common = Dependence(np.array([0.8, 0.8]), np.array([[1.0, 0.6], [0.6, 1.0]]))
    paths = sample_paths(two, common, 20000, np.random.default_rng(3))
    assert paths.shape == (20000, 3, 2)
    np.testing.assert_allclose(np.quantile(paths[:, 2, 1], LEVELS), 10 + SCORES, atol=0.06)
    assert np.corrcoef(paths[:, 1, 0], paths[:, 2, 0])[0, 1] == pytest.approx(0.8, abs=0.02)
    assert np.corrcoef(paths[:, 1, 0], paths[:, 1, 1])[0, 1] == pytest.approx(0.6, abs=0.02)


def test_scores_are_those_of_the_levels() -> None:
    np.testing.assert_array_equal(SCORES, special.ndtri(np.array(LEVELS)))
