"""What is known of withdrawals without measuring them: pseudo-measurements with their spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.network import Network

ROUNDING = 1e-9
"""By how much shares may add up to more than 1."""


@dataclass(frozen=True, eq=False)
class PseudoInjections:
    """Expected withdrawals, several at a bus if need be; V of them, T steps.

    A bus that none stands for draws nothing, exactly. Several err together by causes that they have in common, as in
    factor analysis: loads that follow one profile are all high when the profile is too low. Of some together the sum
    may be known, as what all charging draws is: then one draws more than expected only as others draw less.

    Args:
        bus: Bus of each, shape (V,).
        reactive: Whether it is reactive power, shape (V,).
        values: Expected withdrawal, shape (T, V) [MW or MVAr].
        standard_deviation: Of its error, shape (T, V) or (V,) [MW or MVAr]; infinite where nothing is known.
        loadings: What each errs by each of C independent causes, per its standard deviation, shape (C, V) [1]; squares
            of a column add up to 1 at most, and what is left of 1 it errs alone. None: all err alone.
        total: To which known sum each belongs from 0, shape (V,); -1: to none. None: no sum is known.
        total_deviation: Standard deviation of the known sums' errors, shape (T, sums) [MW or MVAr]; infinite where a
            sum is not known. The expected values add up to the known sum.
    """

    bus: Ints
    reactive: np.ndarray[tuple[int], np.dtype[np.bool_]]
    values: Floats
    standard_deviation: Floats
    loadings: sparse.csr_array | None = None
    total: Ints | None = None
    total_deviation: Floats | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float64)
        spread = np.asarray(self.standard_deviation, dtype=np.float64)
        n = len(self.bus)
        loadings = sparse.csr_array((0, n)) if self.loadings is None else sparse.csr_array(self.loadings)
        total = np.full(n, -1) if self.total is None else self.total
        deviation = np.empty((len(values), 0)) if self.total_deviation is None else self.total_deviation
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "standard_deviation", np.broadcast_to(spread, values.shape))
        object.__setattr__(self, "bus", np.asarray(self.bus, dtype=np.int64))
        object.__setattr__(self, "reactive", np.asarray(self.reactive, dtype=np.bool_))
        object.__setattr__(self, "loadings", loadings)
        object.__setattr__(self, "total", np.asarray(total, dtype=np.int64))
        object.__setattr__(self, "total_deviation", np.asarray(deviation, dtype=np.float64))

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
        return replace(
            self, values=self.values[which], standard_deviation=self.standard_deviation[which],
            total_deviation=self._of_totals[which],
        )  # fmt: skip

    def select(self, which: Ints) -> PseudoInjections:
        """Some of the withdrawals; a sum of which one is left out is no longer known."""
        total = np.asarray(self.total)
        broken = np.unique(np.delete(total, which))
        return PseudoInjections(
            self.bus[which], self.reactive[which], self.values[:, which], self.standard_deviation[:, which],
            self.causes[:, which],
            np.where(np.isin(total, broken), -1, total)[which], self.total_deviation,
        )  # fmt: skip

    @property
    def causes(self) -> sparse.csr_array:
        """The loadings, of none where all err alone."""
        return sparse.csr_array(self.loadings)

    @property
    def _of_totals(self) -> Floats:
        return np.asarray(self.total_deviation)

    def check(self, network: Network) -> None:
        """Raises an `InputError` with all that is wrong with them for a network."""
        raise_if_any(self._faults(network), "the pseudo-measurements")

    def _faults(self, network: Network) -> Iterator[Fault]:
        n, total, loadings = len(self.bus), np.asarray(self.total), self.causes
        if self.values.shape[1:] != (n,) or self.reactive.shape != (n,) or loadings.shape[1:] != (n,):
            yield Fault("values", f"must have a column for each of {n} withdrawals", self.values.shape)
            return
        n_steps, n_totals = self._of_totals.shape
        if total.shape != (n,) or n_steps != len(self.values) or total.max(initial=-1) >= n_totals:
            yield Fault("total_deviation", "must have a column for each sum and a row for each step")
        elif not (self._of_totals >= 0).all():
            yield Fault("total_deviation", "must be at least 0")
        if n and not (self.bus.min() >= 0 and self.bus.max() < len(network.buses.names)):
            yield Fault("bus", f"must lie within 0..{len(network.buses.names) - 1}")
        if not np.isfinite(self.values).all():
            yield Fault("values", "must be finite")
        if np.isnan(self.standard_deviation).any() or (self.standard_deviation < 0).any():
            yield Fault("standard_deviation", "must be at least 0")
        common = np.asarray((loadings**2).sum(axis=0)).ravel()
        if not (np.isfinite(common).all() and common.max(initial=0.0) <= 1 + ROUNDING):
            yield Fault("loadings", "squares of a withdrawal must add up to 1 at most", float(common.max()))


def of_groups(group: Ints, share: float | Floats) -> sparse.csr_array:
    """Loadings of withdrawals whose groups err together, one cause a group, shape (G, V).

    Args:
        group: Group of each, shape (V,); below 0: none.
        share: Share of the variance of each that it has in common with its group, shape (V,) or one for all [1].
    """
    inside = np.flatnonzero(group >= 0)
    names, at = np.unique(group[inside], return_inverse=True)
    root = np.sqrt(np.broadcast_to(share, group.shape)[inside])
    return sparse.csr_array((root, (at.ravel(), inside)), shape=(names.size, group.size))


def one_if_alike(values: Floats) -> Floats:
    """`values`, shape (T, n), or its first row alone if all rows are the same."""
    return values[:1] if len(values) > 1 and bool((values == values[:1]).all()) else np.asarray(values)
