from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from carbon.factors import load_factor_set
from carbon.upstream import IMPORT_UNKNOWN, Upstream, load_region, reference_region, simulate_region, upstream_from_csv
from carbon.upstream.market.demand import demand_mw
from carbon.upstream.market.merit_order import clear_market
from carbon.upstream.market.renewables import fleet_power_curve, wind_availability
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.sun import clear_sky_ghi
from grid.weather.weather import Weather, weather_for
from tests.examples import examples
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
YEAR = Clock(datetime(2022, 12, 31, 23, tzinfo=UTC), HOUR, 8760)
PLACE = ("Europe/Berlin", 51.3, 9.5)


@pytest.fixture(scope="module")
def weather() -> Weather:
    return weather_for("greensboro-tmy3", YEAR, *PLACE)


@pytest.fixture(scope="module")
def year(weather: Weather) -> Upstream:
    return simulate_region(reference_region(), weather, YEAR, PLACE[0], load_factor_set(), "direct")


def column(upstream: Upstream, name: str) -> np.ndarray:
    return upstream.p_mw[:, upstream.technologies.index(name)]


# --- the market ---


def cleared(demand: list[float]):
    shape = (len(demand), 1)
    must_run = np.tile([1.0, 0.0, 2.0], shape)
    flexible = np.tile([9.0, 10.0, 8.0], shape)
    return clear_market(np.array(demand), must_run, flexible, np.array([0.0, 20.0, 30.0]), np.array([0.0, 40.0, 50.0]))


def test_hand_case():
    result = cleared([6.0, 12.0, 17.0, 26.0, 30.0, 33.0, 1.5])
    # 6: 2 + 1 must run and 3 of the free fleet; 17: 12 and half of the second fleet; 26: c from 12 + 10 (c - 20)/20
    # + 8 (c - 30)/20 = 26, whence c = 40; 12: the free fleet still does; 33: 3 unserved; 1.5: must-run halved
    assert result.price_per_mwh[:5] == pytest.approx([0.0, 0.0, 30.0, 40.0, 50.0])
    assert result.p_mw[0] == pytest.approx([4.0, 0.0, 2.0])
    assert result.p_mw[2] == pytest.approx([10.0, 5.0, 2.0])
    assert result.p_mw[3] == pytest.approx([10.0, 10.0, 6.0])
    assert result.p_mw[5] == pytest.approx([10.0, 10.0, 10.0])
    assert result.p_mw[6] == pytest.approx([0.5, 0.0, 1.0])
    assert result.unserved_mw == pytest.approx([0, 0, 0, 0, 0, 3.0, 0])
    assert np.isnan(result.price_per_mwh[5])
    assert result.p_marginal[2] == pytest.approx([0.0, 1.0, 0.0])
    assert result.p_marginal[3] == pytest.approx([0.0, 10 / 18, 8 / 18])


def test_marginal_is_one_sided_at_ties():
    at_ties = cleared([3.0, 12.0, 30.0, 20.0])
    # 3: less curtails what must run, more takes the free fleet; 12: the free fleet ends and the second begins
    assert at_ties.p_marginal[0] == pytest.approx([1 / 3, 0.0, 2 / 3])
    assert at_ties.p_marginal_above[0] == pytest.approx([1.0, 0.0, 0.0])
    assert at_ties.p_marginal[1] == pytest.approx([1.0, 0.0, 0.0])
    assert at_ties.p_marginal_above[1] == pytest.approx([0.0, 1.0, 0.0])
    assert not at_ties.p_marginal_above[2].any()  # nothing more to run
    assert at_ties.p_marginal_above[3] == pytest.approx(at_ties.p_marginal[3])


@examples(60)
@given(st.floats(0.1, 29.9), st.floats(1e-5, 1e-4))
def test_one_sided_marginals_are_the_differences(demand: float, more: float):
    less, here, higher = (cleared([demand + shift]) for shift in (-more, 0.0, more))
    kinks = np.array([3.0, 12.0, 17.0, 26.0, 30.0])
    if np.abs(kinks - demand).min() > more:
        assert (higher.p_mw - here.p_mw)[0] / more == pytest.approx(here.p_marginal_above[0], abs=1e-4)
        assert (here.p_mw - less.p_mw)[0] / more == pytest.approx(here.p_marginal[0], abs=1e-4)


