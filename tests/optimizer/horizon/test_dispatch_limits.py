from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from grid.arrays import Floats
from grid.powerflow.powerflow import power_flow
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import (
    battery,
    builtin,
    clock_of,
    cost,
    feeder,
    fleet,
    import_mw,
    problem_on,
    pv,
    realised,
)

pytestmark = pytest.mark.slow

DAY = clock_of(24)
HOURS = np.arange(24)
NETWORK = feeder()
LOAD = np.zeros((24, 3))
LOAD[:, 1], LOAD[:, 2] = 0.5, 1.5 + np.sin(HOURS / 4)
PRICE = 60 - 40 * np.cos(HOURS / 4)


def limited(limit: Any = np.inf, **changes: Any) -> DispatchProblem:
    """Cars and a battery at the end of a feeder, where cheap hours tempt them to charge together."""
    cars = fleet(NETWORK, DAY, 4, n=20, p_mw=0.15, wear=5.0)
    store = battery(NETWORK, DAY, 2, e_mwh=6.0, e_start=3.0, wear=5.0, name="battery")
    given: dict[str, Any] = {"import_price_per_mwh": PRICE, "export_price_per_mwh": PRICE - 20}
    given |= {"loading_max_percent": np.atleast_1d(limit)}
    return problem_on(NETWORK, DAY, [store, cars], LOAD, **(given | changes))


def worst_percent(problem: DispatchProblem) -> Floats:
    worst: Floats = realised(problem, dispatch(problem)).loading_percent().max(axis=1)
    return worst


def test_a_limit_of_lines_is_kept_in_ac() -> None:
    free = worst_percent(limited()).max()
    limit = 0.8 * free
    problem = limited(limit)
    schedule = dispatch(problem)
    assert realised(problem, schedule).loading_percent().max() <= limit + 0.2
    assert schedule.shortfalls == ()
    assert schedule.rounds > 1
    assert cost(problem, schedule) > cost(problem, dispatch(limited()))


def test_a_wider_limit_of_lines_never_costs_more() -> None:
    free = worst_percent(limited()).max()
    costs = []
    for share in (0.75, 0.85, 0.95, 1.1):
        problem = limited(share * free)
        schedule = dispatch(problem)
        assert schedule.shortfalls == ()
        costs.append(cost(problem, schedule))
    assert all(after <= before * (1 + 1e-5) for before, after in pairwise(costs))
    assert costs[0] > 1.001 * costs[-1]


def test_a_limit_is_kept_in_a_real_grid() -> None:
    network, p, q = builtin("mv_oberrhein")
    load = (1 + 0.2 * np.sin(HOURS / 4))[:, None] * p
    cars = fleet(network, DAY, 4, n=60, p_mw=0.5)
    store = battery(network, DAY, 60, p_mw=3.0, e_mwh=12.0, e_start=6.0, name="battery")

    def problem(limit: float) -> DispatchProblem:
        return problem_on(
            network, DAY, [store, cars], load, q_fixed_mvar=np.tile(q, (24, 1)), import_price_per_mwh=PRICE,
            export_price_per_mwh=PRICE - 20, loading_max_percent=np.array([limit]),
        )  # fmt: skip

    free = np.nanmax(realised(problem(np.inf), dispatch(problem(np.inf))).loading_percent())
    tight = problem(free - 2.0)
    schedule = dispatch(tight)
    flow = realised(tight, schedule)
    named = {(s.step, s.element) for s in schedule.shortfalls}
    over = np.argwhere(np.nan_to_num(flow.loading_percent()) > free - 2.0 + 0.2)
    assert named == {(int(t), network.branches.names[b]) for t, b in over}, "all that is not kept is said, no more"
    assert np.nanmax(flow.loading_percent()) <= free + 0.2


