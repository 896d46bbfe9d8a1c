"""What is expected of loads and cars, and how far off together."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.twin.estimation.elements import CityElements
from app.twin.estimation.expected.causes import ALL_INVERTERS, CHARGING, ONE_PROFILE, common_causes
from app.twin.estimation.expected.charging import (
    RoomOnLines,
    charging_moved_by_lines,
    expected_charging,
    room_on_lines,
)
from app.twin.estimation.expected.history import LEAST_SPREAD, WEEKS, load_causes
from grid.arrays import Floats
from grid.city.city import Elements
from grid.flexibility.flexibility import Flexibility, one_hot
from grid.network.network import Network
from tests.optimizer.small_cases import clock_of, feeder, fleet

STEPS = WEEKS * 7 * 24


def loads(profiles: Floats, profile: list[int]) -> Elements:
    """Loads of different sizes by the profiles, active and reactive power alike."""
    of, scale = np.array(profile, dtype=int), np.linspace(0.1, 1.0, len(profile))
    names = tuple(str(k) for k in of)
    return Elements("load", names, np.zeros(of.size, dtype=int), profiles, of, scale, of, scale)


def alone(profiles: Floats, of: int) -> float:
    """Least share of its own that an element of a profile has."""
    week = profiles[:, of].reshape(WEEKS, -1)
    missed = (week - week.mean(axis=0)) * WEEKS / (WEEKS - 1)
    return float((LEAST_SPREAD * np.abs(profiles[:, of]).mean()) ** 2 / (missed**2).mean())


def shares(past: Elements) -> Floats:
    """Correlation of the errors of active powers, and of reactive ones after them."""
    loadings = load_causes(past).toarray()
    return np.asarray(loadings.T @ loadings)


def test_multiples_of_a_profile_err_together_but_for_the_least_spread() -> None:
    rng = np.random.default_rng(1)
    profiles = 1 + 0.2 * rng.standard_normal((STEPS, 3))
    found, of = shares(loads(profiles, [0, 0, 0, 1, 1, 2]))[:6, :6], np.array([0, 0, 0, 1, 1, 2])
    np.testing.assert_allclose(np.diag(found), [1 - alone(profiles, k) for k in of])
    assert np.abs(found[of[:, None] != of]).max() < 0.1
    same = (of[:, None] == of) & ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(found[same], np.outer(root := np.sqrt(np.diag(found)), root)[same])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_profiles_err_together_as_they_did(share: float) -> None:
    rng = np.random.default_rng(2)
    error = np.sqrt(share) * rng.standard_normal((STEPS, 1)) + np.sqrt(1 - share) * rng.standard_normal((STEPS, 5))
    error[:, 4] *= -1
    found = shares(loads(10 + error, [0, 0, 1, 2, 3, 4]))[:6, :6]
    np.testing.assert_allclose(found[0, 2:5], share, atol=0.1)
    np.testing.assert_allclose(found[:5, 5], -share, atol=0.1)


def test_active_and_reactive_power_of_one_cause_err_together() -> None:
    rng = np.random.default_rng(3)
    profiles = 1 + 0.2 * rng.standard_normal((STEPS, 2))
    alike = shares(loads(profiles, [0, 1]))
    assert alike[0, 2] > 0.9
    assert abs(alike[0, 3]) < 0.1
    past = loads(np.hstack([profiles, 1 + 0.2 * rng.standard_normal((STEPS, 2))]), [0, 1])
    apart = shares(replace(past, q_profile=np.array([2, 3])))
    assert np.abs(apart[:2, 2:]).max() < 0.1


def test_loads_with_factors_of_other_signs_err_against_each_other() -> None:
    rng = np.random.default_rng(5)
    past = loads(1 + 0.2 * rng.standard_normal((STEPS, 2)), [0, 0, 1])
    mixed = replace(past, q_scale=np.array([0.5, -0.5, 1.0]))
    found = shares(mixed)
    np.testing.assert_allclose(found[3, 4], -np.sqrt(found[3, 3] * found[4, 4]))
    assert found[0, 3] > 0.8
    assert found[0, 4] < -0.8


def test_a_city_without_loads_has_no_causes() -> None:
    past = loads(np.ones((STEPS, 1)), [])
    assert load_causes(past).shape == (0, 0)


def test_generators_err_with_their_profile_and_charging_with_its_district() -> None:
    owner = ["g", "g", "g", "cars", "cars", "cars", "sun", "sun"]
    origin = ("generator",) * 3 + ("asset",) * 5
    elements = CityElements(
        tuple(f"{name} {k}" for k, name in enumerate(owner)), tuple(owner), origin, np.array([0, 1, 2, 0, 1, 2, 0, 1]),
        np.array([0, 1, 2, 0, 0, 0, 1, 1]), np.ones(8), np.zeros(8), np.zeros(8, dtype=bool),
    )  # fmt: skip
    profiles = np.ones((STEPS, 2))
    past: Any = SimpleNamespace(loads=loads(profiles, []), generators=loads(profiles, [0, 0, 1]))
    zone, weathered, known = np.array([0, 0, 1]), np.array([6, 7]), (np.array([1]), np.array([7]))
    loadings = common_causes(elements, past, zone, weathered, known).toarray()
    found, n = loadings.T @ loadings, len(owner)
    active, reactive = np.zeros((n, n)), np.zeros((n, n))
    active[0, 0] = active[2, 2] = ONE_PROFILE  # generator 1 says what it does
    active[3:5, 3:5], active[5, 5] = CHARGING, CHARGING
    active[6:, 6:] = ONE_PROFILE
    reactive[:2, :2], reactive[2, 2] = ONE_PROFILE, ONE_PROFILE
    reactive[3:7, 3:7] = ALL_INVERTERS
    reactive[3:5, 3:5], reactive[5, 5], reactive[6, 6] = ONE_PROFILE, ONE_PROFILE, ONE_PROFILE
    np.testing.assert_allclose(found[:n, :n], active, atol=1e-12)
    np.testing.assert_allclose(found[n:, n:], reactive, atol=1e-12)
    assert not found[:n, n:].any()


def test_a_load_that_never_erred_errs_alone() -> None:
    profiles = np.column_stack([1 + 0.2 * np.random.default_rng(4).standard_normal(STEPS), np.ones(STEPS)])
    found = shares(loads(profiles, [0, 1]))
    assert found[0, 0] > 0.9
    np.testing.assert_array_equal(found[1, [0, 1]], [0, 0])


def cars(**changes: Any) -> Flexibility:
    """Twelve cars at two buses, plugged in all the time and with as much due to each."""
    clock = clock_of(8)
    found = fleet(feeder(), clock, 1, v2g_share=0.0)
    n, store = found.n_devices, found.reservoir
    assert store is not None
    full = np.full(n, 0.4)
    store = replace(store, e_start_mwh=np.zeros(n), e_end_mwh=full, e_min_mwh=np.zeros(n), e_max_mwh=full)
    return replace(
        found, shares=one_hot(np.repeat([1, 2], n // 2), 3), start=np.zeros(n, dtype=int),
        stop=np.full(n, clock.n_steps), reservoir=store, **changes,
    )  # fmt: skip


def test_cars_share_what_all_draw_and_what_is_full_draws_nothing() -> None:
    fleet_, total = cars(), np.array([0.6, 0.6, 0.0, 0.6, 0.3, 0.0, 0.0, 0.0])
    none = RoomOnLines.none(8, 3)
    np.testing.assert_allclose(expected_charging(fleet_, total, none), np.outer(total, [0, 0.5, 0.5]), atol=1e-12)
    store = fleet_.reservoir
    assert store is not None
    start = np.where(np.arange(12) < 6, store.e_end_mwh, 0.0)
    some_full = replace(fleet_, reservoir=replace(store, e_start_mwh=start))
    np.testing.assert_allclose(expected_charging(some_full, total, none), np.outer(total, [0, 0, 1]), atol=1e-12)


def test_a_full_line_delays_the_cars_behind_it() -> None:
    total = np.array([1.0, 1.0, 1.0, 1.0, 0.5, 0.3, 0.0, 0.0])
    room = RoomOnLines(np.array([[0.0, 0.0, 1.0]]), np.full((8, 1), 0.4))
    found = expected_charging(cars(), total, room)
    np.testing.assert_allclose(found.sum(axis=1), total, atol=1e-12)
    np.testing.assert_allclose(found[:4], np.tile([0.0, 0.6, 0.4], (4, 1)), atol=1e-12)
    assert (found[4:6, 2] > found[4:6, 1]).all()
    assert found[:, 2].max() <= 0.4 + 1e-12
    charging, moved = charging_moved_by_lines(cars(), total, room)
    np.testing.assert_array_equal(charging, found)
    np.testing.assert_allclose(moved[:4], np.tile([0.0, 0.1, -0.1], (4, 1)), atol=1e-12)
    assert not charging_moved_by_lines(cars(), total, RoomOnLines.none(8, 3))[1].any()


def test_cars_that_may_feed_in_do_so_by_what_they_hold() -> None:
    fleet_ = cars(p_min_mw=np.full(12, -0.1))
    store = fleet_.reservoir
    assert store is not None
    held = replace(fleet_, reservoir=replace(store, e_start_mwh=np.where(np.arange(12) < 6, 0.4, 0.0)))
    found = expected_charging(held, np.full(8, -0.2), RoomOnLines.none(8, 3))
    np.testing.assert_allclose(found, np.tile([0.0, -0.2, 0.0], (8, 1)), atol=1e-12)


def managed(network: Network, strategy: str) -> Any:
    """A scenario on a network whose lines may be loaded to 20 %."""
    city, dispatch = SimpleNamespace(network=network), SimpleNamespace(strategy=strategy)
    loaded = SimpleNamespace(city=city, scenario=SimpleNamespace(dispatch=dispatch))
    return SimpleNamespace(loaded=loaded, limits=SimpleNamespace(loading_max_percent=np.full(2, 20.0)))


@pytest.mark.parametrize(("strategy", "lines"), [("optimal", 2), ("smart", 0), ("unmanaged", 0)])
def test_lines_let_through_what_limits_leave_beside_all_else(strategy: str, lines: int) -> None:
    network = feeder()
    inputs = managed(network, strategy)
    p_mw, q_mvar, most = np.array([[0.0, 0.1, 0.5]]), np.array([[0.0, 0.0, 0.3]]), np.array([[0.0, 0.0, 2.0]])
    found = room_on_lines(inputs, (p_mw, q_mvar), most)
    through = np.sqrt((0.2 * np.sqrt(3) * network.buses.vn_kv[1] * 0.3) ** 2 - 0.3**2)
    np.testing.assert_allclose(found.room_mw, [[through - 0.6, through - 0.5][:lines]], rtol=1e-6)
    np.testing.assert_allclose(found.share, [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]][:lines] or np.empty((0, 3)), atol=1e-9)
    assert room_on_lines(inputs, (p_mw, q_mvar), most / 10).room_mw.shape == (1, 0)


def test_no_line_has_room_by_the_linear_flow_where_one_has_no_reactance() -> None:
    network = feeder()
    ends = [network.admittance_from.copy(), network.admittance_to.copy()]
    for matrix in ends:
        matrix.data = np.where(np.abs(matrix.data) > 0, matrix.data.real, 0.0).astype(complex)
    resistive = replace(network, admittance_from=ends[0], admittance_to=ends[1])
    most = np.array([[0.0, 0.0, 2.0]])
    assert room_on_lines(managed(network, "optimal"), (0 * most, 0 * most), most).room_mw.size == 2
    assert room_on_lines(managed(resistive, "optimal"), (0 * most, 0 * most), most).room_mw.shape == (1, 0)