@examples(60)
@given(st.lists(st.floats(0.1, 29.9), min_size=2, max_size=20), st.floats(1e-4, 1e-3))
def test_merit_order_is_monotone_and_meets_demand(demand: list[float], more: float):
    demand = sorted(demand)
    result = cleared(demand)
    assert result.p_mw.sum(axis=1) == pytest.approx(demand)
    assert (np.diff(result.price_per_mwh) >= -1e-9).all()
    assert (np.diff(result.p_mw, axis=0) >= -1e-9).all()
    assert result.p_marginal.sum(axis=1) == pytest.approx(np.ones(len(demand)))
    higher = cleared([value + more for value in demand])
    same_kink = np.abs(higher.p_marginal - result.p_marginal).max(axis=1) < 1e-9
    difference = (higher.p_mw - result.p_mw) / more
    assert difference[same_kink] == pytest.approx(result.p_marginal[same_kink], abs=1e-6)


# --- wind and sun ---


def test_power_curve_of_a_fleet():
    power = fleet_power_curve(np.linspace(0, 40, 401))
    assert power[0] == 0.0
    assert 0.9 < power.max() <= 1.0
    assert (np.diff(power[:130]) >= 0).all()
    assert power[300] < power.max()


@pytest.mark.parametrize("capacity_factor", [0.1, 0.228, 0.45])
def test_the_year_has_the_published_capacity_factor(weather: Weather, capacity_factor: float):
    share = wind_availability(
        weather.year, YEAR, PLACE[0], capacity_factor=capacity_factor, efficiency=0.92, smoothing_hours=24
    )
    assert share.mean() == pytest.approx(capacity_factor, rel=2e-3)
    assert share.max() <= 0.92


def test_clear_sky_of_the_equinox():
    day = Clock(datetime(2023, 3, 20, tzinfo=UTC), HOUR, 24)
    ghi = clear_sky_ghi(day, 0.0, 0.0)
    assert 1000 < ghi.max() < 1098  # Haurwitz: at most 1098 W/m2
    assert (ghi > 0).sum() == pytest.approx(12, abs=2)


def test_no_wind_at_night_means_no_wind_and_no_sun(weather: Weather):
    calm_year = replace(weather.year, wind_speed_m_per_s=np.zeros(8760))
    calm = simulate_region(reference_region(), weather, YEAR, PLACE[0], load_factor_set(), "direct", (calm_year,))
    place = reference_region().place
    night = clear_sky_ghi(YEAR, place.latitude, place.longitude) == 0
    for name in ("wind_onshore", "wind_offshore"):
        assert not column(calm, name).any()
    assert not column(calm, "solar")[night].any()
    assert column(calm, "solar")[~night].any()


def test_weather_without_irradiance_still_has_the_published_sun(weather: Weather, year: Upstream):
    dark = replace(weather.year, has_irradiance=False, ghi_w_per_m2=np.zeros(8760))
    clear_days = simulate_region(reference_region(), weather, YEAR, PLACE[0], load_factor_set(), "direct", (dark,))
    solar = reference_region().technologies[2]
    available = solar.capacity_mw * solar.capacity_factor * 8760
    assert column(clear_days, "solar").sum() == pytest.approx(available, rel=0.1)


# --- the reference region ---


def test_load_has_the_published_energy_and_a_plausible_range():
    load = demand_mw(reference_region().demand, YEAR, PLACE[0])
    assert load.sum() == pytest.approx(456.8e6, rel=1e-4)
    assert 30_000 < load.min() < load.max() < 80_000


def test_load_of_a_part_of_the_year_is_that_part():
    part = YEAR.window(4000, 4100)
    whole = demand_mw(reference_region().demand, YEAR, PLACE[0])
    assert demand_mw(reference_region().demand, part, PLACE[0]) == pytest.approx(whole[4000:4100])


def test_the_mix_sums_to_demand(year: Upstream):
    load = demand_mw(reference_region().demand, YEAR, PLACE[0])
    assert year.p_mw.sum(axis=1) - year.storage_charge_mw == pytest.approx(load, rel=1e-9)
    assert year.p_mw.min() >= 0


@pytest.mark.parametrize("boundary", ["direct", "lifecycle"])
def test_intensities_lie_between_the_least_and_the_greatest_factor(weather: Weather, boundary):
    factors = load_factor_set()
    upstream = simulate_region(reference_region(), weather, YEAR, PLACE[0], factors, boundary)
    values = [factors.value(technology.factor, boundary) for technology in reference_region().technologies]
    for ci in (upstream.ci_kg_per_mwh, upstream.ci_marginal_kg_per_mwh):
        assert ci.min() >= min(values) - 1e-9
        assert ci.max() <= max(*values, factors.value("unknown", boundary)) + 1e-9


