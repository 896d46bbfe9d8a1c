"""The linear programme of one window, before any rows of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints, run_of
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of
from grid.network.network import Complexes
from grid.powerflow.grid_flow import GridFlow
from grid.powerflow.powerflow import PowerFlow, power_flow
from optimizer._highs import Compiled, LinearProgram
from optimizer.network.network_limits import NetworkLimits, limits_of
from optimizer.problem.problem import DispatchProblem
from optimizer.window.data import bounds, own_ci, prices, sides
from optimizer.window.roles import Roles
from optimizer.window.sessions import SessionBlock, SessionColumns, session_block, single_direction
from optimizer.window.state import SessionCells, SlotValues, WindowModel, WindowSchedule, WindowState


@dataclass(frozen=True, eq=False)
class Window(WindowModel):
    """A window with its programme stated.

    Args:
        own: The programme without the columns and rows of single sessions.
        blocks: Blocks of the sessions.
        block_columns: Columns of each block in the programme.
        block_rows_at: First row of each block.
    """

    own: LinearProgram
    blocks: tuple[SessionBlock, ...]
    block_columns: tuple[SessionColumns, ...]
    block_rows_at: tuple[int, ...]

    @cached_property
    def program(self) -> LinearProgram:
        """The whole programme, sessions one by one."""
        program = self.own
        for place, block in enumerate(self.blocks):
            into = block.by_step(self.n_steps).tocoo()
            at = (self.compiled.rows["sessions_total"][place][into.row], into.col)
            into_rows = sparse.csr_array((-into.data, at), shape=(program.row_lower.size, block.n_columns))
            program = program.with_block(block.program, into_rows)
        return program

    @cached_property
    def cost(self) -> Floats:
        """Cost of the columns of the whole programme, shape (columns,)."""
        return np.concatenate([self.own.cost, *(block.program.cost for block in self.blocks)])

    @property
    def n_columns(self) -> int:
        """Columns of the whole programme."""
        return self.n_own + sum(block.n_columns for block in self.blocks)

    @property
    def n_own(self) -> int:
        """Columns before those of sessions."""
        return int(self.own.cost.size)

    def placed_blocks(self) -> Iterator[tuple[SessionBlock, SessionColumns]]:
        """The blocks of sessions with their columns in the programme."""
        return zip(self.blocks, self.block_columns, strict=True)

    @cached_property
    def cells(self) -> SessionCells:
        """Cells of the sessions of all blocks."""
        shares = [self.limits.shares(block.flexibility) for block in self.blocks]
        return SessionCells.from_blocks(self.blocks, shares, self.n_steps)

    @cached_property
    def segment_store(self) -> Ints:
        """Device of the stores that each charging segment belongs to, shape (J,)."""
        lengths = [len(s.charge_segments) for _, s in self.roles.stores for _ in range(s.owner.size)]
        return run_of(np.array(lengths, dtype=np.int64))

    def schedule(self, x: Floats) -> WindowSchedule:
        """What every flexibility does in the solution `x`, shape (columns,)."""
        columns, powers = self.compiled.columns, {}
        for flexibility, rows in _rows_of(self.roles.units):
            powers[flexibility.name] = (self.slots(flexibility).ravel(), x[columns["unit_mw"]][rows].ravel())
        discharge = x[columns["discharge_mw"]]
        charge = np.zeros_like(discharge)
        np.add.at(charge, self.segment_store, x[columns["charge_mw"]])
        for (flexibility, rows), (_, store) in zip(_rows_of(self._stores), self.roles.stores, strict=True):
            if len(store.charge_segments) > 1:
                net = charge[rows] - discharge[rows]
            else:
                eta = (values_of(store.eta_charge)[:, None], values_of(store.eta_discharge)[:, None])
                net = single_direction(charge[rows], discharge[rows], *eta)
            powers[flexibility.name] = (self.slots(flexibility).ravel(), net.ravel())
        for block, at in self.placed_blocks():
            powers[block.flexibility.name] = (block.slot, block.power(x[at.every]))
        return WindowSchedule(powers, self._reactive(x))

    @property
    def _stores(self) -> tuple[Flexibility, ...]:
        return tuple(flexibility for flexibility, _ in self.roles.stores)

    def _reactive(self, x: Floats) -> dict[str, SlotValues]:
        """Reactive withdrawal of the inverters by flexibility."""
        if not self.roles.inverters:
            return {}
        columns, lasting = self.compiled.columns, self.roles.lasting
        q_mvar = np.zeros((self.roles.n_units + self.roles.n_stores, self.n_steps))
        q_mvar[list(self.roles.inverters)] = x[columns["q_draw_mvar"]] - x[columns["q_supply_mvar"]]
        return {f.name: (self.slots(f).ravel(), q_mvar[rows].ravel()) for f, rows in _rows_of(lasting)}

    def unmanaged(self) -> WindowSchedule:
        """What every flexibility does if nobody manages anything: a point to linearise at before the first solution."""
        slots = {f.name: (f, self.slots(f).ravel()) for f in self.roles.lasting}
        slots |= {block.flexibility.name: (block.flexibility, block.slot) for block in self.blocks}
        return WindowSchedule({name: (at, _unmanaged_power(f, at)) for name, (f, at) in slots.items()}, {})

    def withdrawal(self, schedule: WindowSchedule) -> tuple[Floats, Floats]:
        """Active and reactive withdrawal at the buses with a schedule, shape (n_steps, B) each [MW, MVAr]."""
        p_mw, q_mvar = self.problem.p_fixed_mw[self.steps].copy(), self.problem.q_fixed_mvar[self.steps].copy()
        for total, parts in ((p_mw, schedule.p_mw), (q_mvar, schedule.q_mvar)):
            for name, (_, power) in parts.items():
                np.add(total, (self._draws[name] @ power).reshape(total.shape), out=total)
        return p_mw, q_mvar

    @cached_property
    def step_of_slot(self) -> dict[str, Ints]:
        """Step of each slot in the window, counted from its first, by flexibility."""
        every = {f.name: np.tile(np.arange(self.n_steps), f.n_devices) for f in self.roles.lasting}
        return every | {block.flexibility.name: block.step for block in self.blocks}

    @cached_property
    def device_of_slot(self) -> dict[str, Ints]:
        """Device of each slot in the window, by flexibility."""
        every = {f.name: np.repeat(np.arange(f.n_devices), self.n_steps) for f in self.roles.lasting}
        return every | {block.flexibility.name: block.device for block in self.blocks}

    @cached_property
    def limits(self) -> NetworkLimits:
        """The limits of the grid."""
        return limits_of(self.problem)

    @cached_property
    def _draws(self) -> dict[str, sparse.csr_array]:
        """Withdrawal at each bus in each step by slot in the window, by flexibility, shape (n_steps · B, slots)."""
        return self._drawn_where(lambda flexibility: flexibility.shares)

    @cached_property
    def _draws_at_terminals(self) -> dict[str, sparse.csr_array]:
        """The same at each terminal of the grid's limits."""
        return self._drawn_where(self.limits.shares)

    def _drawn_where(self, shares_of: Callable[[Flexibility], sparse.csr_array]) -> dict[str, sparse.csr_array]:
        found = {}
        for flexibility in (*self.roles.lasting, *(block.flexibility for block in self.blocks)):
            name, device = flexibility.name, self.device_of_slot[flexibility.name]
            shares = sparse.coo_array(shares_of(flexibility)[device])
            row = self.step_of_slot[name][shares.row] * shares.shape[1] + shares.col
            shape = (self.n_steps * shares.shape[1], device.size)
            found[name] = sparse.csr_array((shares.data, (row, shares.row)), shape=shape)
        return found

    def net_import_mw(self, schedule: WindowSchedule, flow: GridFlow) -> Floats:
        """Net import, shape (n_steps,) [MW]: what enters the grid, and what is drawn right where it does.

        Args:
            schedule: A schedule.
            flow: Its power flow; where the problem has none, the sum of all withdrawals stands for it.
        """
        p_mw = self.withdrawal(schedule)[0]
        if self.problem.alternating:
            return flow.net_import_mw(p_mw)
        fixed = self.problem.network.fixed_mva.real.sum() if self.problem.grid_limits else 0.0
        return np.asarray(p_mw.sum(axis=1) + fixed)

    def flow(self, schedule: WindowSchedule) -> GridFlow:
        """AC power flow of the window with a schedule; without voltages where the problem asks for none."""
        clock, network = self.problem.clock.window(self.first, self.stop), self.problem.network
        if self.problem.alternating and self.problem.phases is not None:
            fixed = self.problem.p_fixed_mw[self.steps] + 1j * self.problem.q_fixed_mvar[self.steps]
            return self.problem.phases.flow(network, clock, self.first, fixed, self._at_terminals(schedule))
        if self.problem.alternating:
            loads_mva = self.problem.loads_between(self.first, self.stop)
            return power_flow(network, clock, *self.withdrawal(schedule), loads_mva=loads_mva)
        nowhere = np.zeros(self.n_steps, dtype=bool)
        return PowerFlow(clock, network, np.full((self.n_steps, network.n_nodes), np.nan + 0j), nowhere, ~nowhere)

    def _at_terminals(self, schedule: WindowSchedule) -> Complexes:
        """What flexibilities draw at the terminals with a schedule, shape (n_steps, terminals) [MW + j MVAr]."""
        drawn = np.zeros((self.n_steps, self.limits.n_terminals), dtype=complex)
        for unit, parts in ((1, schedule.p_mw), (1j, schedule.q_mvar)):
            for name, (_, power) in parts.items():
                drawn += unit * (self._draws_at_terminals[name] @ power).reshape(drawn.shape)
        return drawn

    def columns_of(self, schedule: WindowSchedule) -> Floats:
        """Values of the columns that withdraw power in a schedule; 0 elsewhere. Shape (columns,)."""
        x = np.zeros(self.n_columns)
        x[: self.n_own] = self._own_columns_of(schedule)
        for block, at in self.placed_blocks():
            power = schedule.p_mw[block.flexibility.name][1]
            x[at.charge] = np.where(block.with_feed_in, np.maximum(power, 0.0), power)
            x[at.discharge] = np.maximum(-power[block.fed], 0.0)
        return x

    def cells_of(self, schedule: WindowSchedule) -> Floats:
        """The same with what is drawn in the cells in the place of the columns of sessions, shape (own + D,)."""
        powers = [schedule.p_mw[block.flexibility.name][1] for block in self.blocks]
        at = [self.cells.cell[columns.charge.start - self.n_own :][: columns.n_slots] for columns in self.block_columns]
        drawn = np.bincount(np.concatenate(at), weights=np.concatenate(powers), minlength=self.cells.block.size)
        return np.concatenate([self._own_columns_of(schedule), drawn])

    def _own_columns_of(self, schedule: WindowSchedule) -> Floats:
        """Values of the columns before those of sessions that withdraw power in a schedule; 0 elsewhere."""
        x, powers, n = np.zeros(self.n_own), schedule.p_mw, self.n_steps
        columns = self.compiled.columns
        for flexibility, rows in _rows_of(self.roles.units):
            x[columns["unit_mw"][rows]] = powers[flexibility.name][1].reshape(-1, n)
        first = np.concatenate([[True], np.diff(self.segment_store) > 0])[: self.segment_store.size]
        for flexibility, rows in _rows_of(self._stores):
            net = powers[flexibility.name][1].reshape(-1, n)
            x[columns["charge_mw"][first][rows]] = np.maximum(net, 0.0)
            x[columns["discharge_mw"][rows]] = np.maximum(-net, 0.0)
        for place, block in enumerate(self.blocks):
            power = powers[block.flexibility.name][1]
            x[columns["sessions_mw"][place]] = np.bincount(block.step, weights=power, minlength=n)
        if self.roles.inverters and schedule.q_mvar:
            rows_mvar = np.concatenate([schedule.q_mvar[f.name][1] for f in self.roles.lasting]).reshape(-1, n)
            q_mvar = rows_mvar[list(self.roles.inverters)]
            x[columns["q_draw_mvar"]], x[columns["q_supply_mvar"]] = np.maximum(q_mvar, 0.0), np.maximum(-q_mvar, 0.0)
        return x

    @cached_property
    def emissions_kg(self) -> Floats:
        """Emissions per unit of each column: imports, and generation with emissions of its own, shape (columns,)."""
        emissions, columns, h = np.zeros(self.n_columns), self.compiled.columns, self.problem.clock.step_hours
        emissions[columns["import_mw"]] = h * self.problem.import_ci_kg_per_mwh[self.steps]
        for flexibility, rows in _rows_of(self.roles.units):
            emissions[columns["unit_mw"][rows]] = -h * own_ci(flexibility)
        return emissions


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """A schedule of a window with what follows from it.

    Args:
        window: The window.
        schedule: The schedule.
        flow: Its AC power flow.
    """

    window: Window
    schedule: WindowSchedule
    flow: GridFlow

    @cached_property
    def columns(self) -> Floats:
        """Its columns that withdraw power, shape (columns,)."""
        return self.window.columns_of(self.schedule)

    @cached_property
    def cells(self) -> Floats:
        """The same with what is drawn in the cells of sessions in the place of theirs, shape (own + D,)."""
        return self.window.cells_of(self.schedule)


