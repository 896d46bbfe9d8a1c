"""Supply restored after a fault: what to switch, in which order, and what stays without supply until the repair.

The breaker before the fault has opened. A mixed-integer programme (`optimizer.switching.supply_model`) finds the
switching state that supplies most energy until the repair; its switches are put in order, and each state on the way is
solved in AC. The programme looks at the step in which most is without supply, and at others in which a state broke a
limit that was kept before. A state that breaks one in a step that was looked at is barred, and the losses of its flows
are demanded of others, by tangent planes of the convex relaxation of the branch flows [1]; then the programme is solved
again. As it errs on the side of more supply, no state supplies more than the first one that passes; its bound is told
too, for where the time did not suffice or a margin of the voltages was needed to find a state.

References:
    [1] M. Farivar and S. H. Low, "Branch flow model: relaxations and convexification - part I", IEEE Trans. Power
        Systems, vol. 28, no. 3, pp. 2554-2564, 2013.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from optimizer._highs.errors import InfeasibleError, InterruptedSolveError, SolverError
from optimizer._highs.integers import IntegerProgram
from optimizer.switching.faulted_grid import FaultedGrid
from optimizer.switching.sequence import SwitchAction, SwitchSequence, SwitchTimes, switch_sequence
from optimizer.switching.supply_case import operating_point, supply_case
from optimizer.switching.supply_model import EFFORT_SHARE, IslandSource, effort_per_minute, supply_model

MOST_BARRED = 6
"""States that break a limit in AC and are barred one by one; after that voltages are to keep a margin as well."""
MARGIN_PU2 = 0.004
"""What is added to that margin each time [pu²]; 0.002 pu of voltage."""


@dataclass(frozen=True, eq=False)
class Restoration:
    """How supply is restored after a fault.

    Args:
        tripped: Name of the branch whose breaker opened.
        actions: What is switched, in order.
        open: Branches that are open in the end, shape (L,).
        unsupplied: Buses that are without supply until the repair, shape (B,).
        islands: Names of the sources that lead an island in the end.
        energy_lost_mwh: Energy that what the breaker cut off would have drawn until the repair [MWh].
        energy_not_supplied_mwh: What of it is not supplied with these actions, in their time [MWh].
        left_mwh: What the state in the end leaves without supply, if switching took no time [MWh].
        bound_mwh: What no state within the limits leaves less of, as far as it was proven [MWh].
        barred: States that would supply more, but break a limit in AC.
    """

    tripped: str
    actions: tuple[SwitchAction, ...]
    open: Bools
    unsupplied: Bools
    islands: tuple[str, ...]
    energy_lost_mwh: float
    energy_not_supplied_mwh: float
    left_mwh: float
    bound_mwh: float
    barred: int

    @property
    def is_proven(self) -> bool:
        """Whether no state within the limits supplies more, but for what all switching counts in the programme."""
        return self.left_mwh - self.bound_mwh <= EFFORT_SHARE * self.energy_lost_mwh * (1 + 1e-3)


def restore(
    grid: FaultedGrid, times: SwitchTimes, sources: Sequence[IslandSource] = (), *, seconds: float = 10.0
) -> Restoration:
    """Restores supply after a permanent fault of a branch.

    Args:
        grid: The grid after the fault.
        times: How long switching takes.
        sources: What can supply an island by itself, by place of its bus.
        seconds: After how much time the search for the best state ends [s]; if it has found none that keeps its limits,
            branches are closed one by one.

    Raises:
        InputError: If what stays supplied when the breaker has opened has no power flow in some steps.
    """
    search = _Search(grid, times, sources, time.monotonic() + seconds)
    leaders, sequence = search.best() or search.one_by_one()
    case = search.case
    left_mwh = float(case.value[~grid.supplied_nodes(sequence.open, leaders)].sum())
    return Restoration(
        tripped=grid.network.meshed.branches.names[grid.breaker],
        actions=sequence.actions,
        open=sequence.open,
        unsupplied=~grid.supplied_buses(sequence.open, leaders) & (grid.network.meshed.buses.node >= 0),
        islands=tuple(source.name for source in leaders),
        energy_lost_mwh=float(case.value.sum()),
        energy_not_supplied_mwh=sequence.energy_not_supplied_mwh,
        left_mwh=left_mwh,
        bound_mwh=min(search.bound_mwh, left_mwh),
        barred=len(search.barred_states),
    )


_Found = tuple[list[IslandSource], SwitchSequence]
"""Sources that lead an island, and the switches."""


class _Search:
    """The programme of a fault, solved until a state keeps its limits in AC."""

    def __init__(self, grid: FaultedGrid, times: SwitchTimes, sources: Sequence[IslandSource], until: float) -> None:
        self.grid, self.times, self.sources, self.until = grid, times, sources, until
        self.allowed = grid.exceeded(grid.tripped) or frozenset()
        self.barred_states: list[Bools] = []
        self.bound_mwh = 0.0
        self._formulate(())

    def best(self) -> _Found | None:
        """The best state that keeps the limits in AC, or one near it; None if the time ended before one was found."""
        while (seconds := self.until - time.monotonic()) > 0:
            try:
                solution = self.program.solve(seconds)
            except (InfeasibleError, InterruptedSolveError):
                return None
            if len(self.barred_states) <= MOST_BARRED:  # what was barred breaks limits: the bound holds for all others
                self.bound_mwh = max(self.bound_mwh, self._missing_mwh(solution.bound))
            leaders, final = self._switching_state(solution.values)
            sequence = switch_sequence(self.grid, final, leaders, self.times)
            if sequence is not None:
                return leaders, sequence
            missed = self._step_beyond_limits(final, leaders)
            if missed is not None:
                self._formulate([*self.case.steps.tolist(), missed])
                continue
            self.barred_states.append(solution.values["is_closed"] > 0.5)
            self._bar(self.barred_states[-1], with_margin=len(self.barred_states) > MOST_BARRED)
            self._add_losses(final, solution.values)
        return None

    def _formulate(self, steps: Sequence[int]) -> None:
        """Formulates the programme with some steps besides that in which most is without supply."""
        self.case = supply_case(self.grid, self.times.minutes, self.sources, steps)
        self.program = IntegerProgram(supply_model(self.case, ~self.grid.network.open))
        for number, closed in enumerate(self.barred_states, start=1):
            self._bar(closed, with_margin=number > MOST_BARRED)

    def _step_beyond_limits(self, final: Bools, leaders: Sequence[IslandSource]) -> int | None:
        """The step in which a state breaks most limits that were kept before; None if it is one that is looked at."""
        steps = [*self.case.steps.tolist(), *range(self.grid.clock.n_steps)]  # of several the first one
        over = [self.grid.exceeded(final, leaders, slice(step, step + 1)) for step in steps]
        broken = [self.case.supplied.size if each is None else len(each - self.allowed) for each in over]
        worst = steps[int(np.argmax(broken))]
        return None if worst in self.case.steps else worst

    def _missing_mwh(self, objective: float) -> float:
        """What is not supplied at least at an objective without its constant, if all were switched [MWh]."""
        effort = effort_per_minute(self.case) * float(self.case.effort[self.case.candidates].sum())
        return float(self.case.value.sum()) + objective - effort

    def one_by_one(self) -> _Found:
        """Branches closed one after the other, each the one that restores most, as long as the limits are kept."""
        grid, branches = self.grid, self.grid.network.meshed.branches
        final = grid.tripped.copy()
        final[grid.faulted_branches] = True
        while True:
            supplied = grid.supplied_nodes(final)
            restored: list[tuple[float, int]] = []
            for k in self.case.candidates[final[self.case.candidates]].tolist():
                if supplied[branches.from_node[k]] == supplied[branches.to_node[k]]:
                    continue
                trial = final.copy()
                trial[k] = False
                over = grid.exceeded(trial)
                if over is not None and over <= self.allowed:
                    restored.append((float(self.case.value[grid.supplied_nodes(trial)].sum()), k))
            if not restored:
                break
            final[max(restored)[1]] = False
        sequence = switch_sequence(grid, final, (), self.times)
        if sequence is None:
            raise SolverError("a state that keeps its limits cannot be reached")
        return [], sequence

    def _switching_state(self, values: Mapping[str, Floats]) -> tuple[list[IslandSource], Bools]:
        """Sources that lead an island in a solution, and the branches that are open."""
        leaders = [source for source, leads in zip(self.sources, values["leads"], strict=True) if leads > 0.5]
        final = self.grid.tripped.copy()
        final[self.case.candidates] = values["is_closed"] < 0.5
        branches, supplied = self.grid.network.meshed.branches, self.grid.supplied_nodes(final, leaders)
        apart = ~supplied[branches.from_node] & ~supplied[branches.to_node]
        final[apart] = self.grid.tripped[apart]  # no switch needs to be operated there
        final[self.grid.faulted_branches] = True
        return leaders, final

    def _add_losses(self, final: Bools, values: Mapping[str, Floats]) -> None:
        """Demands the losses that a state has: tangent planes of ``(p² + q²) / v``, which is convex, at its flows.

        ``v`` is the mean of the squared voltages of both ends, which is not below that in the middle of the branch. The
        flows are those of AC, or of the programme where AC has no solution.
        """
        case, columns = self.case, self.program.compiled.columns
        branches = np.append(np.flatnonzero(case.closed), case.candidates)
        ends = case.from_node[branches], case.to_node[branches]
        ratio = case.ratio_square[branches]
        _, square, flow = (each[case.steps].T for each in operating_point(self.grid, final))
        flow = flow[branches]
        solved = np.isfinite(flow) & (np.abs(flow) > 0)
        p, q = np.where(solved, flow.real, values["p"]), np.where(solved, flow.imag, values["q"])
        of_ac, of_programme = (
            (each[ends[0]] / ratio[:, None] + each[ends[1]]) / 2 for each in (square, values["square"])
        )
        v = np.where(solved, of_ac, of_programme)
        for k, step in np.argwhere(np.hypot(p, q) > 0):
            places = [columns[name][k, step] for name in ("current", "p", "q")]
            places += [columns["square"][node[k], step] for node in ends]
            along = (p[k, step] ** 2 + q[k, step] ** 2) / (2 * v[k, step] ** 2)
            slopes = [1.0, *(-2 * power[k, step] / v[k, step] for power in (p, q)), along / ratio[k], along]
            before = case.loss[step, branches[k]] if case.closed[branches[k]] else 0.0
            self.program.add_row(np.array(places), np.array(slopes), -float(before))

    def _bar(self, closed: Bools, *, with_margin: bool) -> None:
        """Demands that a branch is switched otherwise than in a state, and after some of them a margin of voltages."""
        columns = self.program.compiled.columns["is_closed"]
        self.program.add_row(columns, np.where(closed, -1.0, 1.0), 1.0 - float(closed.sum()))
        if with_margin:
            dark = np.flatnonzero(~self.case.supplied)
            columns = self.program.compiled.columns["square"][dark].ravel()
            lower, upper = (bounds[columns] for bounds in self.program.solver.bounds())
            self.program.solver.bound(columns, np.minimum(lower + MARGIN_PU2, upper), upper)
