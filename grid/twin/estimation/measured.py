"""Measured values on the steps of a clock, as the estimation takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, nearest, raise_if_any
from grid.network.network import Network

BUS_QUANTITIES = ("vm_pu", "va_degree", "p_mw", "q_mvar")
"""What is measured at a bus; powers are withdrawn from the grid, at a bus of an external grid by that grid."""
BRANCH_QUANTITIES = ("p_from_mw", "q_from_mvar", "p_to_mw", "q_to_mvar", "i_from_ka", "i_to_ka")
"""What is measured at a branch; powers enter it."""


@dataclass(frozen=True, eq=False)
class MeasuredValues:
    """What was measured; T steps, M values in each.

    Args:
        quantity: What each is, of `BUS_QUANTITIES` or `BRANCH_QUANTITIES`, length M.
        place: Bus or branch of each by its place in the network, shape (M,).
        values: The values, shape (T, M), in the unit that the quantity's name ends with; NaN where one is missing.
        standard_deviation: Of their errors, shape (T, M) or (M,), greater than 0, in the same units.
    """

    quantity: tuple[str, ...]
    place: Ints
    values: Floats
    standard_deviation: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.float64))
        spread = np.asarray(self.standard_deviation, dtype=np.float64)
        object.__setattr__(self, "standard_deviation", np.broadcast_to(spread, self.values.shape))
        object.__setattr__(self, "place", np.asarray(self.place, dtype=np.int64))

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return len(self.values)

    @property
    def known(self) -> Bools:
        """Values that are there, shape (T, M)."""
        return np.isfinite(self.values)

    def weights(self) -> Floats:
        """Inverse variance of every value, shape (T, M); 0 where it is missing."""
        known = self.known
        weight = np.zeros(self.values.shape)
        np.divide(1.0, self.standard_deviation**2, out=weight, where=known)
        return weight

    def without(self, left_out: Bools) -> MeasuredValues:
        """The same without some values, shape (T, M)."""
        return replace(self, values=np.where(left_out, np.nan, self.values))

    def select(self, which: Ints) -> MeasuredValues:
        """Some of the M values in each step."""
        quantity = tuple(self.quantity[k] for k in which)
        return MeasuredValues(quantity, self.place[which], self.values[:, which], self.standard_deviation[:, which])

    def steps(self, which: Ints) -> MeasuredValues:
        """Some of the steps."""
        return replace(self, values=self.values[which], standard_deviation=self.standard_deviation[which])

    def plus(self, other: MeasuredValues) -> MeasuredValues:
        """Both, on the same steps."""
        return MeasuredValues(
            self.quantity + other.quantity,
            np.concatenate([self.place, other.place]),
            np.hstack([self.values, other.values]),
            np.hstack([self.standard_deviation, other.standard_deviation]),
        )

    def label(self, network: Network, k: int) -> tuple[str, str]:
        """Name of the bus or branch that value k is of, and the quantity."""
        names = network.buses.names if self.quantity[k] in BUS_QUANTITIES else network.branches.names
        return names[self.place[k]], self.quantity[k]

    def check(self, network: Network) -> None:
        """Raises an `InputError` with all that is wrong with the values for a network."""
        raise_if_any(self._faults(network), "the measurements")

    def _faults(self, network: Network) -> Iterator[Fault]:
        known = (*BUS_QUANTITIES, *BRANCH_QUANTITIES)
        if self.values.shape != (len(self.values), len(self.quantity)) or self.place.shape != (len(self.quantity),):
            yield Fault("values", f"must have a column for each of {len(self.quantity)} quantities", self.values.shape)
            return
        for k, quantity in enumerate(self.quantity):
            if quantity not in known:
                yield Fault(f"quantity[{k}]", "is unknown", quantity, nearest(quantity, known))
                continue
            n = len(network.buses.names) if quantity in BUS_QUANTITIES else len(network.branches)
            if not 0 <= self.place[k] < n:
                yield Fault(f"place[{k}]", f"must lie within 0..{n - 1}", int(self.place[k]))
            elif quantity in BUS_QUANTITIES and network.buses.node[self.place[k]] < 0:
                yield Fault(f"place[{k}]", f"bus {network.buses.names[self.place[k]]!r} is de-energised")
        spread = self.standard_deviation[self.known]
        if spread.size and not (np.isfinite(spread).all() and spread.min() > 0):
            yield Fault("standard_deviation", "must be finite and greater than 0 wherever there is a value")
