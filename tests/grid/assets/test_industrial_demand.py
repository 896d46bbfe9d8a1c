"""Works: their demand by the hour, and which part of it waits or goes without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from grid.assets import IndustrialDemand, Site
from grid.flexibility.per_slot import values_of
from grid.time.clock import Clock
from grid.time.demand_shapes import demand_shape, standard_shape


def works(**changes: Any) -> IndustrialDemand:
    return IndustrialDemand.model_validate({"name": "x", "bus": "MV3.101 Bus 84", "p_mean_mw": 2.0, **changes})


@pytest.mark.parametrize("shape", ["flat", "two_shift", "g0", "g3"])
def test_parts_sum_to_the_demand(shape: str, winter_site: Site) -> None:
    made = works(shape=shape)
    parts = made.flexibilities(winter_site)
    total = sum(part.unmanaged_power() for part in parts)
    np.testing.assert_allclose(total, made.demand_mw(winter_site.city.clock, "Europe/Berlin"))
    assert [part.name for part in parts] == ["x", "x: shiftable", "x: interruptible"]
    assert {part.gpc_code for part in parts} == {"I.3"}


def test_two_shifts_run_from_6_to_22_on_weekdays() -> None:
    friday = Clock(datetime(2030, 1, 4, tzinfo=UTC), timedelta(hours=1), 48)
    power = works(shape="two_shift").demand_mw(friday, "UTC")
    assert np.flatnonzero(power > power.min()).tolist() == list(range(6, 22))
    assert power.max() == pytest.approx(3 * power.min())


@pytest.mark.parametrize("profile", ["g0", "g1", "g2", "g3", "g4", "g5", "g6"])
def test_standard_profiles_have_a_mean_of_one_over_a_year(profile: Any) -> None:
    year = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), 35_040)
    assert standard_shape(profile, year, "UTC").mean() == pytest.approx(1.0)


def test_trade_from_8_to_18_is_closed_at_night_and_on_sundays() -> None:
    week = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(minutes=15), 7 * 96)
    by_hour = standard_shape("g1", week, "UTC").reshape(7, 24, 4).mean(axis=2)
    assert by_hour[:5, 9:12].min() > 2.0
    assert by_hour[:5, 0:4].max() < 0.5
    assert by_hour[6].max() < 0.5


def test_what_waits_is_made_up_for_within_its_hours(winter_site: Site) -> None:
    part = works(shiftable_share=0.5, shift_hours=3.0).flexibilities(winter_site)[1]
    store = part.reservoir
    assert store is not None
    assert (store.e_start_mwh[0], store.e_end_mwh[0], store.e_max_mwh[0]) == (3.0, 3.0, 6.0)
    np.testing.assert_allclose(part.drain_mwh, 1.0 * part.clock.step_hours)
    idle = part.energy_mwh(np.zeros(part.n_slots))
    assert np.flatnonzero(idle < -1e-9)[0] == 12  # three hours of a megawatt, a quarter of an hour a step
    np.testing.assert_allclose(part.energy_mwh(part.unmanaged_power()), 3.0)


def test_what_goes_without_has_its_price(winter_site: Site) -> None:
    part = works(interruptible_share=0.3).flexibilities(winter_site)[2]
    assert part.value_per_mwh[0] == 400
    assert values_of(part.p_min_mw).max() == 0
    np.testing.assert_allclose(part.unmanaged_power(), 0.6)


def test_shares_of_more_than_the_whole_are_refused(winter_site: Site) -> None:
    (fault,) = works(shiftable_share=0.8, interruptible_share=0.4).faults(winter_site.city, "assets[0]")
    assert "must not sum to more than 1" in str(fault)


def test_shapes_have_a_mean_of_one_over_a_week() -> None:
    week = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 168)
    for name in ("hydrogen_refuelling", "mobile_traffic", "industry_two_shift", "industry_flat"):
        assert demand_shape(name, week, "UTC").mean() == pytest.approx(1.0)
