from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from carbon.factors import load_factor_set
from carbon.upstream import Region, Upstream, reference_region, simulate_region
from carbon.upstream.market.storage import (
    DAY,
    WEEK,
    _means_beyond,
    arbitrage_mw,
    carried_over,
    peak_shaving_mw,
    windows_of,
)
from grid.time.clock import Clock
from grid.weather.weather import Weather, weather_for
from tests.examples import examples

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
YEAR = Clock(datetime(2022, 12, 31, 23, tzinfo=UTC), HOUR, 8760)
PLACE = ("Europe/Berlin", 51.3, 9.5)
TWO_DAYS = Clock(datetime(2023, 1, 2, tzinfo=UTC), HOUR, 48)
PUMPED = {
    "name": "pumped",
    "factor": "hydro",
    "capacity_mw": 9400.0,
    "marginal_cost_min_per_mwh": 0.0,
    "marginal_cost_max_per_mwh": 0.0,
    "operation": "storage",
    "storage_energy_mwh": 39000.0,
    "round_trip_efficiency": 0.76,
}
LAKES = {
    "name": "lakes",
    "factor": "hydro",
    "capacity_mw": 4000.0,
    "marginal_cost_min_per_mwh": 0.0,
    "marginal_cost_max_per_mwh": 0.0,
    "operation": "peak_shaving",
    "capacity_factor": 0.3,
    "must_run_share": 0.1,
}


def with_blocks(*blocks: dict) -> Region:
    """The reference region with these stores instead of its own, closed, and with plants that stop at once."""
    data = reference_region().model_dump(mode="python", exclude_unset=True)
    own = [technology for technology in data["technologies"] if technology.get("operation") != "storage"]
    for technology in own:
        technology.pop("start_up_per_mwh", None)
    sourced = [block | {"sources": dict.fromkeys(block, "a test")} for block in blocks]
    return Region.model_validate(data | {"technologies": [*own, *sourced], "trade": None, "fitted": None})


@pytest.fixture(scope="module")
def weather() -> Weather:
    return weather_for("greensboro-tmy3", YEAR, *PLACE)


@pytest.fixture(scope="module")
def plain(weather: Weather) -> Upstream:
    return simulate_region(with_blocks(), weather, YEAR, PLACE[0], load_factor_set())


@pytest.fixture(scope="module")
def stored(weather: Weather) -> Upstream:
    return simulate_region(with_blocks(PUMPED, LAKES), weather, YEAR, PLACE[0], load_factor_set())


def column(upstream: Upstream, name: str) -> np.ndarray:
    return upstream.p_mw[:, upstream.technologies.index(name)]


# --- reservoirs ---


def test_hand_case_of_peak_shaving():
    shaved = peak_shaving_mw(
        np.array([10.0, 14.0, 20.0, 12.0]), np.zeros(4, dtype=np.int64), least_mw=0.0, greatest_mw=5.0, mean_mw=2.0
    )
    assert shaved == pytest.approx([0.0, 2.5, 5.0, 0.5], abs=1e-9)  # above 11.5, but for the capacity


@examples(50)
@given(st.lists(st.floats(-50, 100), min_size=48, max_size=48), st.floats(1, 19))
def test_reservoirs_spend_their_energy_where_load_is_highest(load: list[float], mean_mw: float):
    residual, windows = np.array(load), windows_of(TWO_DAYS, DAY)
    shaved = peak_shaving_mw(residual, windows, least_mw=1.0, greatest_mw=20.0, mean_mw=mean_mw)
    for day in (0, 1):
        here = windows == day
        assert shaved[here].mean() == pytest.approx(mean_mw, abs=1e-6)
        assert (np.diff(shaved[here][np.argsort(residual[here])]) >= -1e-9).all()
    assert shaved.min() >= 1.0
    assert shaved.max() <= 20.0


def test_windows_are_days_and_weeks_of_the_calendar():
    clock = Clock(datetime(2023, 1, 1, 22, tzinfo=UTC), HOUR, 8 * 24)  # a Sunday evening
    assert np.bincount(windows_of(clock, WEEK)).tolist() == [2, 168, 22]
    assert np.bincount(windows_of(clock, DAY))[:2].tolist() == [2, 24]


