"""The runs that no other betters."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.studies.ensembles.frontier import non_dominated, pareto_frontier
from app.studies.ensembles.runs import Ensemble
from grid.errors import InputError

COSTS = [(1.0, 9.0), (2.0, 9.0), (3.0, 5.0), (3.0, 5.0), (4.0, 6.0), (6.0, 2.0), (6.0, 3.0), (9.0, 2.0), (10.0, 1.0)]
ON_FRONTIER = [True, False, True, True, False, True, False, False, True]
"""By hand: the second costs more at the same emissions, the fifth and the seventh are worse in both or in one, the
eighth costs more at the same; the third and the fourth are equal."""

points = arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(0, 9).map(float))


def ensemble(costs: list[tuple[float, float]]) -> Ensemble:
    x, y = np.array(costs).T
    names = [f"run {number}" for number in range(len(x))]
    columns = {"name": names, "status": ["done"] * len(x), "cost": x, "emissions_t": y, "vm_min_pu": -x, "kind": names}
    figures = ("cost", "emissions_t", "renewable_share", "vm_min_pu")
    return Ensemble("store", pl.DataFrame({**columns, "renewable_share": -y}), ("kind",), figures, "EUR")


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a <= b).all() and (a < b).any())


def test_a_frontier_made_by_hand() -> None:
    found = pareto_frontier(ensemble(COSTS), "cost", "emissions_t")
    assert (found.x, found.y) == (("cost", "lower"), ("emissions_t", "lower"))
    assert found.runs["on_frontier"].to_list() == ON_FRONTIER
    assert found.table()["cost"].to_list() == [1, 3, 3, 6, 10]


def test_the_better_direction_is_that_of_the_key_figure() -> None:
    lower = pareto_frontier(ensemble(COSTS), "cost", "emissions_t").table()
    higher = pareto_frontier(ensemble(COSTS), "cost", "renewable_share")
    assert higher.y == ("renewable_share", "higher")
    assert higher.table()["name"].to_list() == lower["name"].to_list()
    turned = pareto_frontier(ensemble(COSTS), "cost", "renewable_share", (None, "lower"))
    assert turned.table()["name"].to_list() == ["run 0"]


@given(points)
def test_the_frontier_is_what_none_dominates(costs: np.ndarray) -> None:
    expected = [not any(dominates(other, point) for other in costs) for point in costs]
    assert non_dominated(costs).tolist() == expected
    assert any(expected)


@given(points, st.data())
def test_adding_a_dominated_run_never_changes_the_frontier(costs: np.ndarray, data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(costs) - 1))
    worse = costs[which] + data.draw(st.sampled_from([(0.0, 1.0), (2.0, 0.0), (1.0, 3.0)]))
    assert non_dominated(np.vstack([costs, worse])).tolist() == [*non_dominated(costs), False]


@given(points, st.permutations(range(30)))
def test_the_order_of_the_runs_does_not_matter(costs: np.ndarray, order: list[int]) -> None:
    places = [place for place in order if place < len(costs)]
    np.testing.assert_array_equal(non_dominated(costs[places]), non_dominated(costs)[places])


def test_what_has_no_frontier_is_refused_at_once() -> None:
    with pytest.raises(InputError) as refused:
        pareto_frontier(ensemble(COSTS), "vm_min_pu", "kind")
    text = str(refused.value)
    assert "--x-better: neither of two values of vm_min_pu is declared better: say `lower` or `higher`" in text
    assert "--y: is no number, so it has no better value; got 'kind'" in text
    with pytest.raises(InputError, match=r"--y: no such column; got 'emission_t'; did you mean 'emissions_t'\?"):
        pareto_frontier(ensemble(COSTS), "cost", "emission_t")
    with pytest.raises(InputError, match=r"--x: no such column; got 'cots'.*\n.*--y: no such column; got 'emission_t'"):
        pareto_frontier(ensemble(COSTS), "cots", "emission_t")
    with pytest.raises(InputError, match="--y: must be another figure than --x; got 'cost'"):
        pareto_frontier(ensemble(COSTS), "cost", "cost")


def test_runs_that_do_not_count_are_said() -> None:
    base = ensemble(COSTS)
    status = pl.Series("status", ["infeasible", *["done"] * 7, "failed"])
    found = pareto_frontier(Ensemble("store", base.runs.with_columns(status), (), base.figures), "cost", "emissions_t")
    assert found.notes == ("left out: 1 run infeasible", "left out: 1 run failed")
    assert found.table()["name"].to_list() == ["run 1", "run 2", "run 3", "run 5"]