def test_life_cycle_exceeds_direct(weather: Weather, year: Upstream):
    lifecycle = simulate_region(reference_region(), weather, YEAR, PLACE[0], load_factor_set(), "lifecycle")
    assert (lifecycle.ci_kg_per_mwh > year.ci_kg_per_mwh).all()
    assert np.array_equal(lifecycle.p_mw, year.p_mw)


def test_published_year_of_germany(year: Upstream):
    energy = year.demand_mw
    ci = (year.ci_kg_per_mwh * energy).sum() / energy.sum()
    assert ci == pytest.approx(307.7, rel=0.01)  # Electricity Maps, direct, of the consumption of 2023
    assert 60 < year.price_per_mwh.mean() < 110  # day-ahead mean of 2023: 95.18 EUR/MWh (SMARD)
    assert year.price_per_mwh.min() >= 0
    share = (year.renewable_share * energy).sum() / energy.sum()
    assert share == pytest.approx(0.55, rel=0.10)  # of the grid load (Bundesnetzagentur)


def test_winter_evenings_are_dirtier_and_dearer_than_summer_noons(year: Upstream):
    local = YEAR.pandas_index().tz_convert(PLACE[0])
    evening = np.isin(local.month, [12, 1, 2]) & np.isin(local.hour, [17, 18, 19])
    noon = np.isin(local.month, [5, 6, 7]) & np.isin(local.hour, [12, 13])
    assert year.ci_kg_per_mwh[evening].mean() > 1.3 * year.ci_kg_per_mwh[noon].mean()
    assert year.price_per_mwh[evening].mean() > 1.2 * year.price_per_mwh[noon].mean()


def test_scarcity_is_filled_by_unknown_imports(weather: Weather):
    region = reference_region().with_changes({"demand.annual_mwh": 2 * 456.8e6})
    short = simulate_region(region, weather, YEAR, PLACE[0], load_factor_set(), "direct")
    unknown = column(short, IMPORT_UNKNOWN)
    assert unknown.max() > 0
    assert (short.price_per_mwh[unknown > 0] == region.scarcity_price_per_mwh).all()
    assert (short.ci_marginal_kg_per_mwh[unknown > 0] == load_factor_set().value("unknown")).all()


def test_surplus_of_wind_and_sun_is_curtailed_at_no_price(weather: Weather):
    region = reference_region().with_changes({"technologies.0.capacity_mw": 400_000})
    windy = simulate_region(region, weather, YEAR, PLACE[0], load_factor_set(), "direct")
    surplus = windy.price_per_mwh == 0
    assert surplus.mean() > 0.3
    assert windy.demand_mw.sum() == pytest.approx(456.8e6, rel=1e-4)
    assert (windy.ci_marginal_kg_per_mwh[surplus] < 400).all()


def test_a_higher_carbon_price_never_lowers_the_price(weather: Weather):
    """In each hour of a market without what ties hours: stores, and plants that run on rather than stop."""
    reference = reference_region()
    kept = [plant for plant in reference.technologies if plant.operation != "storage"]
    plants = [plant.with_changes({"start_up_per_mwh": 0.0}) if plant.start_up_per_mwh else plant for plant in kept]
    fitted = [name for name in reference.fitted.parameters if not name.startswith("pumped_storage")]
    region = reference.with_changes({"technologies": plants, "fitted.parameters": fitted})
    now, dearer = (
        simulate_region(
            region.with_changes({"carbon_price_per_t": price}), weather, YEAR, PLACE[0], load_factor_set(), "direct"
        )
        for price in (reference.carbon_price_per_t, 150.0)
    )
    assert (dearer.price_per_mwh >= now.price_per_mwh - 1e-9).all()
    assert (dearer.ci_kg_per_mwh * now.demand_mw).sum() < (now.ci_kg_per_mwh * now.demand_mw).sum()


def test_a_higher_carbon_price_lowers_the_carbon_of_a_market_with_storage(weather: Weather, year: Upstream):
    region = reference_region().with_changes({"carbon_price_per_t": 150.0})
    dearer = simulate_region(region, weather, YEAR, PLACE[0], load_factor_set(), "direct")
    assert (dearer.ci_kg_per_mwh * year.demand_mw).sum() < (year.ci_kg_per_mwh * year.demand_mw).sum()


def test_every_number_of_a_region_has_a_source():
    data = reference_region().model_dump(mode="python", exclude_unset=True)
    del data["technologies"][5]["sources"]["capacity_mw"]
    with pytest.raises(ValidationError, match="source of capacity_mw"):
        type(reference_region()).model_validate(data)


