"""What is known of withdrawals without measuring them: pseudo-measurements with their spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.network import Network


@dataclass(frozen=True, eq=False)
class PseudoInjections:
    """Expected withdrawals, several at a bus if need be; V of them, T steps.

    A bus that none stands for draws nothing, exactly. Those of a group err together in a share of their variance:
    loads that follow one profile are all high when the profile is too low.

    Args:
        bus: Bus of each, shape (V,).
        reactive: Whether it is reactive power, shape (V,).
        values: Expected withdrawal, shape (T, V) [MW or MVAr].
        standard_deviation: Of its error, shape (T, V) or (V,) [MW or MVAr]; infinite where nothing is known.
        group: Group of each from 0, shape (V,); -1: errs alone. None: all err alone.
        common_share: Share of the variance that the members of a group have in common, one for all or shape (V,) [1].
    """

    bus: Ints
    reactive: np.ndarray[tuple[int], np.dtype[np.bool_]]
    values: Floats
    standard_deviation: Floats
    group: Ints | None = None
    common_share: float | Floats = 0.0

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float64)
        spread = np.asarray(self.standard_deviation, dtype=np.float64)
        group = np.full(len(self.bus), -1) if self.group is None else self.group
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "standard_deviation", np.broadcast_to(spread, values.shape))
        object.__setattr__(self, "bus", np.asarray(self.bus, dtype=np.int64))
        object.__setattr__(self, "reactive", np.asarray(self.reactive, dtype=np.bool_))
        object.__setattr__(self, "group", np.asarray(group, dtype=np.int64))

    @classmethod
    def unknown(cls, bus: Ints, n_steps: int) -> PseudoInjections:
        """Withdrawals of buses of which nothing is known, active then reactive; the estimation begins at 0."""
        reactive = np.repeat([False, True], len(bus))
        shape = n_steps, 2 * len(bus)
        return cls(np.tile(bus, 2), reactive, np.zeros(shape), np.full(shape, np.inf))

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return len(self.values)

    @property
    def all_known(self) -> bool:
        """Whether something is known of each."""
        return bool(np.isfinite(self.standard_deviation).all())

    def steps(self, which: Ints) -> PseudoInjections:
        """Some of the steps."""
        return replace(self, values=self.values[which], standard_deviation=self.standard_deviation[which])

    def check(self, network: Network) -> None:
        """Raises an `InputError` with all that is wrong with them for a network."""
        raise_if_any(self._faults(network), "the pseudo-measurements")

    def _faults(self, network: Network) -> Iterator[Fault]:
        n = len(self.bus)
        if self.values.shape[1:] != (n,) or self.reactive.shape != (n,) or np.asarray(self.group).shape != (n,):
            yield Fault("values", f"must have a column for each of {n} withdrawals", self.values.shape)
            return
        if n and not (self.bus.min() >= 0 and self.bus.max() < len(network.buses.names)):
            yield Fault("bus", f"must lie within 0..{len(network.buses.names) - 1}")
        if not np.isfinite(self.values).all():
            yield Fault("values", "must be finite")
        if np.isnan(self.standard_deviation).any() or (self.standard_deviation < 0).any():
            yield Fault("standard_deviation", "must be at least 0")
        share = np.asarray(self.common_share)
        if share.shape not in ((), (n,)):
            yield Fault("common_share", f"must be one number or {n} of them", share.shape)
        elif n and not (share.min() >= 0 and share.max() <= 1):
            yield Fault("common_share", "must lie within 0..1", float(share.max()))


@dataclass(frozen=True, eq=False)
class PriorCovariance:
    """Covariance of the errors of V withdrawals, summed over the K columns of the state; steps come last.

    Args:
        column: Column of the state that each adds to, shape (V,).
        own: Standard deviation of what each errs alone, shape (V, S) with S = T, or 1 if all steps are alike.
        shared: Standard deviation of what it errs with its group, shape (V, S).
        members: Which withdrawals each group has, shape (G, V), of ones; G may be 0.
        gather: Sum over the withdrawals of each column, shape (K, V), of ones.
    """

    column: Ints
    own: Floats
    shared: Floats
    members: sparse.csr_array
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
        spread = one_if_alike(pseudo.standard_deviation).T
        group = np.append(np.asarray(pseudo.group), -1)
        spread = np.vstack([spread, np.full((1, spread.shape[1]), scale_spread)])
        finite = np.isfinite(spread)
        share = np.append(np.broadcast_to(pseudo.common_share, len(pseudo.bus)), 0.0)[:, None]
        common = np.where((group >= 0)[:, None] & finite, share, 0.0)
        safe = np.where(finite, spread, 0.0)
        grouped = np.flatnonzero(common.any(axis=1))
        names, at = np.unique(group[grouped], return_inverse=True)
        shape = names.size, group.size
        members = sparse.csr_array((np.ones(grouped.size), (at.ravel(), grouped)), shape=shape)
        column = np.append(column, n_columns - 1)
        n = column.size
        return cls(
            column,
            np.where(finite, np.sqrt(1 - common) * safe, np.inf),
            np.sqrt(common) * safe,
            members,
            sparse.csr_array((np.ones(n), (column, np.arange(n))), shape=(n_columns, n)),
        )

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

    def _common(self, rows: Floats, at: int) -> Floats:
        """What rows over columns, shape (A, K), have in common with each group in a step, shape (G, A)."""
        scaled = self.shared[:, at, None] * rows.T[self.column]
        return np.asarray(self.members @ scaled)

    def of_elements(self, u: Floats) -> Floats:
        """Covariance of each withdrawal with the columns, times `u`, shape (K, T) -> (V, T)."""
        each = u[self.column]
        own: Floats = self._own_variance * each
        if not self._n_groups:
            return own
        return np.asarray(own + self.shared * (self._of_group @ (self.members @ (self.shared * each))))

    def times(self, u: Floats) -> Floats:
        """Covariance of the columns times `u`, shape (K, T) -> (K, T)."""
        return self._diagonal * u if not self._n_groups else self.summed(self.of_elements(u))

    def summed(self, elements: Floats) -> Floats:
        """Sums over the withdrawals of each column, shape (V, T) -> (K, T)."""
        return np.asarray(self.gather @ elements)

    def between(self, left: Floats, right: Floats, step: int) -> Floats:
        """``left Σ rightᵀ`` in a step for rows over columns, shape (A, K) and (C, K) -> (A, C)."""
        at = step if self.own.shape[1] > 1 else 0
        alone = np.asarray((left * self._diagonal[:, at]) @ right.T)
        if not self._n_groups:
            return alone
        common = self._common(left, at)
        other = common if right is left else self._common(right, at)
        return np.asarray(alone + common.T @ other)

    def variance(self, rows: Floats, step: int) -> Floats:
        """Diagonal of ``rows Σ rowsᵀ`` in a step, shape (R, K) -> (R,)."""
        at = step if self.own.shape[1] > 1 else 0
        alone = rows**2 @ self._diagonal[:, at]
        if not self._n_groups:
            return np.asarray(alone)
        return np.asarray(alone + (self._common(rows, at) ** 2).sum(axis=0))

    def draw(self, n_steps: int, rng: np.random.Generator) -> Floats:
        """Errors of the withdrawals, and of the scale last, drawn once for every step, shape (V, T)."""
        own: Floats = self.own * rng.standard_normal((self.column.size, n_steps))
        if not self._n_groups:
            return own
        return np.asarray(own + self.shared * (self._of_group @ rng.standard_normal((self._n_groups, n_steps))))

    def of_known(self, unknown: Bools) -> PriorCovariance:
        """The same with nothing from the withdrawals that are `unknown`, shape (V,)."""
        return replace(self, own=np.where(unknown[:, None], 0.0, self.own))

    def steps(self, which: Ints) -> PriorCovariance:
        """Some of the steps."""
        if self.own.shape[1] == 1:
            return self
        return replace(self, own=self.own[:, which], shared=self.shared[:, which])


def one_if_alike(values: Floats) -> Floats:
    """`values`, shape (T, n), or its first row alone if all rows are the same."""
    return values[:1] if len(values) > 1 and bool((values == values[:1]).all()) else np.asarray(values)
