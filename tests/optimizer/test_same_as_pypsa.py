"""The same optimum as PyPSA on a problem that both can express: one bus, imports, sun and a battery."""

from __future__ import annotations

import logging
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pytest

from grid.clock import Clock
from optimizer import battery, city_of, dispatch, generation, problem_of

pypsa = pytest.importorskip("pypsa", reason="PyPSA is not among the development tools; install it to compare")
HOURS = np.arange(24)
PRICE = 60 + 30 * np.cos((HOURS - 19) / 24 * 2 * np.pi)
LOAD = 2.0 + 0.8 * np.sin(HOURS / 24 * 2 * np.pi)
SUN = 1.5 * np.clip(np.sin((HOURS - 6) / 12 * np.pi), 0, None)


def by_pypsa() -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about versions to come
        logging.disable(logging.CRITICAL)
        n = pypsa.Network(snapshots=range(24))
        n.add("Bus", "bus")
        n.add("Load", "load", bus="bus", p_set=LOAD)
        n.add("Generator", "import", bus="bus", p_nom=100, marginal_cost=PRICE)
        n.add("Generator", "sun", bus="bus", p_nom=1.5, p_max_pu=SUN / 1.5)
        store = {"p_nom": 0.5, "max_hours": 4, "efficiency_store": 0.9, "efficiency_dispatch": 0.9}
        n.add("StorageUnit", "battery", bus="bus", state_of_charge_initial=1.0, marginal_cost=5.0, **store)
        n.optimize(solver_name="highs", log_to_console=False)
        logging.disable(logging.NOTSET)
    return float(n.objective)


def test_the_optimum_is_the_same() -> None:
    net = pp.create_empty_network()
    source, bus = pp.create_bus(net, 10.0, name="source"), pp.create_bus(net, 10.0, name="bus")
    pp.create_ext_grid(net, source)
    pp.create_line_from_parameters(net, source, bus, 1.0, 0.1, 0.1, 0.0, 1.0)
    pp.create_load(net, bus, 1.0)
    city = city_of(net, Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 24))
    store = battery(city, "battery", "bus", 0.5, 2.0, soc_start=0.5, soc_end=0.0, round_trip_efficiency=0.81,
                    wear_cost_per_mwh=5.0)  # fmt: skip
    sun = generation(city, "sun", "bus", SUN)
    problem = problem_of(
        city, [store, sun], import_price_per_mwh=PRICE, scale=LOAD, grid_limits=False, export_max_mw=0.0
    )
    assert dispatch(problem).lp_cost == pytest.approx(by_pypsa(), rel=1e-7)