def test_a_limit_that_cannot_be_kept_is_named_with_the_least_excess() -> None:
    clock = clock_of(4)
    load = np.zeros((4, 3))
    load[:, 2] = [1.0, 1.0, 4.0, 1.0]
    store = battery(NETWORK, clock, 2, e_mwh=6.0, e_start=4.0, name="battery")
    base = problem_on(NETWORK, clock, [store], load)
    helped = load.copy()
    helped[2, 2] -= 1.0  # all the battery can do
    attainable = power_flow(NETWORK, clock, helped, base.q_fixed_mvar).loading_percent()[2]
    limit = attainable.max() - 5.0
    problem = problem_on(NETWORK, clock, [store], load, loading_max_percent=np.array([limit]))
    schedule = dispatch(problem)
    assert schedule.p_mw["battery"][2] == pytest.approx(-1.0, abs=1e-6)
    assert {(s.step, s.quantity, s.limit) for s in schedule.shortfalls} == {(2, "loading_percent", limit)}
    by_name = {s.element: s.value for s in schedule.shortfalls}
    over = np.flatnonzero(attainable > limit + 0.2)
    assert set(by_name) == {NETWORK.branches.names[b] for b in over}
    for b in over:
        assert by_name[NETWORK.branches.names[b]] == pytest.approx(attainable[b], rel=1e-6)
    assert dispatch(base).shortfalls == ()


def test_a_branch_without_a_limit_is_not_limited() -> None:
    limits = np.full(len(NETWORK.branches), np.inf)
    limits[0] = 1.0
    schedule = dispatch(limited(limits))
    assert {s.element for s in schedule.shortfalls} == {NETWORK.branches.names[0]}


def test_sun_is_curtailed_to_what_the_line_carries() -> None:
    sun = 6.0 * np.maximum(0.0, np.sin((HOURS - 6) / 12 * np.pi))
    roofs = pv(NETWORK, DAY, 2, sun)
    free = problem_on(NETWORK, DAY, [roofs], 0.0, export_price_per_mwh=40.0)
    limit = 0.6 * worst_percent(free).max()
    problem = problem_on(NETWORK, DAY, [roofs], 0.0, export_price_per_mwh=40.0, loading_max_percent=np.array([limit]))
    schedule = dispatch(problem)
    worst = realised(problem, schedule).loading_percent().max(axis=1)
    assert worst.max() <= limit + 0.2
    assert worst.max() >= limit - 1.0, "no more is curtailed than needed"
    unlimited = realised(free, dispatch(free)).loading_percent().max(axis=1)
    untouched = unlimited < limit - 0.2
    np.testing.assert_allclose(schedule.p_mw["roofs"][untouched], -sun[untouched], atol=1e-6)
    assert schedule.shortfalls == ()


def test_a_limit_of_imports_is_kept_where_it_can_be() -> None:
    free = import_mw(limited(), dispatch(limited())).max()
    problem = limited(import_max_mw=0.85 * free)
    schedule = dispatch(problem)
    assert schedule.shortfalls == ()
    assert import_mw(problem, schedule).max() <= 0.85 * free + 0.01
    wider = limited(import_max_mw=0.95 * free)
    assert cost(wider, dispatch(wider)) <= cost(problem, schedule) * (1 + 1e-6)


def test_imports_above_the_limit_are_said_and_least() -> None:
    clock = clock_of(6)
    store = battery(NETWORK, clock, 1, e_start=3.0, name="battery")
    load = np.zeros((6, 3))
    load[:, 1] = [0.5, 2.5, 0.5, 0.5, 0.5, 0.5]
    problem = problem_on(NETWORK, clock, [store], load, import_max_mw=1.0)
    schedule = dispatch(problem)
    (shortfall,) = schedule.shortfalls
    assert (shortfall.step, shortfall.element, shortfall.quantity, shortfall.limit) == (1, "import", "import_mw", 1.0)
    assert schedule.p_mw["battery"][1] == pytest.approx(-1.0, abs=1e-6)
    assert shortfall.value == pytest.approx(import_mw(problem, schedule)[1], abs=1e-3)
