"""Which parameters move a figure: published indices, and what a design cannot tell."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy.stats import qmc, rankdata, sobol_indices

from app.studies.ensembles.designs import saltelli_design
from app.studies.ensembles.measures import rank_measures, sobol_measures
from app.studies.ensembles.runs import Ensemble
from app.studies.ensembles.sensitivity import sensitivity
from grid.errors import InputError
from tests.app.studies.ensembles.ishigami import FIRST, PARAMETERS, TOTAL, as_runs, ishigami, saltelli_points


def by_parameter(found: pl.DataFrame, column: str) -> list[float]:
    return [found.filter(pl.col("parameter") == name)[column].item() for name in PARAMETERS]


def test_sobol_indices_are_the_published_ones_and_within_their_intervals() -> None:
    points = saltelli_points(4096, seed=3)
    found = sensitivity(as_runs(points, ishigami(points)), "cost")
    assert found.method == "Sobol indices"
    assert "4096 samples" in found.why
    table = found.table()
    for name, published in (("first_order", FIRST), ("total", TOTAL)):
        assert by_parameter(table, name) == pytest.approx(published, abs=0.005)
        low, high = by_parameter(table, f"{name}_low"), by_parameter(table, f"{name}_high")
        assert all(a - 5e-5 <= value <= b + 5e-5 for a, value, b in zip(low, published, high, strict=True))
        assert max(b - a for a, b in zip(low, high, strict=True)) < 0.1
    assert found.parameters == ("x1", "x2", "x3")  # by their total


def test_the_estimators_are_those_of_scipy() -> None:
    rng = np.random.default_rng(3)
    f_a, f_b, f_ab = rng.normal(size=64), rng.normal(size=64), rng.normal(size=(5, 64))
    theirs = sobol_indices(func={"f_A": f_a[None], "f_B": f_b[None], "f_AB": f_ab[:, None, :]}, n=64)
    first, total = sobol_measures(f_a, f_b, f_ab, rng)
    np.testing.assert_allclose(first.value, theirs.first_order, rtol=1e-12)
    np.testing.assert_allclose(total.value, theirs.total_order, rtol=1e-12)


def test_the_same_runs_give_the_same_intervals() -> None:
    points = saltelli_points(32)
    runs = as_runs(points, ishigami(points))
    assert sensitivity(runs, "cost").table().equals(sensitivity(runs, "cost").table())


def matrix_by_matrix(samples: int) -> np.ndarray:
    points = saltelli_points(samples).reshape(samples, 5, 3)
    return points[:, [0, 4, 1, 2, 3]].transpose(1, 0, 2).reshape(-1, 3)


@pytest.mark.parametrize("points", [saltelli_points(8), matrix_by_matrix(8)], ids=["by sample", "by matrix"])
def test_a_saltelli_design_is_recognised_by_its_values(points: np.ndarray) -> None:
    design = saltelli_design(as_runs(points, points[:, 0]).runs, PARAMETERS)
    assert design is not None
    for parameter in range(3):
        expected = points[design.a[:, 0]].copy()
        expected[:, parameter] = points[design.b[:, 0], parameter]
        np.testing.assert_array_equal(points[design.ab[parameter, :, 0]], expected)


def with_record(points: np.ndarray, figure: Callable[[np.ndarray, int], np.ndarray], weathers: int) -> Ensemble:
    """A Saltelli design, matrix by matrix, each run once with each weather, as a store's record describes it."""
    samples = len(points) // 5
    matrix, column = ["A", "B", "AB", "AB", "AB"], ["", "", *PARAMETERS]
    parts = []
    for weather in range(weathers):
        part = as_runs(points, figure(points, weather)).runs.with_columns(
            pl.Series("sample", np.tile(np.arange(samples), 5)), pl.Series("matrix", np.repeat(matrix, samples)),
            pl.Series("column", np.repeat(column, samples)), pl.lit(f"weather={weather}").alias("replication"),
            pl.lit(f"station {weather}").alias("weather"))  # fmt: skip
        parts.append(part.with_columns(pl.format("{} {}", "name", "weather").alias("name")))
    runs = pl.concat(parts).sort("sample", "column", "matrix", maintain_order=True)
    return Ensemble("store", runs, (*PARAMETERS, "weather"), ("cost",))


