"""Loads that depend on voltage, as pandapower has them: shares of a bus, of whose loads it takes the mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import listed

ROUNDING: Final = 1e-9
"""Percent beyond which shares are more than all."""


def joined_buses(n_buses: int, switches: Iterable[tuple[int, int]]) -> Ints:
    """Groups of buses that closed switches make one, which pandapower gives one share, shape (B,).

    Args:
        n_buses: Number of buses, B.
        switches: Both buses of every closed switch between buses.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415  slow to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    ends = np.array([pair for pair in switches if min(pair) >= 0], dtype=np.int64).reshape(-1, 2)
    joined = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_buses, n_buses))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


class VoltageShares:
    """What stands at buses while it is gathered, and what of it goes with the voltage and with its square."""

    def __init__(self, group: Ints) -> None:
        """Nothing yet.

        Args:
            group: Group of each bus, see `joined_buses`, shape (B,).
        """
        n = int(group.max(initial=-1)) + 1
        self._group = group
        self._at: list[int] = []
        self._square, self._linear, self._all = (np.zeros(n, dtype=complex) for _ in range(3))

    @property
    def total(self) -> complex:
        """What all of it draws at rated voltage [MW + j MVAr]."""
        return complex(self._all.sum())

    def add_constant(self, bus: int, power: complex) -> None:
        """Adds constant power, which pandapower counts to what the shares of a bus are of [MW + j MVAr]."""
        self._all[self._group[bus]] += power

    def add(self, bus: int, power: complex, square: complex, linear: complex, ratio: float = 1.0, *,
            in_service: bool = True) -> complex:  # fmt: skip
        """Adds a load.

        Args:
            bus: Its bus.
            power: What it draws at its own rated voltage [MW + j MVAr].
            square: Shares of both powers that go with the square of the voltage [1 + j].
            linear: Shares that go with the voltage [1 + j].
            ratio: Rated voltage of the bus over that of the load [1].
            in_service: Whether it draws anything.

        Returns:
            What it draws at the rated voltage of the bus [MW + j MVAr].
        """
        squared, straight = _by_part(power, square) * ratio**2, _by_part(power, linear) * ratio
        total = squared + straight + _by_part(power, 1 + 1j - square - linear)
        at = int(self._group[bus])
        self._at.append(at)
        if in_service:
            self._square[at] += squared
            self._linear[at] += straight
            self._all[at] += total
        return total

    def percent(self, guessed: list[str], names: Sequence[str]) -> dict[str, Floats]:
        """Columns of pandapower's table of loads [%], in the order in which loads were added; none where none depend.

        Args:
            guessed: Where buses are told at which they are taken as constant power, since generation outweighs what
                does not depend on voltage: pandapower takes no shares beyond 0 to 100 %.
            names: Names of the buses.
        """
        if not (self._square.any() or self._linear.any()):
            return {}
        shares = {}
        for quantity, total in (("p", self._all.real), ("q", self._all.imag)):
            for letter, part in (("z", self._square), ("i", self._linear)):
                own = part.real if quantity == "p" else part.imag
                beyond = np.where(own == 0, 0.0, np.inf)
                shares[letter + quantity] = np.divide(100 * own, total, out=beyond, where=total != 0)
        both = [shares[f"z{quantity}"] + shares[f"i{quantity}"] for quantity in "pq"]
        fits = np.logical_and.reduce([(total >= -ROUNDING) & (total <= 100 + ROUNDING) for total in both])
        if not fits.all():
            first = [names[int(np.flatnonzero(self._group == each)[0])] for each in np.flatnonzero(~fits)]
            guessed.append(
                f"Loads that depend on voltage are taken as constant power at {len(first)} buses where generation "
                f"outweighs the others: {listed(first)}."
            )
        at: Ints = np.array(self._at, dtype=np.int64)
        columns: dict[str, Floats] = {}
        for letter, quantity in ("zp", "zq", "ip", "iq"):
            most = 100 - columns[f"const_z_{quantity}_percent"] if letter == "i" else 100.0  # rounding makes no more
            share = np.where(fits, shares[letter + quantity], 0.0)[at]
            columns[f"const_{letter}_{quantity}_percent"] = np.minimum(share, most)
        return columns


def _by_part(power: complex, share: complex) -> complex:
    """Shares of both parts of a power."""
    return complex(power.real * share.real, power.imag * share.imag)
