"""Why a dispatch has no answer: the limits and wishes in conflict and the least that would help, by name and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from optimizer._highs import InfeasibleError, Solver
from optimizer._highs.conflicts import all_sides, conflict, free_direction, least_relaxation
from optimizer.window.constraint_names import PlaceName, ProgrammePlaces
from optimizer.window.grid_rows import NetworkRows
from optimizer.window.programme import Window

SHOWN = 12
"""Most entries of each kind in a message."""
NOTHING = 1e-7


@dataclass(frozen=True)
class Conflict:
    """What cannot hold together, and what would help. Physics never gives way: only limits and wishes do.

    Args:
        constraints: A smallest set of limits and wishes in conflict: leaving any one out makes it feasible.
        relaxation: By how much each named limit or wish would have to give way, least in sum [its unit].
        physics: Rows of the programme that tie them together, such as the balance, from when to when.
        smallest: Whether every one of `constraints` was tried.
        lines: `constraints` in fewer lines, those of one element or asset together.
        relaxation_lines: So `relaxation`.
    """

    constraints: tuple[str, ...]
    relaxation: tuple[tuple[str, float], ...]
    physics: tuple[str, ...]
    smallest: bool
    lines: tuple[str, ...]
    relaxation_lines: tuple[str, ...]

    def __str__(self) -> str:
        perhaps = "" if self.smallest else ", and perhaps not even of fewer"
        lines = [f"no dispatch meets all of these{perhaps}:", *_first(self.lines)]
        if self.physics:
            lines += ["which are tied together by:", *_first(self.physics)]
        if self.relaxation_lines:
            lines += ["the least that would help:", *_first(self.relaxation_lines)]
        return "\n".join(lines)


def _first(lines: tuple[str, ...]) -> list[str]:
    """The first lines, and how many there are more."""
    more = [f"  … and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [*(f"  {line}" for line in lines[:SHOWN]), *more]


class InfeasibleDispatchError(RuntimeError):
    """An inelastic problem has no solution; `conflict` says why."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(str(conflict))
        self.conflict = conflict


class UnboundedDispatchError(RuntimeError):
    """The cost falls without end; `direction` names what may grow together."""

    def __init__(self, direction: tuple[tuple[str, float], ...]) -> None:
        lines = [f"  {name}: {share:+.4g}" for name, share in direction[:SHOWN]]
        super().__init__("the cost falls without end along:\n" + "\n".join(lines))
        self.direction = direction


def explain_conflict(solver: Solver, window: Window, added: list[NetworkRows]) -> Conflict:
    """The limits and wishes in conflict, and the least relaxation.

    Args:
        solver: The programme.
        window: Its window.
        added: Rows of its network.
    """
    places, sides = ProgrammePlaces(solver, window, added), all_sides(solver)
    soft, weight = places.soft_sides()
    found = conflict(solver, soft)
    named = [(places.name_of_side(place)[0], _limit(places, place, sides[place])) for place in found.soft]
    relaxed = _relaxed(places, solver, soft, weight)
    physics = [(name, "") for name, _ in map(places.name_of_side, found.hard) if name.physics]
    return Conflict(
        tuple(dict.fromkeys(f"{_at_time(window, name)}: {limit}" for name, limit in named)),
        tuple((_at_time(window, name), amount) for name, amount in relaxed),
        tuple(_lines(window, physics)),
        found.smallest,
        tuple(_lines(window, named)),
        tuple(_relaxation_lines(window, relaxed)),
    )


def _relaxed(places: ProgrammePlaces, solver: Solver, soft: Bools, weight: Floats) -> list[tuple[PlaceName, float]]:
    """By how much limits and wishes must give way, most first; empty where none of them helps."""
    try:
        amounts = least_relaxation(solver, soft, weight)
    except InfeasibleError:
        return []
    most: dict[PlaceName, float] = {}
    for place in np.flatnonzero(amounts > NOTHING).tolist():
        name = places.name_of_side(place)[0]
        most[name] = max(most.get(name, 0.0), float(amounts[place]))  # rows of one limit, from several rounds
    return sorted(most.items(), key=lambda pair: -pair[1])


def _limit(places: ProgrammePlaces, place: int, side: float) -> str:
    """What a limit or wish asks for."""
    name, upper = places.name_of_side(place)
    return name.limit or f"at {'most' if upper else 'least'} {side:.6g} {name.unit}".rstrip()


def _lines(window: Window, sides: Iterable[tuple[PlaceName, str]]) -> Iterator[str]:
    """Sides in words: those that ask the same of one element in one line, and those of the sessions of one asset."""
    groups: dict[tuple[str, str, str, bool], list[PlaceName]] = defaultdict(list)
    for name, limit in sides:
        of_session = name.session is not None
        groups[name.what, name.of, "" if of_session else limit, of_session].append(name)
    for (_, _, limit, _), names in groups.items():
        yield f"{_when(window, names)}{f': {limit}' if limit else ''}"


def _relaxation_lines(window: Window, relaxed: list[tuple[PlaceName, float]]) -> Iterator[str]:
    """Relaxations in words, those of one element or of the sessions of one asset in one line."""
    groups: dict[tuple[str, str], list[tuple[PlaceName, float]]] = defaultdict(list)
    for name, amount in relaxed:
        groups[name.what, name.of].append((name, amount))
    for group in groups.values():
        amounts, unit = [amount for _, amount in group], f" {group[0][0].unit}".rstrip()
        by = f"by {max(amounts):.6g}{unit}"
        if len(amounts) > 1:
            by = f"by up to {max(amounts):.6g}{unit}, {sum(amounts):.6g}{unit} in all"
        yield f"{_when(window, [name for name, _ in group])}: {by}"


def _when(window: Window, names: list[PlaceName]) -> str:
    """What places of one element or asset are about, and when or of how many sessions."""
    name, sessions = names[0], {each.session for each in names}
    what = str(name) if len(sessions) == 1 else f"{name.what} of {len(sessions)} sessions of {name.of}"
    steps = sorted({each.step for each in names if each.step is not None})
    if not steps:
        return what
    if len(steps) == 1:
        return f"{what} at {_time(window, steps[0])}"
    gaps = "" if steps[-1] - steps[0] == len(steps) - 1 else f", in {len(steps)} steps"
    return f"{what} from {_time(window, steps[0])} to {_time(window, steps[-1])}{gaps}"


def explain_direction(solver: Solver, window: Window) -> tuple[tuple[str, float], ...]:
    """Names of what grows without end, with its share, the largest first."""
    ray, places = free_direction(solver)[: window.n_columns], ProgrammePlaces(solver, window, [])
    order = [int(c) for c in np.argsort(-np.abs(ray), kind="stable") if abs(ray[c]) > NOTHING]
    return tuple((_at_time(window, places.column(c)), float(ray[c])) for c in order)


def _at_time(window: Window, name: PlaceName) -> str:
    """A row or a column in words: what it is about, and when."""
    return str(name) if name.step is None else f"{name} at {_time(window, name.step)}"


def _time(window: Window, step: int) -> str:
    return f"{np.datetime_as_string(window.problem.clock.times[window.first + step], unit='m')} UTC"
