"""Samples of what may come: each a course of all series over the steps ahead, with what errors have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.errors import InputError
from grid.twin.forecast.forecaster import Forecaster, QuantileForecast
from grid.twin.forecast.quantiles import at_scores

LEAST_PAIRS = 20
"""Pairs of scores below which no correlation is read from them."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """What errors have in common; S series.

    Args:
        step_to_step: Correlation of the normal scores of a series from one step to the next, shape (S,).
        between: That of the scores of different series at the same time, shape (S, S).
    """

    step_to_step: Floats
    between: Floats


def dependence_of(forecasters: Sequence[Forecaster]) -> Dependence:
    """Reads from the backtests what the errors of several series have in common."""
    scores = [forecaster.tested.scores_of(forecaster.method) for forecaster in forecasters]
    step_to_step = np.array([_correlation(z[:, :-1], z[:, 1:]) for z in scores]).clip(0.0, 0.999)
    n = len(scores)
    between = np.eye(n)
    origins = [forecaster.tested.origins.tolist() for forecaster in forecasters]
    for a in range(n):
        for b in range(a):
            both = sorted(set(origins[a]) & set(origins[b]))
            of_a, of_b = ([origins[k].index(step) for step in both] for k in (a, b))
            between[a, b] = between[b, a] = _correlation(scores[a][of_a], scores[b][of_b])
    return Dependence(step_to_step, between)


def sample_paths(
    forecasts: Sequence[QuantileForecast], dependence: Dependence, n_samples: int, rng: np.random.Generator
) -> Floats:
    """Draws courses of all series together, by a Gaussian copula whose correlation falls with distance in time [1].

    Args:
        forecasts: One a series, all for the same H steps.
        dependence: What their errors have in common.
        n_samples: Number of samples N.
        rng: The random numbers.

    Returns:
        Shape (N, H, S) [MW], each within what its series may be.

    Raises:
        InputError: If the forecasts are not for the same steps.

    References:
        [1] P. Pinson, H. Madsen, H. A. Nielsen, G. Papaefthymiou, B. Klöckl, "From probabilistic forecasts to
            statistical scenarios of short-term wind power production", Wind Energy, vol. 12, no. 1, pp. 51-62, 2009.
    """
    if len({forecast.clock for forecast in forecasts}) != 1:
        raise InputError.single("forecasts", "must be for the same steps")
    n_steps, n = forecasts[0].clock.n_steps, len(forecasts)
    new = rng.standard_normal((n_samples, n_steps, n)) @ _root(dependence.between).T
    scores, phi = np.empty_like(new), dependence.step_to_step
    scores[:, 0] = new[:, 0]
    for step in range(1, n_steps):
        scores[:, step] = phi * scores[:, step - 1] + np.sqrt(1 - phi**2) * new[:, step]
    paths = np.stack([at_scores(scores[..., k], f.quantiles_mw) for k, f in enumerate(forecasts)], axis=-1)
    least = np.array([0.0 if forecast.kind != "demand" else -np.inf for forecast in forecasts])
    return np.asarray(np.maximum(paths, least))


def _root(correlation: Floats) -> Floats:
    """A square root of a correlation matrix that may miss being one by rounding or by pairs that differ."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    size = np.sqrt((root**2).sum(axis=1, keepdims=True))
    return np.asarray(root / np.where(size > 0, size, 1.0))


def _correlation(a: Floats, b: Floats) -> float:
    """Correlation of the pairs that are known; 0 where there are few, or one does not vary."""
    known = np.isfinite(a) & np.isfinite(b)
    x, y = a[known], b[known]
    if x.size < LEAST_PAIRS or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])
