"""Limits come before any cost, in any currency; prices with and without penalties; what a fixed schedule costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from grid.arrays import Floats
from grid.flexibility.per_slot import PerSlot, values_of
from optimizer.horizon import fixed
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import schedule_totals
from optimizer.problem.weighting import price_unit
from tests.optimizer.rolling_day import rolled
from tests.optimizer.small_cases import battery, clock_of, feeder, must_run, problem_on, pv, realised

pytestmark = pytest.mark.slow

NETWORK = feeder()
SUN = np.array([0.0, 1.0, 2.0, 2.0, 1.0, 0.0])


def in_currency(problem: DispatchProblem, rate: float) -> DispatchProblem:
    """The same problem with all money in another currency."""
    return replace(
        problem,
        import_price_per_mwh=rate * problem.import_price_per_mwh,
        export_price_per_mwh=rate * problem.export_price_per_mwh,
        flexibilities=tuple(f.with_costs_scaled(rate) for f in problem.flexibilities),
        demand_charge_per_mw_month=rate * problem.demand_charge_per_mw_month,
        carbon_price_per_kg=rate * problem.carbon_price_per_kg,
    )


@pytest.mark.parametrize("rate", [160.0, 1e4, 1e-3])
@pytest.mark.parametrize(
    "limits",
    [{"import_max_mw": 2.0}, {"vm_max_pu": 1.001, "vm_min_pu": 0.97}, {"demand_charge_per_mw_month": 400.0}],
    ids=["import", "voltage", "peak"],
)
def test_the_currency_changes_neither_schedule_nor_limits(rate: float, limits: dict[str, float]) -> None:
    problem = rolled(**limits)
    one, other = dispatch(problem), dispatch(in_currency(problem, rate))
    assert not one.shortfalls
    assert not other.shortfalls
    assert other.quality.ac_cost / rate == pytest.approx(one.quality.ac_cost, rel=2e-4)
    np.testing.assert_allclose(
        other.nodal_price_per_mwh.mean() / rate, one.nodal_price_per_mwh.mean(), rtol=2e-2
    )  # of schedules of equal cost prices need not be the same


def exporting(price: float) -> tuple[DispatchProblem, Schedule]:
    """Six hours of sun at the end of a line that carries half of it, at a price of export."""
    network = feeder(3, max_i_ka=0.05)
    parks = [pv(network, clock_of(6), 2, SUN)]
    problem = problem_on(network, clock_of(6), parks, 0.1, loading_max_percent=100.0, import_price_per_mwh=price + 50,
                         export_price_per_mwh=price)  # fmt: skip
    return problem, dispatch(problem)


@pytest.mark.parametrize("price", [30.0, 2_325.0, 200_000.0])
def test_no_price_of_export_overloads_a_line(price: float) -> None:
    problem, schedule = exporting(price)
    assert np.nanmax(realised(problem, schedule).loading_percent()) <= 100.2
    assert not schedule.shortfalls
    assert (schedule.nodal_penalty_per_mwh == 0).all()


def test_a_limit_is_exceeded_by_the_least_whatever_that_costs() -> None:
    clock, load = clock_of(4), np.zeros((4, 3))
    load[:, 2] = [1.0, 3.0, 1.0, 1.0]
    store = battery(NETWORK, clock, 2, p_mw=0.5, e_mwh=2.0, e_start=1.0, wear=90_000.0)
    problem = problem_on(NETWORK, clock, [store], load, import_max_mw=1.8, grid_limits=False)
    schedule = dispatch(problem)
    assert schedule.p_mw["battery 2"][1] == pytest.approx(-0.5, abs=1e-6), "though its wear costs more than the penalty"
    (shortfall,) = schedule.shortfalls
    assert shortfall.value == pytest.approx(2.5, abs=1e-6)


def test_prices_are_told_with_and_without_penalties() -> None:
    clock, load = clock_of(4), np.zeros((4, 3))
    load[:, 2] = [1.0, 3.0, 1.0, 1.0]
    store = battery(NETWORK, clock, 2, p_mw=0.01, e_mwh=0.02, e_start=0.01)
    problem = problem_on(NETWORK, clock, [store], load, import_max_mw=1.8)
    schedule = dispatch(problem)
    price, penalty = schedule.nodal_price_per_mwh, schedule.nodal_penalty_per_mwh
    assert (price < 100).all()
    assert (price[:, 0] >= 49).all()
    assert (penalty[1] > 1000).all()
    np.testing.assert_allclose(penalty[[0, 2, 3]], 0.0, atol=1e-6)
    (limit,) = (limit for limit in schedule.binding if limit.element == "import" and limit.penalty > 0)
    assert (limit.step, limit.quantity) == (1, "import_mw")
    assert limit.price < 100
    assert limit.penalty > 1000


def test_a_cap_on_carbon_that_nothing_keeps_has_a_penalty_and_no_price() -> None:
    clock, load = clock_of(4), np.zeros((4, 3))
    load[:, 2] = 1.0
    store = battery(NETWORK, clock, 2, p_mw=0.01, e_mwh=0.02, e_start=0.01)
    problem = problem_on(NETWORK, clock, [store], load, carbon_cap_kg=1.0, grid_limits=False)
    schedule = dispatch(problem)
    assert "carbon" in {shortfall.element for shortfall in schedule.shortfalls}
    assert schedule.carbon_cap_price_per_kg == pytest.approx((0.0,), abs=1e-6)
    assert min(schedule.carbon_cap_penalty_per_kg) > 1


def test_units_of_price_are_powers_of_ten_where_the_greatest_is_far_from_usual() -> None:
    def unit(price: float) -> float:
        return price_unit(rolled(import_price_per_mwh=np.full(24, price), export_price_per_mwh=0.0))

    assert [unit(p) for p in (0.0, 40.0, 100.0, 900.0, 2_325.0, 16_000.0, 0.09)] == [
        1.0, 1.0, 1.0, 1.0, 10.0, 100.0, 1e-3,
    ]  # fmt: skip
    assert price_unit(rolled(extend=lambda _model: None, import_price_per_mwh=np.full(24, 1e6))) == 1.0


def test_every_month_of_a_long_window_has_its_peak() -> None:
    clock = clock_of(24 * 100 // 6, minutes=360, start=datetime(2030, 1, 20, tzinfo=UTC))
    load = np.zeros((clock.n_steps, 3))
    load[:, 2] = 1.0
    months = clock.times.astype("datetime64[M]")
    firsts = [int(np.flatnonzero(months == month)[3]) for month in np.unique(months)]
    load[firsts, 2] = [2.0, 3.0, 4.0, 5.0]
    store = battery(NETWORK, clock, 2, p_mw=0.5, e_mwh=3.5, e_start=3.0, eta=1.0)
    schedule = dispatch(problem_on(NETWORK, clock, [store], load, demand_charge_per_mw_month=500.0, grid_limits=False))
    np.testing.assert_allclose(schedule.import_mw[firsts], [1.5, 2.5, 3.5, 4.5], atol=1e-5)
    assert schedule.costs.peak == pytest.approx(500 * 12.0, rel=1e-6)


def fixed_problem(**changes: object) -> DispatchProblem:
    clock = clock_of(6)
    load = np.zeros((6, 3))
    load[:, 2] = [1.0, 2.0, 0.5, -1.0, 1.0, 1.0]
    given = {"demand_charge_per_mw_month": 100.0, "carbon_price_per_kg": 0.05} | changes
    return problem_on(NETWORK, clock, [must_run(NETWORK, clock, 1, 0.3)], load, **given)


def test_a_schedule_without_freedom_costs_what_the_power_flow_says() -> None:
    problem = fixed_problem()
    schedule = dispatch(problem)
    flow = realised(problem, schedule)
    drawn: Floats = flow.slack_mva().real.sum(axis=1)
    np.testing.assert_allclose(schedule.import_mw - schedule.export_mw, drawn, atol=1e-9)
    totals = schedule_totals(problem, schedule)
    assert schedule.costs.total == pytest.approx(totals.cost + 0.05 * totals.emissions_kg, rel=1e-12)
    assert schedule.quality.ac_cost == schedule.lp_cost == schedule.costs.total
    assert schedule.costs.peak == pytest.approx(100 * drawn.max())
    assert schedule.quality.gap == 0.0
    assert schedule.decided_steps == 6
    assert dispatch(fixed_problem(grid_limits=False)).import_mw.sum() == pytest.approx(7.0)


def test_a_fixed_schedule_that_no_power_flow_bears_is_no_bound() -> None:
    problem = fixed_problem()
    heavy = replace(problem, p_fixed_mw=1e4 * problem.p_fixed_mw)
    schedule = dispatch(heavy)
    assert np.isnan(schedule.import_mw).any()
    assert "no solution" in schedule.quality.why_no_bound
    assert schedule.quality.gap is None


def test_what_is_fed_in_wears_and_what_is_drawn_is_worth_something_in_a_fixed_schedule() -> None:
    clock, drawn = clock_of(6), np.array([0.5, 0.0, 0.25, 0.0, 0.0, 1.0])
    pump = replace(must_run(NETWORK, clock, 1, 0.0).decided(drawn), value_per_mwh=np.array([3.0]))
    engine = replace(
        pump.decided(-2.0 * drawn), name="engine", value_per_mwh=np.zeros(1), wear_cost_per_mwh=np.full(1, 7.0)
    )
    costs = dispatch(problem_on(NETWORK, clock, [pump, engine])).costs
    assert costs.value == pytest.approx(-3.0 * 1.75, rel=1e-14)
    assert costs.wear_and_fuel == pytest.approx(7.0 * 3.5, rel=1e-14)


def test_large_given_powers_are_not_copied_and_cost_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = fixed_problem()
    small = dispatch(problem)
    monkeypatch.setattr(fixed, "MOST_BYTES", 0)
    large = dispatch(problem)
    assert large.costs == small.costs
    for flexibility in problem.flexibilities:
        given = values_of(flexibility.p_min_mw)
        if isinstance(flexibility.p_min_mw, PerSlot):
            assert np.shares_memory(large.p_mw[flexibility.name], given)
        assert not large.p_mw[flexibility.name].flags.writeable
        np.testing.assert_array_equal(large.p_mw[flexibility.name], small.p_mw[flexibility.name])
