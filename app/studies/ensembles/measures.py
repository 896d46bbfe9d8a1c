"""How much a parameter moves a key figure: Sobol indices, and rank correlation, each with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import bootstrap, rankdata

from grid.arrays import Floats, Ints

CONFIDENCE = 0.95
"""Confidence of every interval."""
RESAMPLES = 999
"""Resamples of a bootstrap."""
_NOTHING = 1e-9
"""Relative size of what rounding leaves of ranks that are a sum of others."""


@dataclass(frozen=True)
class Measure:
    """A number for each parameter, with its interval of confidence.

    Args:
        name: What it is, as a column is called.
        label: What it is, in words.
        value: The numbers, shape (d,), without a unit.
        low: Lower ends of the intervals, shape (d,).
        high: Upper ends, shape (d,).
    """

    name: str
    label: str
    value: Floats
    low: Floats
    high: Floats

    def take(self, order: Ints) -> Measure:
        """The same with its parameters in another order."""
        return Measure(self.name, self.label, self.value[order], self.low[order], self.high[order])


def sobol_measures(f_a: Floats, f_b: Floats, f_ab: Floats, rng: np.random.Generator) -> tuple[Measure, Measure]:
    """Sobol indices of first order and total, from the runs of a Saltelli design.

    First order by [1], total by [2]. The intervals are percentiles of a bootstrap over the samples, in which the runs
    of a sample stay together [3].

    Args:
        f_a: Figure at the runs of A, shape (n,).
        f_b: Figure at the runs of B, shape (n,).
        f_ab: Figure at the runs of A with parameter i of B, shape (d, n).
        rng: Chooses the resamples.

    Returns:
        Share of the variance that a parameter explains by itself, and share that goes with it, interactions included.

    References:
        [1] A. Saltelli et al., "Variance based sensitivity analysis of model output. Design and estimator for the total
            sensitivity index", Computer Physics Communications, vol. 181, pp. 259-270, 2010, table 2 (b).
        [2] M. J. W. Jansen, "Analysis of variance designs for model output", Computer Physics Communications, vol. 117,
            pp. 35-43, 1999.
        [3] G. E. B. Archer, A. Saltelli, I. M. Sobol', "Sensitivity measures, ANOVA-like techniques and the use of
            bootstrap", J. Statistical Computation and Simulation, vol. 58, pp. 99-120, 1997.
    """
    mean = (f_a.mean() + f_b.mean()) / 2
    a, b, ab = f_a - mean, f_b - mean, f_ab - mean

    def indices(samples: np.ndarray) -> Floats:
        a_, b_, ab_ = a[samples], b[samples], ab[:, samples]
        variance = np.var([a_, b_])
        first = (b_ * (ab_ - a_)).mean(axis=1)
        total = ((a_ - ab_) ** 2).mean(axis=1) / 2
        return np.array([first, total]) / variance if variance > 0 else np.zeros((2, len(ab)))

    every = np.arange(f_a.size)
    found = indices(every)
    interval = bootstrap(
        (every,), indices, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile", rng=rng
    ).confidence_interval
    return (
        Measure("first_order", "first order", found[0], interval.low[0], interval.high[0]),
        Measure("total", "total", found[1], interval.low[1], interval.high[1]),
    )


def grid_measures(figure: Floats) -> tuple[Measure, Measure]:
    """Sobol indices over a full grid, all of whose values are equally likely: nothing is estimated.

    Args:
        figure: The figure at each combination, an axis a parameter.
    """
    axes, variance = range(figure.ndim), figure.var()
    first = np.array([figure.mean(axis=tuple(a for a in axes if a != axis)).var() for axis in axes]) / variance
    total = np.array([1 - figure.mean(axis=axis).var() / variance for axis in axes])
    return Measure("first_order", "first order", first, first, first), Measure("total", "total", total, total, total)


def rank_measures(values: Floats, figure: Floats) -> tuple[Measure, Measure]:
    """Spearman's rank correlation of each parameter with a figure, and that with the other parameters held [1].

    The intervals are Fisher's, with the variance of [2] for Spearman's.

    Args:
        values: Values of the parameters, shape (n, d); no parameter is a linear function of others, n ≥ d + 3.
        figure: The figure, shape (n,).

    References:
        [1] S. Marino et al., "A methodology for performing global uncertainty and sensitivity analysis in systems
            biology", J. Theoretical Biology, vol. 254, pp. 178-196, 2008.
        [2] D. G. Bonett, T. A. Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
            correlations", Psychometrika, vol. 65, pp. 23-28, 2000.
    """
    runs, parameters = values.shape
    ranks = rankdata(np.column_stack([values, figure]), axis=0)
    simple = np.corrcoef(ranks, rowvar=False)[:-1, -1]
    partial = np.array([_partial(ranks, parameter) for parameter in range(parameters)])
    return (
        _correlation("rank_correlation", "rank correlation", simple, np.sqrt((1 + simple**2 / 2) / (runs - 3))),
        _correlation(
            "partial_rank_correlation", "with the others held", partial,
            np.full(parameters, 1 / math.sqrt(runs - parameters - 2)),
        ),
    )  # fmt: skip


def _partial(ranks: Floats, parameter: int) -> float:
    """Correlation of one column with the last, of what the other columns leave of both; 0 if they leave nothing."""
    others = np.column_stack([np.ones(len(ranks)), np.delete(ranks, [parameter, ranks.shape[1] - 1], axis=1)])
    both = ranks[:, [parameter, -1]]
    left = both - others @ np.linalg.lstsq(others, both)[0]
    size = np.linalg.norm(left, axis=0)
    if (size <= _NOTHING * np.linalg.norm(both, axis=0)).any():
        return 0.0
    return float(left[:, 0] @ left[:, 1] / size.prod())


def _correlation(name: str, label: str, value: Floats, error: Floats) -> Measure:
    """A correlation with the interval of its Fisher transform, of standard error `error`."""
    value = np.clip(value, -1.0, 1.0)
    with np.errstate(divide="ignore"):  # a perfect correlation has a certain transform at infinity
        centre = np.arctanh(value)
    reach = ndtri((1 + CONFIDENCE) / 2) * error
    return Measure(name, label, value, np.tanh(centre - reach), np.tanh(centre + reach))
