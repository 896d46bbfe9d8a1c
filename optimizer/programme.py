"""The linear programme of one window, before any rows of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.flexibility import Flexibility, Reservoir
from grid.powerflow import PowerFlow, power_flow
from grid.series import Floats, Ints
from optimizer._highs import INFINITY, Compiled, LinearProgram
from optimizer.model import StoreConstants, window_model
from optimizer.problem import DispatchProblem
from optimizer.sessions import SessionBlock, session_block, single_direction
from optimizer.withdrawals import Withdrawals

SHORT_ROWS = 200
"""Up to so many columns a step, rows of losses know every device by itself."""


@dataclass(frozen=True, eq=False)
class Roles:
    """The part that each flexibility plays in the programme.

    Args:
        converters: Within bounds in every step, without a reservoir.
        stores: With a reservoir, in every step.
        fleets: Everything else: devices that come and go.
    """

    converters: tuple[Flexibility, ...]
    stores: tuple[tuple[Flexibility, Reservoir], ...]
    fleets: tuple[Flexibility, ...]

    @classmethod
    def of(cls, flexibilities: Sequence[Flexibility]) -> Roles:
        """Sorts flexibilities by what they are like."""
        converters, stores, fleets = [], [], []
        for flexibility in flexibilities:
            store = flexibility.reservoir
            if not flexibility.lasts_throughout:
                fleets.append(flexibility)
            elif store is None:
                converters.append(flexibility)
            elif store.eta_charge.size == store.eta_discharge.size == flexibility.n_devices:
                stores.append((flexibility, store))
            else:  # efficiencies that change with time are coefficients, which only the appended block rebuilds
                fleets.append(flexibility)
        return cls(tuple(converters), tuple(stores), tuple(fleets))

    def compiled(self, n_steps: int, step_hours: float) -> Compiled:
        """The model of a window of `n_steps` steps, as arrays."""
        constants = [
            StoreConstants(float(charge), float(discharge), float(kept))
            for _, store in self.stores
            for charge, discharge, kept in zip(
                store.eta_charge, store.eta_discharge, store.retention_per_step, strict=True
            )
        ]
        n_converters = sum(flexibility.n_devices for flexibility in self.converters)
        return Compiled.of(window_model(n_steps, step_hours, n_converters, constants, len(self.fleets)))


@dataclass(frozen=True, eq=False)
class Window:
    """A window with its programme stated.

    Args:
        problem: The problem.
        roles: Parts of its flexibilities.
        first: First step of the window.
        stop: Step after its last.
        compiled: The Pyomo part, with the places of its components.
        program: The whole programme.
        blocks: Blocks of the fleets.
        block_at: First column of each block.
    """

    problem: DispatchProblem
    roles: Roles
    first: int
    stop: int
    compiled: Compiled
    program: LinearProgram
    blocks: tuple[SessionBlock, ...]
    block_at: tuple[int, ...]

    @property
    def n_steps(self) -> int:
        """Steps in the window."""
        return self.stop - self.first

    def slots(self, flexibility: Flexibility) -> Ints:
        """Slots in the window of an asset that lasts throughout, shape (N, n_steps)."""
        return flexibility.offsets[:-1, None] + np.arange(self.first, self.stop)

    def powers(self, x: Floats) -> dict[str, tuple[Ints, Floats]]:
        """For each flexibility by name: its slots in the window, and their withdrawal in the solution `x` [MW]."""
        columns, powers = self.compiled.columns, {}
        converter = iter(x[columns["converter_mw"]].reshape(-1, self.n_steps))
        for flexibility in self.roles.converters:
            rows = np.array([next(converter) for _ in range(flexibility.n_devices)])
            powers[flexibility.name] = (self.slots(flexibility).ravel(), rows.ravel())
        charge = iter(x[columns["charge_mw"]].reshape(-1, self.n_steps))
        discharge = iter(x[columns["discharge_mw"]].reshape(-1, self.n_steps))
        for flexibility, store in self.roles.stores:
            net = [
                single_direction(next(charge), next(discharge), store.eta_charge[n], store.eta_discharge[n])
                for n in range(flexibility.n_devices)
            ]
            powers[flexibility.name] = (self.slots(flexibility).ravel(), np.concatenate(net))
        for block, at in zip(self.blocks, self.block_at, strict=True):
            powers[block.flexibility.name] = (block.slot, block.power(x[at : at + block.n_columns]))
        return powers

    def unmanaged(self) -> dict[str, tuple[Ints, Floats]]:
        """The same where nobody manages anything: a point to linearise at before the first solution."""
        slots = {f.name: (f, self.slots(f).ravel()) for f in self.roles.converters}
        slots |= {f.name: (f, self.slots(f).ravel()) for f, _ in self.roles.stores}
        slots |= {block.flexibility.name: (block.flexibility, block.slot) for block in self.blocks}
        return {name: (at, flexibility.unmanaged_power()[at]) for name, (flexibility, at) in slots.items()}

    def flow(self, powers: Mapping[str, tuple[Ints, Floats]]) -> PowerFlow:
        """AC power flow of the window with these powers."""
        p_mw = self.problem.p_fixed_mw[self.first : self.stop].copy()
        flexibilities = {f.name: f for f in self.problem.flexibilities}
        for name, (slot, power) in powers.items():
            flexibility = flexibilities[name]
            by_device = sparse.csr_array(
                (power, (flexibility.step[slot] - self.first, flexibility.device[slot])),
                shape=(self.n_steps, flexibility.n_devices),
            )
            p_mw += (by_device @ flexibility.shares).toarray()
        clock = self.problem.clock.window(self.first, self.stop)
        return power_flow(self.problem.network, clock, p_mw, self.problem.q_fixed_mvar[self.first : self.stop])

    def values(self, powers: Mapping[str, tuple[Ints, Floats]]) -> Floats:
        """Values of the columns that withdraw power, for these powers; 0 elsewhere. Shape (columns,)."""
        x = np.zeros(self.program.cost.size)
        columns = self.compiled.columns
        converters = [powers[f.name][1] for f in self.roles.converters]
        x[columns["converter_mw"]] = np.concatenate(converters) if converters else 0.0
        stores = np.concatenate([powers[f.name][1] for f, _ in self.roles.stores]) if self.roles.stores else np.empty(0)
        x[columns["charge_mw"]], x[columns["discharge_mw"]] = np.maximum(stores, 0.0), np.maximum(-stores, 0.0)
        fleet = columns["fleet_mw"].reshape(-1, self.n_steps)
        for place, (block, at) in enumerate(zip(self.blocks, self.block_at, strict=True)):
            power = powers[block.flexibility.name][1]
            k, fed = block.slot.size, block.with_feed_in
            x[at : at + k] = np.where(fed, np.maximum(power, 0.0), power)
            x[at + k : at + k + int(fed.sum())] = np.maximum(-power[fed], 0.0)
            x[fleet[place]] = np.bincount(block.step, weights=power, minlength=self.n_steps)
        return x

    @cached_property
    def fine(self) -> Withdrawals:
        """Every device by itself: exact, for limits of branches."""
        parts, shares = self._lasting_parts()
        row = sum(matrix.shape[0] for matrix in shares)
        for block, at in zip(self.blocks, self.block_at, strict=True):
            k, fed = block.slot.size, np.flatnonzero(block.with_feed_in)
            parts.append((at + np.arange(k), block.step, 1.0, row + block.device))
            parts.append((at + k + np.arange(fed.size), block.step[fed], -1.0, row + block.device[fed]))
            shares.append(block.flexibility.shares)
            row += block.flexibility.n_devices
        return Withdrawals.of(parts, shares)

    @property
    def for_losses(self) -> Withdrawals:
        """Every device by itself as long as rows are short; fleets as one where they would be long."""
        return self.fine if self.fine.place.size <= SHORT_ROWS * self.n_steps else self.coarse

    @cached_property
    def coarse(self) -> Withdrawals:
        """Each fleet as one, where its connected devices are on average: short rows, for the losses of many devices.

        Where a fleet draws within its area changes the losses too; this leaves that out, so the programme's losses
        stay off by as much.
        """
        parts, shares = self._lasting_parts()
        row = sum(matrix.shape[0] for matrix in shares)
        fleet = self.compiled.columns["fleet_mw"].reshape(-1, self.n_steps)
        for place, block in enumerate(self.blocks):
            power = block.flexibility.per_slot(block.flexibility.p_max_mw)[block.slot]
            at = (power, (block.step, block.device))
            connected = sparse.csr_array(at, shape=(self.n_steps, block.flexibility.n_devices))
            total = np.maximum(np.asarray(connected.sum(axis=1)).ravel(), 1e-12)
            shares.append(sparse.csr_array(sparse.diags_array(1 / total) @ connected @ block.flexibility.shares))
            parts.append((fleet[place], np.arange(self.n_steps), 1.0, row + np.arange(self.n_steps)))
            row += self.n_steps
        return Withdrawals.of(parts, shares)

    def _lasting_parts(self) -> tuple[list[tuple[Ints, Ints, float, Ints]], list[sparse.csr_array]]:
        """Columns of converters and stores, and the shares of their devices."""
        columns, steps = self.compiled.columns, np.arange(self.n_steps)
        n_buses = len(self.problem.network.buses.names)
        shares = [sparse.csr_array((0, n_buses)), *(f.shares for f in self.roles.converters)]
        shares += [f.shares for f, _ in self.roles.stores]
        n_converters = sum(f.n_devices for f in self.roles.converters)
        n_stores = sum(f.n_devices for f, _ in self.roles.stores)
        parts = []
        for name, count, before, sign in (
            ("converter_mw", n_converters, 0, 1.0),
            ("charge_mw", n_stores, n_converters, 1.0),
            ("discharge_mw", n_stores, n_converters, -1.0),
        ):
            parts.append((columns[name], np.tile(steps, count), sign, before + np.repeat(np.arange(count), len(steps))))
        return parts, shares


def state_window(
    problem: DispatchProblem,
    roles: Roles,
    compiled: Compiled,
    first: int,
    stop: int,
    e_now_mwh: Mapping[str, Floats],
    peak_mw: float,
) -> Window:
    """States the programme of the steps `first` to `stop` - 1.

    Args:
        problem: The problem.
        roles: Parts of its flexibilities.
        compiled: The model of a window of this length.
        first: First step.
        stop: Step after the last.
        e_now_mwh: Energy of every device with a reservoir when the window begins, by flexibility, shape (N,) [MWh].
        peak_mw: Highest import so far in the month of the first step [MW].
    """
    window = Window(problem, roles, first, stop, compiled, compiled.program, (), ())
    program = compiled.updated(bounds=_bounds(window, peak_mw), cost=_costs(window), rhs=_sides(window, e_now_mwh))
    blocks, block_at = [], []
    for place, flexibility in enumerate(roles.fleets):
        start = e_now_mwh.get(flexibility.name, np.zeros(flexibility.n_devices))
        block = session_block(flexibility, start, first, stop)
        rows = compiled.rows["fleet_total"].reshape(-1, window.n_steps)[place]
        into = sparse.csr_array(block.by_step(window.n_steps))
        into_rows = sparse.csr_array(
            (-into.data, (rows[into.tocoo().row], into.tocoo().col)),
            shape=(program.row_lower.size, block.n_columns),
        )
        blocks.append(block)
        block_at.append(program.cost.size)
        program = program.with_block(block.program, into_rows)
    return Window(problem, roles, first, stop, compiled, program, tuple(blocks), tuple(block_at))


def _bounds(window: Window, peak_mw: float) -> dict[str, tuple[Floats | float, Floats | float]]:
    converters = [
        (f.per_slot(f.p_min_mw)[window.slots(f)].ravel(), f.per_slot(f.p_max_mw)[window.slots(f)].ravel())
        for f in window.roles.converters
    ]
    charge, discharge, least, most = [], [], [], []
    for flexibility, store in window.roles.stores:
        at = window.slots(flexibility)
        low_mw, high_mw = flexibility.per_slot(flexibility.p_min_mw)[at], flexibility.per_slot(flexibility.p_max_mw)[at]
        charge.append((np.maximum(low_mw, 0.0).ravel(), np.maximum(high_mw, 0.0).ravel()))
        discharge.append((np.maximum(-high_mw, 0.0).ravel(), np.maximum(-low_mw, 0.0).ravel()))
        low = np.repeat(store.e_min_mwh[:, None], window.n_steps, axis=1)
        low[:, -1] = np.maximum(low[:, -1], store.e_end_mwh)
        least.append(low.ravel())
        most.append(np.repeat(store.e_max_mwh, window.n_steps))
    return {
        "converter_mw": (_joined(c[0] for c in converters), _joined(c[1] for c in converters)),
        "charge_mw": (_joined(c[0] for c in charge), _joined(c[1] for c in charge)),
        "discharge_mw": (_joined(d[0] for d in discharge), _joined(d[1] for d in discharge)),
        "energy_mwh": (_joined(least), _joined(most)),
        "peak_mw": (peak_mw, INFINITY),
    }


def _costs(window: Window) -> dict[str, Floats | float]:
    problem, h = window.problem, window.problem.clock.step_hours
    at = slice(window.first, window.stop)
    wear = [
        np.repeat(np.broadcast_to(f.wear_cost_per_mwh, (f.n_devices,)), window.n_steps) for f, _ in window.roles.stores
    ]
    return {
        "import_mw": h * problem.import_cost_per_mwh[at],
        "export_mw": -h * problem.export_price_per_mwh[at],
        "discharge_mw": h * _joined(wear),
        "peak_mw": problem.demand_charge_per_mw_month,
    }


def _sides(window: Window, e_now_mwh: Mapping[str, Floats]) -> dict[str, tuple[Floats | float, Floats | float]]:
    problem, at = window.problem, slice(window.first, window.stop)
    fixed = problem.p_fixed_mw[at].sum(axis=1) + problem.network.fixed_mva.real.sum()
    months = problem.clock.times[at].astype("datetime64[M]")
    stored = []
    for flexibility, store in window.roles.stores:
        before = np.zeros((flexibility.n_devices, window.n_steps))
        before[:, 0] = store.retention_per_step * e_now_mwh[flexibility.name]
        stored.append(before.ravel())
    return {
        "balance": (fixed, fixed),
        "import_limit": (-INFINITY, problem.import_max_mw),
        "peak": (-INFINITY, np.where(months == months[0], 0.0, INFINITY)),
        "store_balance": (_joined(stored), _joined(stored)),
    }


def _joined(parts: object) -> Floats:
    arrays = list(parts)  # type: ignore[call-overload]  # any iterable of arrays
    return np.concatenate(arrays) if arrays else np.empty(0)
