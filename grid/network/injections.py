"""What buses draw over time, as scaled profiles: thousands of elements share a few dozen of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any


@dataclass(frozen=True, eq=False)
class Injections:
    """Withdrawal of every bus as a sum of scaled profiles: F profiles, T steps, B buses.

    Args:
        profiles: One a row, shape (F, T).
        p_mw: Active power of each bus per profile, shape (B, F) [MW].
        q_mvar: Reactive power of each bus per profile, shape (B, F) [MVAr].

    Raises:
        InputError: If shapes disagree, or a profile or factor is not finite.
    """

    profiles: Floats
    p_mw: sparse.csr_array
    q_mvar: sparse.csr_array

    def __post_init__(self) -> None:
        object.__setattr__(self, "profiles", np.ascontiguousarray(self.profiles, dtype=np.float64))
        raise_if_any(self._faults(), "the injections")

    def _faults(self) -> Iterator[Fault]:
        n_profiles = self.profiles.shape[0]
        for name in ("p_mw", "q_mvar"):
            matrix = getattr(self, name)
            if matrix.shape[1] != n_profiles or matrix.shape != self.p_mw.shape:
                yield Fault(f"injections.{name}", f"must have {n_profiles} columns and a row a bus", matrix.shape)
            elif not np.isfinite(matrix.data).all():
                yield Fault(f"injections.{name}", "must be finite")
        if not np.isfinite(self.profiles.sum()):
            row, step = np.argwhere(~np.isfinite(self.profiles))[0]
            yield Fault("injections.profiles", f"must be finite; profile {row}, step {step} is not")

    @classmethod
    def dense(cls, p_mw: Floats, q_mvar: Floats) -> Injections:
        """Withdrawal given for every bus and step, shape (T, B) each [MW, MVAr]: each is its own profile."""
        used_p, used_q = np.flatnonzero(p_mw.any(axis=0)), np.flatnonzero(q_mvar.any(axis=0))
        n, n_p, n_q = p_mw.shape[1], used_p.size, used_q.size
        shape = (n, n_p + n_q)
        profiles = np.concatenate([p_mw.T[used_p], q_mvar.T[used_q]])
        return cls(
            profiles,
            sparse.csr_array((np.ones(n_p), (used_p, np.arange(n_p))), shape=shape),
            sparse.csr_array((np.ones(n_q), (used_q, n_p + np.arange(n_q))), shape=shape),
        )

    def plus(self, other: Injections) -> Injections:
        """Both together, on the same buses and steps."""
        return Injections(
            np.concatenate([self.profiles, other.profiles]),
            sparse.csr_array(sparse.hstack([self.p_mw, other.p_mw])),
            sparse.csr_array(sparse.hstack([self.q_mvar, other.q_mvar])),
        )

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return int(self.profiles.shape[1])

    @property
    def n_buses(self) -> int:
        """Number of buses B."""
        return int(self.p_mw.shape[0])

    def at(self, step: int) -> tuple[Floats, Floats]:
        """Active [MW] and reactive [MVAr] withdrawal of every bus in one step, shape (B,) each."""
        values = self.profiles[:, step]
        return self.p_mw @ values, self.q_mvar @ values

    def window(self, first: int, stop: int) -> Injections:
        """The steps `first` (included) to `stop` (excluded)."""
        return Injections(self.profiles[:, first:stop], self.p_mw, self.q_mvar)

    def chosen(self, steps: Ints) -> Injections:
        """Some steps, in the order in which they are given."""
        return Injections(self.profiles[:, steps], self.p_mw, self.q_mvar)