# --- storage ---


def arbitrage(residual: np.ndarray, windows: np.ndarray, price_of, efficiency: float = 0.75):
    return arbitrage_mw(
        residual,
        windows,
        price_of,
        capacity_mw=4.0,
        energy_mwh=6.0,
        round_trip_efficiency=efficiency,
        step_hours=1.0,
    )


def test_hand_case_of_arbitrage():
    residual = np.array([10.0, 10.0, 30.0, 30.0])
    charge, discharge = arbitrage(residual, np.zeros(4, dtype=np.int64), lambda level: level)
    assert charge == pytest.approx([4.0, 4.0, 0.0, 0.0], abs=1e-6)  # 8 MWh taken
    assert discharge == pytest.approx([0.0, 0.0, 3.0, 3.0], abs=1e-6)  # 6 MWh delivered


def test_no_arbitrage_without_a_spread_that_pays_the_losses():
    residual = np.array([10.0, 10.0, 12.0, 12.0])
    charge, discharge = arbitrage(residual, np.zeros(4, dtype=np.int64), lambda level: level)  # 10 > 0.75 * 12
    assert charge.max() < 1e-9
    assert discharge.max() < 1e-9


@examples(30)
@given(st.lists(st.floats(0, 100), min_size=48, max_size=48), st.floats(0.5, 0.95))
def test_arbitrage_keeps_energy_limits_and_gains(load: list[float], efficiency: float):
    residual, windows = np.array(load), windows_of(TWO_DAYS, DAY)
    charge, discharge = arbitrage(residual, windows, lambda level: level, efficiency)
    assert np.bincount(windows, discharge) == pytest.approx(np.bincount(windows, charge) * efficiency)
    assert np.bincount(windows, discharge).max() <= 6.0 + 1e-9
    assert max(charge.max(), discharge.max()) <= 4.0
    assert not ((charge > 0) & (discharge > 0)).any()
    assert (discharge * residual).sum() >= (charge * residual).sum() - 1e-6  # never at a loss


@examples(30)
@given(st.lists(st.floats(0, 900), min_size=48, max_size=48))
def test_discharge_carries_what_charge_took(ci: list[float]):
    windows = windows_of(TWO_DAYS, DAY)
    charge, discharge = arbitrage(np.tile([10.0, 40.0], 24), windows, lambda level: level)
    carried = carried_over(np.array(ci), charge, discharge, windows)
    assert np.bincount(windows, discharge * carried) == pytest.approx(np.bincount(windows, charge * np.array(ci)))


# --- in the region ---


def test_energy_and_carbon_of_a_region_with_storage_are_conserved(stored: Upstream, plain: Upstream):
    assert stored.demand_mw == pytest.approx(plain.demand_mw, rel=1e-9)
    assert column(stored, "pumped").sum() == pytest.approx(0.76 * stored.storage_charge_mw.sum())
    assert column(stored, "pumped").sum() > 1e6
    assert column(stored, "lakes").sum() == pytest.approx(0.3 * 4000 * 8760, rel=1e-6)
    factors = load_factor_set()
    region = with_blocks(PUMPED, LAKES)
    own = [technology.direct_kg_per_mwh for technology in region.technologies]
    listed = [factors.value(technology.factor) for technology in region.technologies]
    ci = np.array([*(a if b is None else b for a, b in zip(listed, own, strict=True)), factors.value("unknown")])
    ci[stored.technologies.index("pumped")] = 0.0
    assert (stored.ci_kg_per_mwh * stored.demand_mw).sum() == pytest.approx((stored.p_mw @ ci).sum(), rel=1e-9)


def test_storage_narrows_prices(stored: Upstream, weather: Weather):
    lakes = simulate_region(with_blocks(LAKES), weather, YEAR, PLACE[0], load_factor_set())
    spread = [
        np.ptp(upstream.price_per_mwh[1:-23].reshape(-1, 24), axis=1) for upstream in (stored, lakes)
    ]  # of days in UTC
    assert (spread[0] <= spread[1] + 1e-9).all()
    assert spread[0].mean() < 0.95 * spread[1].mean()
    charging, discharging = stored.storage_charge_mw > 0, column(stored, "pumped") > 0
    assert lakes.price_per_mwh[discharging].mean() > lakes.price_per_mwh[charging].mean() / 0.76