def test_replications_of_a_saltelli_design_are_averaged() -> None:
    points = matrix_by_matrix(64)
    plain = sensitivity(as_runs(points, ishigami(points)), "cost")
    found = sensitivity(with_record(points, lambda x, weather: ishigami(x) + (3 * weather - 3) * x[:, 0], 3), "cost")
    assert found.method == "Sobol indices"
    assert found.notes == ("the figure is the mean of 3 replications",)
    assert found.parameters == plain.parameters
    for ours, expected in zip(found.measures, plain.measures, strict=True):
        np.testing.assert_allclose(ours.value, expected.value, rtol=1e-9, atol=1e-12)


def test_replications_of_a_sample_are_no_runs_of_their_own() -> None:
    points = qmc.LatinHypercube(3, rng=3).random(50)
    alone = sensitivity(as_runs(points, ishigami(points)), "cost")
    runs = pl.concat(
        as_runs(points, ishigami(points) + weather).runs.with_columns(
            pl.Series("sample", range(50)), pl.lit("").alias("matrix"), pl.lit("").alias("column"),
            pl.lit(str(weather)).alias("replication"), pl.lit(weather).alias("seed"))
        for weather in (-1, 1)
    )  # fmt: skip
    found = sensitivity(Ensemble("store", runs, (*PARAMETERS, "seed"), ("cost",)), "cost")
    assert (found.runs, found.notes) == (50, ("the figure is the mean over 2 replications of each run",))
    np.testing.assert_allclose(found.measures[1].low, alone.measures[1].low, atol=1e-12)
    broken = runs.with_columns(pl.when(pl.int_range(pl.len()) == 7).then(None).otherwise("cost").alias("cost"))
    less = sensitivity(Ensemble("store", broken, (*PARAMETERS, "seed"), ("cost",)), "cost")
    assert less.runs == 49
    assert less.notes[-1] == "left out: 1 of them, which lack replications"


def test_a_sample_is_no_saltelli_design() -> None:
    points = qmc.LatinHypercube(3, rng=1).random(40)
    assert saltelli_design(as_runs(points, points[:, 0]).runs, PARAMETERS) is None


def test_a_full_grid_gives_its_indices_exactly() -> None:
    levels = np.array(np.meshgrid([-1.0, 0, 1], [0.0, 1], [5.0, 6, 7, 8], indexing="ij")).reshape(3, -1).T
    order = np.random.default_rng(0).permutation(len(levels))  # the order of the runs does not matter
    x, y, _ = levels[order].T
    found = sensitivity(as_runs(levels[order], x + 2 * y + 3 * x * y), "cost")
    assert found.method == "Sobol indices of a full grid"
    # x + 2 y + 3 x y = 1 + 2.5 x + 2 (y - 1/2) + 3 x (y - 1/2), orthogonal terms of variance 25/6, 1 and 3/2
    whole = 25 / 6 + 1 + 1.5
    table = found.table()
    assert by_parameter(table, "first_order") == pytest.approx([25 / 6 / whole, 1 / whole, 0], abs=1e-12)
    assert by_parameter(table, "total") == pytest.approx([(25 / 6 + 1.5) / whole, 2.5 / whole, 0], abs=1e-12)


def test_a_hypercube_gives_rank_correlations() -> None:
    points = qmc.LatinHypercube(3, rng=2).random(200)
    noise = 0.1 * np.random.default_rng(1).normal(size=200)
    found = sensitivity(as_runs(points, np.exp(3 * points[:, 0]) - points[:, 1] + noise), "cost")
    assert found.method == "rank correlation"
    assert found.parameters == ("x1", "x2", "x3")
    simple, partial = (by_parameter(found.table(), name) for name in ("rank_correlation", "partial_rank_correlation"))
    assert simple[0] > 0.9
    assert partial[1] < -0.6 < simple[1]  # with x1 held, the effect of x2 stands out
    low, high = (by_parameter(found.table(), f"partial_rank_correlation_{end}")[2] for end in ("low", "high"))
    assert low < 0 < high


def test_partial_correlation_is_that_of_the_inverse_matrix() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(50, 4))
    figure = values @ [1, -2, 0, 0.5] + rng.normal(size=50)
    inverse = np.linalg.inv(np.corrcoef(rankdata(np.column_stack([values, figure]), axis=0), rowvar=False))
    expected = -inverse[:-1, -1] / np.sqrt(np.diag(inverse)[:-1] * inverse[-1, -1])
    np.testing.assert_allclose(rank_measures(values, figure)[1].value, expected, rtol=1e-9)


