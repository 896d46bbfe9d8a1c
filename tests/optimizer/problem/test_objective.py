from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from grid.errors import InputError
from optimizer.horizon.rolling import dispatch
from optimizer.problem.objective import Weights
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.totals import ScheduleTotals, schedule_totals
from tests.optimizer.rolling_day import rolled

pytestmark = pytest.mark.slow

CI = 300 + 200 * np.cos(np.arange(24) / 2)


def problem() -> DispatchProblem:
    return rolled(import_ci_kg_per_mwh=CI)


def best(weights: Weights) -> ScheduleTotals:
    weighed = replace(problem(), objective=weights)
    return schedule_totals(weighed, dispatch(weighed))


def test_each_aim_alone_is_best_at_its_own() -> None:
    cost, carbon, peak = (best(w) for w in (Weights(), Weights(cost=1e-3, carbon_kg=1), Weights(cost=1e-4, peak_mw=1)))
    assert cost.cost == min(t.cost for t in (cost, carbon, peak))
    assert carbon.emissions_kg == min(t.emissions_kg for t in (cost, carbon, peak))
    assert peak.peak_import_mw == min(t.peak_import_mw for t in (cost, carbon, peak))
    assert carbon.emissions_kg < 0.95 * cost.emissions_kg
    assert peak.peak_import_mw < 0.6 * cost.peak_import_mw


def test_weights_of_cost_alone_change_nothing() -> None:
    plain, weighed = dispatch(problem()), dispatch(replace(problem(), objective=Weights(cost=7.0)))
    assert weighed.costs.total == pytest.approx(plain.costs.total, rel=1e-9)
    np.testing.assert_allclose(weighed.nodal_price_per_mwh, 7.0 * plain.nodal_price_per_mwh, rtol=1e-6)


def test_a_weight_of_carbon_is_a_price_of_carbon_and_one_of_the_peak_a_demand_charge() -> None:
    weighed = replace(problem(), objective=Weights(cost=2.0, carbon_kg=0.1, peak_mw=100.0))
    priced = replace(problem(), carbon_price_per_kg=0.05, demand_charge_per_mw_month=50.0)
    one, other = dispatch(weighed), dispatch(priced)
    value = (
        one.costs.total
        + 0.05 * schedule_totals(weighed, one).emissions_kg
        + 50.0 * schedule_totals(weighed, one).peak_import_mw
    )
    assert value == pytest.approx(other.costs.total, rel=1e-3)  # the objectives; their optima need not be the same
    np.testing.assert_allclose(one.nodal_price_per_mwh.mean(), 2.0 * other.nodal_price_per_mwh.mean(), rtol=1e-2)


def test_costs_are_reported_in_currency_whatever_was_weighed() -> None:
    weighed = replace(problem(), objective=Weights(cost=0.0, carbon_kg=1.0))
    schedule = dispatch(weighed)
    assert schedule.quality.ac_cost == pytest.approx(schedule_totals(weighed, schedule).cost, rel=1e-6)
    assert schedule.costs.carbon == 0.0


def test_more_weight_never_raises_what_it_weighs() -> None:
    emitted = [best(Weights(carbon_kg=w)).emissions_kg for w in (0.0, 0.02, 0.1, 1.0)]
    assert all(later <= earlier * (1 + 1e-3) for earlier, later in pairwise(emitted))


def test_weights_that_weigh_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="must weigh something"):
        Weights(cost=0.0)
    with pytest.raises(InputError, match="has 2 problems"):
        Weights(cost=-1.0, carbon_kg=np.nan)
