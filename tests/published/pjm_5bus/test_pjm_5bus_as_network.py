"""The same published optimum with the linear power flow as the optimizer's own network model, over two steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pandapower import networks

from grid.time.clock import Clock
from optimizer import DispatchProblem, Schedule, city_of, dispatch, generation
from optimizer.problem.devices import problem_of

HERE = Path(__file__).parent
GENERATORS, BUSES = (pl.read_csv(HERE / f"{name}.csv") for name in ("generators", "expected"))
COST_PER_HOUR = 17_479.90
HOURS = 2


@pytest.fixture(scope="module")
def problem() -> DispatchProblem:
    net = networks.case5()
    net.bus["name"] = BUSES["bus"].to_list()
    net.sgen.drop(net.sgen.index, inplace=True)  # one of the generators, which all come as devices
    city = city_of(net, Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), HOURS))
    plants = [
        generation(city, name, bus, p_max, cost_per_mwh=cost) for name, bus, p_max, cost in GENERATORS.iter_rows()
    ]
    return problem_of(
        city, plants, import_price_per_mwh=1000.0, export_max_mw=0.0, network_model="dc",
        loading_max_percent=np.array([100.0]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def schedule(problem: DispatchProblem) -> Schedule:
    return dispatch(problem)


def test_cost(schedule: Schedule) -> None:
    assert schedule.lp_cost / HOURS == pytest.approx(COST_PER_HOUR, abs=0.005)
    assert schedule.quality.ac_cost == pytest.approx(schedule.lp_cost)
    assert not schedule.shortfalls
    assert schedule.import_mw.max() < 1e-9


def test_prices_at_the_buses(schedule: Schedule) -> None:
    expected = np.tile(BUSES["price_per_mwh"].to_numpy(), (HOURS, 1))
    np.testing.assert_allclose(schedule.nodal_price_per_mwh, expected, rtol=0, atol=0.005)


def test_the_limited_line_is_full_and_named(problem: DispatchProblem, schedule: Schedule) -> None:
    (name,) = {limit.element for limit in schedule.binding}
    branches, node = problem.network.branches, problem.network.buses.node
    line = branches.names.index(name)
    assert {branches.from_node[line], branches.to_node[line]} == {node[3], node[4]}
    assert [limit.step for limit in schedule.binding] == list(range(HOURS))
