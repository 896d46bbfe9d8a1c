from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot
from grid.network.network import Network
from grid.time.clock import Clock
from optimizer._highs import Solver
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem, with_strategy
from optimizer.window.programme import state_window
from optimizer.window.roles import Roles
from optimizer.window.solve import solve_window
from optimizer.window.state import WindowState
from tests.optimizer.small_cases import (
    battery,
    builtin,
    clock_of,
    cost,
    feeder,
    final_energy,
    fleet,
    import_mw,
    must_run,
    problem_on,
    pv,
    realised,
)

pytestmark = pytest.mark.slow

DAY = clock_of(24)
HOURS = np.arange(24)
SUN = np.maximum(0.0, np.sin((HOURS - 6) / 12 * np.pi))
PRICES = {
    "flat": np.full(24, 60.0),
    "varying": 60 + 40 * np.sin(HOURS / 3),
    "negative": 30 + 60 * np.sin(HOURS / 3),
}


def grid_and_load(name: str) -> tuple[Network, Floats]:
    network, p = (feeder(), np.array([0.0, 0.5, 1.0])) if name == "feeder" else builtin(name)[:2]
    return network, (1 + 0.4 * np.sin(HOURS / 4))[:, None] * p


def assets(network: Network, clock: Clock, size: float = 1.0, seed: int = 1) -> list[Flexibility]:
    """A battery at the last bus, cars everywhere, curtailable sun at the second bus."""
    last = len(network.buses.names) - 1
    sun = 0.8 * size * np.resize(SUN, clock.n_steps)
    return [
        battery(network, clock, last, p_mw=size, e_mwh=4 * size, e_start=2 * size, wear=5.0, name="battery"),
        fleet(network, clock, seed, n=15, p_mw=0.1 * size, wear=5.0),
        pv(network, clock, 1, sun),
    ]


def feeder_problem(**changes: Any) -> DispatchProblem:
    network, load = grid_and_load("feeder")
    varying = {"import_price_per_mwh": PRICES["varying"], "export_price_per_mwh": PRICES["varying"] - 20}
    return problem_on(network, DAY, assets(network, DAY), load, **(varying | changes))


@pytest.mark.parametrize("prices", PRICES)
@pytest.mark.parametrize(("name", "size"), [("feeder", 1.0), ("case33bw", 1.0), ("mv_oberrhein", 4.0)])
def test_more_freedom_never_costs_more(name: str, size: float, prices: str) -> None:
    network, load = grid_and_load(name)
    by_strategy, ends = {}, {}
    for strategy in ("unmanaged", "smart", "optimal"):
        flexibilities = with_strategy(assets(network, DAY, size, seed=2), strategy)
        problem = problem_on(
            network, DAY, flexibilities, load, import_price_per_mwh=PRICES[prices],
            export_price_per_mwh=PRICES[prices] - 20,
        )  # fmt: skip
        schedule = dispatch(problem)
        by_strategy[strategy] = cost(problem, schedule)
        ends[strategy] = [final_energy(f, schedule.p_mw[f.name]) for f in flexibilities if f.reservoir is not None]
    assert by_strategy["smart"] < by_strategy["unmanaged"], "even at flat prices, by the losses"
    assert by_strategy["optimal"] <= by_strategy["smart"] * (1 + 1e-9)
    if prices != "flat":
        assert by_strategy["optimal"] < by_strategy["smart"]
    for stocks in zip(*ends.values(), strict=True):
        np.testing.assert_allclose(stocks[1], stocks[0], atol=1e-6)
        assert (stocks[2] >= stocks[1] - 1e-6).all()


@pytest.mark.parametrize("prices", PRICES)
def test_stocks_end_with_what_is_due(prices: str) -> None:
    problem = feeder_problem(import_price_per_mwh=PRICES[prices], export_price_per_mwh=PRICES[prices] - 20)
    schedule = dispatch(problem)
    for flexibility in problem.flexibilities:
        store, p = flexibility.reservoir, schedule.p_mw[flexibility.name]
        assert (p <= flexibility.per_slot(flexibility.p_max_mw) + 1e-9).all()
        assert (p >= flexibility.per_slot(flexibility.p_min_mw) - 1e-9).all()
        if store is None:
            continue
        ends, energy = final_energy(flexibility, p), flexibility.energy_mwh(p)
        assert (energy <= store.e_max_mwh[flexibility.device] + 1e-6).all()
        assert (energy >= store.e_min_mwh[flexibility.device] - 1e-6).all()
        if store.exact_end:
            np.testing.assert_allclose(ends, store.e_end_mwh, atol=1e-6)
        else:
            assert (ends >= store.e_end_mwh - 1e-6).all()


def test_programme_and_power_flow_agree_on_the_cost() -> None:
    problem = feeder_problem()
    schedule = dispatch(problem)
    losses = import_mw(problem, schedule) - sum(
        f.by_step(schedule.p_mw[f.name]) for f in problem.flexibilities
    ) - problem.p_fixed_mw.sum(axis=1)  # fmt: skip
    tolerance = 0.01 * losses.sum() * problem.import_price_per_mwh.max()
    assert schedule.lp_cost == pytest.approx(cost(problem, schedule), abs=tolerance)


