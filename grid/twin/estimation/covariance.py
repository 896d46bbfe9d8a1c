"""Covariance of the errors of pseudo-measurements: each alone, in groups, and within sums that are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.twin.estimation.pseudo import PseudoInjections, one_if_alike


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
class PriorCovariance:
    """Covariance of the errors of V withdrawals, summed over the K columns of the state; steps come last.

    Args:
        column: Column of the state that each adds to, shape (V,).
        own: Standard deviation of what each errs alone, shape (V, S) with S = T, or 1 if all steps are alike.
        spread: Standard deviation of all its error, shape (V, S); 0 where nothing is known.
        members: Which withdrawals each group has, shape (G, V): root of the share of the variance in common.
        sums: Known sums, in their order.
        gather: Sum over the withdrawals of each column, shape (K, V), of ones.
    """

    column: Ints
    own: Floats
    spread: Floats
    members: sparse.csr_array
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
        members, common = _members(pseudo)
        column = np.append(column, n_columns - 1)
        n = column.size
        found = cls(
            column,
            np.where(finite, np.sqrt(1 - common)[:, None] * np.where(finite, spread, 0.0), np.inf),
            np.where(finite, spread, 0.0),
            members,
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
        if self._n_groups:
            found = found + self.spread * (self._of_group @ (self.members @ (self.spread * each)))
        for known in self.sums:
            found = found - known.common * (known.common * each).sum(axis=0)
        return np.asarray(found)

    @property
    def shared(self) -> Floats:
        """Standard deviation of what each errs with groups, shape (V, S)."""
        share = np.asarray((self.members**2).sum(axis=0)).ravel()
        return np.asarray(np.sqrt(share)[:, None] * self.spread)

    @property
    def _n_groups(self) -> int:
        return int(self.members.shape[0])

    @cached_property
    def _diagonal(self) -> Floats:
        """Variance of each column by what errs alone, shape (K, S)."""
        return np.asarray(self.gather @ self._own_variance)

    @cached_property
    def _own_variance(self) -> Floats:
        return np.asarray(self.own**2)

    @cached_property
    def _of_group(self) -> sparse.csr_array:
        """The transpose of `members`, shape (V, G)."""
        return sparse.csr_array(self.members.T)

    def _common(self, rows: Floats, at: int) -> tuple[Floats, Floats]:
        """What rows over columns, shape (A, K), have in common with groups, (G, A), and with known sums, (sums, A)."""
        of_rows = rows.T[self.column]
        groups = np.asarray(self.members @ (self.spread[:, at, None] * of_rows))
        sums = np.empty((len(self.sums), len(rows)))
        for k, known in enumerate(self.sums):
            sums[k] = known.common[:, at] @ of_rows
        return groups, sums

    def of_elements(self, u: Floats) -> Floats:
        """Covariance of each withdrawal with the columns, times `u`, shape (K, T) -> (V, T)."""
        return self._covariance_with(u[self.column])

    def times(self, u: Floats) -> Floats:
        """Covariance of the columns times `u`, shape (K, T) -> (K, T)."""
        return self.summed(self.of_elements(u)) if self._n_groups or self.sums else self._diagonal * u

    def summed(self, elements: Floats) -> Floats:
        """Sums over the withdrawals of each column, shape (V, T) -> (K, T)."""
        return np.asarray(self.gather @ elements)

    def between(self, left: Floats, right: Floats, step: int) -> Floats:
        """``left Σ rightᵀ`` in a step for rows over columns, shape (A, K) and (C, K) -> (A, C)."""
        at = step if self.own.shape[1] > 1 else 0
        root = np.sqrt(self._diagonal[:, at])
        scaled = left * root
        alone = np.asarray(scaled @ (scaled if right is left else right * root).T)  # symmetric: half the products
        if not (self._n_groups or self.sums):
            return alone
        groups, sums = self._common(left, at)
        of_right = (groups, sums) if right is left else self._common(right, at)
        return np.asarray(alone + groups.T @ of_right[0] - sums.T @ of_right[1])

    def variance(self, rows: Floats, step: int) -> Floats:
        """Diagonal of ``rows Σ rowsᵀ`` in a step, shape (R, K) -> (R,)."""
        at = step if self.own.shape[1] > 1 else 0
        alone = rows**2 @ self._diagonal[:, at]
        if not (self._n_groups or self.sums):
            return np.asarray(alone)
        groups, sums = self._common(rows, at)
        return np.asarray(alone + (groups**2).sum(axis=0) - (sums**2).sum(axis=0))

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """Errors of the withdrawals, and of the scale last, drawn once for every step, shape (V, T)."""
        drawn: Floats = self.own * rng.standard_normal((self.column.size, n_steps))
        if self._n_groups:
            drawn = drawn + self.spread * (self._of_group @ rng.standard_normal((self._n_groups, n_steps)))
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


def _members(pseudo: PseudoInjections) -> tuple[sparse.csr_array, Floats]:
    """Groups with the roots of their members' shares, shape (G, V + 1), and the share in common, shape (V + 1,)."""
    group = np.asarray(pseudo.group)
    known = np.isfinite(pseudo.standard_deviation).all(axis=0)
    share = np.where((group >= 0) & known, np.broadcast_to(pseudo.common_share, group.shape), 0.0)
    layer, place = np.nonzero(share)
    names, at = np.unique(np.stack([layer, group[layer, place]]), axis=1, return_inverse=True)
    shape = names.shape[1], group.shape[1] + 1
    members = sparse.csr_array((np.sqrt(share[layer, place]), (at.ravel(), place)), shape=shape)
    return members, np.append(np.minimum(share.sum(axis=0), 1.0), 0.0)
