"""Between which values key figures lie."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from app.studies.ensembles.bands import bands
from app.studies.ensembles.runs import Ensemble
from grid.errors import InputError


def ensemble(costs: np.ndarray, **others: list[object]) -> Ensemble:
    columns = {"name": [f"run {n}" for n in range(len(costs))], "status": ["done"] * len(costs), "cost": costs}
    runs = pl.DataFrame({**columns, **others}, strict=False)
    figures = ("cost", *(name for name in ("emissions_t", "failed_steps") if name in others))
    return Ensemble("store", runs, tuple(name for name in others if name not in ("status", *figures)), figures, "EUR")


def test_bands_are_the_percentiles_of_numpy_and_move_with_the_last_tenth() -> None:
    costs = np.random.default_rng(4).gamma(2.0, 1000.0, 57)
    row = bands(ensemble(costs)).table.row(0, named=True)
    assert (row["figure"], row["unit"], row["runs"]) == ("cost", "EUR", 57)
    for percentile in (10, 50, 90):
        now, before = np.quantile(costs, percentile / 100), np.quantile(costs[:52], percentile / 100)
        assert row[f"p{percentile}"] == pytest.approx(now, rel=1e-12)
        assert row[f"p{percentile}_moved"] == pytest.approx(now - before, abs=1e-9)


def test_runs_that_do_not_count_are_said() -> None:
    costs = np.array([*range(20), np.nan, 1e6, 1e7, 1e8])
    status = ["done"] * 20 + ["failed", "infeasible", "infeasible", "done"]
    solved: list[object] = [0] * 22 + [3, 1]
    runs = ensemble(costs, status=list(status), failed_steps=solved).runs.with_columns(pl.col("cost").fill_nan(None))
    found = bands(Ensemble("store", runs, (), ("cost", "failed_steps")))
    assert found.table["figure"].to_list() == ["cost"]
    assert found.table["runs"].to_list() == [20]
    unsolved = "with steps without a solution of the power flow"
    assert found.notes == ("left out: 1 run failed", "left out: 2 runs infeasible", f"left out: 1 run {unsolved}")
    more = bands(Ensemble("store", runs, (), ("cost", "failed_steps")), with_infeasible=True)
    assert more.table["runs"].to_list() == [21]
    expected = ("left out: 1 run failed", "2 runs infeasible and counted", f"left out: 2 runs {unsolved}")
    assert more.notes == expected


def test_a_figure_that_few_runs_have_is_refused_by_name_and_left_out_otherwise() -> None:
    runs = ensemble(np.arange(20.0), emissions_t=[1.0, 2.0] + [None] * 18)
    assert bands(runs).table["figure"].to_list() == ["cost"]
    with pytest.raises(InputError, match="emissions_t: has values in 2 of the 20 runs that count, and needs 10"):
        bands(runs, ("cost", "emissions_t"))
    with pytest.raises(InputError, match=r"--figures: no such column; got 'emission_t'; did you mean 'emissions_t'\?"):
        bands(runs, ("emission_t",))


def test_too_few_runs_are_refused() -> None:
    with pytest.raises(InputError, match="needs at least 10 runs that count; got 9"):
        bands(ensemble(np.arange(9.0)))


def test_designs_that_are_no_sample_are_said() -> None:
    points = np.array(list(itertools.product(range(5), range(4))))
    grid = bands(ensemble(points.sum(axis=1) * 1.0, x=list(points[:, 0]), y=list(points[:, 1])))
    assert "a grid, not a sample" in grid.notes[0]
    single = np.concatenate([np.zeros((1, 2)), np.outer(range(1, 8), [1, 0]), np.outer(range(1, 8), [0, 1])])
    one = bands(ensemble(single.sum(axis=1), x=list(single[:, 0]), y=list(single[:, 1])))
    assert "one at a time" in one.notes[0]
