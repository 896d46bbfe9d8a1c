"""Correlation of errors of the past, as causes in common."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import oas

from grid.arrays import Floats
from grid.twin.estimation.correlation import MOST_CAUSES, independent_share, loadings_of_errors

STEPS = 4000


def correlation(error: Floats) -> Floats:
    """That which the loadings give."""
    loadings = loadings_of_errors(error)
    return np.asarray((loadings.T @ loadings).toarray())


def test_loadings_give_the_correlation_of_the_errors() -> None:
    rng = np.random.default_rng(1)
    true = np.array([[1.0, 0.8, -0.5], [0.8, 1.0, -0.2], [-0.5, -0.2, 1.0]])
    error = rng.multivariate_normal(np.zeros(3), true, STEPS) * [1, 10, 0.1]
    np.testing.assert_allclose(correlation(error), true, atol=0.05)
    np.testing.assert_allclose(np.diag(correlation(error)), 1)


def test_of_independent_rows_it_is_drawn_towards_none_as_scikit_learn_does() -> None:
    rng = np.random.default_rng(2)
    error = rng.standard_normal((60, 50)) + rng.standard_normal((60, 1))
    z = error / np.sqrt((error**2).mean(axis=0))
    found, _ = oas(z, assume_centered=True)  # leaves the 2 / N of the paper out
    off = ~np.eye(50, dtype=bool)
    assert independent_share(z).mean() > 0.8
    np.testing.assert_allclose(correlation(error)[off], found[off], atol=0.002)
    assert np.abs(correlation(error)[off]).mean() < 0.99 * np.abs((z.T @ z / 60)[off]).mean()


def test_errors_that_last_count_as_fewer_and_are_drawn_further() -> None:
    rng = np.random.default_rng(3)
    few = rng.standard_normal((40, 12)) + rng.standard_normal((40, 1))
    lasting = np.repeat(few, 100, axis=0)
    assert independent_share(lasting) == pytest.approx(np.full(12, 1 / 200), rel=0.5)
    off = ~np.eye(12, dtype=bool)
    assert np.abs(correlation(lasting)[off]).mean() < np.abs(np.corrcoef(few.T)[off]).mean()


def test_the_independent_share_of_an_autoregression() -> None:
    rng, z = np.random.default_rng(4), np.zeros(100_000)
    noise = rng.standard_normal(z.size)
    for k in range(1, z.size):
        z[k] = 0.9 * z[k - 1] + noise[k]
    assert float(independent_share(z)) == pytest.approx(0.1 / 1.9, rel=0.1)
    assert float(independent_share(np.zeros(10))) == 1.0


def test_many_series_have_few_causes_and_err_alone_by_what_is_left() -> None:
    rng, n = np.random.default_rng(5), 3 * MOST_CAUSES
    error = rng.standard_normal((STEPS, n)) + rng.standard_normal((STEPS, 1))
    loadings = loadings_of_errors(error)
    assert loadings.shape == (MOST_CAUSES + n, n)
    found = correlation(error)
    np.testing.assert_allclose(np.diag(found), 1)
    assert np.median(found[~np.eye(n, dtype=bool)]) == pytest.approx(0.5, abs=0.03)


def test_what_never_erred_and_what_stands_alone_have_no_correlation() -> None:
    error = np.random.default_rng(6).standard_normal((STEPS, 3))
    error[:, 1] = 0.0
    found = correlation(error)
    np.testing.assert_array_equal(found[1], [0, 1, 0])
    np.testing.assert_array_equal(correlation(np.zeros((STEPS, 1))), [[1]])
