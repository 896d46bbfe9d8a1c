"""Devices with reservoirs in plain arrays, as compiled functions read them."""

from __future__ import annotations

from typing import NamedTuple

from grid.arrays import Floats, Ints


class Devices(NamedTuple):
    """N devices with reservoirs and their K slots, as the kernels read them.

    Args:
        first_slot: First slot of each device, and K at the end, shape (N + 1,).
        step_hours: Length of a step [h].
        p_max_mw: Most withdrawal, shape (N,) or (K,) [MW].
        eta_charge: Energy stored for a MWh withdrawn in the first segment, shape (N,) or (K,) [1].
        eta_discharge: Energy fed in for a MWh taken out, shape (N,) or (K,) [1].
        retention_per_step: Share of the energy that a step's standing loss leaves, shape (N,) [1].
        drain_mwh: Energy used in each slot's step, shape (K,) [MWh]; (0,) if there is none.
        p_max_by_slot: Whether `p_max_mw` has one value a slot, else one a device.
        eta_charge_by_slot: Likewise.
        eta_discharge_by_slot: Likewise.
        segments: Share of the charging power and relative efficiency of each segment, shape (S, 2) [1].
        p_segments_mw: Power that those shares are of, shape (N,) or (K,) [MW].
        p_segments_by_slot: Whether `p_segments_mw` has one value a slot, else one a device.
    """

    first_slot: Ints
    step_hours: float
    p_max_mw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    retention_per_step: Floats
    drain_mwh: Floats
    p_max_by_slot: bool
    eta_charge_by_slot: bool
    eta_discharge_by_slot: bool
    segments: Floats
    p_segments_mw: Floats
    p_segments_by_slot: bool

    def between(self, first: int, stop: int) -> Devices:
        """The devices `first` to `stop` - 1 by themselves."""
        devices, slots = slice(first, stop), slice(int(self.first_slot[first]), int(self.first_slot[stop]))
        return self._replace(
            first_slot=self.first_slot[first : stop + 1] - self.first_slot[first],
            p_max_mw=self.p_max_mw[slots if self.p_max_by_slot else devices],
            eta_charge=self.eta_charge[slots if self.eta_charge_by_slot else devices],
            eta_discharge=self.eta_discharge[slots if self.eta_discharge_by_slot else devices],
            retention_per_step=self.retention_per_step[devices],
            drain_mwh=self.drain_mwh[slots] if self.drain_mwh.size else self.drain_mwh,
            p_segments_mw=self.p_segments_mw[slots if self.p_segments_by_slot else devices],
        )
