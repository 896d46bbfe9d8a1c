"""Where a period is cut into spans, and what stays of cars and jobs across the seams do until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer.horizon.part import ProblemPart, part_of
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule

Energies = Mapping[str, Floats]
"""What devices hold at a moment, by flexibility, shape (N,) each [MWh]; NaN where not known."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some steps of a span or of its run-in, of which the first are decided.

    Args:
        span: Number of the span.
        part: The steps.
        n_steps: How many of them are decided.
    """

    span: int
    part: ProblemPart
    n_steps: int

    def energies(self, schedule: Schedule, problem: DispatchProblem) -> dict[str, Floats]:
        """What all devices of the whole hold when the decided steps end."""
        sizes, found = {f.name: f.n_devices for f in problem.flexibilities}, {}
        for name, held in self.part.energy_after(self.n_steps, schedule.p_mw).items():
            found[name] = np.full(sizes[name], np.nan)
            found[name][self.part.devices[name]] = held
        return found


@dataclass(frozen=True, eq=False)
class Cut:
    """A problem with its seams.

    Args:
        problem: The problem.
        first: First step of every span, and the step after the last.
        run_in: Steps of a run-in.
        seam: The last span that each device's stay reaches into from the one before, by flexibility, shape (N,) each;
            0 for none, and for what lasts throughout.
    """

    problem: DispatchProblem
    first: Ints
    run_in: int
    seam: Mapping[str, Ints]

    @classmethod
    def from_problem(cls, problem: DispatchProblem, steps: int, run_in_steps: int) -> Cut:
        """A problem in spans of so many steps each, but for the last."""
        first = np.append(np.arange(0, problem.clock.n_steps, steps), problem.clock.n_steps)
        seam = {}
        for flexibility in problem.flexibilities:
            last = np.searchsorted(first, flexibility.stop, side="left") - 1
            across = (first[last] > flexibility.start) & ~np.full(last.size, flexibility.lasts_throughout)
            seam[flexibility.name] = np.where(across, last, 0)
        return cls(problem, first, run_in_steps, seam)

    @property
    def spans(self) -> range:
        """Numbers of the spans."""
        return range(self.first.size - 1)

    def run_in_begins(self, span: int) -> int:
        """First step of the run-in of a span."""
        return max(int(self.first[span]) - self.run_in, 0)

    def run_in_of(self, span: int, held: Mapping[str, Floats]) -> Piece:
        """The steps before a seam, with all that their windows see.

        Args:
            span: Number of the span that begins at the seam.
            held: What devices that do not last throughout hold when each span's run-in begins, by flexibility, shape
                (spans, N) each [MWh].
        """
        problem, begin, seam = self.problem, self.run_in_begins(span), int(self.first[span])
        seen = min(seam + problem.look_ahead_steps, problem.clock.n_steps)
        devices = {f.name: np.flatnonzero((f.start < seen) & (f.stop > begin)) for f in problem.flexibilities}
        stays = (f.stop[devices[f.name]] for f in problem.flexibilities if not f.lasts_throughout)
        stop = max([seen, *(int(of.max()) for of in stays if of.size)])
        energies = {name: of_all[span] for name, of_all in held.items()}
        return Piece(span, part_of(problem, begin, stop, devices, energies), seam - begin)

    def piece(self, span: int, begin: int, n_steps: int, held: Energies, due: Energies | None = None) -> Piece:
        """The steps of a span from `begin` on; stays across its end are no part of it."""
        stop = int(self.first[span + 1])
        devices = {
            f.name: np.flatnonzero((f.start < stop) & (f.stop > begin) & (self.seam[f.name] <= span))
            for f in self.problem.flexibilities
        }
        return Piece(span, part_of(self.problem, begin, stop, devices, held, due), n_steps)

    def last_window(self, span: int) -> int:
        """First step of the last window of a span."""
        first, stop, horizon = int(self.first[span]), int(self.first[span + 1]), self.problem.horizon_steps
        return first + (stop - first - 1) // horizon * horizon

    def stored(self, energies: Energies) -> dict[str, Floats]:
        """Energies of what lasts throughout only."""
        return {f.name: energies[f.name] for f in self.problem.flexibilities
                if f.lasts_throughout and f.name in energies}  # fmt: skip

    def with_stays_given(self, p_mw: Mapping[str, Floats]) -> Cut:
        """The same with what stays across seams do before the last of them as fixed withdrawal.

        Args:
            p_mw: Power of every flexibility by slot, by name [MW].
        """
        problem, fixed = self.problem, []
        for flexibility in problem.flexibilities:
            if self.seam[flexibility.name].any():
                given = flexibility.step < _of_each_slot(flexibility, self.first[self.seam[flexibility.name]])
                fixed.append((flexibility, np.where(given, p_mw[flexibility.name], 0.0)))
        return replace(self, problem=problem.with_fixed(fixed, problem.flexibilities))


def unmanaged_stays(cut: Cut) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """What devices do that nobody manages: powers before the run-in of the last seam of their stays, and energies.

    Returns:
        Power by slot, by flexibility [MW], least power where it is decided yet; and `held` of `Cut.run_in_of`.
    """
    p_mw, held = {}, {}
    begins = np.array([cut.run_in_begins(span) for span in cut.spans])
    for flexibility in cut.problem.flexibilities:
        p_mw[flexibility.name] = np.array(flexibility.per_slot(flexibility.p_min_mw))
        if flexibility.lasts_throughout:
            continue
        unmanaged, seam = flexibility.unmanaged_power(), cut.seam[flexibility.name]
        given = (flexibility.step < _of_each_slot(flexibility, begins[seam])) & (_of_each_slot(flexibility, seam) > 0)
        p_mw[flexibility.name][given] = unmanaged[given]
        if flexibility.reservoir is not None:
            held[flexibility.name] = _held(flexibility, unmanaged, begins)
    return p_mw, held


def _of_each_slot(flexibility: Flexibility, of_device: Ints) -> Ints:
    """Values of devices for each of their slots, shape (K,)."""
    return np.repeat(of_device, flexibility.stop - flexibility.start)


def _held(flexibility: Flexibility, p_mw: Floats, at: Ints) -> Floats:
    """What each device holds when some steps begin, shape (steps, N) [MWh]; NaN where it is not there."""
    after, held = flexibility.energy_mwh(p_mw), np.full((at.size, flexibility.n_devices), np.nan)
    for row, step in enumerate(at):
        there = np.flatnonzero((flexibility.start < step) & (flexibility.stop >= step))
        held[row, there] = after[flexibility.offsets[there] + step - 1 - flexibility.start[there]]
    return held
