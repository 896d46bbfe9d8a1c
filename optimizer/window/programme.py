"""The linear programme of one window, before any rows of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.powerflow.powerflow import PowerFlow, power_flow
from optimizer._highs import INFINITY, Compiled, LinearProgram
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Decided
from optimizer.window.data import bounds, costs, joined, own_ci, sides
from optimizer.window.roles import Roles
from optimizer.window.sessions import SessionBlock, session_block, single_direction
from optimizer.window.withdrawals import Part, Withdrawals

SHORT_ROWS = 200
"""Up to so many columns a step, rows of losses know every device by itself."""


@dataclass(frozen=True, eq=False)
class Start:
    """What a window takes over from the one before.

    Args:
        e_now_mwh: Energy of every device with a reservoir when the window begins, by flexibility, shape (N,) [MWh].
        peak_mw: Highest import so far in the month of the first step [MW].
        p_before_mw: Power of every device before the first step, by flexibility, shape (N,) [MW]; None at the start.
        carbon_cap_kg: Most carbon of the window [kg].
        decided_steps: First steps of the window, which it decides for good; it only looks ahead at the others.
            None: all.
        ahead: What the window before saw ahead for steps of this one; None at the start.
    """

    e_now_mwh: Mapping[str, Floats]
    peak_mw: float = 0.0
    p_before_mw: Mapping[str, Floats] | None = None
    carbon_cap_kg: float = INFINITY
    decided_steps: int | None = None
    ahead: Decided | None = None


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
        block_rows_at: First row of each block.
    """

    problem: DispatchProblem
    roles: Roles
    first: int
    stop: int
    compiled: Compiled
    program: LinearProgram
    blocks: tuple[SessionBlock, ...]
    block_at: tuple[int, ...]
    block_rows_at: tuple[int, ...] = ()

    @property
    def n_steps(self) -> int:
        """Steps in the window."""
        return self.stop - self.first

    def slots(self, flexibility: Flexibility) -> Ints:
        """Slots in the window of an asset that lasts throughout, shape (N, n_steps)."""
        return flexibility.offsets[:-1, None] + np.arange(self.first, self.stop)

    def _by_step(self, x: Floats, name: str) -> Floats:
        """Values of a component of the model in the solution, one row a member, shape (members, n_steps)."""
        return x[self.compiled.columns[name]].reshape(-1, self.n_steps)

    @cached_property
    def segment_store(self) -> Ints:
        """Device of the stores that each charging segment belongs to, shape (J,)."""
        lengths = [len(s.charge_segments) for _, s in self.roles.stores for _ in range(s.owner.size)]
        return np.repeat(np.arange(len(lengths)), lengths)

    def decided(self, x: Floats) -> Decided:
        """What every flexibility does in the solution `x`."""
        powers: dict[str, tuple[Ints, Floats]] = {}
        converter, at = self._by_step(x, "converter_mw"), 0
        for flexibility in self.roles.converters:
            powers[flexibility.name] = (
                self.slots(flexibility).ravel(),
                converter[at : at + flexibility.n_devices].ravel(),
            )
            at += flexibility.n_devices
        discharge = self._by_step(x, "discharge_mw")
        segments = self._by_step(x, "charge_mw")
        charge = np.zeros_like(discharge)
        np.add.at(charge, self.segment_store, segments)
        at = 0
        for flexibility, store in self.roles.stores:
            net = []
            for n in range(flexibility.n_devices):
                if len(store.charge_segments) > 1:
                    net.append(charge[at + n] - discharge[at + n])
                else:
                    eta = (store.eta_charge[n], store.eta_discharge[n])
                    net.append(single_direction(charge[at + n], discharge[at + n], *eta))
            powers[flexibility.name] = (self.slots(flexibility).ravel(), np.concatenate(net))
            at += flexibility.n_devices
        for block, first in zip(self.blocks, self.block_at, strict=True):
            powers[block.flexibility.name] = (block.slot, block.power(x[first : first + block.n_columns]))
        return Decided(powers, self._reactive(x))

    def _reactive(self, x: Floats) -> dict[str, tuple[Ints, Floats]]:
        """Reactive withdrawal of the inverters by flexibility."""
        if not self.roles.inverters:
            return {}
        net = self._by_step(x, "q_draw_mvar") - self._by_step(x, "q_supply_mvar")
        inverter = dict(zip(self.roles.inverters, net, strict=True))
        found, at = {}, 0
        for flexibility in self.roles.lasting:
            rows = [inverter.get(at + n, np.zeros(self.n_steps)) for n in range(flexibility.n_devices)]
            found[flexibility.name] = (self.slots(flexibility).ravel(), np.concatenate(rows))
            at += flexibility.n_devices
        return found

    def unmanaged(self) -> Decided:
        """The same where nobody manages anything: a point to linearise at before the first solution."""
        slots = {f.name: (f, self.slots(f).ravel()) for f in self.roles.lasting}
        slots |= {block.flexibility.name: (block.flexibility, block.slot) for block in self.blocks}
        return Decided({name: (at, self._unmanaged_power(f, at)) for name, (f, at) in slots.items()}, {})

    def _unmanaged_power(self, flexibility: Flexibility, slots: Ints) -> Floats:
        """Its stated power, or as little as may be: the first round needs a point, not a forecast."""
        stated = flexibility.p_unmanaged_mw
        if stated is not None:
            return stated[slots]
        low, high = flexibility.at_slots(flexibility.p_min_mw, slots), flexibility.at_slots(flexibility.p_max_mw, slots)
        return np.minimum(np.maximum(low, 0.0), high)

    def withdrawal(self, decided: Decided) -> tuple[Floats, Floats]:
        """Active and reactive withdrawal at the buses with what was decided, shape (n_steps, B) each [MW, MVAr]."""
        at = slice(self.first, self.stop)
        p_mw, q_mvar = self.problem.p_fixed_mw[at].copy(), self.problem.q_fixed_mvar[at].copy()
        flexibilities = {f.name: f for f in self.problem.flexibilities}
        for total, parts in ((p_mw, decided.p_mw), (q_mvar, decided.q_mvar)):
            for name, (slot, power) in parts.items():
                flexibility = flexibilities[name]
                device = flexibility.device_of(slot)
                step = slot - flexibility.offsets[device] + flexibility.start[device] - self.first
                shape = (self.n_steps, flexibility.n_devices)
                by_device = sparse.csr_array((power, (step, device)), shape=shape)
                np.add(total, (by_device @ flexibility.shares).toarray(), out=total)
        return p_mw, q_mvar

    def boundary_mw(self, decided: Decided, flow: PowerFlow) -> Floats:
        """Net import, shape (n_steps,) [MW]: what enters the grid, and what is drawn right where it does.

        Args:
            decided: What was decided.
            flow: Its power flow; where the problem has none, the sum of all withdrawals stands for it.
        """
        p_mw = self.withdrawal(decided)[0]
        if self.problem.alternating:
            return flow.net_import_mw(p_mw)
        fixed = self.problem.network.fixed_mva.real.sum() if self.problem.grid_limits else 0.0
        return np.asarray(p_mw.sum(axis=1) + fixed)

    def flow(self, decided: Decided) -> PowerFlow:
        """AC power flow of the window with what was decided; without voltages where the problem asks for none."""
        clock, network = self.problem.clock.window(self.first, self.stop), self.problem.network
        if self.problem.alternating:
            return power_flow(network, clock, *self.withdrawal(decided))
        nowhere = np.zeros(self.n_steps, dtype=bool)
        return PowerFlow(clock, network, np.full((self.n_steps, network.n_nodes), np.nan + 0j), nowhere, ~nowhere)

    def values(self, decided: Decided) -> Floats:
        """Values of the columns that withdraw power, for what was decided; 0 elsewhere. Shape (columns,)."""
        x = np.zeros(self.program.cost.size)
        columns, powers = self.compiled.columns, decided.p_mw
        converters = [powers[f.name][1] for f in self.roles.converters]
        x[columns["converter_mw"]] = np.concatenate(converters) if converters else 0.0
        if self.roles.stores:
            net = np.concatenate([powers[f.name][1] for f, _ in self.roles.stores]).reshape(-1, self.n_steps)
            first = np.concatenate([[True], np.diff(self.segment_store) > 0])
            charge = np.where(first[:, None], np.maximum(net, 0.0)[self.segment_store], 0.0)
            x[columns["charge_mw"]], x[columns["discharge_mw"]] = charge.ravel(), np.maximum(-net, 0.0).ravel()
        fleet = columns["fleet_mw"].reshape(-1, self.n_steps)
        for place, (block, at) in enumerate(zip(self.blocks, self.block_at, strict=True)):
            power = powers[block.flexibility.name][1]
            k, fed = block.slot.size, block.with_feed_in
            x[at : at + k] = np.where(fed, np.maximum(power, 0.0), power)
            x[at + k : at + k + int(fed.sum())] = np.maximum(-power[fed], 0.0)
            x[fleet[place]] = np.bincount(block.step, weights=power, minlength=self.n_steps)
        if self.roles.inverters and decided.q_mvar:
            rows = np.concatenate([decided.q_mvar[f.name][1] for f in self.roles.lasting]).reshape(-1, self.n_steps)
            q = rows[list(self.roles.inverters)].ravel()
            x[columns["q_draw_mvar"]], x[columns["q_supply_mvar"]] = np.maximum(q, 0.0), np.maximum(-q, 0.0)
        return x

    @cached_property
    def fine(self) -> Withdrawals:
        """Every device by itself: exact, for limits of branches and voltages."""
        parts, shares = self._lasting_parts()
        row = sum(matrix.shape[0] for matrix in shares)
        for block, at in zip(self.blocks, self.block_at, strict=True):
            k, fed = block.slot.size, np.flatnonzero(block.with_feed_in)
            parts.append((at + np.arange(k), block.step, 1.0, row + block.device, False))
            parts.append((at + k + np.arange(fed.size), block.step[fed], -1.0, row + block.device[fed], False))
            shares.append(block.flexibility.shares)
            row += block.flexibility.n_devices
        return Withdrawals.of(parts, shares)

    @property
    def for_losses(self) -> Withdrawals:
        """Every device by itself as long as rows are short; fleets as one where they would be long."""
        slots = sum(block.slot.size for block in self.blocks)
        return self.fine if slots <= SHORT_ROWS * self.n_steps else self.coarse

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
            power = block.p_max_mw
            at = (power, (block.step, block.device))
            connected = sparse.csr_array(at, shape=(self.n_steps, block.flexibility.n_devices))
            total = np.maximum(np.asarray(connected.sum(axis=1)).ravel(), 1e-12)
            shares.append(sparse.csr_array(sparse.diags_array(1 / total) @ connected @ block.flexibility.shares))
            parts.append((fleet[place], np.arange(self.n_steps), 1.0, row + np.arange(self.n_steps), False))
            row += self.n_steps
        return Withdrawals.of(parts, shares)

    def _lasting_parts(self) -> tuple[list[Part], list[sparse.csr_array]]:
        """Columns of converters, stores and inverters, and the shares of their devices."""
        columns, steps = self.compiled.columns, np.arange(self.n_steps)
        n_buses = len(self.problem.network.buses.names)
        shares = [sparse.csr_array((0, n_buses)), *(f.shares for f in self.roles.lasting)]
        n_converters = self.roles.n_converters
        n_stores = sum(f.n_devices for f, _ in self.roles.stores)
        inverters = np.array(self.roles.inverters, dtype=np.int64)
        parts: list[Part] = []
        for name, row, sign, reactive in (
            ("converter_mw", np.arange(n_converters), 1.0, False),
            ("charge_mw", n_converters + self.segment_store, 1.0, False),
            ("discharge_mw", n_converters + np.arange(n_stores), -1.0, False),
            ("q_draw_mvar", inverters, 1.0, True),
            ("q_supply_mvar", inverters, -1.0, True),
        ):
            parts.append((columns[name], np.tile(steps, row.size), sign, np.repeat(row, self.n_steps), reactive))
        return parts, shares

    @cached_property
    def emissions_kg(self) -> Floats:
        """Emissions per unit of each column: imports, and generation with emissions of its own, shape (columns,)."""
        e, h, columns = np.zeros(self.program.cost.size), self.problem.clock.step_hours, self.compiled.columns
        e[columns["import_mw"]] = h * self.problem.import_ci_kg_per_mwh[self.first : self.stop]
        own = [np.repeat(own_ci(f), f.n_devices * self.n_steps) for f in self.roles.converters]
        e[columns["converter_mw"]] = -h * joined(own)
        return e


