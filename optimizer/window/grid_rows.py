"""Rows of the network in the programme of a window: losses, loadings and voltages at the AC operating point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.arrays import Bools, Floats, Ints
from grid.network.tolerances import VOLTAGE_TOLERANCE_PU
from grid.powerflow.grid_flow import GridFlow
from optimizer._highs import INFINITY, Solver
from optimizer.network.dc import DCNetwork
from optimizer.network.linearisation import Linearisation
from optimizer.network.over_limits import ROOM, SETTLED, SLACK, LoadingWay, OverLimits, with_neighbours, worst_nodes
from optimizer.window.programme import OperatingPoint, Window
from optimizer.window.withdrawals import (
    Withdrawals,
    cell_withdrawals,
    device_withdrawals,
    rows_by_column,
    withdrawals_for_losses,
)

MARGIN_PERCENT, MOST_MARGINS = 0.1, 2
"""Rows of later rounds keep so much off the limit, and as much more where a branch exceeds it in spite of one, so that
rounds end: rows are tangents, and of many schedules of nearly equal cost each finds another just above it."""
LINEAR_TOLERANCE_PERCENT = 1e-6
"""A branch violates its limit in the linear power flow, where the programme can keep it exactly, when it exceeds it by
more than this [percentage points]."""
UNBALANCE_MARGIN_PERCENT = 0.01
"""So much rows of unbalance keep off the limit: it is nearly convex in the powers, and their tangents lie below it."""
MIN_COEFFICIENT = {"loss": 1e-3, "loading": 3e-2, "voltage": 1e-3}
"""Coefficients of a row smaller than this share of its largest are left out: what hangs on another feeder hardly loads
this one, and its share at the operating point stays in the constant. Short rows are what keeps a window fast."""
INFLATED, INFLATED_MW = 0.05, 1e-4
"""The programme inflates its losses where they exceed the grid's by more than this share and this much [MW]."""
LITTLE_DUAL = 1e-6
"""A row binds where its dual is greater than this [currency per unit]."""


@dataclass(frozen=True, eq=False)
class NetworkRows:
    """Rows of the network in a solver, stated at one operating point; J of them.

    Args:
        kind: ``loss``, ``loading``, ``vm_min``, ``vm_max``, ``unbalance`` or ``carbon``.
        row: Places in the solver, shape (J,).
        step: Steps of the window, shape (J,).
        element: Branch or node of each, or phase of one (`optimizer.network.network_limits`), shape (J,).
        shift: Change of each side per MW more withdrawn at each bus, shape (J, B) [1/MW].
        inner: Whether each may cut off what the grid admits, so that the programme is no bound where it binds,
            shape (J,).
    """

    kind: str
    row: Ints
    step: Ints
    element: Ints
    shift: Floats
    inner: Bools

    def where(self, chosen: Bools) -> NetworkRows:
        """Some of them, by a mask of shape (J,)."""
        return NetworkRows(
            self.kind, self.row[chosen], self.step[chosen], self.element[chosen], self.shift[chosen], self.inner[chosen]
        )


