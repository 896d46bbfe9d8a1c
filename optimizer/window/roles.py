"""The part that each flexibility plays in the programme of a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility, Reservoir
from optimizer._highs import Compiled
from optimizer.problem.problem import Extension
from optimizer.problem.role_faults import is_store
from optimizer.window.model import StoreConstants, Structure, window_model


@dataclass(frozen=True, eq=False)
class Roles:
    """Flexibilities by what they are like.

    Args:
        converters: Within bounds in every step, without a reservoir.
        stores: With a reservoir, in every step.
        fleets: Everything else: devices that come and go, and stores whose efficiency changes with time.
        inverters: Places of the devices of converters and then stores that can move reactive power.
        extend: What a user adds to the model.
    """

    converters: tuple[Flexibility, ...]
    stores: tuple[tuple[Flexibility, Reservoir], ...]
    fleets: tuple[Flexibility, ...]
    inverters: tuple[int, ...] = ()
    extend: Extension | None = None

    @classmethod
    def of(
        cls, flexibilities: Sequence[Flexibility], *, reactive: bool = False, extend: Extension | None = None
    ) -> Roles:
        """Sorts flexibilities; inverters take part only where `reactive` power is a lever."""
        converters = [f for f in flexibilities if f.lasts_throughout and f.reservoir is None]
        stores = [(f, f.reservoir) for f in flexibilities if f.reservoir is not None and is_store(f, f.reservoir)]
        lasting = [*converters, *(f for f, _ in stores)]
        fleets = [f for f in flexibilities if not any(f is other for other in lasting)]
        limits = [by_device(f.q_max_mvar, f) for f in lasting]
        q_max = np.concatenate(limits) if limits else np.empty(0)
        inverters = tuple(int(place) for place in np.flatnonzero(q_max > 0)) if reactive else ()
        return cls(tuple(converters), tuple(stores), tuple(fleets), inverters, extend)

    @property
    def lasting(self) -> tuple[Flexibility, ...]:
        """Converters, then stores."""
        return (*self.converters, *(flexibility for flexibility, _ in self.stores))

    @property
    def n_converters(self) -> int:
        """Devices of all converters."""
        return sum(flexibility.n_devices for flexibility in self.converters)

    @property
    def connections(self) -> dict[str, float]:
        """Shared grid connections by name, with what they carry [MW]."""
        return {f.connection: f.connection_max_mw for f in (*self.lasting, *self.fleets) if f.connection}

    def structure(self, n_steps: int, step_hours: float) -> Structure:
        """The shape of the model of a window of `n_steps` steps."""
        constants = [
            StoreConstants(charge, discharge, kept, tuple(relative for _, relative in store.charge_segments))
            for _, store in self.stores
            for charge, discharge, kept in zip(
                store.eta_charge.tolist(), store.eta_discharge.tolist(), store.retention_per_step.tolist(), strict=True
            )
        ]
        places = list(self._places())
        return Structure(
            n_steps=n_steps,
            step_hours=step_hours,
            n_converters=self.n_converters,
            stores=tuple(constants),
            n_fleets=len(self.fleets),
            n_inverters=len(self.inverters),
            ramped=tuple(place for flexibility, place in places if flexibility.ramp_mw_per_h is not None),
            connections=tuple(
                tuple(place for flexibility, place in places if flexibility.connection == name)
                for name in self.connections
            ),
            extend=self.extend,
        )

    def compiled(self, n_steps: int, step_hours: float) -> Compiled:
        """The model of a window of `n_steps` steps, as arrays."""
        return Compiled.of(window_model(self.structure(n_steps, step_hours)))

    def ramps_mw_per_h(self) -> Floats:
        """Ramp of each device that has one, in the order of the structure, shape (R,) [MW/h]."""
        ramps = [by_device(f.ramp_mw_per_h, f) for f in self.lasting if f.ramp_mw_per_h is not None]
        return np.concatenate(ramps) if ramps else np.empty(0)

    def _places(self) -> Iterator[tuple[Flexibility, tuple[str, int]]]:
        """Every device of a lasting flexibility, and every fleet, with its place in the model."""
        at = {"converter": 0, "store": 0}
        for kind, group in (("converter", self.converters), ("store", tuple(f for f, _ in self.stores))):
            for flexibility in group:
                for _ in range(flexibility.n_devices):
                    yield flexibility, (kind, at[kind])
                    at[kind] += 1
        yield from ((flexibility, ("fleet", place)) for place, flexibility in enumerate(self.fleets))


def by_device(values: Floats | None, flexibility: Flexibility) -> Floats:
    """Values by device, or one for all, shape (N,)."""
    return np.broadcast_to(np.zeros(1) if values is None else values, (flexibility.n_devices,))
