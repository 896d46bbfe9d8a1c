"""What the optimizer says of its answers: prices, marginal carbon, caps, conflicts, and what devices need."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from grid.errors import InputError
from grid.flexibility.per_slot import PerSlot
from optimizer._highs import solver
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.window.diagnosis import UnboundedDispatchError
from tests.optimizer.oberrhein_day import VM_MAX_PU, oberrhein_problem, violations_in_runpp
from tests.optimizer.small_cases import battery, builtin, clock_of, feeder, final_energy, fleet, problem_on, pv

pytestmark = pytest.mark.slow

STEP_MW = 1e-3


def city_problem(**changes: Any) -> DispatchProblem:
    clock, network = clock_of(12), feeder()
    price = 60 + 25 * np.cos(np.arange(12) / 2)
    assets = [battery(network, clock, 2, wear=4.0), fleet(network, clock, 3, wear=10.0)]
    given = {"import_price_per_mwh": price, "import_ci_kg_per_mwh": 500 - 3 * price} | changes
    return problem_on(network, clock, assets, 0.4, **given)


@pytest.mark.parametrize(("step", "bus"), [(0, 1), (3, 2), (7, 1), (11, 2)])
def test_nodal_prices_are_what_a_little_more_withdrawal_costs(step: int, bus: int) -> None:
    problem = city_problem()
    price = dispatch(problem).nodal_price_per_mwh[step, bus]
    costs = []
    for sign in (-1.0, 1.0):
        p_mw = problem.p_fixed_mw.copy()
        p_mw[step, bus] += sign * STEP_MW
        costs.append(dispatch(replace(problem, p_fixed_mw=p_mw)).quality.lp_cost)
    assert price == pytest.approx((costs[1] - costs[0]) / (2 * STEP_MW), rel=0.02)


def test_prices_rise_along_the_feeder_by_its_losses() -> None:
    clock, network = clock_of(3), feeder()
    small = battery(network, clock, 2, p_mw=0.01, e_mwh=0.01, e_start=0.0)
    prices = dispatch(problem_on(network, clock, [small], 0.4)).nodal_price_per_mwh
    assert (np.diff(prices, axis=1) > 0).all()
    assert (prices[:, 2] < 1.2 * prices[:, 0]).all()


def test_marginal_carbon_is_that_of_what_covers_a_little_more_withdrawal() -> None:
    clock, network = clock_of(4), feeder()
    ci = np.array([300.0, 400.0, 500.0, 600.0])
    problem = problem_on(network, clock, [pv(network, clock, 1, np.array([0.0, 9.0, 0.0, 0.0]))], 0.5,
                         import_ci_kg_per_mwh=ci, export_price_per_mwh=0.0)  # fmt: skip
    marginal = dispatch(problem).marginal_ci_kg_per_mwh
    assert marginal[0, 0] == pytest.approx(300.0, rel=1e-6)
    assert marginal[1, 0] == pytest.approx(0.0, abs=1e-6)  # curtailed sun covers it
    assert (marginal[2:, 2] > ci[2:]).all()  # losses on the way
    assert (marginal[2:, 2] < 1.1 * ci[2:]).all()


def test_a_cap_on_carbon_is_kept_and_its_price_is_what_it_costs() -> None:
    problem = city_problem(grid_limits=False)
    free = dispatch(problem)
    emitted = float(free.import_mw @ problem.import_ci_kg_per_mwh)
    capped = [dispatch(replace(problem, carbon_cap_kg=share * emitted)) for share in (0.99, 0.989)]
    for schedule, share in zip(capped, (0.99, 0.989), strict=True):
        assert schedule.import_mw @ problem.import_ci_kg_per_mwh <= share * emitted * (1 + 1e-9)
    (price,) = capped[0].carbon_cap_price_per_kg
    assert price > 0
    slope = (capped[1].lp_cost - capped[0].lp_cost) / (0.001 * emitted)
    later = capped[1].carbon_cap_price_per_kg[0]
    assert price - 1e-9 <= slope <= later + 1e-9


def test_a_price_that_high_brings_what_the_cap_brings() -> None:
    problem = city_problem(grid_limits=False)
    emitted = float(dispatch(problem).import_mw @ problem.import_ci_kg_per_mwh)
    capped = dispatch(replace(problem, carbon_cap_kg=0.99 * emitted))
    priced = dispatch(replace(problem, carbon_price_per_kg=1.001 * capped.carbon_cap_price_per_kg[0]))
    assert priced.import_mw @ problem.import_ci_kg_per_mwh <= 0.99 * emitted * (1 + 1e-6)


def test_the_specifications_day_holds_in_pandapower_within_a_two_thousandth() -> None:
    problem = oberrhein_problem()
    schedule = dispatch(problem)
    assert not schedule.shortfalls
    assert abs(schedule.quality.deviation) < 5e-4
    assert schedule.quality.gap is None  # an upper limit of voltage binds
    assert "voltage from above" in schedule.quality.why_no_bound
    high, low, loading = violations_in_runpp(problem, schedule, [0, 40, 48, 56, 76])
    assert high <= VM_MAX_PU + 1e-4
    assert low >= 0.95 - 1e-4
    assert loading <= 100.2
    assert {limit.quantity for limit in schedule.binding} == {"vm_pu"}
    without = dispatch(replace(problem, reactive=False))
    assert without.quality.ac_cost > schedule.quality.ac_cost  # inverters help
    assert not without.q_mvar


def test_a_limit_that_cannot_be_kept_is_named_with_its_place_and_size() -> None:
    clock, network = clock_of(2), feeder(3, max_i_ka=0.05)
    p = np.zeros((2, 3))
    p[1, 2] = 3.0
    schedule = dispatch(problem_on(network, clock, [battery(network, clock, 1, e_mwh=0.1, e_start=0.0)], p,
                                   loading_max_percent=100.0, vm_min_pu=0.97))  # fmt: skip
    assert {(s.step, s.quantity) for s in schedule.shortfalls} == {(1, "loading_percent"), (1, "vm_pu")}
    worst = max((s for s in schedule.shortfalls if s.quantity == "loading_percent"), key=lambda s: s.value)
    assert worst.element == "line 1"
    assert worst.value > 300
    assert not schedule.quality.is_bound


def test_a_cost_that_falls_without_end_names_the_way() -> None:
    def with_gift(m: Any) -> None:
        import pyomo.environ as pyo  # noqa: PLC0415

        m.gift = pyo.Var(bounds=(0, None))
        m.thanks = pyo.Constraint(expr=m.gift >= 1)
        m.cost.set_value(m.cost.expr - m.gift)

    problem = replace(city_problem(grid_limits=False), extend=with_gift)
    with pytest.raises(UnboundedDispatchError) as caught:
        dispatch(problem)
    assert caught.value.direction[0][0] == "gift"


def test_a_users_constraint_and_term_of_the_objective_hold() -> None:
    def gentle(m: Any) -> None:
        import pyomo.environ as pyo  # noqa: PLC0415

        m.gentle = pyo.Constraint(m.T, rule=lambda m, t: m.charge_mw[0, t] + m.discharge_mw[0, t] <= 0.25)
        m.cost.set_value(m.cost.expr + 7.0 * m.discharge_mw[0, 3])

    problem = city_problem(grid_limits=False)
    usual, bound = dispatch(problem), dispatch(replace(problem, extend=gentle))
    assert np.abs(usual.p_mw["battery 2"]).max() > 0.9
    assert np.abs(bound.p_mw["battery 2"]).max() <= 0.25 + 1e-9
    assert bound.p_mw["battery 2"][3] > -1e-9
    assert bound.lp_cost > usual.lp_cost


def test_each_month_of_a_window_has_its_own_peak() -> None:

    clock, network = clock_of(4, start=datetime(2030, 1, 31, 22, tzinfo=UTC)), feeder()
    p = np.zeros((4, 3))
    p[:, 2] = [1.0, 2.0, 3.0, 0.5]
    idle = battery(network, clock, 2, p_mw=1e-3, e_mwh=1e-3, e_start=0.0)
    schedule = dispatch(problem_on(network, clock, [idle], p, demand_charge_per_mw_month=10.0, grid_limits=False))
    assert schedule.costs.peak == pytest.approx(10 * (2 + 3), abs=0.05)


def test_a_caller_may_cancel_and_every_promise_is_kept_in_what_is_left() -> None:
    clock, network = clock_of(24), feeder()
    price = 60 + 30 * np.cos(np.arange(24) / 2)
    store = battery(network, clock, 2)
    cars = fleet(network, clock, 4, 30)
    problem = problem_on(network, clock, [store, cars], 0.4, import_price_per_mwh=price, horizon_steps=6)
    schedule = dispatch(problem, lambda done, _: done < 12)
    assert schedule.decided_steps == 12
    assert schedule.optimality_gap == np.inf
    assert np.abs(schedule.p_mw["battery 2"][:12]).max() > 0.5
    assert np.isfinite(schedule.import_mw[:12]).all()
    assert np.isnan(schedule.import_mw[12:]).all()
    for device in (store, cars):
        assert device.reservoir is not None
        assert (final_energy(device, schedule.p_mw[device.name]) >= device.reservoir.e_end_mwh - 1e-6).all()
    assert dispatch(replace(problem, time_limit_s=0.0)).decided_steps == 0
    assert dispatch(problem).optimality_gap == 0.0


def test_a_dispatch_called_off_within_a_window_takes_it_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "ASK_EVERY_S", -1.0)
    clock, network = clock_of(24), feeder()
    price = 60 + 30 * np.cos(np.arange(24) / 2)
    devices = [battery(network, clock, 2), fleet(network, clock, 4, 60)]
    problem = problem_on(network, clock, devices, 0.4, import_price_per_mwh=price)
    asked: list[int] = []
    best = dispatch(problem, lambda done, _: asked.append(done))
    times = len([done for done in asked if not done])
    left = iter(range(times - 5))
    schedule = dispatch(problem, lambda _done, _of: next(left, None) is not None)
    assert schedule.decided_steps == 0
    assert 0 <= schedule.optimality_gap < 0.05
    assert schedule.quality.ac_cost == pytest.approx(best.quality.ac_cost, rel=0.01)
    assert not schedule.quality.is_bound
    assert np.isfinite(schedule.import_mw).all()
    assert np.isnan(schedule.nodal_price_per_mwh).all()


def test_a_store_keeps_what_is_worth_more_later() -> None:
    clock, network = clock_of(24), feeder()
    price = np.where(np.arange(24) < 12, 50.0, 120.0)
    store = battery(network, clock, 2)
    rolling = {"import_price_per_mwh": price, "horizon_steps": 12, "look_ahead_steps": 0}
    blind = problem_on(network, clock, [store], 0.4, **rolling)
    energies = [
        store.energy_mwh(dispatch(replace(blind, stored_value_per_mwh=worth)).p_mw[store.name])[[11, 23]]
        for worth in (0.0, 100.0)
    ]
    np.testing.assert_allclose(energies, [[2.0, 2.0], [4.0, 2.0]], atol=1e-6)


def test_what_is_stored_when_the_clock_ends_is_worth_nothing_beyond_what_is_due() -> None:
    clock, network = clock_of(24), feeder()
    store = battery(network, clock, 2)
    rolling = {"import_price_per_mwh": np.full(24, 50.0), "horizon_steps": 12, "look_ahead_steps": 0}
    problem = problem_on(network, clock, [store], 0.4, stored_value_per_mwh=500.0, **rolling)
    energy = store.energy_mwh(dispatch(problem).p_mw[store.name])
    np.testing.assert_allclose(energy[[11, 23]], [4.0, 2.0], atol=1e-6)


def test_marginal_carbon_is_that_of_the_marginal_import() -> None:
    clock, network = clock_of(4), feeder()
    idle = battery(network, clock, 2, p_mw=1e-3, e_mwh=1e-3, e_start=0.0)
    problem = problem_on(network, clock, [idle], 0.4, grid_limits=False)
    marginal = np.array([900.0, 0.0, 400.0, 700.0])
    schedule = dispatch(replace(problem, import_marginal_ci_kg_per_mwh=marginal))
    np.testing.assert_allclose(schedule.marginal_ci_kg_per_mwh, np.repeat(marginal[:, None], 3, axis=1), atol=1e-6)
    with pytest.raises(InputError, match="import_marginal_ci_kg_per_mwh"):
        replace(problem, import_marginal_ci_kg_per_mwh=marginal[:2])


def test_two_threads_give_what_one_gives() -> None:
    problems = [city_problem(), oberrhein_problem(n_steps=24)]
    alone = [dispatch(problem) for problem in problems]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(dispatch, problems))
    for a, b in zip(alone, together, strict=True):
        for name in a.p_mw:
            np.testing.assert_array_equal(a.p_mw[name], b.p_mw[name])


def test_a_warm_solver_gives_what_a_fresh_one_gives() -> None:
    clock, network = clock_of(48), feeder()
    price = 60 + 30 * np.cos(np.arange(48) / 3)
    problem = problem_on(
        network, clock, [battery(network, clock, 2)], 0.4, import_price_per_mwh=price, horizon_steps=12
    )
    rolled = dispatch(problem)
    whole = [dispatch(_part(problem, k)) for k in range(4)]
    assert rolled.lp_cost == pytest.approx(sum(part.lp_cost for part in whole), rel=1e-7)


def _part(problem: DispatchProblem, k: int) -> DispatchProblem:
    at = slice(12 * k, 12 * (k + 1))
    clock = problem.clock.window(at.start, at.stop)
    return replace(
        problem, clock=clock, p_fixed_mw=problem.p_fixed_mw[at], q_fixed_mvar=problem.q_fixed_mvar[at],
        flexibilities=(battery(problem.network, clock, 2),), import_price_per_mwh=problem.import_price_per_mwh[at],
        export_price_per_mwh=problem.export_price_per_mwh[at], import_ci_kg_per_mwh=problem.import_ci_kg_per_mwh[at],
    )  # fmt: skip


def test_a_wider_limit_of_voltage_never_raises_the_cost() -> None:
    narrow = oberrhein_problem(n_steps=24)
    costs = [dispatch(replace(narrow, vm_max_pu=np.full(narrow.vm_max_pu.shape, limit))).lp_cost
             for limit in (1.035, 1.04, 1.05)]  # fmt: skip
    assert costs[0] >= costs[1] - 1e-3 * abs(costs[1])
    assert costs[1] >= costs[2] - 1e-3 * abs(costs[2])


def test_all_faults_of_a_problem_come_at_once() -> None:
    clock = clock_of(4)
    network, _, _ = builtin("mv_oberrhein")

    price = np.full(4, 50.0)
    price[2] = np.nan
    both = replace(pv(network, clock, 3, np.ones(4)), p_max_mw=PerSlot(np.ones(4)), wear_cost_per_mwh=np.array([5.0]))
    with pytest.raises(InputError) as caught:
        problem_on(network, clock, [both, both], 0.1, import_price_per_mwh=price, vm_min_pu=1.1, vm_max_pu=1.0,
                   carbon_cap_kg=-1.0)  # fmt: skip
    text = str(caught.value)
    for part in ("import_price_per_mwh: must be finite; step 2", "must not exceed vm_max_pu", "carbon_cap_kg",
                 "two flexibilities have this name", "it must either draw or feed in"):  # fmt: skip
        assert part in text, part
