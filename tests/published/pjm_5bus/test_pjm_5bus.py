"""DC power flow as a user's own rows in the Pyomo model, against a published optimum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from grid.time.clock import Clock
from optimizer import Schedule, city_of, dispatch, generation, problem_of

HERE = Path(__file__).parent
GENERATORS, BRANCHES, BUSES = (pl.read_csv(HERE / f"{name}.csv") for name in ("generators", "branches", "expected"))
NAMES = BUSES["bus"].to_list()
COST = 17_479.90


def factors() -> np.ndarray:
    """Flow over each branch per injection at each bus, the first bus taking the balance, shape (L, B)."""
    incidence = np.zeros((BRANCHES.height, len(NAMES)))
    for k, (a, b) in enumerate(BRANCHES.select("from_bus", "to_bus").iter_rows()):
        incidence[k, NAMES.index(a)], incidence[k, NAMES.index(b)] = 1.0, -1.0
    flow = incidence / BRANCHES["x_pu"].to_numpy()[:, None]
    inner = np.linalg.inv((incidence.T @ flow)[1:, 1:])
    return np.hstack([np.zeros((BRANCHES.height, 1)), flow[:, 1:] @ inner])


@pytest.fixture(scope="module")
def schedule() -> Schedule:
    net = pp.create_empty_network()
    buses = [pp.create_bus(net, 230.0, name=name) for name in NAMES]
    pp.create_ext_grid(net, buses[0])
    for bus, load in zip(buses, BUSES["load_mw"], strict=True):
        pp.create_load(net, bus, load)
    for a, b in BRANCHES.select("from_bus", "to_bus").iter_rows():
        pp.create_line_from_parameters(net, NAMES.index(a), NAMES.index(b), 1.0, 0.01, 0.1, 0.0, 10.0)
    city = city_of(net, Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1))
    plants = [
        generation(city, name, bus, p_max, cost_per_mwh=cost) for name, bus, p_max, cost in GENERATORS.iter_rows()
    ]
    share, at = factors(), [NAMES.index(bus) for bus in GENERATORS["bus"]]
    fixed = share @ BUSES["load_mw"].to_numpy()

    def with_flows(m: Any) -> None:
        import pyomo.environ as pyo  # noqa: PLC0415

        def flow(model: Any, k: int) -> Any:
            rate = float(BRANCHES["rate_mw"][k])
            if not np.isfinite(rate):
                return pyo.Constraint.Skip
            generated = sum(-share[k, bus] * model.unit_mw[c, 0] for c, bus in enumerate(at))
            return (-rate + fixed[k], generated, rate + fixed[k])

        m.flow = pyo.Constraint(range(BRANCHES.height), rule=flow)

    problem = problem_of(
        city, plants, import_price_per_mwh=1000.0, grid_limits=False, extend=with_flows, export_max_mw=0.0
    )
    return dispatch(problem)


def test_the_cost(schedule: Schedule) -> None:
    assert schedule.lp_cost == pytest.approx(COST, abs=0.005)
    assert schedule.costs.wear_and_fuel == pytest.approx(COST, abs=0.005)


@pytest.mark.parametrize("bus", NAMES)
def test_the_price_at_a_bus(schedule: Schedule, bus: str) -> None:
    limited = np.flatnonzero(np.isfinite(BRANCHES["rate_mw"].to_numpy()))
    per_mw = schedule.duals["flow"] @ factors()[limited]
    price = schedule.duals["balance"][0] + per_mw[NAMES.index(bus)]
    assert price == pytest.approx(BUSES["price_per_mwh"][NAMES.index(bus)], abs=0.005)
