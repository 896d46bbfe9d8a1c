"""What cars at a place give to others there, which its meter does not show."""

from __future__ import annotations

import numpy as np

from app.twin.estimation.carbon import StoreContents
from app.twin.estimation.elements import CityElements
from carbon.stocks.at_places import StoresAtPlaces

N_STEPS, CARS, CAR_MW = 400, 5, 0.011


def contents(cars: int = CARS) -> StoreContents:
    """Two places with so many cars each, always plugged in, and each may feed in."""
    n = 2 * cars
    slots = np.full(n * N_STEPS, CAR_MW)
    stores = StoresAtPlaces(
        np.array([0, cars, n]), np.zeros(n, dtype=int), np.full(n, N_STEPS), np.arange(n), np.arange(n) * N_STEPS,
        slots, -slots, np.full(n, 0.03), np.full(n, 0.05), np.full(n, 0.9), np.full(n, 0.9),
        np.repeat([0, 1], cars),
    )  # fmt: skip
    elements = CityElements(
        ("load", "cars: a", "cars: b"), ("load", "cars", "cars"), ("load", "asset", "asset"), np.array([0, 1, 2]),
        np.array([0, 0, 0]), np.array([1.0, 0.5, 0.5]), np.array([100.0, np.nan, np.nan]), np.zeros(3, dtype=bool),
    )  # fmt: skip
    return StoreContents(elements, ((np.array([1, 2]), stores),), 0.25, 300.0)


def test_cars_of_a_place_charge_and_feed_in_at_once_as_often_as_those_of_all_places_do() -> None:
    p_mw = np.tile([0.5, 2 * CAR_MW, -CAR_MW], (N_STEPS, 1))
    found = contents().exchanged_mw(p_mw, np.arange(N_STEPS), np.random.default_rng(1))
    assert not found[:, 0].any()
    rng, rates = np.random.default_rng(2), (2 / (2 * CARS), 1 / (2 * CARS))
    drawn, fed = (rng.binomial(CARS, rate, 100_000) for rate in rates)
    np.testing.assert_allclose(found[:, 1:].mean(axis=0), CAR_MW * np.minimum(drawn, fed).mean(), rtol=0.25)
    room = np.array([CARS - 2, CARS - 1]) * CAR_MW
    assert (found[:, 1:] <= room + 1e-12).all()


def test_nothing_is_hidden_where_all_charge_or_each_place_has_one_store() -> None:
    p_mw, steps = np.tile([0.5, 2 * CAR_MW, CAR_MW], (N_STEPS, 1)), np.arange(N_STEPS)
    assert not contents().exchanged_mw(p_mw, steps, np.random.default_rng(1)).any()
    p_mw[:, 2] = -CAR_MW
    assert not contents(1).exchanged_mw(p_mw, steps, np.random.default_rng(1)).any()


def test_what_a_place_held_before_is_known_by_its_own_name_or_that_of_the_asset() -> None:
    before = contents().before({"cars": 200.0, "cars: b": 150.0})
    np.testing.assert_array_equal(before, [300.0, 200.0, 150.0])
