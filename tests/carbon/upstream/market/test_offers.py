"""Trade by price, minimum load of running plants, courses of months: hand cases on small regions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import maximum_filter1d

from carbon.factors import load_factor_set
from carbon.upstream import Region, Upstream, simulate_region
from carbon.upstream.market.demand import demand_mw
from carbon.upstream.market.offers import _highest_around, months_of, offers_of, with_minimum_load
from carbon.upstream.market.region import TRADED
from grid.time.clock import Clock
from grid.weather.weather import weather_for

HOUR = timedelta(hours=1)
PLACE = ("Europe/Berlin", 51.2, 10.4)
DAY = Clock(datetime(2023, 6, 6, tzinfo=UTC), HOUR, 24)
FLAT_MW = 1000.0


def sourced(**numbers: Any) -> dict[str, Any]:
    return numbers | {"sources": dict.fromkeys(numbers, "made up")}


def fleet(name: str, factor: str, capacity_mw: float, low: float, high: float, **more: Any) -> dict[str, Any]:
    numbers = {
        "capacity_mw": capacity_mw,
        "marginal_cost_min_per_mwh": low,
        "marginal_cost_max_per_mwh": high,
        "availability": 1.0,
    } | more
    return {"name": name, "factor": factor} | sourced(**numbers)


def trade(**changes: Any) -> dict[str, Any]:
    numbers = {
        "import_max_mw": 200.0,
        "export_max_mw": 300.0,
        "price_export": 0.5,
        "price_import": 1.5,
        "direct_kg_per_mwh": 100.0,
        "lifecycle_kg_per_mwh": 150.0,
        "renewable_share": 0.4,
        "carbon_free_share": 0.8,
    }
    return {"follows": "gas", "marginal_factor": "gas"} | sourced(**(numbers | changes))


def region(*fleets: dict[str, Any], **more: Any) -> Region:
    demand = {"country": "DE", "profile_shares": {"flat": 1.0}} | sourced(annual_mwh=FLAT_MW * 8760)
    demand["sources"]["flat"] = "made up"
    numbers = sourced(
        carbon_price_per_t=0.0, scarcity_price_per_mwh=500.0, wind_smoothing_hours=1, wind_farm_efficiency=0.9
    )
    return Region.model_validate(
        {"name": "Made up", "currency": "EUR", "demand": demand, "technologies": fleets} | numbers | more
    )


def simulated(of: Region, clock: Clock = DAY) -> Upstream:
    weather = weather_for("greensboro-tmy3", clock, *PLACE)
    return simulate_region(of, weather, clock, PLACE[0], load_factor_set())


def column(upstream: Upstream, name: str) -> np.ndarray:
    return upstream.p_mw[:, upstream.technologies.index(name)]


def test_a_region_exports_where_it_is_cheap():
    # 1000 MW of nuclear at 0, gas of 2000 MW from 40 to 80, a load of 1000 MW and 300 MW of export at most. The block
    # of trade is offered from 20 (0.5 x 40) to 60 (1.5 x 40) with 500 MW, gas gives 50 (p - 40):
    # 1000 + 300 = 1000 + 12.5 (p - 20) + 50 (p - 40), whence p = 2550 / 62.5 = 40.8
    upstream = simulated(
        region(fleet("nuclear", "nuclear", 1000.0, 0.0, 0.0), fleet("gas", "gas", 2000.0, 40.0, 80.0), trade=trade())
    )
    assert upstream.price_per_mwh == pytest.approx(np.full(24, 40.8))
    exported, gas = 300 - 12.5 * 20.8, 50 * 0.8
    assert column(upstream, TRADED) == pytest.approx(np.zeros(24))
    home = 1 - exported / (1000 + gas)
    assert column(upstream, "gas") == pytest.approx(np.full(24, gas * home))
    assert upstream.demand_mw == pytest.approx(np.full(24, FLAT_MW))
    factor = load_factor_set().value("gas")
    assert upstream.ci_kg_per_mwh == pytest.approx(np.full(24, factor * gas / (1000 + gas)))
    assert upstream.ci_marginal_kg_per_mwh == pytest.approx(np.full(24, factor))  # gas here, and gas abroad


def test_a_region_imports_where_it_is_dear():
    # gas alone: above 60 the block is full, so that 1000 + 300 = 500 + 37.5 (p - 40)
    upstream = simulated(region(fleet("gas", "gas", 1500.0, 40.0, 80.0), trade=trade()))
    assert upstream.price_per_mwh == pytest.approx(np.full(24, 40 + 800 / 37.5))
    assert column(upstream, TRADED) == pytest.approx(np.full(24, 200.0))
    factor = load_factor_set().value("gas")
    assert upstream.ci_kg_per_mwh == pytest.approx(np.full(24, (800 * factor + 200 * 100) / 1000))
    assert upstream.renewable_share == pytest.approx(np.full(24, 0.4 * 0.2))
    assert upstream.carbon_free_share == pytest.approx(np.full(24, 0.8 * 0.2))
    lifecycle = simulate_region(
        region(fleet("gas", "gas", 1500.0, 40.0, 80.0), trade=trade()),
        weather_for("greensboro-tmy3", DAY, *PLACE), DAY, PLACE[0], load_factor_set(), "lifecycle",
    )  # fmt: skip
    chain = load_factor_set().value("gas", "lifecycle")
    assert lifecycle.ci_kg_per_mwh == pytest.approx(np.full(24, (800 * chain + 200 * 150) / 1000))


def test_neighbours_take_more_in_their_hours_of_load_and_less_in_those_of_sun():
    # As in the case above, but of what the block would import, neighbours keep a quarter of what load less sun is above
    # its mean: 1000 MW of load, and 10 MW of 100 MW of sun. A working day has more load than the mean of the week.
    gas = fleet("gas", "gas", 1500.0, 40.0, 80.0)
    sun = fleet("solar", "solar", 100.0, 0.0, 0.0, availability="solar", capacity_factor=0.1)
    of = region(gas, sun, trade=trade(neighbours_alike=0.25)).with_changes(
        {"demand.flat_on_free_days": 0.7, "demand.sources.flat_on_free_days": "made up"}
    )
    upstream = simulated(of)
    load_mw, sun_mw = demand_mw(of.demand, DAY, PLACE[0]), column(upstream, "solar")
    assert sun_mw.max() > 20
    assert sun_mw.min() < 1
    kept_mw = 0.25 * (load_mw - 1000 - (sun_mw - 10))
    assert column(upstream, TRADED) == pytest.approx(200 - kept_mw)
    assert upstream.price_per_mwh == pytest.approx(40 + (load_mw + kept_mw - sun_mw - 200) / 37.5)
    assert upstream.demand_mw == pytest.approx(load_mw)


def test_flat_load_rests_on_saturdays_sundays_and_holidays():
    of = region(fleet("gas", "gas", 2000.0, 70.0, 90.0)).demand
    resting = of.with_changes({"flat_on_free_days": 0.6, "sources": of.sources | {"flat_on_free_days": "made up"}})
    clock = Clock(datetime(2023, 1, 1, tzinfo=UTC), HOUR, 8760)
    load = demand_mw(resting, clock, "UTC")
    assert load.sum() == pytest.approx(FLAT_MW * 8760)
    days = load.reshape(365, 24)
    assert np.ptp(days, axis=1) == pytest.approx(np.zeros(365))
    free = days[:, 0] < days.max() * 0.99
    assert days[free] == pytest.approx(np.full((free.sum(), 24), 0.6 * days.max()))
    assert free[:8].tolist() == [True, False, False, False, False, False, True, True]  # 1 January was a Sunday
    assert free[120]  # 1 May, a Monday
    assert free.sum() == 53 + 52 + 8  # Sundays, Saturdays, holidays on working days


def test_what_trade_says_is_checked():
    gas = fleet("gas", "gas", 1500.0, 40.0, 80.0)
    for changes, words in (
        ({"price_export": 1.6}, "price_export must be below price_import"),
        ({"renewable_share": 0.9}, "renewable_share must not exceed"),
        ({"follows": "coal"}, "no technology called 'coal'"),
    ):
        with pytest.raises(ValidationError, match=words):
            region(gas, trade=trade() | changes)


def test_running_plants_offer_their_minimum_load_below_cost():
    of = region(
        fleet("coal", "hard_coal", 1000.0, 40.0, 60.0, start_up_per_mwh=30.0, minimum_load_share=0.5),
        fleet("gas", "gas", 1000.0, 70.0, 90.0),
    )
    clock = Clock(datetime(2023, 1, 1, tzinfo=UTC), HOUR, 72)
    nothing = np.zeros((72, 2))
    offers = offers_of(of, nothing, np.full((72, 2), 1000.0), months_of(clock))
    assert offers.cost_per_mwh[0] == pytest.approx(np.array([[40.0, 90.0], [70.0, 90.0]]))  # the dearest pay the start
    demand = np.where(np.arange(72) == 36, 800.0, 100.0)
    first = offers.clear(demand)
    kept = with_minimum_load(offers, of, first, 1.0)
    assert list(kept.owners) == [0, 1, 0]
    least = kept.flexible_mw[:, 2]
    running = first.p_mw[:, 0]
    assert least[24:49] == pytest.approx(np.full(25, 0.5 * running[36]))  # half a day before and after the peak
    assert least[:24] == pytest.approx(np.full(24, 0.5 * running[0]))
    assert kept.cost_per_mwh[0, 2] == pytest.approx([10.0, 60.0])
    again = kept.clear(demand)
    assert again.p_mw.sum(axis=1) == pytest.approx(demand)
    assert again.price_per_mwh[30] < first.price_per_mwh[30]
    assert again.price_per_mwh[0] == pytest.approx(43.5)  # (p - 10) + 19 (p - 40) = 100


def test_offers_without_starts_stay():
    of = region(fleet("gas", "gas", 1000.0, 70.0, 90.0))
    offers = offers_of(of, np.zeros((24, 1)), np.full((24, 1), 1000.0), months_of(DAY))
    assert with_minimum_load(offers, of, offers.clear(np.full(24, 10.0)), 1.0) is offers


def test_months_have_their_own_fuel_price_and_availability():
    course = [2.0] + [10 / 11] * 11
    fuel = sourced(
        price_per_mwh_th=20.0, co2_kg_per_mwh_th=200.0, efficiency_best=0.5, efficiency_worst=0.4,
        operation_per_mwh=1.0, price_by_month=course,
    )  # fmt: skip
    gas = {"name": "gas", "factor": "gas", "fuel": fuel} | sourced(capacity_mw=2000.0, availability=0.6, course=course)
    clock = Clock(datetime(2023, 1, 31, 12, tzinfo=UTC), HOUR, 24)
    upstream = simulated(region(gas), clock)
    january, february = upstream.price_per_mwh[0], upstream.price_per_mwh[-1]
    share = FLAT_MW / (2000 * min(0.6 * 2, 1.0))  # availability ends at the capacity
    assert january == pytest.approx(81 + share * (101 - 81))
    share = FLAT_MW / (2000 * 0.6 * 10 / 11)
    low, high = 20 * 10 / 11 / 0.5 + 1, 20 * 10 / 11 / 0.4 + 1
    assert february == pytest.approx(low + share * (high - low))


def test_a_course_of_the_load_keeps_the_year():
    course = [0.8, 0.8, 0.8, 0.9, 0.9, 1.1, 1.2, 1.3, 1.2, 1.0, 0.9, 1.1]
    of = region(fleet("gas", "gas", 2000.0, 70.0, 90.0)).demand
    named = of.with_changes({"course": course, "sources": of.sources | {"course": "made up"}})
    clock = Clock(datetime(2023, 1, 1, tzinfo=UTC), HOUR, 8760)
    load = demand_mw(named, clock, "UTC")
    assert load.sum() == pytest.approx(FLAT_MW * 8760)
    months = months_of(clock)
    means = np.bincount(months, load) / np.bincount(months)
    assert means / means[0] == pytest.approx(np.array(course) / course[0])


def test_a_course_needs_twelve_months_and_a_source():
    with pytest.raises(ValidationError, match="at least 12"):
        region(fleet("gas", "gas", 1000.0, 70.0, 90.0, course=[1.0] * 11))
    gas = fleet("gas", "gas", 1000.0, 70.0, 90.0, course=[1.0] * 12)
    del gas["sources"]["course"]
    with pytest.raises(ValidationError, match="source of course"):
        region(gas)


@pytest.mark.parametrize("n_steps", [1, 24, 100])
@pytest.mark.parametrize("width", [1, 3, 13, 97])
def test_the_highest_within_reach_is_that_of_a_maximum_filter(n_steps: int, width: int) -> None:
    values = np.random.default_rng(3).normal(size=(n_steps, 4))
    expected = maximum_filter1d(values, width, axis=0, mode="nearest")
    np.testing.assert_array_equal(_highest_around(values, width), expected)
