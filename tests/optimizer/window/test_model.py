"""The model of a window: its places by name and shape, and constraints of which a sign or a factor could be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.horizon.rolling import dispatch
from optimizer.window.model import EXCESSES, StoreConstants, Structure, window_model
from optimizer.window.programme import Window, state_window
from optimizer.window.roles import Roles
from optimizer.window.sessions import SessionColumns
from optimizer.window.state import WindowState
from tests.optimizer.rolling_day import rolled
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on

NETWORK = feeder()


def window_of_the_day() -> Window:
    problem = rolled()
    roles = Roles.from_flexibilities(problem.flexibilities)
    state = WindowState({f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None})
    return state_window(problem, roles, roles.compiled(24, 1.0), 0, 24, state)


def test_variables_and_constraints_have_places_in_the_shape_of_their_index() -> None:
    stores = (StoreConstants(0.9, 0.9, 1.0, (1.1, 0.9)), StoreConstants(0.8, 0.8, 1.0))
    roles = Roles.from_flexibilities(rolled().flexibilities)
    compiled = roles.compiled(24, 1.0)
    shapes = {name: places.shape for name, places in compiled.columns.items()}
    assert shapes["import_mw"] == (24,)
    assert shapes["unit_mw"] == shapes["charge_mw"] == shapes["energy_mwh"] == shapes["sessions_mw"] == (1, 24)
    assert shapes["connection_excess_mw"] == (0, 24)
    assert shapes["carbon_excess_kg"] == ()
    assert {name: places.shape for name, places in compiled.rows.items()}["store_balance"] == (1, 24)
    every = np.concatenate([places.ravel() for places in compiled.columns.values()])
    np.testing.assert_array_equal(np.sort(every), np.arange(compiled.program.cost.size))
    model = window_model(Structure(5, 1.0, 3, stores))
    assert len(model.charge_mw) == 3 * 5


def test_a_value_is_found_where_its_name_and_index_say() -> None:
    compiled = Roles.from_flexibilities(rolled().flexibilities).compiled(24, 1.0)
    program = compiled.updated(
        bounds={"unit_mw": (np.arange(24.0)[None, :], np.inf)}, cost={}, rhs={"balance": (np.arange(24.0), np.inf)}
    )
    assert program.lower[compiled.columns["unit_mw"][0, 7]] == 7.0
    assert program.row_lower[compiled.rows["balance"][7]] == 7.0
    row = program.matrix[[compiled.rows["balance"][7]], :].toarray()[0]
    assert row[compiled.columns["import_mw"][7]] == 1.0
    assert row[compiled.columns["unit_mw"][0, 7]] == -1.0
    assert row[compiled.columns["discharge_mw"][0, 7]] == 1.0
    assert np.count_nonzero(row) == 7


def test_excesses_are_the_variables_that_the_programme_pays_penalties_for() -> None:
    window = window_of_the_day()
    columns, cost = window.compiled.columns, window.program.cost
    assert set(EXCESSES) == {name for name in columns if "excess" in name}
    for name, places in columns.items():
        assert (cost[places] >= 99.0).all() == (name in EXCESSES) or not places.size


def test_columns_of_a_block_follow_one_another_and_are_those_of_the_programme() -> None:
    at = SessionColumns(10, n_slots=5, n_feeding=3)
    assert (at.charge, at.discharge, at.energy, at.every) == (
        slice(10, 15), slice(15, 18), slice(18, 21), slice(10, 21),
    )  # fmt: skip
    assert at.moved_to(0).every == slice(0, 11)
    window = window_of_the_day()
    (block,), (placed,) = window.blocks, window.block_columns
    assert placed.every.stop == window.n_columns
    np.testing.assert_array_equal(window.program.upper[placed.charge], np.maximum(block.p_max_mw, 0.0))
    low = block.flexibility.per_slot(block.flexibility.p_min_mw)[block.slot[block.fed]]
    np.testing.assert_array_equal(window.program.upper[placed.discharge], -low)


@pytest.mark.parametrize("step", [0, 11, 23])
def test_a_schedule_becomes_columns_and_a_schedule_again(step: int) -> None:
    window = window_of_the_day()
    schedule = window.unmanaged()
    for slots, power in schedule.p_mw.values():
        power[slots % 24 == step] *= 0.5
    again = window.schedule(window.columns_of(schedule))
    for name, (slots, power) in schedule.p_mw.items():
        np.testing.assert_array_equal(again.p_mw[name][0], slots)
        np.testing.assert_allclose(again.p_mw[name][1], power, atol=1e-12)


def test_assets_behind_one_connection_share_it_when_they_feed_in_too() -> None:
    clock = clock_of(4)
    shared = {"connection": "gate", "connection_max_mw": 1.2}
    pair = [replace(battery(NETWORK, clock, 2, e_start=4.0, name=name), **shared) for name in ("a", "b")]
    emptied = [replace(f, reservoir=replace(f.reservoir, e_end_mwh=np.zeros(1))) for f in pair if f.reservoir]
    price = np.array([90.0, 80.0, 20.0, 20.0])
    problem = problem_on(NETWORK, clock, emptied, 0.5, import_price_per_mwh=price, export_price_per_mwh=price - 5)
    schedule = dispatch(problem)
    total = schedule.p_mw["a"] + schedule.p_mw["b"]
    assert total.min() == pytest.approx(-1.2, abs=1e-6)
    assert not schedule.shortfalls


def test_a_ramp_is_per_hour_whatever_the_step() -> None:
    clock = clock_of(16, minutes=15)
    price = np.repeat([20.0, 90.0, 20.0, 90.0], 4)
    slow = replace(battery(NETWORK, clock, 2), ramp_mw_per_h=np.array([0.8]))
    for horizon in (16, 4):
        problem = problem_on(NETWORK, clock, [slow], 0.5, import_price_per_mwh=price, horizon_steps=horizon,
                             look_ahead_steps=16 - horizon, grid_limits=False)  # fmt: skip
        power = dispatch(problem).p_mw["battery 2"]
        assert np.abs(np.diff(power)).max() == pytest.approx(0.8 / 4, abs=1e-7)


def test_what_is_stored_when_the_clock_ends_is_worth_nothing_more() -> None:
    clock = clock_of(8)
    store = battery(NETWORK, clock, 2)
    for horizon in (8, 4):
        problem = problem_on(NETWORK, clock, [store], 0.5, stored_value_per_mwh=500.0, horizon_steps=horizon)
        energy = store.energy_mwh(dispatch(problem).p_mw["battery 2"])
        assert energy[-1] == pytest.approx(2.0, abs=1e-6)
        assert (energy[3] > 3.9) == (horizon == 4), "but what another window will find is"
