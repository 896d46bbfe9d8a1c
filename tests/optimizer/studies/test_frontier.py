from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from grid.errors import InputError
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.totals import schedule_totals
from optimizer.studies.frontier import Frontier, frontier
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def problem() -> DispatchProblem:
    """Cheap hours are dirty, so that cost and carbon pull apart."""
    clock, network = clock_of(24), feeder()
    hours = np.arange(24)
    price = 60 + 30 * np.cos((hours - 19) / 24 * 2 * np.pi)
    ci = 420 - 150 * np.cos((hours - 13) / 24 * 2 * np.pi)
    assets = [battery(network, clock, 2, wear=5.0), fleet(network, clock, 3, wear=10.0)]
    return problem_on(network, clock, assets, 0.5, import_price_per_mwh=price, import_ci_kg_per_mwh=ci)


@pytest.fixture(scope="module")
def found(problem: DispatchProblem) -> Frontier:
    return frontier(problem, 7)


def test_its_ends_are_the_optima_of_cost_and_of_carbon(problem: DispatchProblem, found: Frontier) -> None:
    cheapest = schedule_totals(problem, dispatch(problem))
    assert found.points[0].totals.cost == pytest.approx(cheapest.cost, rel=1e-4)
    only_carbon = replace(
        problem,
        import_price_per_mwh=0.1 * problem.import_ci_kg_per_mwh,
        export_price_per_mwh=np.zeros(24),
        flexibilities=tuple(replace(f, wear_cost_per_mwh=0 * f.wear_cost_per_mwh) for f in problem.flexibilities),
    )
    cleanest = schedule_totals(problem, dispatch(only_carbon))
    assert found.points[-1].totals.emissions_kg == pytest.approx(cleanest.emissions_kg, rel=1e-4)


def test_each_point_is_cleaner_and_dearer_than_the_one_before_and_each_kilogram_costs_more(found: Frontier) -> None:
    assert len(found.points) >= 5
    for cheaper, cleaner in pairwise(found.points):
        assert cleaner.totals.cost > cheaper.totals.cost
        assert cleaner.totals.emissions_kg < cheaper.totals.emissions_kg
    slopes = found.abatement_cost_per_kg()
    assert all(b > a * (1 - 1e-2) for a, b in pairwise(slopes))


def test_the_range_is_worth_the_name(found: Frontier) -> None:
    first, last = found.points[0].totals, found.points[-1].totals
    assert last.emissions_kg < 0.97 * first.emissions_kg
    assert found.dispatches >= len(found.points)


def test_fewer_than_two_points_are_refused(problem: DispatchProblem) -> None:
    with pytest.raises(InputError, match="at least 2"):
        frontier(problem, 1)
    with pytest.raises(InputError, match="nothing to weigh"):
        frontier(replace(problem, import_ci_kg_per_mwh=np.zeros(24)), 3)
