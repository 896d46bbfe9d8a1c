"""What devices need is met: minimum loads, ramps, shared connections, segments, use, values and own emissions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.per_slot import PerSlot
from optimizer.horizon.rolling import dispatch
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on


def engine(network: Any, clock: Any, bus: int, p_mw: float, cost: float, **more: Any) -> Flexibility:
    return Flexibility(
        "engine", "engine", clock, one_hot(np.array([bus]), len(network.buses.names)), np.array([0]),
        np.array([clock.n_steps]), np.array([-p_mw]), np.zeros(1), "sgen", p_unmanaged_mw=np.zeros(clock.n_steps),
        wear_cost_per_mwh=np.array([cost]), **more,
    )  # fmt: skip


def test_an_engine_runs_at_its_minimum_load_or_not_at_all() -> None:
    clock, network = clock_of(6), feeder()
    price = np.array([20.0, 90.0, 95.0, 20.0, 85.0, 20.0])
    motor = engine(network, clock, 2, 1.0, 80.0, p_min_on_mw=np.array([0.6]))
    load = np.array([0.0, 0.0, 0.5])
    problem = problem_on(network, clock, [motor], load, import_price_per_mwh=price, export_price_per_mwh=0.0,
                         grid_limits=False)  # fmt: skip
    power = -dispatch(problem).p_mw["engine"]
    assert all(p < 1e-9 or p >= 0.6 - 1e-9 for p in power)
    # at 90 and 95 running at 0.6 saves 0.5 of import, worth less than its fuel of 48
    np.testing.assert_allclose(power, 0.0, atol=1e-9)
    plain = -dispatch(replace(problem, flexibilities=(replace(motor, p_min_on_mw=np.zeros(1)),))).p_mw["engine"]
    np.testing.assert_allclose(plain, [0, 0.5, 0.5, 0, 0.5, 0], atol=1e-7)
    dear = replace(problem, import_price_per_mwh=price + 40)
    np.testing.assert_allclose(-dispatch(dear).p_mw["engine"], [0, 0.6, 0.6, 0, 0.6, 0], atol=1e-6)


def test_own_emissions_count_at_the_price_of_carbon() -> None:
    clock, network = clock_of(2), feeder()
    for ci, runs in ((100.0, True), (900.0, False)):
        motor = engine(network, clock, 2, 0.3, 40.0, ci_kg_per_mwh=(ci, ci))
        problem = problem_on(network, clock, [motor], 0.5, carbon_price_per_kg=0.1, grid_limits=False)
        schedule = dispatch(problem)
        assert bool(schedule.p_mw["engine"].min() < -0.29) is runs
        assert schedule.costs.carbon == pytest.approx(
            0.1 * (400 * schedule.import_mw.sum() + ci * -schedule.p_mw["engine"].sum())
        )


def test_power_follows_its_ramp() -> None:
    clock, network = clock_of(8), feeder()
    price = np.array([20.0, 20, 20, 90, 90, 20, 20, 90])
    slow = replace(battery(network, clock, 2), ramp_mw_per_h=np.array([0.3]))
    schedule = dispatch(problem_on(network, clock, [slow], 0.5, import_price_per_mwh=price, horizon_steps=4))
    power = schedule.p_mw["battery 2"]
    assert np.abs(np.diff(power)).max() <= 0.3 + 1e-7
    assert power.max() - power.min() > 0.5


def test_a_ramp_is_by_the_hour_whatever_the_step() -> None:
    clock, network = clock_of(16, minutes=15), feeder()
    price = np.repeat([20.0, 90.0, 20.0, 90.0], 4)
    slow = replace(battery(network, clock, 2), ramp_mw_per_h=np.array([1.2]))
    power = dispatch(problem_on(network, clock, [slow], 0.5, import_price_per_mwh=price, grid_limits=False)).p_mw
    assert np.abs(np.diff(power["battery 2"])).max() == pytest.approx(0.3, abs=1e-7)


def test_assets_behind_one_connection_share_it() -> None:
    clock, network = clock_of(6), feeder()
    price = np.array([10.0, 10, 90, 90, 10, 90])
    shared = {"connection": "gate", "connection_max_mw": 1.2}
    pair = [replace(battery(network, clock, 2, name=name), **shared) for name in ("a", "b")]
    schedule = dispatch(problem_on(network, clock, pair, 0.5, import_price_per_mwh=price, export_price_per_mwh=5.0))
    total = schedule.p_mw["a"] + schedule.p_mw["b"]
    assert np.abs(total).max() == pytest.approx(1.2, abs=1e-6)
    free = dispatch(problem_on(network, clock, [battery(network, clock, 2, name=n) for n in "ab"], 0.5,
                               import_price_per_mwh=price, export_price_per_mwh=5.0))  # fmt: skip
    assert np.abs(free.p_mw["a"] + free.p_mw["b"]).max() > 1.9


def test_a_shared_connection_limits_what_is_fed_in_too() -> None:
    clock, network = clock_of(6), feeder()
    shared = {"connection": "gate", "connection_max_mw": 1.2}
    pair = [replace(battery(network, clock, 2, name=name), **shared) for name in ("a", "b")]
    price = np.array([10.0, 10, 90, 10, 10, 10])
    p_mw = dispatch(problem_on(network, clock, pair, 1.0, import_price_per_mwh=price, export_price_per_mwh=5.0)).p_mw
    assert (p_mw["a"] + p_mw["b"]).min() == pytest.approx(-1.2, abs=1e-6)


def test_an_engine_and_a_battery_share_a_connection() -> None:
    clock, network = clock_of(4), feeder()
    shared = {"connection": "gate", "connection_max_mw": 1.2}
    motor = replace(engine(network, clock, 2, 1.0, 20.0), **shared)
    store = replace(battery(network, clock, 2), **shared)
    price = np.array([10.0, 90, 90, 10])
    given = {"import_price_per_mwh": price, "export_price_per_mwh": 5.0, "grid_limits": False}
    p_mw = dispatch(problem_on(network, clock, [motor, store], 1.0, **given)).p_mw
    assert (p_mw["engine"] + p_mw["battery 2"]).min() == pytest.approx(-1.2, abs=1e-6)


def test_a_store_with_a_minimum_load_charges_at_it_or_not_at_all() -> None:
    clock, network = clock_of(4), feeder()
    other = battery(network, clock, 1, name="other")
    store = replace(battery(network, clock, 2, e_start=0.0, eta=1.0), p_min_mw=np.zeros(1), p_min_on_mw=np.array([0.6]))
    due = replace(store, reservoir=replace(store.reservoir, e_end_mwh=np.array([1.3])))
    price = np.array([30.0, 40.0, 90.0, 90.0])
    p_mw = dispatch(problem_on(network, clock, [other, due], 0.5, import_price_per_mwh=price, grid_limits=False)).p_mw
    assert p_mw["battery 2"].sum() == pytest.approx(1.3, abs=1e-6)
    assert all(p < 1e-6 or p >= 0.6 - 1e-6 for p in p_mw["battery 2"])


def test_a_store_that_must_draw_does_so_at_any_price() -> None:
    clock, network = clock_of(3), feeder()
    store = replace(battery(network, clock, 2), p_min_mw=PerSlot(np.array([-1.0, 0.3, -1.0])))
    price = np.array([30.0, 90.0, 30.0])
    p_mw = dispatch(problem_on(network, clock, [store], 1.0, import_price_per_mwh=price, grid_limits=False)).p_mw
    assert p_mw["battery 2"][1] == pytest.approx(0.3, abs=1e-6)


def test_use_of_a_store_is_met_and_the_efficient_segment_comes_first() -> None:
    clock, network = clock_of(6), feeder()
    store = Reservoir(
        np.array([1.0]), np.array([1.0]), np.zeros(1), np.array([4.0]), np.array([0.6]), np.array([0.5]), np.ones(1),
        np.array([0]), drain_mwh=np.full(6, 0.25), charge_segments=((0.5, 1.1), (0.5, 0.9)),
    )  # fmt: skip
    tank = Flexibility(
        "tank", "tank", clock, one_hot(np.array([2]), 3), np.array([0]), np.array([6]), np.zeros(1), np.array([1.0]),
        "storage", store,
    )  # fmt: skip
    schedule = dispatch(problem_on(network, clock, [tank], 0.2, import_price_per_mwh=50.0, grid_limits=False))
    energy = schedule.energy_mwh(tank)
    assert energy[-1] >= 1.0 - 1e-9
    assert (energy >= -1e-9).all()
    assert schedule.p_mw["tank"].max() <= 0.5 + 1e-9  # never beyond the efficient half
    assert schedule.p_mw["tank"].sum() * 0.66 == pytest.approx(6 * 0.25)


def test_demand_with_a_value_goes_without_where_energy_costs_more() -> None:
    clock, network = clock_of(3), feeder()
    demand = Flexibility(
        "works", "works", clock, one_hot(np.array([1]), 3), np.array([0]), np.array([3]), np.zeros(1), np.array([1.0]),
        "load", value_per_mwh=np.array([70.0]),
    )  # fmt: skip
    price = np.array([60.0, 80.0, 60.0])
    schedule = dispatch(problem_on(network, clock, [demand], 0.1, import_price_per_mwh=price, grid_limits=False))
    np.testing.assert_allclose(schedule.p_mw["works"], [1, 0, 1], atol=1e-9)
    assert schedule.costs.value == pytest.approx(-140)


def test_a_device_keeps_its_minimum_load_when_another_is_decided_after_it() -> None:
    """The linear optimum lets batteries charge and feed in at once; forbidden that, it wants the engine below it."""
    clock, network, price = clock_of(4), feeder(), np.array([83.9, 26.2, 95.3, 62.5])
    motor = engine(network, clock, 0, 2.0, 0.0, p_min_on_mw=np.array([1.0]))
    stores = []
    for name, p_mw, e_start in (("one", 1.3, 1.4), ("other", 1.6, 2.2)):
        store = battery(network, clock, 0, name=name, p_mw=p_mw, e_start=e_start, eta=0.8, wear=5.0)
        assert store.reservoir is not None
        stores.append(replace(store, reservoir=replace(store.reservoir, e_end_mwh=np.zeros(1))))
    load = np.outer([-0.2, -1.6, -1.2, 0.5], [1.0, 0.0, 0.0])
    prices = {"import_price_per_mwh": price, "export_price_per_mwh": price - 8}
    schedule = dispatch(problem_on(network, clock, [*stores, motor], load, export_max_mw=0.0, **prices))
    power = -schedule.p_mw["engine"]
    assert not schedule.shortfalls
    assert ((power < 1e-6) | (power > 0.9998)).all()