class GridRows:
    """The network's rows of one window.

    Losses: where energy is worth something, losses are at least all their tangents, which is right since they are
    convex in the power and the programme wants them small. Where a surplus is worth nothing or less, the programme
    would inflate them to be rid of it, so there they are exactly the newest tangent: where imports cost nothing, and
    from the round on in which a step is seen to export for nothing, or to lose more than the grid does although no
    tangent asks for it, as where a limit of export binds. Where a tangent does ask for more than the grid loses, groups
    of sessions drew elsewhere when it was stated, and the newest one takes the place of all before it.

    Loadings accumulate, since currents are nearly convex, and so does unbalance. Voltages are concave in the power that
    is fed in, so their rows are stated again at every operating point, and the old ones relaxed.

    Args:
        solver: The solver to add rows to.
        window: Its window.
        decided_steps: First steps of the window, in which the limits must be kept to their tolerance; None: all. What
            lies ahead is decided by a later window, and there a rough view is enough.
    """

    def __init__(self, solver: Solver, window: Window, decided_steps: int | None = None) -> None:
        self._solver, self._window = solver, window
        self.for_good = slice(0, decided_steps)
        problem, at = window.problem, window.steps
        self._worthless_surplus = problem.export_price_per_mwh[at] <= 0
        self._exact = problem.import_cost_per_mwh[at] <= 0
        self.added: list[NetworkRows] = []
        self.carbon_cap_kg = INFINITY
        self._own_mw = np.full(window.n_steps, problem.network.fixed_mva.real.sum())
        self.limits = window.limits
        self._stated: Ints = np.zeros((window.n_steps, self.limits.limit["loading"].size), dtype=np.int64)
        self._active: dict[str, set[tuple[int, int]]] = {"vm_min": set(), "vm_max": set()}

    @property
    def n_rows(self) -> int:
        """Rows of the solver."""
        return self._solver.n_rows

    def add_carbon_cap(self, cap_kg: float) -> None:
        """Imports and own generation emit no more than a cap, or pay for the excess."""
        self.carbon_cap_kg = cap_kg
        if not np.isfinite(cap_kg):
            return
        own = self._window.compiled.program.cost.size
        emissions = np.zeros(self._solver.n_row_columns)
        emissions[:own] = self._window.emissions_kg[:own]
        emissions[self._window.compiled.columns["carbon_excess_kg"]] = -1.0
        row = sparse.csr_array(emissions[None, :])
        place = self._solver.add_rows(row, np.array([-INFINITY]), np.array([cap_kg]))
        nothing = np.zeros(1, dtype=np.int64)
        self.added.append(NetworkRows("carbon", place, nothing, nothing, np.zeros((1, self._n_buses)), nothing > 0))

    @property
    def _n_buses(self) -> int:
        return len(self._window.problem.network.buses.names)

    def own_withdrawal_mw(self, point: OperatingPoint) -> Floats:
        """What the net itself draws less what it feeds in at an operating point, losses apart, shape (n_steps,) [MW].

        Generators that hold a voltage, direct-current lines and loads that depend on voltage are no withdrawal at a
        bus: what they come to follows from the voltages. A net without any draws what is fixed in it, at all points.
        Steps without an AC solution stay as they are.
        """
        window = self._window
        if not window.problem.network.decided_by_voltage:
            return self._own_mw
        drawn = window.withdrawal(point.schedule)[0].sum(axis=1) + point.flow.injected_mw().sum(axis=1)
        own = window.net_import_mw(point.schedule, point.flow) - drawn
        return np.where(point.flow.failed, self._own_mw, own)

    def own_change_mw(self, point: OperatingPoint) -> float:
        """By how much the balance misses what the net itself draws at an operating point, mean of all steps [MW]."""
        return float(np.abs(self.own_withdrawal_mw(point) - self._own_mw).mean())

    def balance_at(self, point: OperatingPoint) -> None:
        """Writes what the net itself draws at an operating point into the balance of each step."""
        window = self._window
        if self.own_change_mw(point):
            self._own_mw = self.own_withdrawal_mw(point)
            fixed = window.problem.p_fixed_mw[window.steps].sum(axis=1)
            self._solver.set_sides(window.compiled.rows["balance"], fixed + self._own_mw)

    def losses_missed(self, flow: GridFlow, loss_mw: Floats) -> Floats:
        """By how much the programme's losses, shape (n_steps,) [MW], miss those of a power flow, same shape [1].

        As shares of the mean losses of the steps that are decided for good; 0 in steps without a solution.
        """
        grid_mw = np.where(flow.failed, 0.0, flow.injected_mw().sum(axis=1))
        missed = np.where(flow.failed, 0.0, np.abs(grid_mw - loss_mw))
        return missed / max(float(grid_mw[self.for_good].mean()), 1e-9)

    def add_losses(self, point: OperatingPoint, loss_mw: Floats | None = None, missed: Bools | None = None) -> None:
        """Adds the tangents of the losses at an operating point.

        Args:
            point: The operating point.
            loss_mw: Losses of the programme's last optimum, of which this is the point, shape (n_steps,) [MW];
                None before there is one, and for other points.
            missed: Steps that need a tangent, shape (n_steps,), beside those that have but one; None: all.
        """
        flow, solved = point.flow, ~point.flow.failed
        surplus = flow.slack_mva().real.sum(axis=1) < 0
        self._exact = self._exact | (surplus & self._worthless_surplus)
        outdated = np.zeros_like(self._exact)
        if loss_mw is not None:
            outdated = solved & (loss_mw > (1 + INFLATED) * flow.injected_mw().sum(axis=1) + INFLATED_MW)
            self._exact |= outdated & ~self._losses_are_kept_small()
        steps = np.flatnonzero(solved & (missed | self._exact | outdated) if missed is not None else solved)
        if not steps.size:
            return
        losses = self.limits.losses(flow, steps)
        for before in self.added:
            if before.kind == "loss":
                self._solver.relax_rows(before.row[(self._exact | outdated)[before.step]])
        slack = self._window.compiled.columns["loss_mw"]
        matrix, constant = rows_by_column(self._for_losses, losses, self._at(point), slack, MIN_COEFFICIENT["loss"])
        upper = np.where(self._exact[steps], constant, np.inf)
        row = self._solver.add_rows(matrix, constant, upper)
        self.added.append(
            NetworkRows("loss", row, steps, np.zeros_like(steps), self._shift(losses), np.zeros(steps.size, bool))
        )

    def _losses_are_kept_small(self) -> Bools:
        """Whether a tangent holds the losses up in each step, so that no more is lost than it asks for, (n_steps,)."""
        dual, wanted = self._solver.duals(), np.zeros(self._window.n_steps)
        for rows in self.added:
            if rows.kind == "loss":
                np.maximum.at(wanted, rows.step, dual[rows.row])
        return np.asarray(wanted > LITTLE_DUAL)

    def slacks(self, x: Floats | None = None) -> dict[str, Floats]:
        """By how much the optimum `x`, shape (columns,), exceeds limits by kind, shape (n_steps,); 0 without one."""
        columns, nothing = self._window.compiled.columns, np.zeros(self._window.n_steps)
        return {kind: nothing if x is None else x[columns[SLACK[kind]]] for kind in self.limits.limit}

    def way(self, before: GridFlow, now: GridFlow, slacks: dict[str, Floats]) -> LoadingWay:
        """The loadings on the way between two power flows, with their limits and what `slacks` admit."""
        limit = self.limits.limit["loading"] + slacks["loading"][:, None]
        return LoadingWay.between(self.limits.loading_phasors(before), self.limits.loading_phasors(now), limit)

    def violates(self, over: OverLimits) -> bool:
        """Whether any limit of the steps that are decided for good is exceeded by more than it should."""
        return any((excess[self.for_good] > SETTLED[kind]).any() for kind, excess in over.items())

    def excesses(self, flow: GridFlow) -> dict[str, Floats]:
        """Greatest excess in each step by the variable that stands for it, shape (n_steps,) each."""
        found = {name: np.zeros(self._window.n_steps) for name in ("loading_excess_percent", "voltage_excess_pu")}
        for kind, excess in self.limits.over(flow, self.slacks()).items():
            most = excess.max(axis=1, initial=0.0)
            found[SLACK[kind]] = np.maximum(found.get(SLACK[kind], 0.0), most)
        return found

    def loose_rows(self, over: OverLimits, dual: Floats) -> tuple[list[Bools], float]:
        """Rows that bind in the programme and not in the power flow: they cut off what the grid admits.

        Args:
            over: Excess of the power flow of the programme's optimum.
            dual: Dual of each row of the solver, shape (rows,).

        Returns:
            A mask for each of `added`, and what stating them anew may save to first order [currency].
        """
        masks, gain = [], 0.0
        for rows in self.added:
            if rows.kind not in over:
                masks.append(np.zeros(rows.row.size, dtype=bool))
                continue
            room, price = -over[rows.kind][rows.step, rows.element], np.abs(dual[rows.row])
            loose = (price > LITTLE_DUAL) & (room > ROOM[rows.kind]) & np.isfinite(room)
            gain += float((price * room)[loose].sum())
            masks.append(loose)
        return masks, gain

    def drop(self, masks: list[Bools]) -> Bools:
        """Relaxes rows by a mask for each of the first of `added`; where those of loadings were, shape (n_steps, E)."""
        dropped = np.zeros(self._stated.shape, dtype=bool)
        for place, (rows, loose) in enumerate(zip(self.added, masks, strict=False)):
            if loose.any():
                self._solver.relax_rows(rows.row[loose])
                self.added[place] = rows.where(~loose)
                if rows.kind == "loading":
                    dropped[rows.step[loose], rows.element[loose]] = True
        return dropped

    def add_loadings(self, point: OperatingPoint, over: OverLimits, anew: Bools | None = None) -> None:
        """Branches above their limit stay below it, or pay for the excess.

        Args:
            point: The operating point.
            over: Which branches are too full, and by how much.
            anew: Where rows were dropped, shape (n_steps, E); None: nowhere.
        """
        bad = over["loading"] > (SETTLED["loading"] if self._stated.any() else 0.0)
        wanted = with_neighbours(bad) | (False if anew is None else anew)
        wanted &= ~point.flow.failed[:, None]
        step, branch = np.nonzero(wanted)
        if not branch.size:
            return
        slack = self._window.compiled.columns["loading_excess_percent"]
        rows = self.limits.rows("loading", point.flow, step, branch)
        matrix, constant = rows_by_column(self._withdrawals, rows, self._at(point), slack, MIN_COEFFICIENT["loading"])
        times = self._stated[step, branch] + bool(self._stated.any())
        self._stated[step, branch] += bad[step, branch]
        limit = self.limits.limit["loading"][branch] - MARGIN_PERCENT * np.minimum(times, MOST_MARGINS)
        place = self._solver.add_rows(matrix, constant - limit, np.full(branch.size, np.inf))
        self.added.append(NetworkRows("loading", place, step, branch, self._shift(rows), times > 0))

    def add_linear_loadings(self, p_mw: Floats, now: OperatingPoint, x: Floats) -> bool:
        """Branches above their limit in the linear power flow stay below it, or pay for the excess.

        Args:
            p_mw: Withdrawal at the buses, shape (n_steps, B) [MW].
            now: The operating point.
            x: The optimum, shape (columns,).

        Returns:
            Whether there were any.
        """
        problem, slack = self._window.problem, self._window.compiled.columns["loading_excess_percent"]
        over = self.dc.loading_percent(p_mw) - problem.loading_max_percent - x[slack][:, None]
        step, branch = np.nonzero(np.nan_to_num(over, nan=-np.inf, neginf=-np.inf) > LINEAR_TOLERANCE_PERCENT)
        if not branch.size:
            return False
        rows = self.dc.loading_rows(p_mw, step, branch)
        matrix, constant = rows_by_column(self._withdrawals, rows, self._at(now), slack, 0.0)
        limit = problem.loading_max_percent[branch]
        place = self._solver.add_rows(matrix, constant - limit, np.full(branch.size, np.inf))
        self.added.append(NetworkRows("loading", place, step, branch, rows.per_mw, np.zeros(branch.size, dtype=bool)))
        return True

    def _at(self, point: OperatingPoint) -> Floats:
        """Values of the columns that rows are stated over."""
        return point.cells if self._solver.decomposed else point.columns

    @cached_property
    def _withdrawals(self) -> Withdrawals:
        return cell_withdrawals(self._window) if self._solver.decomposed else device_withdrawals(self._window)

    @cached_property
    def _for_losses(self) -> Withdrawals:
        return withdrawals_for_losses(self._window, self._withdrawals)

    @cached_property
    def dc(self) -> DCNetwork:
        """The linear power flow of the network."""
        return DCNetwork.from_network(self._window.problem.network)

    def add_voltages(self, point: OperatingPoint, over: OverLimits) -> None:
        """The worst buses outside their limits, and of voltages all that were before, stated at an operating point."""
        for before in self.added:
            if before.kind in self._active:
                self._solver.relax_rows(before.row)
        self.added = [before for before in self.added if before.kind not in self._active]
        for kind, active in self._active.items():
            if kind in over:
                active.update(worst_nodes(over[kind], VOLTAGE_TOLERANCE_PU / 2))
                self._add_voltage(kind, active, point)
        if "unbalance" in over:
            self._add_voltage("unbalance", worst_nodes(over["unbalance"], 0.0), point)

    def _add_voltage(self, kind: str, wanted: set[tuple[int, int]], point: OperatingPoint) -> None:
        chosen = sorted(pair for pair in wanted if not point.flow.failed[pair[0]])
        if not chosen:
            return
        step, node = (np.array(column, dtype=np.int64) for column in zip(*chosen, strict=True))
        slack = self._window.compiled.columns[SLACK[kind]]
        rows = self.limits.rows(kind, point.flow, step, node)
        sign = -1.0 if kind == "vm_min" else 1.0
        signed = Linearisation(step, sign * rows.value, sign * rows.per_mw, sign * rows.per_mvar)
        matrix, constant = rows_by_column(self._withdrawals, signed, self._at(point), slack, MIN_COEFFICIENT["voltage"])
        margin = UNBALANCE_MARGIN_PERCENT if kind == "unbalance" else 0.0
        limit = sign * self.limits.limit[kind][node] - margin
        place = self._solver.add_rows(matrix, constant - limit, np.full(node.size, np.inf))
        self.added.append(
            NetworkRows(kind, place, step, node, self._shift(signed), np.full(node.size, kind != "vm_min"))
        )

    def _shift(self, rows: Linearisation) -> Floats:
        return self.limits.at_buses(rows.per_mw)
