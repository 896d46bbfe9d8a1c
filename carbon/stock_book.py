"""The running account of all stocks, kept while the tracing walks through time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from carbon.stock_plan import StockPlan
from carbon.stocks import EMPTY_MWH, ClassTrace, Contents, Movements, StockOperation, StockTrace
from grid.errors import Fault, raise_if_any
from grid.series import Floats, Ints

_ENERGY, _CARBON, _RENEWABLE = range(3)
_CHARGE, _DISCHARGE, _FUEL, _STANDING, _ARRIVING = range(5)
_VEHICLES, _STATIONARY = range(2)
_FAULTS_LISTED = 20


class StockBook:
    """Energy, carbon and renewable energy in every stock, from step to step.

    What leaves a stock takes energy, carbon and renewable energy in the same proportion, so one share of the content
    for each way out says it all. The only mutable object of the tracing: made, walked through once, step after step,
    and closed within `trace`.

    Args:
        operation: What every store did.
        plan: The same, sorted.
        n_nodes: Number of nodes.
    """

    def __init__(self, operation: StockOperation, plan: StockPlan, n_nodes: int) -> None:
        n_slots, n_steps = len(plan.slots), len(plan.stationary_from)
        self._operation, self._plan, self._n_nodes = operation, plan, n_nodes
        # what a MWh carries at first, and from outside: itself, carbon, renewable energy; shape (3, O)
        initial = (np.ones(operation.n_owners), operation.ci_initial_kg_per_mwh, operation.renewable_share_initial)
        self._per_initial_mwh = np.stack(initial)
        self._content = plan.opening_mwh * self._per_initial_mwh
        self._opening = self._content.copy()
        self._mix = self._per_initial_mwh[_CARBON:].copy()
        self._members = np.stack([operation.vehicle, ~operation.vehicle], axis=1).astype(np.float64)
        self._moved = np.zeros((n_steps, 2, 5, 3))
        self._contents = np.empty((n_steps, 3, 2))
        self._meter_mwh = np.empty((n_steps, 2, 2))
        self._slot_mix, self._slot_kg = np.empty((2, n_slots)), np.empty((2, n_slots))
        self._slot_e_mwh = np.empty(n_slots)
        self._driven = np.zeros((3, operation.n_devices))
        self._overdrawn: dict[int, Fault] = {}

    def walk(self, step: int, mix: Callable[[Floats], Floats]) -> Floats:
        """One step: departures and arrivals, then discharge, mixing in the grid, and charge.

        Args:
            step: The step; every one must be walked once, in order.
            mix: From the carbon and the renewable energy that stores discharge at each node, shape (n_nodes, 2)
                [kg, MWh], to what a MWh carries there, shape (n_nodes, 2) [kg/MWh, 1].

        Returns:
            What `mix` returned.
        """
        self._drive(step)
        plan, op = self._plan, self._operation
        rows = slice(plan.slot_bounds[step], plan.slot_bounds[step + 1])
        device, withdrawn_mwh = plan.device[rows], plan.withdrawn_mwh[rows]
        owner, node = op.owner[device], op.node[device]
        held = np.take(self._content, owner, axis=1)
        self._slot_mix[:, rows] = self._mix_of(owner, held)
        stored_mwh = op.eta_charge[device] * np.maximum(withdrawn_mwh, 0.0)
        leaving, empties = self._leaving(step, rows, held[_ENERGY], stored_mwh)
        moved = np.empty((4, 3, len(owner)))
        np.multiply(held, leaving[:, None, :], out=moved[_DISCHARGE:])
        returned_mwh = moved[_DISCHARGE, _RENEWABLE] * op.eta_discharge[device]
        returned = (np.bincount(node, x, self._n_nodes) for x in (moved[_DISCHARGE, _CARBON], returned_mwh))
        carried = mix(np.stack(list(returned), axis=1))
        moved[_CHARGE, _ENERGY] = stored_mwh
        moved[_CHARGE, _CARBON] = np.maximum(withdrawn_mwh, 0.0) * carried[node, 0]
        moved[_CHARGE, _RENEWABLE] = stored_mwh * carried[node, 1]
        left = held + moved[_CHARGE] - moved[_DISCHARGE] - moved[_FUEL] - moved[_STANDING]
        residue = left * empties
        moved[_STANDING] += residue
        self._content[:, owner] = left - residue
        self._slot_e_mwh[rows] = left[_ENERGY] - residue[_ENERGY]
        self._enter(step, rows, moved)
        return carried

    def _drive(self, step: int) -> None:
        """Books what left and what arrived between sessions, for the sessions that start now."""
        plan, op = self._plan, self._operation
        devices = plan.devices[plan.device_bounds[step] : plan.device_bounds[step + 1]]
        owner, e_start_mwh = op.owner[devices], op.e_start_mwh[devices]
        held = self._content[:, owner]
        e_mwh = held[_ENERGY]
        share = np.divide(e_mwh - e_start_mwh, e_mwh, out=np.zeros_like(e_mwh), where=e_mwh > e_start_mwh)
        driven = held * share
        arriving = self._per_initial_mwh[:, owner] * np.maximum(e_start_mwh - e_mwh, 0.0)
        self._content[:, owner] = held + arriving - driven
        self._driven[:, devices] = driven
        self._moved[step, :, _FUEL] = (driven @ self._members[owner]).T
        self._moved[step, :, _ARRIVING] = (arriving @ self._members[owner]).T

    def _mix_of(self, owner: Ints, held: Floats) -> Floats:
        """Carbon and renewable energy per MWh of stocks that hold `held`, shape (2, n); the last while one is empty."""
        mix = np.take(self._mix, owner, axis=1)
        np.divide(held[_CARBON:], held[_ENERGY], out=mix, where=held[_ENERGY] > EMPTY_MWH)
        self._mix[:, owner] = mix
        return mix

    def _leaving(self, step: int, rows: slice, e_mwh: Floats, stored_mwh: Floats) -> tuple[Floats, Floats]:
        """Share of each stock that leaves by discharge, as fuel and by standing loss, (3, n); and 1 if it empties."""
        plan, op = self._plan, self._operation
        device = plan.device[rows]
        taken_mwh = np.maximum(-plan.withdrawn_mwh[rows], 0.0) / op.eta_discharge[device]
        fuel_mwh, kept = plan.fuel_mwh[rows], op.retention_per_step[device]
        left_mwh = kept * e_mwh + stored_mwh - taken_mwh - fuel_mwh
        for slot in np.flatnonzero(left_mwh < -EMPTY_MWH):
            place = f"operation.p_mw, device {int(device[slot])}, step {step}"
            fault = Fault(place, "must not take out more than the stock holds", f"{-left_mwh[slot]:.3g} MWh too much")
            self._overdrawn.setdefault(int(device[slot]), fault)
        per_mwh = np.divide(1.0, e_mwh, out=np.zeros_like(e_mwh), where=e_mwh > 0)
        discharge_share = np.minimum(taken_mwh * per_mwh, kept)
        fuel_share = np.minimum(fuel_mwh * per_mwh, kept - discharge_share)
        return np.stack([discharge_share, fuel_share, 1.0 - kept]), (left_mwh <= EMPTY_MWH).astype(np.float64)

    def _enter(self, step: int, rows: slice, moved: Floats) -> None:
        """Writes down what moved in each slot and, for each class, in all of them."""
        plan = self._plan
        self._slot_kg[:, rows] = moved[:_FUEL, _CARBON]
        first_stationary = plan.stationary_from[step]
        of_class = (slice(rows.start, first_stationary), slice(first_stationary, rows.stop))
        for kind, slots in zip((_VEHICLES, _STATIONARY), of_class, strict=True):
            here = slice(slots.start - rows.start, slots.stop - rows.start)
            self._moved[step, kind, :_ARRIVING] += moved[:, :, here].sum(axis=2)
            withdrawn_mwh = plan.withdrawn_mwh[slots]
            charged_mwh = np.maximum(withdrawn_mwh, 0.0).sum()
            self._meter_mwh[step, kind] = charged_mwh, charged_mwh - withdrawn_mwh.sum()
        self._contents[step] = self._content @ self._members

    def close(self) -> StockTrace:
        """The account of all steps.

        Raises:
            InputError: If more was taken out of a stock than it held: the first such step of every device.
        """
        faults = list(self._overdrawn.values())
        n_more = len(faults) - _FAULTS_LISTED
        more = [Fault("operation.p_mw", f"the same for {n_more} more devices")] if n_more > 0 else []
        raise_if_any([*faults[:_FAULTS_LISTED], *more])
        op = self._operation
        sorted_values = (self._slot_e_mwh, *self._slot_kg, *self._slot_mix)
        e_end_mwh, charge_kg, discharge_kg, ci_kg_per_mwh, renewable_share = map(self._unsorted, sorted_values)
        return StockTrace(
            e_end_mwh=e_end_mwh,
            charge_kg=charge_kg,
            discharge_kg=discharge_kg,
            ci_discharge_kg_per_mwh=ci_kg_per_mwh / op.eta_discharge[op.slot_device],
            renewable_share=renewable_share,
            driven_mwh=self._driven[_ENERGY],
            driven_kg=self._driven[_CARBON],
            vehicles=self._class_trace(_VEHICLES),
            stationary=self._class_trace(_STATIONARY),
            opening=Contents(*self._opening),
            closing=Contents(*self._content),
        )

    def _class_trace(self, kind: int) -> ClassTrace:
        """All stocks of one class."""
        opening = self._opening @ self._members[:, kind]
        energy, carbon, renewable = (
            Movements(float(opening[q]), self._contents[:, q, kind], *self._moved[:, kind, :, q].T) for q in range(3)
        )
        return ClassTrace(energy, carbon, renewable, self._meter_mwh[:, kind, 0], self._meter_mwh[:, kind, 1])

    def _unsorted(self, sorted_values: Floats) -> Floats:
        """Values of the sorted slots in the original order, shape (K,)."""
        values = np.empty_like(sorted_values)
        values[self._plan.slots] = sorted_values
        return values