def test_carbon_free_share_counts_nuclear(weather: Weather, plain: Upstream):
    assert plain.carbon_free_share == pytest.approx(plain.renewable_share)  # no nuclear power in this region
    nuclear = with_blocks().with_changes({"technologies.5.factor": "nuclear"})
    with_nuclear = simulate_region(nuclear, weather, YEAR, PLACE[0], load_factor_set())
    share = column(with_nuclear, "lignite") / with_nuclear.demand_mw
    assert with_nuclear.carbon_free_share == pytest.approx(with_nuclear.renewable_share + share)


def test_one_sided_intensities_of_a_year(plain: Upstream):
    assert np.array_equal(plain.ci_marginal_below_kg_per_mwh, plain.ci_marginal_kg_per_mwh)
    differ = plain.ci_marginal_above_kg_per_mwh != plain.ci_marginal_below_kg_per_mwh
    assert differ.mean() < 0.05  # ties are rare in a year of hours


def test_new_fields_have_defaults(plain: Upstream):
    old = Upstream(
        **{
            name: getattr(plain, name)
            for name in (
                *("clock", "price_per_mwh", "ci_kg_per_mwh", "ci_marginal_kg_per_mwh"),
                *("renewable_share", "technologies", "p_mw", "boundary"),
            )
        }
    )
    assert np.array_equal(old.carbon_free_share, old.renewable_share)
    assert np.array_equal(old.ci_marginal_above_kg_per_mwh, old.ci_marginal_kg_per_mwh)
    assert not old.storage_charge_mw.any()
    assert replace(old, ci_kg_per_mwh=2 * old.ci_kg_per_mwh).missing_hours == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"round_trip_efficiency": None}, "belong to operation storage"),
        ({"operation": "market"}, "belong to operation storage"),
        ({"operation": "peak_shaving", "storage_energy_mwh": None, "round_trip_efficiency": None}, "capacity_factor"),
        ({"fleet_efficiency": 0.4}, "needs a fuel"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(change: dict, message: str):
    with pytest.raises(ValidationError, match=message):
        with_blocks(PUMPED | change)


def test_there_is_at_most_one_storage():
    with pytest.raises(ValidationError, match="at most one of operation storage"):
        with_blocks(PUMPED, PUMPED | {"name": "second"})


def test_rivers_beyond_all_demand_are_spilled(weather: Weather, plain: Upstream):
    flood = LAKES | {"capacity_mw": 100_000.0, "capacity_factor": 0.9, "must_run_share": 0.8}
    wet = simulate_region(with_blocks(flood), weather, YEAR, PLACE[0], load_factor_set())
    assert wet.p_mw.sum(axis=1) == pytest.approx(plain.demand_mw, rel=1e-9)
    assert wet.renewable_share.min() > 0.99


@pytest.mark.parametrize(("n_steps", "of_day", "skipped"), [(8760, 24, 0), (8760, 24, 7), (670, 96, 40), (3, 96, 0)])
def test_flows_at_levels_of_all_windows_at_once_are_those_of_each_to_the_last_bit(
    n_steps: int, of_day: int, skipped: int
) -> None:
    random = np.random.default_rng(5)
    windows = (np.arange(n_steps) + skipped) // of_day
    residual_mw, levels_mw = random.normal(5e4, 1e4, n_steps), random.normal(5e4, 8e3, (2, windows[-1] + 1))
    upper, lower = (level[windows] for level in levels_mw)
    sold, bought = (np.clip(over, 0.0, 7e3) for over in (residual_mw - upper, lower - residual_mw))
    expected = [np.bincount(windows, flow) / np.bincount(windows) for flow in (sold, bought)]
    np.testing.assert_array_equal(_means_beyond(residual_mw, windows, 7e3)(levels_mw), expected)
