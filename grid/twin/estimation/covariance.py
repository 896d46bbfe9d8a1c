"""Covariance of the errors of pseudo-measurements: each alone, by common causes, and within sums that are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.twin.estimation.pseudo import PseudoInjections, one_if_alike

MANY: Final = 0.1
"""Share of the withdrawals from which on a cause is one that many have; ours: there a dense product takes less time."""


@dataclass(frozen=True, eq=False)
class KnownSum:
    """A sum of withdrawals that is known.

    Args:
        among: Which withdrawals it is of, shape (V,).
        common: Covariance of each withdrawal with it before it was known, per `root`, shape (V, S).
        root: Standard deviation of what is told of it, before it is told, shape (S,).
        deviation: Standard deviation of the error of what is told, shape (S,).
    """

    among: Bools
    common: Floats
    root: Floats
    deviation: Floats

    def steps(self, which: Ints) -> KnownSum:
        """Some of the steps."""
        return KnownSum(self.among, self.common[:, which], self.root[which], self.deviation[which])


@dataclass(frozen=True, eq=False)
class Loadings:
    """What V withdrawals err by C common causes, per their spread, see `PseudoInjections`.

    Args:
        many: Those of causes that many withdrawals have, dense for speed, of the N that have any, shape (D, N) [1].
        of: These withdrawals, shape (N,).
        few: Those of the other causes, shape (C - D, V) [1].
    """

    many: Floats
    of: Ints
    few: sparse.csr_array

    @classmethod
    def from_matrix(cls, loadings: sparse.csr_array) -> Self:
        """Those of a matrix of shape (C, V); causes change their order."""
        many = np.diff(loadings.indptr) > MANY * loadings.shape[1]
        of = np.unique(loadings[many].indices)
        return cls(loadings[many][:, of].toarray(), of, sparse.csr_array(loadings[~many]))

    def __len__(self) -> int:
        return len(self.many) + int(self.few.shape[0])

    @cached_property
    def share(self) -> Floats:
        """Share of the variance of each withdrawal that is of common causes, shape (V,) [1]."""
        share = np.asarray((self.few**2).sum(axis=0)).ravel()
        share[self.of] += (self.many**2).sum(axis=0)
        return share

    def summed(self, errors: Floats) -> Floats:
        """Sums over withdrawals by cause, shape (V, A) -> (C, A)."""
        return np.concatenate([self.many @ errors[self.of], self.few @ errors])

    def errors(self, causes: Floats) -> Floats:
        """What withdrawals err by causes, shape (C, A) -> (V, A)."""
        found = np.asarray(self._few_transposed @ causes[len(self.many) :])
        found[self.of] += self.many.T @ causes[: len(self.many)]
        return found

    @cached_property
    def _few_transposed(self) -> sparse.csr_array:
        return sparse.csr_array(self.few.T)


@dataclass(frozen=True, eq=False)
class PriorCovariance:
    """Covariance of the errors of V withdrawals, summed over the K columns of the state; steps come last.

    Args:
        column: Column of the state that each adds to, shape (V,).
        own: Standard deviation of what each errs alone, shape (V, S) with S = T, or 1 if all steps are alike.
        spread: Standard deviation of all its error, shape (V, S); 0 where nothing is known.
        loadings: What each errs by each of C common causes, per `spread`.
        sums: Known sums, in their order.
        gather: Sum over the withdrawals of each column, shape (K, V), of ones.
    """

    column: Ints
    own: Floats
    spread: Floats
    loadings: Loadings
    sums: tuple[KnownSum, ...]
    gather: sparse.csr_array

    @classmethod
    def from_pseudo(cls, column: Ints, n_columns: int, pseudo: PseudoInjections, scale_spread: float) -> Self:
        """That of pseudo-measurements and, last, of the voltage scale, which is the last column.

        Args:
            column: Column of each withdrawal, shape (V,).
            n_columns: Columns K.
            pseudo: The withdrawals.
            scale_spread: Standard deviation of the voltage scale [1].
        """
        both = np.hstack([pseudo.standard_deviation, np.asarray(pseudo.total_deviation)])
        spread = one_if_alike(both).T
        deviation, spread = spread[len(pseudo.bus) :], spread[: len(pseudo.bus)]
        spread = np.vstack([spread, np.full((1, spread.shape[1]), scale_spread)])
        finite = np.isfinite(spread)
        loadings = _loadings(pseudo)
        alone = np.sqrt(np.maximum(1 - loadings.share, 0.0))
        column = np.append(column, n_columns - 1)
        n = column.size
        found = cls(
            column,
            np.where(finite, alone[:, None] * np.where(finite, spread, 0.0), np.inf),
            np.where(finite, spread, 0.0),
            loadings,
            (),
            sparse.csr_array((np.ones(n), (column, np.arange(n))), shape=(n_columns, n)),
        )
        if not pseudo.all_known:
            return found  # sums are of no use to the gain of withdrawals of which nothing is known
        for k, spread_of_sum in enumerate(deviation):
            found = found._with_sum(np.append(np.asarray(pseudo.total), -1) == k, spread_of_sum)
        return found

    def _with_sum(self, among: Bools, deviation: Floats) -> Self:
        """The same where the sum of some withdrawals is known with a standard deviation, shape (S,)."""
        each = np.broadcast_to(among[:, None].astype(float), self.spread.shape)
        common = self._covariance_with(each)
        known = np.isfinite(deviation)
        root = np.sqrt(common[among].sum(axis=0) + np.where(known, deviation, 0.0) ** 2)
        known &= root > 0
        root = np.where(known, root, 1.0)
        found = KnownSum(among, np.where(known, common / root, 0.0), root, np.where(known, deviation, 0.0))
        return replace(self, sums=(*self.sums, found))

    def _covariance_with(self, each: Floats) -> Floats:
        """Covariance of each withdrawal with a weighted sum of all, by the weights, shape (V, T) -> (V, T)."""
        found = self._own_variance * each
        if len(self.loadings):
            found = found + self.spread * self.loadings.errors(self.loadings.summed(self.spread * each))
        for known in self.sums:
            found = found - known.common * (known.common * each).sum(axis=0)
        return np.asarray(found)

    @property
    def shared(self) -> Floats:
        """Standard deviation of what each errs by common causes, shape (V, S)."""
        return np.asarray(np.sqrt(self.loadings.share)[:, None] * self.spread)

    @cached_property
    def _diagonal(self) -> Floats:
        """Variance of each column by what errs alone, shape (K, S)."""
        return np.asarray(self.gather @ self._own_variance)

    @cached_property
    def _own_variance(self) -> Floats:
        return np.asarray(self.own**2)

    def _common(self, rows: Floats, at: int) -> tuple[Floats, Floats]:
        """What rows over columns, shape (A, K), have in common with causes, (C, A), and with known sums, (sums, A)."""
        of_rows = rows.T[self.column]
        causes = self.loadings.summed(self.spread[:, at, None] * of_rows)
        sums = np.empty((len(self.sums), len(rows)))
        for k, known in enumerate(self.sums):
            sums[k] = known.common[:, at] @ of_rows
        return causes, sums

    def of_elements(self, u: Floats) -> Floats:
        """Covariance of each withdrawal with the columns, times `u`, shape (K, T) -> (V, T)."""
        return self._covariance_with(u[self.column])

    def times(self, u: Floats) -> Floats:
        """Covariance of the columns times `u`, shape (K, T) -> (K, T)."""
        return self.summed(self.of_elements(u)) if len(self.loadings) or self.sums else self._diagonal * u

    def summed(self, elements: Floats) -> Floats:
        """Sums over the withdrawals of each column, shape (V, T) -> (K, T)."""
        return np.asarray(self.gather @ elements)

    def between(self, left: Floats, right: Floats, step: int) -> Floats:
        """``left Σ rightᵀ`` in a step for rows over columns, shape (A, K) and (C, K) -> (A, C)."""
        at = step if self.own.shape[1] > 1 else 0
        root = np.sqrt(self._diagonal[:, at])
        scaled = left * root
        alone = np.asarray(scaled @ (scaled if right is left else right * root).T)  # symmetric: half the products
        if not (len(self.loadings) or self.sums):
            return alone
        causes, sums = self._common(left, at)
        of_right = (causes, sums) if right is left else self._common(right, at)
        return np.asarray(alone + causes.T @ of_right[0] - sums.T @ of_right[1])

    def variance(self, rows: Floats, step: int) -> Floats:
        """Diagonal of ``rows Σ rowsᵀ`` in a step, shape (R, K) -> (R,)."""
        at = step if self.own.shape[1] > 1 else 0
        alone = rows**2 @ self._diagonal[:, at]
        if not (len(self.loadings) or self.sums):
            return np.asarray(alone)
        causes, sums = self._common(rows, at)
        return np.asarray(alone + (causes**2).sum(axis=0) - (sums**2).sum(axis=0))

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """Errors of the withdrawals, and of the scale last, drawn once for every step, shape (V, T)."""
        drawn: Floats = self.own * rng.standard_normal((self.column.size, n_steps))
        if len(self.loadings):
            causes = rng.standard_normal((len(self.loadings), n_steps))
            drawn = drawn + self.spread * self.loadings.errors(causes)
        for known in self.sums:  # corrected by a sum that is told with its own error
            told = drawn[known.among].sum(axis=0) + known.deviation * rng.standard_normal(n_steps)
            drawn = drawn - known.common * (told / known.root)
        return np.asarray(drawn)

    def of_known(self, unknown: Bools) -> PriorCovariance:
        """The same with nothing from the withdrawals that are `unknown`, shape (V,)."""
        return replace(self, own=np.where(unknown[:, None], 0.0, self.own))

    def steps(self, which: Ints) -> PriorCovariance:
        """Some of the steps."""
        if self.own.shape[1] == 1:
            return self
        sums = tuple(each.steps(which) for each in self.sums)
        return replace(self, own=self.own[:, which], spread=self.spread[:, which], sums=sums)


def _loadings(pseudo: PseudoInjections) -> Loadings:
    """The loadings, of none where nothing is known of a withdrawal, with the voltage scale last."""
    known = np.isfinite(pseudo.standard_deviation).all(axis=0).astype(float)
    found = sparse.csr_array(pseudo.causes.multiply(known))
    found.resize(found.shape[0], known.size + 1)
    return Loadings.from_matrix(found)
