"""On which phases a problem's withdrawals are, for a dispatch whose limits hold in each phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.errors import Fault
from grid.flexibility.flexibility import Flexibility
from grid.network.injections import Injections
from grid.network.network import Complexes, Network
from grid.network.sequence_network import PHASES, SequenceNetwork
from grid.time.clock import Clock

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow

ROUNDING_MW = 1e-9
"""By so much the fixed withdrawal of a bus may differ from the sum of its phases."""


@dataclass(frozen=True, eq=False)
class PhaseConnections:
    """What is drawn in each phase, and the limit of unbalance; T steps, B buses.

    Terminals are the phases a, b, c of every bus, phase by phase: 3 B of them.

    Args:
        sequences: The network in symmetrical components, with the nodes in the order of the balanced one.
        wye: Fixed withdrawal between phase and neutral at the terminals.
        delta: Fixed withdrawal between the phases ab, bc, ca.
        shares: Share of each device of every flexibility at the terminals, by its name, shape (N, 3 B) each.
        unbalance_max_percent: Highest ratio of the negative to the positive sequence of the voltage at any bus in any
            step [%]; infinite where there is no limit.
    """

    sequences: SequenceNetwork
    wye: Injections
    delta: Injections
    shares: Mapping[str, sparse.csr_array]
    unbalance_max_percent: float = np.inf

    def faults(self, n_steps: int, n_buses: int, flexibilities: Iterable[Flexibility]) -> Iterator[Fault]:
        """What does not fit to a problem with so many steps and buses and these flexibilities."""
        expected = (len(PHASES) * n_buses, n_steps)
        for name in ("wye", "delta"):
            part = getattr(self, name)
            if (part.n_buses, part.n_steps) != expected:
                rule = f"must have {expected[0]} rows, one a phase and bus, and {expected[1]} steps"
                yield Fault(f"phases.{name}", rule, (part.n_buses, part.n_steps))
        if not self.unbalance_max_percent > 0:
            yield Fault("phases.unbalance_max_percent", "must be greater than 0", self.unbalance_max_percent)
        for flexibility in flexibilities:
            shares, place = self.shares.get(flexibility.name), f"phases.shares[{flexibility.name!r}]"
            if shares is None:
                yield Fault(place, "is missing: every flexibility has its phases")
            elif shares.shape != (flexibility.n_devices, expected[0]):
                yield Fault(place, f"must have shape {(flexibility.n_devices, expected[0])}", shares.shape)
            elif np.abs(_summed(shares) - flexibility.shares).max() > ROUNDING_MW:
                yield Fault(place, "must sum to the shares at the buses")

    def part(self, first: int, stop: int, devices: Mapping[str, Ints]) -> PhaseConnections:
        """Some steps, and some devices of the flexibilities by name; those without any are left out."""
        return replace(
            self,
            wye=self.wye.window(first, stop),
            delta=self.delta.window(first, stop),
            shares={name: sparse.csr_array(self.shares[name][chosen]) for name, chosen in devices.items()},
        )

    def with_fixed(self, powers: Iterable[tuple[Flexibility, Floats]]) -> PhaseConnections:
        """The same with what flexibilities draw by slot, shape (K,) each [MW], as fixed withdrawal."""
        given = [f.at_buses(p_mw, self.shares[f.name]) for f, p_mw in powers]
        if not given:
            return self
        total = np.sum(given, axis=0)
        return replace(self, wye=self.wye.plus(Injections.dense(total, np.zeros_like(total))))

    def flow(
        self, network: Network, clock: Clock, first: int, fixed_mva: Complexes, drawn_mva: Complexes
    ) -> PhasePowerFlow:
        """The power flow of some steps in three phases.

        Args:
            network: The balanced network.
            clock: The steps, n of them.
            first: The first of them.
            fixed_mva: Fixed withdrawal at the buses as it is seen, shape (n, B) [MW + j MVAr]. By what it differs from
                the sum of the phases, as the errors of a forecast do, it is spread evenly over them.
            drawn_mva: What flexibilities draw at the terminals, shape (n, 3 B) [MW + j MVAr].
        """
        from grid.three_phase import PhaseLoads, phase_power_flow  # noqa: PLC0415  loaded only where it is solved so

        wye, delta = (part.window(first, first + clock.n_steps) for part in (self.wye, self.delta))
        off = fixed_mva - self._by_bus(wye, delta)
        off[np.abs(off) < ROUNDING_MW] = 0.0
        drawn = drawn_mva + np.tile(off / len(PHASES), len(PHASES))
        used = np.union1d(self._used, np.flatnonzero(drawn.any(axis=0)))
        one = sparse.csr_array((np.ones(used.size), (used, np.arange(used.size))), shape=(drawn.shape[1], used.size))
        none = sparse.csr_array(one.shape)
        power = drawn[:, used].T
        flexible = Injections(
            np.concatenate([power.real, power.imag]),
            sparse.csr_array(sparse.hstack([one, none])),
            sparse.csr_array(sparse.hstack([none, one])),
        )
        return phase_power_flow(network, self.sequences, clock, PhaseLoads(wye.plus(flexible), delta))

    @staticmethod
    def _by_bus(wye: Injections, delta: Injections) -> Complexes:
        """What the phases draw together at each bus, shape (n, B) [MW + j MVAr]."""
        at_terminals = sum(part.p_mw @ part.profiles + 1j * (part.q_mvar @ part.profiles) for part in (wye, delta))
        return np.asarray(at_terminals.reshape(len(PHASES), -1, wye.n_steps).sum(axis=0).T)

    @cached_property
    def _used(self) -> Ints:
        """Terminals at which any flexibility may draw."""
        return np.unique(np.concatenate([np.empty(0, np.int64), *(part.indices for part in self.shares.values())]))


def _summed(shares: sparse.csr_array) -> sparse.csr_array:
    """Shares at the terminals summed to buses, shape (N, B)."""
    n_buses = shares.shape[1] // len(PHASES)
    gather = sparse.vstack([sparse.eye_array(n_buses, format="csr")] * len(PHASES), format="csr")
    return sparse.csr_array(shares @ gather)
