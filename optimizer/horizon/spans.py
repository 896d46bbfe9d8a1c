"""A long dispatch cut into spans that are decided side by side.

Between two spans lies a seam. Every span but the first is run in: the days before its seam are decided too, from stores
as they stand at the start of the problem, and thrown away but for what spans have in common. What stores hold at the
seam then is what the span begins with, and what the last window of the span before must leave. Stays of cars across a
seam are decided by the run-in and the span that they end in; to the span before they are given. So energies go on
across seams; where a store could not be brought to what the next span began with, that span is decided again from what
there is. `docs/decisions/0011-a-year-in-spans.md` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, raise_if_any
from optimizer.horizon.joined import Decided, joined, write_slots
from optimizer.horizon.rolling import Progress, dispatch, leaves_nothing
from optimizer.horizon.seams import Cut, Energies, Piece, unmanaged_stays
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule

Task = tuple[DispatchProblem, int]
"""A problem, and how many of its steps are decided."""
Map = Callable[[Callable[[Task], Schedule], Sequence[Task]], Iterable[Schedule]]
"""Applies a function to tasks, side by side if it can; the answers come in the order of the tasks."""
SEAM_MWH = 1e-6
"""Difference of a store's energies at a seam that is rounding of the programmes [MWh]."""


@dataclass(frozen=True)
class Spans:
    """How a period is cut.

    Args:
        steps: Steps of each span but the last.
        run_in_steps: Steps that are decided before each span but the first.
    """

    steps: int
    run_in_steps: int


def decide(task: Task) -> Schedule:
    """The schedule of the first steps of a problem."""
    problem, n_steps = task
    return dispatch(problem, stop=n_steps)


def dispatch_in_spans(
    problem: DispatchProblem, spans: Spans, progress: Progress | None = None, apply: Map = map
) -> Schedule:
    """Decides what every flexible asset does, span by span.

    Args:
        problem: The problem.
        spans: How it is cut.
        progress: Called after each part of a span with the steps decided, run-ins included, and those in all.
        apply: Applies a function to many tasks, such as on many processes.

    Raises:
        InputError: If something ties the spans together: a cap on carbon, a demand charge, a ramp, a forecast, an
            extension or a limit of time; or if they are no whole windows.
    """
    raise_if_any(_faults(problem, spans), "the spans of the dispatch")
    if leaves_nothing(problem):
        return dispatch(problem, progress)
    cut = Cut.from_problem(problem, spans.steps, spans.run_in_steps)
    in_all = problem.clock.n_steps + sum(int(cut.first[n]) - cut.run_in_begins(n) for n in cut.spans)
    side_by_side = partial(_each, apply, _Told(progress, in_all))
    p_mw, held = unmanaged_stays(cut)
    q_mvar: dict[str, Floats] = {}
    run_ins = side_by_side([cut.run_in_of(span, held) for span in cut.spans[1:]])
    begins: dict[int, Energies] = {0: {}}
    for piece, schedule in run_ins.values():
        begins[piece.span] = piece.energies(schedule, problem)
        of_stays = {name: seam == piece.span for name, seam in cut.seam.items()}
        write_slots(problem, (piece, schedule), p_mw, q_mvar, of_stays)
    cut = cut.with_stays_given(p_mw)
    bodies = [_body(cut, span, begins[span]) for span in cut.spans]
    decided = side_by_side([piece for piece in bodies if piece.n_steps])
    tails = [_tail(cut, span, decided.get(span), begins) for span in cut.spans]
    found = _mended(cut, decided, side_by_side(tails), begins)
    for each in found:
        write_slots(problem, each, p_mw, q_mvar)
    return joined(problem, found, p_mw, q_mvar)


class _Told:
    """Adds up the steps that were decided."""

    def __init__(self, progress: Progress | None, in_all: int) -> None:
        self.progress, self.in_all, self.done = progress, in_all, 0

    def more(self, steps: int) -> None:
        """Tells of so many more."""
        self.done += steps
        if self.progress is not None:
            self.progress(self.done, self.in_all)


def _each(apply: Map, told: _Told, pieces: Sequence[Piece]) -> dict[int, Decided]:
    """The schedules of some pieces, one of each span, by its number."""
    found = {}
    tasks = [(piece.part.problem, piece.n_steps) for piece in pieces]
    for piece, schedule in zip(pieces, apply(decide, tasks), strict=True):
        found[piece.span] = (piece, schedule)
        told.more(piece.n_steps)
    return found


def _body(cut: Cut, span: int, begin: Energies) -> Piece:
    """A span but for its last window."""
    first = int(cut.first[span])
    return cut.piece(span, first, cut.last_window(span) - first, begin)


def _tail(cut: Cut, span: int, body: Decided | None, begins: Mapping[int, Energies]) -> Piece:
    """The last window of a span, which leaves in stores what the next began with."""
    last, stop = cut.last_window(span), int(cut.first[span + 1])
    held = begins[span] if body is None else body[0].energies(body[1], cut.problem)
    due = cut.stored(begins[span + 1]) if span + 1 in begins else None
    return cut.piece(span, last, stop - last, held, due)


def _mended(
    cut: Cut, bodies: Mapping[int, Decided], tails: Mapping[int, Decided], begins: Mapping[int, Energies]
) -> list[Decided]:
    """All pieces in order; spans that did not begin with what the one before left are decided again from it."""
    found: list[Decided] = []
    left: dict[str, Floats] = {}
    for span in cut.spans:
        of_span = [each[span] for each in (bodies, tails) if span in each]
        assumed = cut.stored(begins[span])
        if span and any((np.abs(left[name] - held) > SEAM_MWH).any() for name, held in assumed.items()):
            begin = {**begins, span: {**begins[span], **left}}
            body = _body(cut, span, begin[span])
            of_span = [(body, decide((body.part.problem, body.n_steps)))] if body.n_steps else []
            tail = _tail(cut, span, of_span[0] if of_span else None, begin)
            of_span.append((tail, decide((tail.part.problem, tail.n_steps))))
        found += of_span
        piece, schedule = of_span[-1]
        left = cut.stored(piece.energies(schedule, cut.problem))
    return found


def _faults(problem: DispatchProblem, spans: Spans) -> Iterator[Fault]:
    horizon = problem.horizon_steps
    for name, steps in (("steps", spans.steps), ("run_in_steps", spans.run_in_steps)):
        if steps < horizon or steps % horizon:
            yield Fault(name, f"must be a multiple of the {horizon} steps that a window decides", steps)
    if problem.look_ahead_steps > horizon:
        yield Fault("look_ahead_steps", f"must be at most the {horizon} steps that a window decides, in spans")
    ties = {
        "carbon_cap_kg": np.isfinite(problem.carbon_cap_kg),
        "demand_charge_per_mw_month": problem.demand_charge_per_mw_month > 0,
        "forecast": problem.forecast is not None,
        "extend": problem.extend is not None,
        "time_limit_s": np.isfinite(problem.time_limit_s),
    }
    for name, given in ties.items():
        if given:
            yield Fault(name, "ties all windows of a period together: leave out the spans")
    for flexibility in problem.flexibilities:
        if flexibility.ramp_mw_per_h is not None:
            yield Fault(f"{flexibility.name}.ramp_mw_per_h", "ties steps across seams together: leave out the spans")
