"""Where the next sensors tell most: one after the other, each where it adds most.

``information`` is the entropy that measurements take from the withdrawals, ½ log det(1 + √W H Σ Hᵀ √W): monotone and
submodular in the set of sensors for a linearised grid with errors that do not depend on each other [2], so that what is
found one by one has at least 1 − 1/e of what the best set has [1]. What the set found lacks of any other is bounded
more closely by the gains that are left [3]. ``error`` is the sum of the variances of what is asked for; it is not
submodular in general, and no bound is stated.

References:
    [1] G. Nemhauser, L. Wolsey, M. Fisher, "An analysis of approximations for maximizing submodular set functions - I",
        Mathematical Programming, vol. 14, pp. 265-294, 1978.
    [2] A. Krause, A. Singh, C. Guestrin, "Near-optimal sensor placements in Gaussian processes", J. Machine Learning
        Research, vol. 9, pp. 235-284, 2008.
    [3] J. Leskovec et al., "Cost-effective outbreak detection in networks", Proc. ACM KDD, pp. 420-429, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from grid.arrays import Floats

Criterion = Literal["information", "error"]


@dataclass(frozen=True, eq=False)
class SensorCandidate:
    """A place where a sensor could be.

    Args:
        place: Where: the place of the bus.
        rows: Derivative of what it measures by the state, shape (m, K).
        deviation: Standard deviation of each value, shape (m,).
    """

    place: int
    rows: Floats
    deviation: Floats


@dataclass(frozen=True, eq=False)
class SensorPlacement:
    """Places for sensors in the order in which they are best added.

    Args:
        places: Place of the bus of each, length n.
        value: Information after each [nat], or the sum of weighted variances that is left, shape (n + 1,), with that of
            no new sensor first.
        bound: Most that any n of the candidates can have [nat]; infinite under ``error``.
    """

    places: tuple[int, ...]
    value: Floats
    bound: float


def best_places(
    covariance: Floats,
    candidates: Sequence[SensorCandidate],
    n: int,
    *,
    criterion: Criterion = "information",
    wanted: Floats | None = None,
) -> SensorPlacement:
    """The next places for sensors, one after the other.

    Args:
        covariance: What is not known of the state by now, shape (K, K).
        candidates: Where sensors could be.
        n: How many.
        criterion: What they are to give.
        wanted: Under ``error``: rows of what is to be known, each divided by the error that is borne, shape (R, K).
    """
    left, p = list(candidates), covariance.copy()
    value = [0.0 if criterion == "information" else _error(p, wanted)]
    gains = np.array([])
    places: list[int] = []
    for _ in range(min(n, len(left))):
        gains = _gains(p, left, criterion, wanted)
        best = int(np.argmax(gains))
        chosen = left.pop(best)
        places.append(chosen.place)
        p = _measured(p, chosen)
        value.append(value[-1] + (gains[best] if criterion == "information" else -gains[best]))
    bound = np.inf
    if criterion == "information":
        bound = _bound(value, p, candidates, len(places))
    return SensorPlacement(tuple(places), np.array(value), bound)


def _bound(value: list[float], p: Floats, candidates: Sequence[SensorCandidate], n: int) -> float:
    """Most that any n sensors can have: what is found, and the n greatest gains that are left."""
    gains = np.sort(_gains(p, candidates, "information", None))[::-1]
    return float(value[-1] + gains[:n].sum())


def _gains(p: Floats, candidates: Sequence[SensorCandidate], criterion: Criterion, wanted: Floats | None) -> Floats:
    """What each candidate adds."""
    if not candidates:
        return np.empty(0)
    scaled = np.vstack([each.rows / each.deviation[:, None] for each in candidates])
    through = scaled @ p
    ends = np.cumsum([0, *(each.deviation.size for each in candidates)])
    aimed = None if wanted is None else wanted @ through.T
    found = np.empty(len(candidates))
    for k, (first, stop) in enumerate(pairwise(ends.tolist())):
        seen = np.eye(stop - first) + through[first:stop] @ scaled[first:stop].T
        if criterion == "information" or aimed is None:
            found[k] = 0.5 * np.linalg.slogdet(seen)[1]
        else:
            part = aimed[:, first:stop]
            found[k] = np.einsum("rm,rm->", part @ np.linalg.inv(seen), part)
    return found


def _measured(p: Floats, candidate: SensorCandidate) -> Floats:
    """What is not known when a sensor has measured."""
    scaled = candidate.rows / candidate.deviation[:, None]
    through = scaled @ p
    seen = np.eye(len(scaled)) + through @ scaled.T
    return np.asarray(p - through.T @ np.linalg.solve(seen, through))


def _error(p: Floats, wanted: Floats | None) -> float:
    return 0.0 if wanted is None else float(np.einsum("rk,kl,rl->", wanted, p, wanted))
