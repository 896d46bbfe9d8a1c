"""What the dispatch makes of work that can wait: it follows price, carbon and heat, within its deadline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir, it_demand_mw
from carbon.data_centre.flexibility import DataCentreLoad
from grid.arrays import Floats
from grid.city.city import make_city
from grid.city.source import read_grid
from grid.network.network import Network
from grid.time.clock import Clock
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem, with_strategy

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 7, 1, tzinfo=UTC), timedelta(hours=1), 48)
HOUR = np.arange(48.0)
T_DEGC = 25.0 - 8.0 * np.cos(2 * np.pi * (HOUR - 3) / 24)  # coolest at 3, hottest at 15


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("net")
    net = pp.create_empty_network()
    source, bus = (pp.create_bus(net, 10.0, name=name) for name in ("source", "end"))
    pp.create_ext_grid(net, source)
    pp.create_line(net, source, bus, 0.1, "NA2XS2Y 1x240 RM/25 6/10 kV", name="line")
    pp.to_json(net, str(folder / "net.json"))
    return make_city(read_grid("net.json", folder=folder), CLOCK).network


def centre(t_degc: Floats = T_DEGC, **changes: Any) -> DataCentreLoad:
    spec = DataCentre.model_validate(
        {"name": "n", "bus": "end", "p_it_rated_mw": 2.0, "utilisation": 0.6, "deferrable_share": 0.3} | changes
    )
    air = OutdoorAir(t_degc, np.full(48, 60.0), np.full(48, 101325.0))
    return DataCentreLoad(FacilityModel(spec, air, 1.0), CLOCK, 1, 2, it_demand_mw(spec, CLOCK, "UTC"))


def deferred(load: DataCentreLoad, network: Network, **changes: Any) -> tuple[Floats, Floats]:
    """IT power of the work that can wait as dispatched, shape (T,) [MW], and facility power by slot, shape (K,)."""
    nothing = np.zeros((48, 2))
    flat = {"import_price_per_mwh": np.full(48, 80.0), "export_price_per_mwh": np.zeros(48),
            "import_ci_kg_per_mwh": np.full(48, 400.0), "horizon_steps": 48, "look_ahead_steps": 0}  # fmt: skip
    flexibilities = with_strategy(load.flexibilities(), "optimal")
    problem = DispatchProblem(CLOCK, network, nothing, nothing, flexibilities, **flat | changes)
    p_mw = dispatch(problem).p_mw[load.deferrable_name]
    return load.by_step(p_mw) / load.marginal_facility_power(), p_mw


def test_at_flat_price_and_carbon_work_goes_to_the_cool_hours(network: Network) -> None:
    load = centre()
    work, _ = deferred(load, network)
    assert np.average(T_DEGC, weights=work) < T_DEGC.mean() - 1.0
    assert work.sum() == pytest.approx(load.p_deferrable_it_mw.sum(), rel=1e-6)
    shifted = load.facility(deferred(load, network)[1]).p_total_mw.sum()
    assert shifted < load.model.total_at(load.p_it_mw).sum()


@pytest.mark.parametrize("signal", ["import_price_per_mwh", "import_ci_kg_per_mwh"])
def test_work_goes_to_the_cheap_and_to_the_clean_hours(network: Network, signal: str) -> None:
    values = np.where(HOUR % 24 < 12, 400.0, 50.0)
    changes: dict[str, Any] = {signal: values, "carbon_price_per_kg": 0.1}
    work, _ = deferred(centre(np.full(48, 15.0)), network, **changes)
    assert work[HOUR % 24 >= 12].sum() > 0.99 * work.sum()


@pytest.mark.parametrize("deadline", [2, 4, 8, 12])
def test_no_work_runs_before_it_arrives_or_after_its_deadline(network: Network, deadline: int) -> None:
    load = centre(deadline_hours=deadline)
    price = np.where(HOUR % 24 < 12, 400.0, 50.0)
    work, _ = deferred(load, network, import_price_per_mwh=price)
    arrived = np.cumsum(load.p_deferrable_it_mw)
    done = np.cumsum(work)
    due = np.concatenate([np.zeros(deadline), arrived])[:48]
    assert (done <= arrived + 1e-6).all()
    assert (done >= due - 1e-6).all()
    assert done[-1] == pytest.approx(arrived[-1])


def test_longer_deadlines_cost_less_where_prices_swing_over_the_day(network: Network) -> None:
    price = 80.0 + 60.0 * np.cos(2 * np.pi * (HOUR - 9) / 24)
    costs = []
    for deadline in (2, 4, 8, 16):
        _, p_mw = deferred(centre(deadline_hours=deadline), network, import_price_per_mwh=price)
        costs.append(float(centre(deadline_hours=deadline).by_step(p_mw) @ price))
    assert costs == sorted(costs, reverse=True)
