"""One window of the rolling horizon: a linear programme, and rounds of rows from the AC power flow.

Each round solves the programme, solves the AC power flow of its schedule, and adds what the programme did not know:
tangents of the grid's losses, and a row for every branch that the power flow finds above its limit. Rows have an
elastic slack, so that a limit that cannot be kept yields the least excess instead of no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.powerflow import PowerFlow
from grid.series import Floats, Ints
from optimizer._highs import Solver
from optimizer.network_cuts import Linearisation, loading_rows, loss_rows
from optimizer.programme import Window
from optimizer.withdrawals import Withdrawals

MAX_ROUNDS = 8
LOADING_TOLERANCE_PERCENT = 0.2
"""A branch violates its limit when it exceeds it by more than this [percentage points]."""
LOSS_TOLERANCE = 0.01
"""Rounds end when the losses of the programme are those of the power flow to this share."""
MIN_COEFFICIENT = 1e-4
"""Coefficients of a row smaller than this share of its largest are left out."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The schedule of a window.

    Args:
        p_mw: For each flexibility by name: its slots in the window and their withdrawal [MW].
        flow: AC power flow of the schedule.
        import_mw: Import in the programme, shape (n_steps,) [MW].
        import_excess_mw: Import above the limit, shape (n_steps,) [MW].
        cost: Cost of imports, exports and wear by step, shape (n_steps,) [currency].
        rounds: Linear programmes solved.
    """

    p_mw: dict[str, tuple[Ints, Floats]]
    flow: PowerFlow
    import_mw: Floats
    import_excess_mw: Floats
    cost: Floats
    rounds: int


def solve_window(window: Window) -> Answer:
    """Solves the programme of a window with rows from the AC power flow, round by round.

    A step without an AC solution gives no rows: nothing can be said about its losses and currents.
    """
    columns = window.compiled.columns
    solver = Solver(window.program)
    losses = _LossRows(solver, window)
    p_mw = window.unmanaged()
    flow, now = window.flow(p_mw), window.values(p_mw)
    losses.add(flow, now)
    _add_loadings(solver, window, flow, now, np.nonzero(_excess(window, flow) > 0))
    rounds = 0
    while True:
        rounds += 1
        x = solver.solve()
        p_mw = window.powers(x)
        flow, now = window.flow(p_mw), window.values(p_mw)
        unexplained = _excess(window, flow) - x[columns["loading_excess_percent"]][:, None]
        violated = np.nonzero(unexplained > LOADING_TOLERANCE_PERCENT)
        missed = losses.add(flow, now, x[columns["loss_mw"]])
        if rounds == MAX_ROUNDS or (not violated[0].size and missed <= LOSS_TOLERANCE):
            break
        _add_loadings(solver, window, flow, now, violated)
    return Answer(
        p_mw=p_mw,
        flow=flow,
        import_mw=x[columns["import_mw"]],
        import_excess_mw=x[columns["import_excess_mw"]],
        cost=_cost_by_step(window, x),
        rounds=rounds,
    )


class _LossRows:
    """The losses of the grid in the programme of a window.

    Where energy is worth something, losses are at least all their tangents, which is right since they are convex in
    the power and the programme wants them small. Where a surplus is worth nothing or less, the programme would
    inflate them to be rid of it, so there they are exactly the newest tangent: where imports cost nothing, and from
    the round on in which a step is seen to export for nothing.

    Args:
        solver: The solver to add rows to.
        window: Its window.
    """

    def __init__(self, solver: Solver, window: Window) -> None:
        self._solver, self._window = solver, window
        at = slice(window.first, window.stop)
        self._worthless_surplus = window.problem.export_price_per_mwh[at] <= 0
        self._exact = window.problem.import_cost_per_mwh[at] <= 0
        self._added: list[tuple[Ints, Ints]] = []  # steps and rows of each round

    def add(self, flow: PowerFlow, now: Floats, loss_mw: Floats | None = None) -> float:
        """Adds the tangents at a power flow, whose columns are `now`.

        Returns:
            By what share the programme's `loss_mw`, shape (n_steps,), missed the losses [1]; 0 where there are none.
        """
        steps = np.flatnonzero(~flow.failed)
        losses = loss_rows(flow, steps)
        surplus = flow.slack_mva().real.sum(axis=1) < 0
        self._exact = self._exact | (surplus & self._worthless_surplus)
        for before, rows in self._added:
            self._solver.relax_rows(rows[self._exact[before]])
        matrix, constant = _rows(self._window.for_losses, losses, now, self._window.compiled.columns["loss_mw"])
        upper = np.where(self._exact[steps], constant, np.inf)
        self._added.append((steps, self._solver.add_rows(matrix, constant, upper)))
        if loss_mw is None:
            return 0.0
        return float(np.abs(losses.value - loss_mw[steps]).sum() / max(losses.value.sum(), 1e-9))


def _cost_by_step(window: Window, x: Floats) -> Floats:
    """Cost of imports, exports and wear in each step, shape (n_steps,) [currency]."""
    columns, n_steps = window.compiled.columns, window.n_steps
    paid = window.program.cost * x
    cost: Floats = paid[columns["import_mw"]] + paid[columns["export_mw"]]
    cost += paid[columns["discharge_mw"]].reshape(-1, n_steps).sum(axis=0)
    for block, at in zip(window.blocks, window.block_at, strict=True):
        first = at + block.slot.size
        wear = paid[first : first + int(block.with_feed_in.sum())]
        cost += np.bincount(block.step[block.with_feed_in], weights=wear, minlength=n_steps)
    return cost


def _excess(window: Window, flow: PowerFlow) -> Floats:
    """Loading above the limit, shape (n_steps, L) [percentage points]; -inf where there is no limit."""
    over = flow.loading_percent() - window.problem.loading_max_percent
    return np.where(np.isfinite(over), over, -np.inf)


def _add_loadings(solver: Solver, window: Window, flow: PowerFlow, now: Floats, violated: tuple[Ints, ...]) -> None:
    """The loading of `violated` (steps, branches) stays below its limit, or pays for the excess."""
    step, branch = violated
    if not branch.size:
        return
    excess = window.compiled.columns["loading_excess_percent"]
    matrix, constant = _rows(window.fine, loading_rows(flow, step, branch), now, excess)
    solver.add_rows(matrix, constant - window.problem.loading_max_percent[branch], np.full(branch.size, np.inf))


def _rows(columns: Withdrawals, rows: Linearisation, now: Floats, slack: Ints) -> tuple[sparse.csr_array, Floats]:
    """Rows ``slack[step] - sum(coefficient * column)``, and what is left of each value at `now` without the sum.

    So ``value = constant + sum(coefficient * column)`` for columns near `now`, shape (columns,).
    """
    places, values, lengths = [], [], []
    constant = rows.value.copy()
    for row, step in enumerate(rows.step):
        at = columns.of_step(step)
        place = columns.place[at]
        coefficient = columns.sign[at] * (columns.shares[columns.share_row[at]] @ rows.per_mw[row])
        coefficient[np.abs(coefficient) < MIN_COEFFICIENT * np.abs(coefficient).max(initial=0.0)] = 0.0
        constant[row] -= coefficient @ now[place]
        kept = np.flatnonzero(coefficient)
        places.append(np.concatenate([[slack[step]], place[kept]]))
        values.append(np.concatenate([[1.0], -coefficient[kept]]))
        lengths.append(kept.size + 1)
    pointers = np.concatenate([[0], np.cumsum(lengths)])
    shape = (len(rows.step), now.size)
    return sparse.csr_array((np.concatenate(values), np.concatenate(places), pointers), shape=shape), constant
