"""Quantiles: how good they are, and what lies between and beyond them."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Levels that are forecast: the median, and the ends of the bands that hold 80 and 90 %."""
BANDS = {0.8: (1, 3), 0.9: (0, 4)}
"""Share that each band is to hold, and the places of its ends in `LEVELS`."""
MOST_SCORE = 3.0
"""Normal score beyond which nothing is extrapolated: one case in 741 on each side."""
SCORES: Floats = np.array([-1.6448536269514729, -1.2815515655446004, 0.0, 1.2815515655446004, 1.6448536269514722])
"""Normal scores of the levels, ``scipy.special.ndtri``, which takes longer to import than all else here."""


def pinball_loss(values: Floats, quantiles: Floats) -> Floats:
    """Mean over the levels of the pinball loss, ``max(a (y - q), (a - 1)(y - q))`` [1], in the unit of the values.

    Args:
        values: What came, shape (...,); NaN where it is not known.
        quantiles: What was forecast at `LEVELS`, shape (..., 5).

    References:
        [1] R. Koenker, G. Bassett, "Regression quantiles", Econometrica, vol. 46, no. 1, pp. 33-50, 1978.
    """
    error, level = np.asarray(values)[..., None] - quantiles, np.array(LEVELS)
    return np.asarray(np.maximum(level * error, (level - 1) * error).mean(axis=-1))


def coverage(values: Floats, quantiles: Floats, share: float) -> float:
    """Share of the known values that lie in the band meant to hold `share` of them [1]; NaN where none is known.

    Args:
        values: Shape (...,); NaN where nothing is known.
        quantiles: Shape (..., 5), ascending, see `LEVELS`.
        share: One of `BANDS` [1].
    """
    low, high = BANDS[share]
    known = np.isfinite(values)
    inside = (values >= quantiles[..., low]) & (values <= quantiles[..., high])
    return float(inside[known].mean()) if known.any() else np.nan


def without_crossing(quantiles: Floats) -> Floats:
    """Quantiles in ascending order, which never makes them worse [1].

    Args:
        quantiles: Shape (..., 5), see `LEVELS`.

    References:
        [1] V. Chernozhukov, I. Fernández-Val, A. Galichon, "Quantile and probability curves without crossing",
            Econometrica, vol. 78, no. 3, pp. 1093-1125, 2010.
    """
    return np.sort(quantiles, axis=-1)


def normal_scores(values: Floats, quantiles: Floats) -> Floats:
    """Where values lie among their quantiles, as a standard normal variable, of their shape.

    Between the levels it is linear, beyond the outer ones it goes on with their slope, as far as `MOST_SCORE`.

    Args:
        values: Shape (...,).
        quantiles: Shape (..., 5), ascending.

    Returns:
        The scores; NaN where a value is not known, or where all quantiles are the same.
    """
    y, q = np.asarray(values)[..., None], quantiles
    place = np.clip((y > q).sum(axis=-1) - 1, 0, len(LEVELS) - 2)[..., None]
    low, high = np.take_along_axis(q, place, -1), np.take_along_axis(q, place + 1, -1)
    width = high - low
    share = np.divide(y - low, width, out=np.full(width.shape, 0.5), where=width > 0)
    scores = SCORES[place] + share * (SCORES[place + 1] - SCORES[place])
    scores = np.clip(scores, -MOST_SCORE, MOST_SCORE)[..., 0]
    return np.where(np.ptp(q, axis=-1) > 0, scores, np.nan)


def at_scores(scores: Floats, quantiles: Floats) -> Floats:
    """Values at normal scores, the inverse of `normal_scores`; shape of the scores, (..., 5) of the quantiles."""
    z = np.clip(scores, -MOST_SCORE, MOST_SCORE)
    place = np.clip(np.searchsorted(SCORES, z) - 1, 0, len(LEVELS) - 2)
    q = np.broadcast_to(quantiles, (*z.shape, len(LEVELS)))
    low = np.take_along_axis(q, place[..., None], -1)[..., 0]
    high = np.take_along_axis(q, place[..., None] + 1, -1)[..., 0]
    return np.asarray(low + (z - SCORES[place]) / (SCORES[place + 1] - SCORES[place]) * (high - low))
