"""How far a state is moved by what measurements and pseudo-measurements miss, with one linearisation for all steps.

Two forms of the same weighted least squares. With pseudo-measurements of all withdrawals there are far fewer
measurements than columns of the state, and what is sought is a multiplier λ of each measurement (`CovarianceGain`),

    x = x₀ + Σ u,   λ ← λ + δ,   u ← s + Hᵀ δ,   s = H(x)ᵀ λ,
    δ = √W S⁻¹ √W (r − W⁻¹ λ − H Σ (s − u)),   S = 1 + √W H Σ Hᵀ √W,

where r is what the measurements miss at x. Where nothing is known of some withdrawals, the gain matrix of the state
is (`InformationGain`),

    x ← x + G⁻¹ (H(x)ᵀ W r − Λ (x − x₀)),   G = Λ + Hᵀ W H.

H is taken at one state for all steps, H(x) at the step's own: what is settled on is the least square itself.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from grid.arrays import Bools, Floats
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.estimation.pseudo import one_if_alike

RANK_TOLERANCE = 1e-9
"""Eigenvalues of the scaled gain matrix below this share of the largest are those of what is not observed."""


class Gain(Protocol):
    """What `CovarianceGain` and `InformationGain` have in common; K columns, V withdrawals, M measurements, T steps."""

    @property
    def is_blind(self) -> bool:
        """Whether nothing is known of some direction of the state, so that there is no single least square."""

    def variance(self, rows: Floats) -> Floats:
        """Variance of what linear rows (R, K) of the state say, shape (S, R); S is 1 if all steps are alike."""

    def covariance(self) -> Floats:
        """Covariance of the state, mean of all steps, shape (K, K)."""

    def prior_variance(self, rows: Floats) -> Floats:
        """The same before anything is measured, shape (S, R)."""

    def covariance_with(self, row: Floats) -> Floats:
        """Covariance of the withdrawals with what a linear row (K,) says, shape (V, T); the scale last."""

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """Errors of the withdrawals drawn from what is left to be known, shape (V, T)."""

    def summed(self, elements: Floats) -> Floats:
        """Sums over the withdrawals of each column, shape (V, T) -> (K, T)."""

    def unobserved(self, rows: Floats) -> Bools:
        """Rows (R, K) about which nothing is known in some step, shape (R,)."""


class CovarianceGain:
    """The gain where something is known of every withdrawal.

    Args:
        sensitivity: H, shape (M, K).
        prior: Covariance of the withdrawals.
        expected: Their expected values, and that of the scale, shape (V, T).
        weights: W, shape (M, T).
    """

    def __init__(self, sensitivity: Floats, prior: PriorCovariance, expected: Floats, weights: Floats) -> None:
        self._h, self._prior = sensitivity, prior
        self._expected, self._columns = expected, prior.summed(expected)
        self._root = np.sqrt(one_if_alike(weights.T)).T
        n = 1 if self._root.shape[1] == prior.own.shape[1] == 1 else expected.shape[1]
        self._root_of = np.broadcast_to(self._root, (len(self._root), n)).T
        self._alike = prior.own.shape[1] == 1
        self._inverse = self._inverted()

    def _inverted(self) -> Floats:
        """S⁻¹ of every step, shape (S, M, M)."""
        found = np.empty((len(self._root_of), len(self._h), len(self._h)))
        for step, root in enumerate(self._root_of):
            if step == 0 or not self._alike:
                among = self._prior.between(self._h, self._h, step)
            found[step] = np.linalg.inv(np.eye(root.size) + root[:, None] * among * root)
        return found

    def _whitened(self, right: Floats) -> Floats:
        """``√W S⁻¹ √W right`` in every step, shape (M, T) -> (M, T)."""
        scaled = right * self._root
        if len(self._inverse) == 1:
            return np.asarray((self._inverse[0] @ scaled) * self._root)
        return np.asarray(np.matmul(self._inverse, scaled.T[:, :, None])[:, :, 0].T * self._root)

    def state(self, u: Floats) -> Floats:
        """The states by Σ's argument, shape (K, T)."""
        return np.asarray(self._columns + self._prior.times(u))

    def elements(self, u: Floats) -> Floats:
        """The withdrawals by Σ's argument, shape (K, T) -> (V, T); the voltage scale last."""
        return self._expected + self._prior.of_elements(u)

    def advance(self, multiplier: Floats, u: Floats, slope: Floats, missed: Floats) -> tuple[Floats, Floats]:
        """The next multipliers and Σ's argument.

        Args:
            multiplier: λ, shape (M, T).
            u: Σ's argument of the state by now, shape (K, T).
            slope: ``H(x)ᵀ λ``, shape (K, T).
            missed: Measured less read, shape (M, T); 0 where a value is missing.
        """
        known = self._root > 0
        owed = np.divide(multiplier, self._root**2, where=known, out=np.zeros_like(multiplier))
        if slope is not u:
            owed += self._h @ self._prior.times(slope - u)
        change = self._whitened(missed - owed)
        return multiplier + change, slope + self._h.T @ change

    def read(self, x: Floats) -> Floats:
        """What a state (K,) reads beyond the expected ones, linearised, shape (M, T)."""
        return np.asarray(self._h @ (x[:, None] - self._columns))

    @property
    def is_blind(self) -> bool:
        """See `Gain`."""
        return False

    def variance(self, rows: Floats) -> Floats:
        """See `Gain`."""
        found = np.empty((len(self._inverse), len(rows)))
        for step, (inverse, root) in enumerate(zip(self._inverse, self._root_of, strict=True)):
            if step == 0 or not self._alike:
                before = self._prior.variance(rows, step)
                common = self._prior.between(rows, self._h, step)
            seen = common * root
            found[step] = before - np.einsum("rm,rm->r", seen @ inverse, seen)
        return np.maximum(found, 0.0)

    def covariance(self) -> Floats:
        """See `Gain`."""
        unit = np.eye(len(self._columns))
        total = np.zeros_like(unit)
        for step, (inverse, root) in enumerate(zip(self._inverse, self._root_of, strict=True)):
            if step == 0 or not self._alike:
                before = self._prior.between(unit, unit, step)
            seen = (before @ self._h.T) * root
            total += before - seen @ inverse @ seen.T
        return total / len(self._inverse)

    def prior_variance(self, rows: Floats) -> Floats:
        """See `Gain`."""
        return np.stack([self._prior.variance(rows, step) for step in range(self._prior.own.shape[1])])

    def covariance_with(self, row: Floats) -> Floats:
        """See `Gain`."""
        rows = np.tile(row[:, None], (1, self._expected.shape[1]))
        return self._prior.of_elements(rows - self._h.T @ self._whitened(self._h @ self._prior.times(rows)))

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """See `Gain`: errors drawn before anything is measured, corrected by measurements drawn with their errors."""
        drawn = self._prior.draw(n_steps, rng)
        noise = rng.standard_normal((len(self._root), n_steps))
        scaled = np.divide(noise, self._root, where=self._root > 0, out=np.zeros_like(noise))
        missed = scaled - self._h @ self._prior.summed(drawn)
        return np.asarray(drawn + self._prior.of_elements(self._h.T @ self._whitened(missed)))

    def summed(self, elements: Floats) -> Floats:
        """See `Gain`."""
        return self._prior.summed(elements)

    def unobserved(self, rows: Floats) -> Bools:
        """See `Gain`."""
        return np.zeros(len(rows), dtype=bool)