def state_window(
    problem: DispatchProblem, roles: Roles, compiled: Compiled, first: int, stop: int, start: Start
) -> Window:
    """States the programme of the steps `first` to `stop` - 1.

    Args:
        problem: The problem.
        roles: Parts of its flexibilities.
        compiled: The model of a window of this length.
        first: First step.
        stop: Step after the last.
        start: What it takes over.
    """
    window = Window(problem, roles, first, stop, compiled, compiled.program, (), ())
    program = compiled.updated(bounds=bounds(window, start), cost=costs(window), rhs=sides(window, start))
    blocks, block_at, rows_at = [], [], []
    for place, flexibility in enumerate(roles.fleets):
        energy = start.e_now_mwh.get(flexibility.name, np.zeros(flexibility.n_devices))
        block = session_block(flexibility, energy, first, stop)
        rows = compiled.rows["fleet_total"].reshape(-1, window.n_steps)[place]
        into = block.by_step(window.n_steps).tocoo()
        into_rows = sparse.csr_array(
            (-into.data, (rows[into.row], into.col)), shape=(program.row_lower.size, block.n_columns)
        )
        blocks.append(block)
        block_at.append(program.cost.size)
        rows_at.append(program.row_lower.size)
        program = program.with_block(block.program, into_rows)
    return Window(problem, roles, first, stop, compiled, program, tuple(blocks), tuple(block_at), tuple(rows_at))