def test_nine_intervals_of_ten_and_more_hold_the_truth() -> None:
    rng, truth = np.random.default_rng(7), 6 / math.pi * math.asin(0.6 / 2)  # Spearman's of a normal pair with 0.6
    held = 0
    for _ in range(300):
        x, other = rng.normal(size=(2, 60))
        measure = rank_measures(x[:, None], 0.6 * x + 0.8 * other)[0]
        held += bool(measure.low[0] <= truth <= measure.high[0])
    assert 0.92 <= held / 300 <= 0.98


def test_a_figure_that_one_parameter_decides() -> None:
    points = qmc.LatinHypercube(2, rng=2).random(30)
    table = sensitivity(as_runs(points, points[:, 0] ** 3), "cost").table()
    assert table["parameter"].to_list() == ["x1", "x2"]
    assert table["partial_rank_correlation"].to_list() == [pytest.approx(1), 0]
    assert table["rank_correlation_high"][0] == 1


def test_an_incomplete_saltelli_design_falls_back_on_its_samples() -> None:
    points = saltelli_points(32)
    ensemble = as_runs(points, ishigami(points), ["failed", "infeasible", *["done"] * (len(points) - 2)])
    found = sensitivity(ensemble, "cost")
    assert found.method == "rank correlation"
    assert found.why.startswith("2 runs of the Saltelli design do not count")
    assert found.notes == ("left out: 1 run failed", "left out: 1 run infeasible")
    assert found.runs == 63  # A and B without the first of A
    counted = sensitivity(ensemble, "cost", with_infeasible=True)
    assert counted.notes == ("left out: 1 run failed", "1 run infeasible and counted")


def paired() -> Ensemble:
    x = np.linspace(0, 1, 20)
    return as_runs(np.column_stack([x, x**2, np.random.default_rng(0).random(20)]), x)


def one_at_a_time() -> Ensemble:
    points = np.concatenate([np.zeros((1, 3)), *(np.outer(np.arange(1, 6), np.eye(3)[axis]) for axis in range(3))])
    return as_runs(points, points.sum(axis=1))


def sum_of_others() -> Ensemble:
    points = np.random.default_rng(0).permuted(np.tile(np.arange(20.0), (3, 1)), axis=1).T
    first, second = np.divmod(np.arange(20), 5)
    points[:, 0], points[:, 1], points[:, 2] = first, second, 10 * first + 2 * second
    return as_runs(points, first - second)


def few() -> Ensemble:
    points = np.random.default_rng(0).random((9, 3))
    return as_runs(points, points[:, 0])


def constant() -> Ensemble:
    points = np.random.default_rng(0).random((20, 3))
    return as_runs(points, np.ones(20))


def nothing_varied() -> Ensemble:
    return as_runs(np.ones((20, 3)), np.arange(20.0))


@pytest.mark.parametrize(
    ("ensemble", "reason"),
    [
        (paired, "x1, x2: were always varied together: nothing tells them apart"),
        (one_at_a_time, "varied one at a time"),
        (few, "needs at least 10 runs that count for a rank correlation; got 9"),
        (constant, "is the same in all 20 runs that count; got 'cost'"),
        (nothing_varied, "nothing was varied in the 20 runs: 20 done"),
    ],
)
def test_what_a_design_cannot_tell_is_refused(ensemble: Callable[[], Ensemble], reason: str) -> None:
    with pytest.raises(InputError, match=reason.replace("(", r"\(")):
        sensitivity(ensemble(), "cost")


def test_names_have_no_order() -> None:
    ensemble = paired()
    kinds = pl.Series("kind", ["chiller", "economiser"] * 10)
    runs = ensemble.runs.drop("x2").with_columns(kinds)
    found = sensitivity(Ensemble("store", runs, ("x1", "kind", "x3"), ("cost",)), "cost")
    assert set(found.parameters) == {"x1", "x3"}
    assert found.notes == ("left out, as its values have no order: kind; a grid or a Saltelli design can tell",)


def test_an_unknown_figure_has_a_nearest_one() -> None:
    points = saltelli_points(8)
    with pytest.raises(InputError, match=r"--figure: no such column; got 'costs'; did you mean 'cost'\?"):
        sensitivity(as_runs(points, ishigami(points)), "costs")