def operating_point(window: Window, schedule: WindowSchedule) -> OperatingPoint:
    """The operating point of a schedule."""
    return OperatingPoint(window, schedule, window.flow(schedule))


def between(window: Window, one: WindowSchedule, other: WindowSchedule, share: Floats | float) -> OperatingPoint:
    """The operating point on the way from one schedule to another, where rows are stated that hold for neither.

    Args:
        window: The window.
        one: Where the way begins.
        other: Where it ends.
        share: How far along it, one value or one for each step, shape (n_steps,) [1].
    """
    by_step = np.broadcast_to(share, (window.n_steps,))

    def blended(first: dict[str, SlotValues], last: dict[str, SlotValues]) -> dict[str, SlotValues]:
        found = {}
        for name, (slot, value) in last.items():
            begin = first[name][1] if name in first else np.zeros(slot.size)
            along = by_step[window.step_of_slot[name]]
            found[name] = (slot, begin + along * (value - begin))
        return found

    schedule = WindowSchedule(blended(one.p_mw, other.p_mw), blended(one.q_mvar, other.q_mvar))
    return operating_point(window, schedule)


def _rows_of(flexibilities: tuple[Flexibility, ...]) -> Iterator[tuple[Flexibility, slice]]:
    """Flexibilities with the rows of their devices, device after device."""
    first = 0
    for flexibility in flexibilities:
        yield flexibility, slice(first, first + flexibility.n_devices)
        first += flexibility.n_devices


