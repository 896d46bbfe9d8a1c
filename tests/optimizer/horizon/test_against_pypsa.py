"""The same optimum and the same prices as PyPSA, on a meshed grid that both can state."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pypsa
import pytest
from pandapower import networks

from grid.arrays import Floats
from grid.city.city import make_city
from grid.city.source import read_grid
from grid.flexibility.flexibility import Flexibility, one_hot
from grid.flexibility.per_slot import PerSlot
from grid.network.network import Network
from grid.time.clock import Clock
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import battery, clock_of

STEPS = 24
HOURS = np.arange(STEPS)
SHAPE = 1 + 0.3 * np.sin((HOURS - 9) / 24 * 2 * np.pi)
SUN = np.clip(np.sin((HOURS - 6) / 12 * np.pi), 0, None)
LOADS = {1: 300.0, 2: 300.0, 3: 400.0}
ENGINES = {"Alta": (0, 40.0, 14.0), "Solitude": (2, 520.0, 30.0), "Brighton": (4, 600.0, 10.0)}
PRICE = 45 + 20 * np.sin((HOURS - 14) / 24 * 2 * np.pi)
SUN_BUS, SUN_MW, STORE_BUS, SLACK_BUS, IMPORT_MAX = 1, 250.0, 2, 3, 350.0
STORE: dict[str, Any] = {"p_mw": 120.0, "e_mwh": 480.0, "e_start": 200.0, "eta": 0.93, "retention": 0.999, "wear": 1.5}


def generation(name: str, clock: Clock, bus: int, p_mw: Floats, price: float) -> Flexibility:
    return Flexibility(
        name=name, kind="generator", clock=clock, shares=one_hot(np.array([bus]), 5), start=np.array([0]),
        stop=np.array([STEPS]), p_min_mw=PerSlot(-p_mw), p_max_mw=np.zeros(1), element="sgen",
        wear_cost_per_mwh=np.array([price]),
    )  # fmt: skip


def ours(network: Network) -> DispatchProblem:
    clock = clock_of(STEPS)
    engines = [generation(n, clock, bus, np.full(STEPS, p), cost) for n, (bus, p, cost) in ENGINES.items()]
    roofs = generation("roofs", clock, SUN_BUS, SUN_MW * SUN, 0.0)
    p_mw = np.zeros((STEPS, 5))
    for bus, load in LOADS.items():
        p_mw[:, bus] = load * SHAPE
    devices = (*engines, roofs, battery(network, clock, STORE_BUS, name="store", **STORE))
    limits: dict[str, Any] = {"import_max_mw": IMPORT_MAX, "loading_max_percent": np.array([90.0])}
    prices = (PRICE, PRICE - 30, 0 * PRICE)
    return DispatchProblem(clock, network, p_mw, 0 * p_mw, devices, *prices, network_model="dc", **limits)


def theirs() -> Any:
    net, n = networks.case5(), pypsa.Network(snapshots=range(STEPS))
    for bus in range(5):
        n.add("Bus", str(bus), v_nom=230.0)
    for k, line in net.line.iterrows():
        limit = 0.9 * np.sqrt(3) * 230.0 * line.max_i_ka
        n.add("Line", f"line {k}", bus0=str(line.from_bus), bus1=str(line.to_bus), x=line.x_ohm_per_km, s_nom=limit)
    for bus, load in LOADS.items():
        n.add("Load", f"load {bus}", bus=str(bus), p_set=load * SHAPE)
    for name, (bus, p, cost) in ENGINES.items():
        n.add("Generator", name, bus=str(bus), p_nom=p, marginal_cost=cost)
    n.add("Generator", "roofs", bus=str(SUN_BUS), p_nom=SUN_MW, p_max_pu=SUN)
    n.add("Generator", "import", bus=str(SLACK_BUS), p_nom=IMPORT_MAX, marginal_cost=PRICE)
    n.add("Generator", "export", bus=str(SLACK_BUS), p_nom=5e3, p_min_pu=-1, p_max_pu=0, marginal_cost=PRICE - 30)
    end = np.full(STEPS, np.nan)
    end[-1] = STORE["e_start"]
    start = STORE["e_start"] * STORE["retention"]  # PyPSA lets the first step begin without a standing loss
    n.add(
        "StorageUnit", "store", bus=str(STORE_BUS), p_nom=STORE["p_mw"], max_hours=STORE["e_mwh"] / STORE["p_mw"],
        efficiency_store=STORE["eta"], efficiency_dispatch=STORE["eta"], standing_loss=1 - STORE["retention"],
        state_of_charge_initial=start, state_of_charge_set=end, marginal_cost=STORE["wear"],
    )  # fmt: skip
    return n


@pytest.mark.filterwarnings("ignore")
def test_the_same_cost_and_the_same_prices() -> None:
    clock = clock_of(STEPS)
    problem = ours(make_city(read_grid("case5"), clock).network)
    schedule = dispatch(problem)
    with warnings.catch_warnings(action="ignore"):
        n = theirs()
        status, _ = n.optimize(solver_name="highs", log_to_console=False, output_flag=False)
    assert status == "ok"
    assert schedule.lp_cost == pytest.approx(n.objective, rel=1e-8)
    assert len({limit.element for limit in schedule.binding} - {"import"}) >= 1, "a line must be full, or it is easy"
    assert np.ptp(schedule.nodal_price_per_mwh, axis=1).max() > 1
    np.testing.assert_allclose(schedule.nodal_price_per_mwh, n.buses_t.marginal_price.to_numpy(), atol=1e-5)
