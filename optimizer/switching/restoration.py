"""Supply restored after a fault: what to switch, in which order, and what stays without supply until the repair.

The breaker before the fault has opened. A mixed-integer programme (`optimizer.switching.supply_model`) finds the
switching state that supplies most energy until the repair; its switches are put in order, and each state on the way is
solved in AC. A state that breaks a limit that was kept before is barred, and the programme solved again. As it errs on
the side of more supply, no state supplies more than the first one that passes; its bound is told too, for where the
time did not suffice or a margin of the voltages was needed to find a state.
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
from optimizer.switching.supply_case import supply_case
from optimizer.switching.supply_model import IslandSource, SupplyCase, supply_model

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
        bound_mwh: What no state within the limits leaves less of, as far as it was proven [MWh]; equal to `left_mwh`
            where the state is proven to be the best.
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
    """
    case = supply_case(grid, times.minutes, sources)
    search = _Search(grid, case, times, sources, time.monotonic() + seconds)
    leaders, sequence = search.best() or search.one_by_one()
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
        barred=search.barred,
    )


_Found = tuple[list[IslandSource], SwitchSequence]
"""Sources that lead an island, and the switches."""


class _Search:
    """The programme of a fault, solved until a state keeps its limits in AC."""

    def __init__(
        self,
        grid: FaultedGrid,
        case: SupplyCase,
        times: SwitchTimes,
        sources: Sequence[IslandSource],
        until: float,
    ) -> None:
        self.grid, self.case, self.times, self.sources, self.until = grid, case, times, sources, until
        self.program = IntegerProgram(supply_model(case, ~grid.network.open))
        self.bound_mwh, self.barred = 0.0, 0

    def best(self) -> _Found | None:
        """The best state that keeps the limits in AC, or one near it; None if the time ended before one was found."""
        while (seconds := self.until - time.monotonic()) > 0:
            try:
                solution = self.program.solve(seconds)
            except (InfeasibleError, InterruptedSolveError):
                return None
            if self.barred <= MOST_BARRED:  # what was barred since breaks limits, so the bound holds for all others
                self.bound_mwh = max(self.bound_mwh, float(self.case.value.sum()) + solution.bound)
            found = self._state(solution.values)
            if found is not None:
                return found
            self._bar(solution.values["is_closed"] > 0.5)
        return None

    def one_by_one(self) -> _Found:
        """Branches closed one after the other, each the one that restores most, as long as the limits are kept."""
        grid, branches = self.grid, self.grid.network.meshed.branches
        allowed = grid.exceeded(grid.tripped) or frozenset()
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
                if over is not None and over <= allowed:
                    restored.append((float(self.case.value[grid.supplied_nodes(trial)].sum()), k))
            if not restored:
                break
            final[max(restored)[1]] = False
        sequence = switch_sequence(grid, final, (), self.times)
        if sequence is None:
            raise SolverError("a state that keeps its limits cannot be reached")
        return [], sequence

    def _state(self, values: Mapping[str, Floats]) -> _Found | None:
        """The state of a solution, if it can be reached within the limits."""
        leaders = [source for source, leads in zip(self.sources, values["leads"], strict=True) if leads > 0.5]
        final = self.grid.tripped.copy()
        final[self.case.candidates] = values["is_closed"] < 0.5
        final[self.grid.faulted_branches] = True
        sequence = switch_sequence(self.grid, final, leaders, self.times)
        return None if sequence is None else (leaders, sequence)

    def _bar(self, closed: Bools) -> None:
        """Demands that a branch is switched otherwise than in a state, and after some of them a margin of voltages."""
        self.barred += 1
        columns = self.program.compiled.columns["is_closed"]
        self.program.add_row(columns, np.where(closed, -1.0, 1.0), 1.0 - float(closed.sum()))
        if self.barred > MOST_BARRED:
            dark = np.flatnonzero(~self.case.supplied)
            columns = self.program.compiled.columns["square"][dark].ravel()
            lower, upper = (bounds[columns] for bounds in self.program.solver.bounds())
            self.program.solver.bound(columns, np.minimum(lower + MARGIN_PU2, upper), upper)
