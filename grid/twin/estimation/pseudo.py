"""What is known of withdrawals without measuring them: pseudo-measurements with their spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.network.network import Network

ROUNDING = 1e-9
"""By how much shares may add up to more than 1."""


@dataclass(frozen=True, eq=False)
class PseudoInjections:
    """Expected withdrawals, several at a bus if need be; V of them, T steps.

    A bus that none stands for draws nothing, exactly. Those of a group err together in a share of their variance:
    loads that follow one profile are all high when the profile is too low. Groups may lie in layers, so that one that
    stands in a group of its profile stands in one of all loads too. Of some together the sum may be known, as what all
    charging draws is: then one draws more than expected only as others draw less.

    Args:
        bus: Bus of each, shape (V,).
        reactive: Whether it is reactive power, shape (V,).
        values: Expected withdrawal, shape (T, V) [MW or MVAr].
        standard_deviation: Of its error, shape (T, V) or (V,) [MW or MVAr]; infinite where nothing is known.
        group: Group of each from 0, shape (V,) or (layers, V); -1: errs alone. None: all err alone.
        common_share: Share of the variance that the members of a group have in common, one for all or shape of `group`
            [1]; those of the layers add up to 1 at most.
        total: To which known sum each belongs from 0, shape (V,); -1: to none. None: no sum is known.
        total_deviation: Standard deviation of the known sums' errors, shape (T, sums) [MW or MVAr]; infinite where a
            sum is not known. The expected values add up to the known sum.
    """

    bus: Ints
    reactive: np.ndarray[tuple[int], np.dtype[np.bool_]]
    values: Floats
    standard_deviation: Floats
    group: Ints | None = None
    common_share: float | Floats = 0.0
    total: Ints | None = None
    total_deviation: Floats | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float64)
        spread = np.asarray(self.standard_deviation, dtype=np.float64)
        n = len(self.bus)
        group = np.full(n, -1) if self.group is None else self.group
        total = np.full(n, -1) if self.total is None else self.total
        deviation = np.empty((len(values), 0)) if self.total_deviation is None else self.total_deviation
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "standard_deviation", np.broadcast_to(spread, values.shape))
        object.__setattr__(self, "bus", np.asarray(self.bus, dtype=np.int64))
        object.__setattr__(self, "reactive", np.asarray(self.reactive, dtype=np.bool_))
        object.__setattr__(self, "group", np.atleast_2d(np.asarray(group, dtype=np.int64)))
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
        share = np.broadcast_to(self.common_share, np.asarray(self.group).shape)
        return PseudoInjections(
            self.bus[which], self.reactive[which], self.values[:, which], self.standard_deviation[:, which],
            np.asarray(self.group)[:, which], share[:, which],
            np.where(np.isin(total, broken), -1, total)[which], self.total_deviation,
        )  # fmt: skip

    @property
    def _of_totals(self) -> Floats:
        return np.asarray(self.total_deviation)

    def check(self, network: Network) -> None:
        """Raises an `InputError` with all that is wrong with them for a network."""
        raise_if_any(self._faults(network), "the pseudo-measurements")

    def _faults(self, network: Network) -> Iterator[Fault]:
        n, group, total = len(self.bus), np.asarray(self.group), np.asarray(self.total)
        if self.values.shape[1:] != (n,) or self.reactive.shape != (n,) or group.shape[1:] != (n,):
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
        share = np.asarray(self.common_share)
        if share.shape not in ((), (n,), group.shape):
            yield Fault("common_share", f"must be one number or have the shape {group.shape}", share.shape)
        elif n and not (share.min() >= 0 and np.where(group >= 0, share, 0.0).sum(axis=0).max() <= 1 + ROUNDING):
            yield Fault("common_share", "must lie within 0..1, and so must the sum over layers", float(share.max()))


def one_if_alike(values: Floats) -> Floats:
    """`values`, shape (T, n), or its first row alone if all rows are the same."""
    return values[:1] if len(values) > 1 and bool((values == values[:1]).all()) else np.asarray(values)