def _unmanaged_power(flexibility: Flexibility, slots: Ints) -> Floats:
    """Its stated power in some slots, or as little as may be: the first round needs a point, not a forecast [MW]."""
    stated = flexibility.p_unmanaged_mw
    if stated is not None:
        return stated[slots]
    low, high = flexibility.at_slots(flexibility.p_min_mw, slots), flexibility.at_slots(flexibility.p_max_mw, slots)
    return np.minimum(np.maximum(low, 0.0), high)


def state_window(
    problem: DispatchProblem, roles: Roles, compiled: Compiled, first: int, stop: int, state: WindowState
) -> Window:
    """States the programme of the steps `first` to `stop` - 1.

    Args:
        problem: The problem.
        roles: Parts of its flexibilities.
        compiled: The model of a window of this length.
        first: First step.
        stop: Step after the last.
        state: What it takes over.
    """
    model = WindowModel(problem, roles, first, stop, compiled)
    own = compiled.updated(bounds=bounds(model, state), cost=prices(model), rhs=sides(model, state))
    blocks, columns, rows_at = [], [], []
    n_columns, n_rows = own.cost.size, own.row_lower.size
    for flexibility in roles.sessions:
        energy = state.e_now_mwh.get(flexibility.name, np.zeros(flexibility.n_devices))
        block = session_block(flexibility, energy, first, stop)
        blocks.append(block)
        columns.append(block.columns.moved_to(n_columns))
        rows_at.append(n_rows)
        n_columns, n_rows = n_columns + block.n_columns, n_rows + block.program.row_lower.size
    return Window(problem, roles, first, stop, compiled, own, tuple(blocks), tuple(columns), tuple(rows_at))
