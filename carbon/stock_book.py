"""The running account of all stocks, kept while the tracing walks through time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from carbon.stock_plan import StockPlan
from carbon.stocks import EMPTY_MWH, ClassTrace, Contents, Movements, StockOperation, StockTrace
from grid.series import Floats, Ints

_ENERGY, _CARBON, _RENEWABLE = range(3)
_CHARGE, _DISCHARGE, _FUEL, _STANDING, _ARRIVING = range(5)
_VEHICLES, _STATIONARY = range(2)


class StockBook:
    """Energy, carbon and renewable energy in every stock, from step to step.

    The only mutable object of the tracing: made, walked through once, step after step, and closed within `trace`.

    Args:
        operation: What every store did.
        plan: The same, sorted.
        n_nodes: Number of nodes, N.
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
        self._slot_mix = np.empty((2, n_slots))
        self._slot_kg = np.empty((2, n_slots))
        self._driven_kg = np.zeros(operation.n_devices)

    def discharge_mw(self) -> Floats:
        """Power that stores feed in at each node, shape (T, N) [MW]."""
        plan, n_steps = self._plan, len(self._plan.stationary_from)
        step = np.repeat(np.arange(n_steps), np.diff(plan.slot_bounds))
        cell = step * self._n_nodes + plan.node
        energy_mwh = np.bincount(cell, plan.discharge_mwh, n_steps * self._n_nodes)
        return energy_mwh.reshape(n_steps, self._n_nodes) / plan.step_hours

    def walk(self, step: int, mix: Callable[[Floats], Floats]) -> Floats:
        """One step: departures and arrivals, then discharge, mixing in the grid, and charge.

        Args:
            step: The step; every one must be walked once, in order.
            mix: From the carbon and the renewable energy that stores discharge at each node, shape (N, 2)
                [kg, MWh], to what a MWh carries there, shape (N, 2) [kg/MWh, 1].

        Returns:
            What `mix` returned.
        """
        self._drive(step)
        plan = self._plan
        rows = slice(plan.slot_bounds[step], plan.slot_bounds[step + 1])
        owner, node, eta_discharge = plan.owner[rows], plan.node[rows], plan.eta_discharge[rows]
        held = np.take(self._content, owner, axis=1)
        self._slot_mix[:, rows] = self._mix_of(owner, held)
        moved = np.empty((4, 3, len(owner)))
        np.multiply(held, plan.leaving_share[:, None, rows], out=moved[_DISCHARGE:])
        returned = np.empty((self._n_nodes, 2))
        returned[:, 0] = np.bincount(node, moved[_DISCHARGE, _CARBON], self._n_nodes)
        returned[:, 1] = np.bincount(node, moved[_DISCHARGE, _RENEWABLE] * eta_discharge, self._n_nodes)
        carried = mix(returned)
        charge_mwh = plan.charge_mwh[rows]
        moved[_CHARGE, _ENERGY] = stored_mwh = charge_mwh * plan.eta_charge[rows]
        moved[_CHARGE, _CARBON] = charge_mwh * carried[node, 0]
        moved[_CHARGE, _RENEWABLE] = stored_mwh * carried[node, 1]
        left = held + moved[_CHARGE] - moved[_DISCHARGE] - moved[_FUEL] - moved[_STANDING]
        residue = left * plan.empties[rows]
        moved[_STANDING] += residue
        self._content[:, owner] = left - residue
        self._enter(step, rows, moved)
        return carried

    def _drive(self, step: int) -> None:
        """Books what left and what arrived between sessions, for the sessions that start now."""
        plan = self._plan
        rows = slice(plan.device_bounds[step], plan.device_bounds[step + 1])
        devices = plan.devices[rows]
        owner = self._operation.owner[devices]
        driven = self._content[:, owner] * plan.driven_share[rows]
        arriving = self._per_initial_mwh[:, owner] * plan.arriving_mwh[rows]
        self._content[:, owner] += arriving - driven
        self._driven_kg[devices] = driven[_CARBON]
        self._moved[step, :, _FUEL] = (driven @ self._members[owner]).T
        self._moved[step, :, _ARRIVING] = (arriving @ self._members[owner]).T

    def _mix_of(self, owner: Ints, held: Floats) -> Floats:
        """Carbon and renewable energy per MWh of stocks that hold `held`, shape (2, n); the last while one is empty."""
        mix = np.take(self._mix, owner, axis=1)
        np.divide(held[_CARBON:], held[_ENERGY], out=mix, where=held[_ENERGY] > EMPTY_MWH)
        self._mix[:, owner] = mix
        return mix

    def _enter(self, step: int, rows: slice, moved: Floats) -> None:
        """Writes down what moved in each slot and, for each class, in all of them."""
        plan = self._plan
        self._slot_kg[:, rows] = moved[:_FUEL, _CARBON]
        first_stationary = plan.stationary_from[step]
        of_class = (slice(rows.start, first_stationary), slice(first_stationary, rows.stop))
        for kind, slots in zip((_VEHICLES, _STATIONARY), of_class, strict=True):
            here = slice(slots.start - rows.start, slots.stop - rows.start)
            self._moved[step, kind, :_ARRIVING] += moved[:, :, here].sum(axis=2)
            self._meter_mwh[step, kind] = plan.charge_mwh[slots].sum(), plan.discharge_mwh[slots].sum()
        self._contents[step] = self._content @ self._members

    def close(self) -> StockTrace:
        """The account of all steps."""
        plan, operation = self._plan, self._operation
        charge_kg, discharge_kg, ci_kg_per_mwh, renewable_share = (
            _unsorted(values, plan) for values in (*self._slot_kg, *self._slot_mix)
        )
        return StockTrace(
            e_end_mwh=plan.e_end_mwh,
            charge_kg=charge_kg,
            discharge_kg=discharge_kg,
            ci_discharge_kg_per_mwh=ci_kg_per_mwh / operation.eta_discharge[operation.slot_device],
            renewable_share=renewable_share,
            driven_mwh=plan.driven_mwh,
            driven_kg=self._driven_kg,
            vehicles=self._class_trace(_VEHICLES),
            stationary=self._class_trace(_STATIONARY),
            opening=Contents(*self._opening),
            closing=Contents(*self._content),
        )

    def _class_trace(self, kind: int) -> ClassTrace:
        opening = self._opening @ self._members[:, kind]
        energy, carbon, renewable = (
            Movements(float(opening[q]), self._contents[:, q, kind], *self._moved[:, kind, :, q].T) for q in range(3)
        )
        return ClassTrace(energy, carbon, renewable, self._meter_mwh[:, kind, 0], self._meter_mwh[:, kind, 1])


def _unsorted(sorted_values: Floats, plan: StockPlan) -> Floats:
    """Values of the sorted slots in the original order, shape (K,)."""
    values = np.empty_like(sorted_values)
    values[plan.slots] = sorted_values
    return values