def test_a_lossless_battery_trades_as_arithmetic_says() -> None:
    clock = clock_of(4)
    network = feeder(2, length_km=0.001)
    problem = problem_on(
        network, clock, [battery(network, clock, 1, name="battery")], 1.0,
        import_price_per_mwh=[10.0, 10.0, 100.0, 100.0], export_price_per_mwh=0.0,
    )  # fmt: skip
    p_mw = dispatch(problem).p_mw["battery"]
    assert p_mw[:2].sum() == pytest.approx(2.0)
    assert p_mw[2:].sum() == pytest.approx(-2 * 0.9 * 0.9, abs=1e-6)


@pytest.mark.parametrize(("wear", "idle"), [(41.0, True), (29.0, False)])
def test_a_battery_rests_when_the_spread_does_not_pay_its_wear_and_losses(wear: float, idle: bool) -> None:
    clock, network = clock_of(4), feeder(2, length_km=0.001)
    store = battery(network, clock, 1, wear=wear, eta=1.0, name="battery")
    problem = problem_on(network, clock, [store], 3.0, import_price_per_mwh=[20.0, 60.0, 30.0, 50.0])
    p_mw = dispatch(problem).p_mw["battery"]
    assert (np.abs(p_mw).max() < 1e-6) == idle


def test_a_higher_carbon_price_never_raises_the_carbon_of_imports() -> None:
    carbon = []
    dirty = 400 - 250 * np.sin(HOURS / 3)  # cheap hours are the dirty ones
    for price in (0.0, 0.02, 0.1, 0.5, 5.0):
        problem = feeder_problem(import_ci_kg_per_mwh=dirty, carbon_price_per_kg=price)
        carbon.append(float(dirty @ np.maximum(import_mw(problem, dispatch(problem)), 0.0)))
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(carbon))
    assert carbon[-1] < 0.97 * carbon[0]


def test_a_demand_charge_lowers_the_peak() -> None:
    plain, charged = (feeder_problem(demand_charge_per_mw_month=charge) for charge in (0.0, 5000.0))
    peaks = [import_mw(problem, dispatch(problem)).max() for problem in (plain, charged)]
    assert peaks[1] < 0.8 * peaks[0]
    assert cost(charged, dispatch(charged)) < cost(charged, dispatch(plain))


def test_no_device_charges_and_discharges_at_once_where_energy_is_worth_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solutions = []

    class Recording(Solver):
        def solve(self) -> Floats:
            solutions.append(super().solve())
            return solutions[-1]

    monkeypatch.setattr("optimizer.window.solve.Solver", Recording)
    problem = feeder_problem()
    roles = Roles.from_flexibilities(problem.flexibilities)
    energy = {f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None}
    start = WindowState(energy)
    window = state_window(problem, roles, roles.compiled(24, 1.0), 0, 24, start)
    answer = solve_window(window, start)
    x, columns = solutions[-1], window.compiled.columns
    assert len(solutions) == answer.rounds
    charge, discharge = x[columns["charge_mw"]], x[columns["discharge_mw"]]
    assert charge.max() > 0.5
    assert discharge.max() > 0.5
    assert np.minimum(charge, discharge).max() < 1e-9
    (block,), (at,) = window.blocks, window.block_columns
    discharged = x[at.discharge]
    assert discharged.max() > 0.05
    assert np.minimum(x[at.charge][block.fed], discharged).max() < 1e-9


def test_negative_prices_fill_the_stores_and_waste_nothing_in_them() -> None:
    clock, network = clock_of(6), feeder()
    price = np.array([-80.0, -80.0, -80.0, 40.0, 60.0, 40.0])
    store = battery(network, clock, 2, e_mwh=2.0, e_start=1.0, name="battery")
    problem = problem_on(network, clock, [store], 0.5, import_price_per_mwh=price, export_price_per_mwh=price - 10)
    schedule = dispatch(problem)
    energy = store.energy_mwh(schedule.p_mw["battery"])
    assert energy.max() <= 2 + 1e-6
    assert energy[2] == pytest.approx(2.0, abs=1e-6), "full when the last negative hour ends"
    assert energy[-1] >= 1 - 1e-6
    idle = replace(problem, flexibilities=(store.decided(np.zeros(6)),))
    assert cost(problem, schedule) < cost(idle, dispatch(idle))