class InformationGain:
    """The gain where nothing is known of some withdrawals; a gain matrix for each set of weights.

    Args:
        sensitivity: H, shape (M, K).
        prior: Covariance of the withdrawals, infinite where nothing is known.
        expected: Their expected values, or what the search begins with, and that of the scale, shape (V, T).
        weights: W, shape (M, T).
    """

    def __init__(self, sensitivity: Floats, prior: PriorCovariance, expected: Floats, weights: Floats) -> None:
        self._h, self._prior = sensitivity, prior
        self._expected, self._columns = expected, prior.summed(expected)
        n = expected.shape[1]
        both = np.vstack([np.broadcast_to(prior.own, expected.shape), np.broadcast_to(weights, (len(weights), n))])
        _, first, which = np.unique(both, axis=1, return_index=True, return_inverse=True)
        self._which = which.ravel()
        self._precision = np.stack([self._known(int(step)) for step in first])
        self._parts = [
            _eigen(precision + (self._h.T * weights[:, step]) @ self._h)
            for precision, step in zip(self._precision, first, strict=True)
        ]
        self._inverses = [vectors / values @ vectors.T for values, vectors, _ in self._parts]

    def _known(self, step: int) -> Floats:
        """Inverse covariance of the columns of which something is known, 0 elsewhere, shape (K, K)."""
        n, at = len(self._columns), step if self._prior.own.shape[1] > 1 else 0
        unknown = np.isinf(self._prior.own[:, at])
        kept = np.setdiff1d(np.arange(n), self._prior.column[unknown])
        precision = np.zeros((n, n))
        if kept.size:
            known = self._prior.of_known(unknown)
            unit = np.eye(n)[kept]
            precision[np.ix_(kept, kept)] = np.linalg.inv(known.between(unit, unit, at))
        return precision

    def state(self, u: Floats) -> Floats:
        """The states that changes of the expected ones stand for, shape (K, T)."""
        return np.asarray(self._columns + u)

    def elements(self, u: Floats) -> Floats:
        """The withdrawals, shape (K, T) -> (V, T).

        What a bus draws otherwise than expected is shared out by the variances of its elements.
        """
        return self._expected + self._shared_out(u)

    def _shared_out(self, u: Floats) -> Floats:
        prior = self._prior
        variance = np.where(np.isinf(prior.own), 1e12, prior.own**2 + prior.shared**2)
        share = variance / np.maximum(prior.summed(variance)[prior.column], np.finfo(float).tiny)
        return np.asarray(u[prior.column] * share)

    def advance(self, u: Floats, slope: Floats) -> Floats:
        """The next changes.

        Args:
            u: The changes by now, shape (K, T).
            slope: ``H(x)ᵀ W r`` at their states, shape (K, T).
        """
        moved = np.empty_like(u)
        for group, (precision, inverse) in enumerate(zip(self._precision, self._inverses, strict=True)):
            steps = self._which == group
            moved[:, steps] = inverse @ (slope[:, steps] - precision @ u[:, steps])
        return u + moved

    @property
    def is_blind(self) -> bool:
        """See `Gain`."""
        return any(null.shape[1] for *_, null in self._parts)

    def variance(self, rows: Floats) -> Floats:
        """See `Gain`; infinite where nothing is known."""
        found = np.empty((len(self._parts), len(rows)))
        for group, (values, vectors, null) in enumerate(self._parts):
            found[group] = ((rows @ vectors) ** 2 / values).sum(axis=1)
            found[group, _reaches(rows, null)] = np.inf
        return found[self._which]

    def covariance(self) -> Floats:
        """See `Gain`; of what is observed."""
        return np.asarray(np.mean(self._inverses, axis=0))

    def prior_variance(self, rows: Floats) -> Floats:
        """See `Gain`; infinite throughout, for some withdrawals are not known."""
        return np.full((1, len(rows)), np.inf)

    def covariance_with(self, row: Floats) -> Floats:
        """See `Gain`; of what is observed."""
        return self._shared_out(np.stack([self._inverses[group] @ row for group in self._which], axis=1))

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """See `Gain`; what is not observed stays as it is."""
        drawn = np.empty((len(self._columns), n_steps))
        for group, (values, vectors, _) in enumerate(self._parts):
            steps = np.flatnonzero(self._which == group)
            drawn[:, steps] = vectors @ (rng.standard_normal((values.size, steps.size)) / np.sqrt(values)[:, None])
        return self._shared_out(drawn)

    def summed(self, elements: Floats) -> Floats:
        """See `Gain`."""
        return self._prior.summed(elements)

    def unobserved(self, rows: Floats) -> Bools:
        """See `Gain`."""
        return np.asarray(np.any([_reaches(rows, null) for *_, null in self._parts], axis=0))


def _eigen(gain: Floats) -> tuple[Floats, Floats, Floats]:
    """Eigenvalues and vectors of a gain matrix without those of what is not observed, and the latter's vectors.

    Columns are scaled by the diagonal first, for megawatts and voltages are of other sizes; ``v / λ @ vᵀ`` is the
    inverse.
    """
    diagonal = np.sqrt(np.diagonal(gain))
    seen = diagonal > 0
    scale = np.divide(1.0, diagonal, where=seen, out=np.zeros_like(diagonal))
    values, vectors = np.linalg.eigh(gain * scale[:, None] * scale)
    kept = values > RANK_TOLERANCE * max(values.max(initial=0.0), 1e-300)
    null = vectors[:, ~kept] * np.where(seen, scale, 1.0)[:, None]
    return values[kept], vectors[:, kept] * scale[:, None], null / np.linalg.norm(null, axis=0)


def _reaches(rows: Floats, null: Floats) -> Bools:
    """Whether rows change along any of the directions that are not observed."""
    size = np.abs(rows).max(axis=1, initial=0.0)
    return np.asarray(np.abs(rows @ null).max(axis=1, initial=0.0) > 1e-6 * size)
