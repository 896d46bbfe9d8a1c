"""Base stations: EARTH's figures, sleep, traffic, and the reserve of the batteries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grid.assets import BaseStation, Site
from grid.assets.base_station import Radio
from grid.flexibility.per_slot import values_of
from grid.time.demand_shapes import demand_shape

EARTH_MACRO = {"p_0_w": 130, "delta_p": 4.7, "p_out_max_w": 20, "p_sleep_w": 75}
"""G. Auer et al. 2011, table 2."""


def stations(**changes: Any) -> BaseStation:
    return BaseStation.model_validate({"name": "x", "where": {"areas": "lv"}, "sites": 100, **changes})


def test_power_is_that_of_the_earth_model() -> None:
    """Idle 130 W, full 130 + 4.7 · 20 = 224 W, asleep 75 W, straight between."""
    radio = Radio.model_validate(EARTH_MACRO)
    load = np.array([0.0, 0.5, 1.0])
    assert radio.mean_w(load, 0.0).tolist() == [130.0, 177.0, 224.0]
    assert radio.mean_w(load, 1.0).tolist() == [75.0, 149.5, 224.0]


def test_a_site_of_2010_at_full_traffic_draws_1344_w_at_the_least_780_w(winter_site: Site) -> None:
    old = {"radio": EARTH_MACRO, "transceivers": 6, "baseband_w": 0.0, "backup_hours": 0.0, "reserve_hours": 0.0}
    assert stations(**old).power_mw == pytest.approx(0.1344)
    (idle,) = stations(**old, mean_traffic=0.0).flexibilities(winter_site)
    np.testing.assert_allclose(values_of(idle.p_max_mw), 0.078)


def test_traffic_moves_the_power_and_sleep_saves_most_where_there_is_little() -> None:
    radio = Radio()
    load = np.linspace(0, 1, 11)
    awake, asleep = radio.mean_w(load, 0.0), radio.mean_w(load, 0.5)
    assert (np.diff(awake) > 0).all()
    assert (np.diff(awake - asleep) < 0).all()
    assert awake[-1] == asleep[-1]


def test_the_sites_follow_the_traffic_of_the_day(winter_site: Site) -> None:
    load = stations().flexibilities(winter_site)[0]
    shape = demand_shape("mobile_traffic", winter_site.city.clock, "Europe/Berlin")
    expected = 100 * (300 + 3 * (630 + 500 * 0.3 * shape)) / 1e6
    np.testing.assert_allclose(load.unmanaged_power(), expected)
    assert np.array_equal(load.p_min_mw.values, load.p_max_mw.values)


def test_batteries_keep_their_reserve(winter_site: Site) -> None:
    _, battery = stations().flexibilities(winter_site)
    store = battery.reservoir
    assert store is not None
    assert store.e_max_mwh[0] == pytest.approx(0.369 * 4)
    assert store.e_min_mwh[0] == pytest.approx(0.369 * 3)
    assert battery.name == "x: battery"
    assert len(stations(reserve_hours=4.0).flexibilities(winter_site)) == 1


def test_values_out_of_order_are_refused_together(winter_site: Site) -> None:
    wrong = stations(reserve_hours=5.0, radio={"p_0_w": 130})
    assert [str(fault) for fault in wrong.faults(winter_site.city, "a")] == [
        "a.radio.p_sleep_w: must not exceed p_0_w, 130; got 363.0",
        "a.reserve_hours: must not exceed backup_hours, 4; got 5.0",
    ]
