"""Assets as aggregates: what they may do together, and the cheapest of it where that is known by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.time.clock import Clock
from optimizer.studies.aggregate_dispatch import AggregateProblem, FullLines, dispatch_aggregates
from optimizer.studies.aggregate_store import AggregateStore, aggregate, blocks_of, by_block

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=30), 8)
"""Four hours of half hours."""
PRICE = np.array([10.0, 10.0, 100.0, 100.0])


def cars(n: int = 2, *, feed_in: bool = False) -> Flexibility:
    """Cars that come at the first and second step, leave an hour before the end, and are due 2 MWh each."""
    start = np.arange(n) % 2
    return Flexibility(
        name="cars", kind="ev_fleet", clock=CLOCK, shares=one_hot(np.zeros(n, dtype=np.int64), 2),
        start=start, stop=np.full(n, 6), p_min_mw=np.full(n, -2.0 if feed_in else 0.0), p_max_mw=np.full(n, 2.0),
        element="storage", smart=True,
        reservoir=Reservoir(
            e_start_mwh=np.full(n, 1.0), e_end_mwh=np.full(n, 3.0), e_min_mwh=np.full(n, 0.0 if feed_in else 1.0),
            e_max_mwh=np.full(n, 4.0 if feed_in else 3.0), eta_charge=np.ones(n), eta_discharge=np.ones(n),
            retention_per_step=np.ones(n), owner=np.arange(n), exact_end=True, vehicle=True,
        ),
    )  # fmt: skip


def problem(stores: list[AggregateStore], lines: FullLines | None = None, **changes: float) -> AggregateProblem:
    none = FullLines(np.zeros((0, 2)), np.zeros((4, 0)), np.zeros(0))
    return AggregateProblem(
        stores=stores, fixed_mw=np.full(4, 10.0), import_cost_per_mwh=PRICE, export_price_per_mwh=PRICE - 5,
        block_hours=1.0, import_max_mw=changes.get("import_max_mw", np.inf), lines=lines or none,
        marginal_loss=np.zeros(4), month=np.zeros(4, dtype=np.int64),
        demand_charge_per_mw_month=changes.get("demand_charge", 0.0),
    )  # fmt: skip


def test_hours_are_the_blocks_where_the_clock_has_whole_hours() -> None:
    assert [blocks_of(0.25, 96), blocks_of(0.5, 8), blocks_of(1.0, 3), blocks_of(0.25, 3)] == [4, 2, 1, 1]
    assert by_block(np.arange(4.0), 2).tolist() == [0.5, 2.5]


def test_bounds_of_the_aggregate_are_the_sums_of_those_of_the_sessions() -> None:
    found = aggregate(cars(), 2, feeds_in=False)
    assert found.charge_max_mw.tolist() == [3.0, 4.0, 4.0, 0.0]  # the second car comes half an hour later
    assert found.gain_mwh.tolist() == [2.0, 0.0, -6.0, 0.0]
    assert found.e_high_mwh.tolist() == [5.0, 6.0, 0.0, 0.0]
    assert found.e_low_mwh.tolist() == [2.0, 2.0, 0.0, 0.0]
    assert found.scaled(3.0).e_high_mwh.tolist() == [15.0, 18.0, 0.0, 0.0]


def test_cars_charge_what_they_are_due_in_the_cheapest_hours() -> None:
    done = dispatch_aggregates(problem([aggregate(cars(), 2, feeds_in=False)]))["cars"]
    assert done.charge_mw.sum() == pytest.approx(4.0)
    assert done.charge_mw[2:].sum() == pytest.approx(0.0)
    assert done.discharge_mw.sum() == 0.0


def test_cars_that_feed_in_sell_when_it_pays_and_still_leave_with_what_they_are_due() -> None:
    done = dispatch_aggregates(problem([aggregate(cars(feed_in=True), 2)]))["cars"]
    assert done.discharge_mw[2] > 0
    assert (done.charge_mw - done.discharge_mw).sum() == pytest.approx(4.0)


def test_a_limit_of_a_line_spreads_charging_and_one_of_the_import_too() -> None:
    store = aggregate(cars(), 2, feeds_in=False)
    line = FullLines(np.array([[1.0, 0.0]]), np.full((4, 1), 1.0), np.array([2.5]))
    by_line = dispatch_aggregates(problem([store], line))["cars"].charge_mw
    by_import = dispatch_aggregates(problem([store], import_max_mw=11.5))["cars"].charge_mw
    for charged in (by_line, by_import):
        assert charged.max() == pytest.approx(1.5)
        assert charged.sum() == pytest.approx(4.0)


def test_a_charge_for_the_peak_makes_charging_even() -> None:
    done = dispatch_aggregates(problem([aggregate(cars(), 2, feeds_in=False)], demand_charge=10_000.0))["cars"]
    assert done.charge_mw[:3] == pytest.approx(np.full(3, 4 / 3))