def test_a_surplus_that_costs_something_is_stored_not_lost_in_the_lines() -> None:
    clock, network = clock_of(8), feeder()
    surplus = np.zeros((8, 3))
    surplus[:, 2] = [1, 1, -2, -2, 1, 1, 1, 1]
    export = np.where(surplus[:, 2] < 0, -50.0, 20.0)
    problem = problem_on(
        network, clock, [battery(network, clock, 2, e_start=1.0, name="battery")], surplus,
        import_price_per_mwh=60.0, export_price_per_mwh=export,
    )  # fmt: skip
    schedule = dispatch(problem)
    assert schedule.p_mw["battery"][2:4] == pytest.approx([1.0, 1.0])
    assert schedule.lp_cost == pytest.approx(cost(problem, schedule), rel=2e-3)


@pytest.mark.parametrize(("price", "kept"), [(5.0, 1.0), (-5.0, 0.0)])
def test_sun_is_curtailed_only_where_its_export_costs(price: float, kept: float) -> None:
    network = feeder()
    roofs = pv(network, DAY, 2, 2.0 * SUN)
    problem = problem_on(network, DAY, [roofs], 0.0, import_price_per_mwh=60.0, export_price_per_mwh=price)
    schedule = dispatch(problem)
    assert -schedule.p_mw["roofs"].sum() == pytest.approx(kept * 2.0 * SUN.sum(), abs=0.02 * SUN.sum())


def test_what_has_no_freedom_is_left_alone() -> None:
    network, load = grid_and_load("feeder")
    pump = must_run(network, DAY, 1, 0.3)
    with_pump = problem_on(network, DAY, [*assets(network, DAY), pump], load, import_price_per_mwh=PRICES["varying"])
    schedule = dispatch(with_pump)
    np.testing.assert_array_equal(schedule.p_mw["pump"], 0.3)
    inside = load + pump.at_buses(schedule.p_mw["pump"])
    as_load = replace(with_pump, p_fixed_mw=inside, flexibilities=with_pump.flexibilities[:-1])
    same = dispatch(as_load)
    assert same.lp_cost == pytest.approx(schedule.lp_cost, rel=1e-9)


def test_unmanaged_solves_nothing() -> None:
    network, load = grid_and_load("feeder")
    free = assets(network, DAY)
    seen: list[tuple[int, int]] = []
    schedule = dispatch(
        problem_on(network, DAY, with_strategy(free, "unmanaged"), load), lambda done, of: seen.append((done, of))
    )
    assert (schedule.windows, schedule.rounds, seen) == (0, 0, [])
    for flexibility in free:
        np.testing.assert_array_equal(schedule.p_mw[flexibility.name], flexibility.unmanaged_power())


def test_the_same_problem_has_the_same_schedule() -> None:
    first, second = dispatch(feeder_problem()), dispatch(feeder_problem())
    assert first.lp_cost == second.lp_cost
    for name, p_mw in first.p_mw.items():
        np.testing.assert_array_equal(second.p_mw[name], p_mw)


def test_bounds_that_force_a_store_hold() -> None:
    clock, network = clock_of(8), feeder()
    free = battery(network, clock, 2, name="battery")
    low, high = np.full(8, -1.0), np.full(8, 1.0)
    low[3], high[5] = 0.4, -0.2
    problem = problem_on(
        network, clock, [replace(free, p_min_mw=PerSlot(low), p_max_mw=PerSlot(high))], 1.0,
        import_price_per_mwh=np.where(np.arange(8) == 3, 500.0, np.where(np.arange(8) == 5, 5.0, 60.0)),
        export_price_per_mwh=0.0,
    )  # fmt: skip
    p_mw = dispatch(problem).p_mw["battery"]
    assert p_mw[3] == pytest.approx(0.4)
    assert p_mw[5] == pytest.approx(-0.2)


def test_whole_numbers_are_numbers() -> None:
    clock, network = clock_of(6), feeder()
    whole = battery(network, clock, 2, p_mw=2, e_mwh=3, e_start=1, name="battery")
    fractions = battery(network, clock, 2, p_mw=2.0, e_mwh=3.0, e_start=1.0, name="battery")
    price = [10, 20, 90, 30, 80, 50]
    schedules = [
        dispatch(problem_on(network, clock, [store], 1, import_price_per_mwh=price, export_price_per_mwh=0))
        for store in (whole, fractions)
    ]
    np.testing.assert_array_equal(schedules[0].p_mw["battery"], schedules[1].p_mw["battery"])
    assert np.ptp(schedules[0].p_mw["battery"] % 1) > 0


def test_a_step_without_a_power_flow_leaves_the_others_optimised() -> None:
    clock, network = clock_of(4), feeder()
    load = np.zeros((4, 3))
    load[:, 2] = [1.0, 200.0, 1.0, 1.0]
    store = battery(network, clock, 2, name="battery")
    prices = {"import_price_per_mwh": [60.0, 60.0, 10.0, 90.0], "export_price_per_mwh": 0.0}
    problem = problem_on(network, clock, [store], load, **prices)
    schedule = dispatch(problem)
    np.testing.assert_array_equal(realised(problem, schedule).failed, [False, True, False, False])
    assert schedule.p_mw["battery"][2] == pytest.approx(1.0)
    assert schedule.p_mw["battery"][3] == pytest.approx(-1.0)
