"""The part that each flexibility plays in the programme of a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import values_of
from optimizer._highs import Compiled
from optimizer.problem.problem import Extension
from optimizer.problem.role_faults import is_store
from optimizer.window.model import StoreConstants, Structure, window_model


@dataclass(frozen=True, eq=False)
class GivenDraw:
    """What is decided already behind a shared grid connection.

    Args:
        p_mw: Withdrawal in each step of the clock, shape (T,) [MW].
        max_mw: What the connection carries, either way [MW].
    """

    p_mw: Floats
    max_mw: float


@dataclass(frozen=True, eq=False)
class Roles:
    """Flexibilities by what they are like.

    Args:
        units: Flexible units: within bounds in every step, without a reservoir.
        stores: With a reservoir, in every step.
        sessions: Everything else: devices that come and go, and stores whose efficiency changes with time.
        inverters: Places of the devices of units and then stores that can move reactive power.
        unbalance: Whether there is a limit of the unbalance of the voltage.
        extend: What a user adds to the model.
        given: What devices that are decided already draw behind shared connections, by connection.
    """

    units: tuple[Flexibility, ...]
    stores: tuple[tuple[Flexibility, Reservoir], ...]
    sessions: tuple[Flexibility, ...]
    inverters: tuple[int, ...] = ()
    unbalance: bool = False
    extend: Extension | None = None
    given: Mapping[str, GivenDraw] = field(default_factory=dict)

    @classmethod
    def from_flexibilities(
        cls,
        flexibilities: Sequence[Flexibility],
        *,
        reactive: bool = False,
        unbalance: bool = False,
        extend: Extension | None = None,
        given: Mapping[str, GivenDraw] | None = None,
    ) -> Roles:
        """Sorts flexibilities; inverters take part only where `reactive` power is a lever."""
        units = [f for f in flexibilities if f.lasts_throughout and f.reservoir is None]
        stores = [(f, f.reservoir) for f in flexibilities if f.reservoir is not None and is_store(f, f.reservoir)]
        lasting = [*units, *(f for f, _ in stores)]
        sessions = [f for f in flexibilities if not any(f is other for other in lasting)]
        q_max = joined([by_device(f.q_max_mvar, f) for f in lasting])
        inverters = tuple(int(place) for place in np.flatnonzero(q_max > 0)) if reactive else ()
        return cls(tuple(units), tuple(stores), tuple(sessions), inverters, unbalance, extend, given or {})

    @property
    def lasting(self) -> tuple[Flexibility, ...]:
        """Units, then stores."""
        return (*self.units, *(flexibility for flexibility, _ in self.stores))

    @property
    def n_units(self) -> int:
        """Devices of all units."""
        return sum(flexibility.n_devices for flexibility in self.units)

    @property
    def n_stores(self) -> int:
        """Devices of all stores."""
        return sum(flexibility.n_devices for flexibility, _ in self.stores)

    @property
    def connections(self) -> dict[str, float]:
        """Shared grid connections by name, with what they carry [MW]."""
        free = {f.connection: f.connection_max_mw for f in (*self.lasting, *self.sessions) if f.connection}
        return free | {name: draw.max_mw for name, draw in self.given.items()}

    def given_behind(self, first: int, stop: int) -> Floats:
        """What is decided already behind each of `connections` in some steps, shape (K, stop - first) [MW]."""
        nothing = np.zeros(stop - first)
        drawn = [self.given[name].p_mw[first:stop] if name in self.given else nothing for name in self.connections]
        return np.array(drawn).reshape(-1, stop - first)

    def structure(self, n_steps: int, step_hours: float, n_months: int = 1) -> Structure:
        """The shape of the model of a window of `n_steps` steps that touches `n_months` calendar months."""
        constants = [
            StoreConstants(charge, discharge, kept, tuple(relative for _, relative in store.charge_segments))
            for _, store in self.stores
            for charge, discharge, kept in zip(
                values_of(store.eta_charge).tolist(),
                values_of(store.eta_discharge).tolist(),
                store.retention_per_step.tolist(),
                strict=True,
            )
        ]
        places = list(self._places())
        return Structure(
            n_steps=n_steps,
            step_hours=step_hours,
            n_units=self.n_units,
            stores=tuple(constants),
            n_sessions=len(self.sessions),
            n_inverters=len(self.inverters),
            n_months=n_months,
            unbalance=self.unbalance,
            ramped=tuple(place for flexibility, place in places if flexibility.ramp_mw_per_h is not None),
            connections=tuple(
                tuple(place for flexibility, place in places if flexibility.connection == name)
                for name in self.connections
            ),
            extend=self.extend,
        )

    def compiled(self, n_steps: int, step_hours: float, n_months: int = 1) -> Compiled:
        """The model of a window of `n_steps` steps that touches `n_months` calendar months, as arrays."""
        structure = self.structure(n_steps, step_hours, n_months)
        if self.extend is not None:
            return Compiled.from_pyomo(window_model(structure))
        return _compiled(structure)

    def ramps_mw_per_h(self) -> Floats:
        """Ramp of each device that has one, in the order of the structure, shape (R,) [MW/h]."""
        return joined([by_device(f.ramp_mw_per_h, f) for f in self.lasting if f.ramp_mw_per_h is not None])

    def _places(self) -> Iterator[tuple[Flexibility, tuple[str, int]]]:
        """Every device of units and stores, and every group of sessions, with its place in the model."""
        for kind, group in (("unit", self.units), ("store", tuple(f for f, _ in self.stores))):
            devices = (flexibility for flexibility in group for _ in range(flexibility.n_devices))
            yield from ((flexibility, (kind, place)) for place, flexibility in enumerate(devices))
        yield from ((flexibility, ("sessions", place)) for place, flexibility in enumerate(self.sessions))


@lru_cache(maxsize=4)
def _compiled(structure: Structure) -> Compiled:
    """The model of a structure that no user extends; those used last are kept for the next dispatch."""
    return Compiled.from_pyomo(window_model(structure))


def by_device(values: Floats | None, flexibility: Flexibility) -> Floats:
    """Values by device, or one for all, shape (N,)."""
    return np.broadcast_to(np.zeros(1) if values is None else values, (flexibility.n_devices,))


def joined(parts: Sequence[Floats]) -> Floats:
    """Arrays of shape (N_i,) one after another; empty where there are none."""
    return np.concatenate(parts) if parts else np.empty(0)


def stacked(parts: Sequence[Floats], n_steps: int) -> Floats:
    """Arrays of shape (N_i, n_steps) one below another; (0, n_steps) where there are none."""
    return np.concatenate(parts) if parts else np.empty((0, n_steps))
