"""What stores hold when the period begins, and is due when it ends."""

from __future__ import annotations

import numpy as np
import pytest

from grid.assets import Site
from grid.assets.ev.devices import homes
from grid.city.placement import Placement
from tests.grid.assets.test_assets import example


@pytest.mark.parametrize(
    ("kind", "changes", "part", "start", "most"),
    [
        ("battery", {"soc_start": 0.3}, 0, 0.3 * 8.0, 8.0),
        ("battery", {}, 0, 0.5 * 8.0, 8.0),
        ("hydrogen_station", {"tank_start": 0.6}, 0, 0.6 * 600 * 0.03333, 600 * 0.03333),
        ("industrial_demand", {"shift_hours": 4.0, "shiftable_share": 0.2}, 1, 4 * 0.2 * 2.0, 2 * 4 * 0.2 * 2.0),
    ],
)
def test_stores_begin_as_stated_and_end_with_at_least_that(
    kind: str, changes: dict[str, float], part: int, start: float, most: float, winter_site: Site
) -> None:
    store = example(kind, **changes).flexibilities(winter_site)[part].reservoir
    assert store is not None
    assert store.e_start_mwh[0] == pytest.approx(start, rel=1e-12)
    assert store.e_end_mwh[0] == pytest.approx(start, rel=1e-12)
    assert store.e_max_mwh[0] == pytest.approx(most, rel=1e-12)


def test_rooms_begin_as_warm_as_set_and_back_up_batteries_full(winter_site: Site) -> None:
    rooms = example("heat_pump").flexibilities(winter_site)[0].reservoir
    battery = example("base_station").flexibilities(winter_site)[1].reservoir
    assert rooms is not None
    assert battery is not None
    assert (rooms.e_start_mwh[0], rooms.e_end_mwh[0], rooms.e_min_mwh[0]) == (0.0, 0.0, 0.0)
    assert battery.e_start_mwh[0] == battery.e_max_mwh[0] == battery.e_end_mwh[0]
    assert battery.e_min_mwh[0] == pytest.approx(0.75 * battery.e_max_mwh[0])  # 3 of 4 hours are kept for outages


def test_the_first_session_of_a_car_asks_for_what_a_day_used_at_most(winter_site: Site) -> None:
    """Every car comes with no more than its target, and with no less than what is charged elsewhere leaves."""
    store = example("ev_fleet").flexibilities(winter_site)[0].reservoir
    assert store is not None
    first = np.flatnonzero(np.diff(store.owner, prepend=-1))
    assert (store.e_start_mwh[first] >= 0.1 * 0.06 - 1e-12).all()  # a tenth of 60 kWh
    assert (store.e_start_mwh <= 0.8 * 0.06 + 1e-12).all()


@pytest.mark.parametrize(
    ("vehicles", "counts"),
    [(7, [4, 2, 1]), (10, [5, 3, 2]), (1, [1, 0, 0]), (2, [1, 1, 0]), (9, [4, 3, 2])],
)
def test_homes_that_do_not_divide_go_where_the_largest_remainders_are(vehicles: int, counts: list[int]) -> None:
    """Shares of 0.5, 0.3 and 0.2: of 7 cars 3.5, 2.1 and 1.4; the one left over goes to the 3.5."""
    placement = Placement(np.array([3, 5, 8]), np.array([0.5, 0.3, 0.2]))
    found = np.bincount(homes(placement, vehicles), minlength=9)[[3, 5, 8]]
    assert found.tolist() == counts