def test_what_is_missing_is_told_all_at_once(weather: Weather):
    region = reference_region().with_changes({"technologies.5.factor": "lignit", "technologies.6.factor": "coal"})
    with pytest.raises(InputError) as caught:
        simulate_region(region, replace(weather, year=None), YEAR, PLACE[0], load_factor_set(), "direct")
    weather_fault, factor_fault = caught.value.faults
    assert weather_fault.place == "weather.year"
    assert factor_fault.rule.startswith("lacks lignit, coal (direct), which the region")
    with pytest.raises(InputError, match="did you mean 'reference'"):
        load_region("referense")


# --- from a file ---


def csv_of(folder: Path, hours: int = 48, **changes: object) -> Path:
    start = datetime(2030, 1, 1)
    columns: dict[str, object] = {
        "time_utc": pl.datetime_range(start, start + (hours - 1) * HOUR, "1h", eager=True).dt.strftime(
            "%Y-%m-%dT%H:%MZ"
        ),
        "ci_kg_per_mwh": np.arange(hours) * 10.0,
        "price_per_mwh": np.arange(hours) - 5.0,
    }
    path = folder / "upstream.csv"
    pl.DataFrame(columns | changes).write_csv(path)
    return path


def test_file_is_brought_to_the_clock(tmp_path: Path):
    quarter = Clock(datetime(2030, 1, 1, 2, tzinfo=UTC), timedelta(minutes=15), 8)
    upstream = upstream_from_csv(csv_of(tmp_path), quarter)
    assert upstream.ci_kg_per_mwh == pytest.approx([20.0] * 4 + [30.0] * 4)
    assert upstream.price_per_mwh == pytest.approx([-3.0] * 4 + [-2.0] * 4)
    assert upstream.p_mw.shape == (8, 0)
    assert np.array_equal(upstream.ci_marginal_kg_per_mwh, upstream.ci_kg_per_mwh)
    assert not upstream.renewable_share.any()
    long = upstream_from_csv(csv_of(tmp_path), Clock(datetime(2030, 1, 1, tzinfo=UTC), 4 * HOUR, 2))
    assert long.ci_kg_per_mwh == pytest.approx([15.0, 55.0])


def test_faults_of_a_file_are_told_all_at_once(tmp_path: Path):
    path = csv_of(tmp_path, ci_kg_per_mwh=[-1.0] + [100.0] * 47, renewable_share=[60.0] * 48, price_per_mwh=["x"] * 48)
    with pytest.raises(InputError) as caught:
        upstream_from_csv(path, Clock(datetime(2030, 1, 1, tzinfo=UTC), HOUR, 72))
    places = [fault.place for fault in caught.value.faults]
    assert places == ["time_utc", "ci_kg_per_mwh", "price_per_mwh", "renewable_share"]


def test_missing_columns_and_files_are_named(tmp_path: Path):
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), HOUR, 4)
    path = tmp_path / "upstream.csv"
    path.write_text("time_utc,ci_kg_per_mw,price\n2030-01-01T00:00,1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'ci_kg_per_mw'"):
        upstream_from_csv(path, clock)
    with pytest.raises(InputError, match="cannot be read as CSV"):
        upstream_from_csv(tmp_path / "nothing.csv", clock)


# --- against measured hours ---


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the measured hours of 2023 are not part of the project")
def test_course_of_the_day_agrees_with_measured_hours_of_2023(year: Upstream):
    """Correlation of the mean days; levels differ, because trade and the weather of that very year are left out."""
    local_hour = YEAR.pandas_index().tz_convert(PLACE[0]).hour
    hour = pl.col("time_utc").dt.convert_time_zone(PLACE[0]).dt.hour().alias("hour")
    measured = [
        ("price_dayahead_hourly_2023_eu_us", "price_per_mwh", year.price_per_mwh),
        ("carbon_intensity_hourly_2023_8zones", "ci_direct_g_per_kwh", year.ci_kg_per_mwh),
    ]
    for file, name, ours in measured:
        table = pl.read_parquet(SHARED_DATA / f"{file}.parquet").filter(pl.col("zone").cast(pl.String) == "DE-LU")
        theirs = table.group_by(hour).agg(pl.col(name).mean()).sort("hour")[name].to_numpy()
        mean_day = np.array([ours[local_hour == h].mean() for h in range(24)])
        assert np.corrcoef(mean_day, theirs)[0, 1] > 0.75, name
        if name == "price_per_mwh":
            assert mean_day.mean() == pytest.approx(theirs.mean(), rel=0.10)
