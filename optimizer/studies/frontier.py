"""Cost against carbon: what each tonne less costs, from the cheapest dispatch to the cleanest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from grid.errors import InputError
from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import ScheduleTotals, schedule_totals

TIE = 1e-3
"""Weight of the other objective at both ends, so that of equally good dispatches the better one is taken."""
SAME = 1e-6
"""Relative distance below which two points are one."""


@dataclass(frozen=True, eq=False)
class FrontierPoint:
    """One dispatch of the frontier.

    Args:
        totals: Its cost and carbon, as realised in AC.
        schedule: What the assets do.
        carbon_price_per_kg: Price of carbon at which it is best [currency/kg]; infinite at the clean end.
    """

    totals: ScheduleTotals
    schedule: Schedule
    carbon_price_per_kg: float


@dataclass(frozen=True, eq=False)
class Frontier:
    """Dispatches of which none is both cheaper and cleaner than another.

    Args:
        points: From the cheapest to the cleanest.
        dispatches: Problems solved to find them.
    """

    points: tuple[FrontierPoint, ...]
    dispatches: int

    def abatement_cost_per_kg(self) -> tuple[float, ...]:
        """Cost of each kilogram less between neighbouring points [currency/kg]."""
        return tuple(_slope(a.totals, b.totals) for a, b in pairwise(self.points))


def frontier(problem: DispatchProblem, n: int = 8, progress: Callable[[int, int], None] | None = None) -> Frontier:
    """The frontier of cost against carbon, in at most `n` points.

    Both ends first, then always the middle of the widest gap: the point that is best at the slope between two
    neighbours. In a linear programme that finds every corner in the end; where a gap holds none, it is left.

    Args:
        problem: The problem; its own price of carbon, and weights of its own, are left out.
        n: Most points.
        progress: Told the points found and `n`.

    Raises:
        InputError: If fewer than two points are asked for, nothing emits, or no dispatch has an AC solution in every
            step: one without is no point, as its totals are not known.
    """
    if n < 2:
        raise InputError.single("n", "must be at least 2", n)
    if not (problem.import_ci_kg_per_mwh > 0).any():
        raise InputError.single("import_ci_kg_per_mwh", "must be positive somewhere, or there is nothing to weigh")
    scale = _typical_price(problem)
    tell = progress or (lambda _found, _asked: None)
    points = [_solve(problem, TIE * scale), _solve(problem, scale / TIE)]
    points[0], points[1] = replace(points[0], carbon_price_per_kg=0.0), replace(points[1], carbon_price_per_kg=np.inf)
    solved, done = 2, set[tuple[float, float]]()
    while len(points) < n:
        tell(len(points), n)
        gaps = [pair for pair in pairwise(points) if _ends(*pair) not in done]
        if not gaps:
            break
        left, right = max(gaps, key=lambda pair: _width(pair, points))
        done.add(_ends(left, right))
        if _same(left.totals, right.totals):
            continue
        middle = _solve(problem, _slope(left.totals, right.totals))
        solved += 1
        if not (_same(middle.totals, left.totals) or _same(middle.totals, right.totals)):
            points.insert(points.index(right), middle)
    tell(n, n)
    known = [point for point in points if not point.totals.failed_steps]
    if not known:
        fewest = min(point.totals.failed_steps for point in points)
        rule = "has no dispatch with a solution of the power flow in every step; more is drawn than the grid can carry"
        raise InputError.single("the frontier", f"{rule} in {fewest:.0f} steps or more")
    return Frontier(tuple(_undominated(known)), solved)


def _solve(problem: DispatchProblem, carbon_price_per_kg: float) -> FrontierPoint:
    """The best dispatch at a price of carbon."""
    schedule = dispatch(replace(problem, carbon_price_per_kg=carbon_price_per_kg, objective=None))
    return FrontierPoint(schedule_totals(problem, schedule), schedule, carbon_price_per_kg)


def _typical_price(problem: DispatchProblem) -> float:
    """The price of carbon at which carbon weighs as much as energy [currency/kg]."""
    price = float(np.abs(problem.import_price_per_mwh).mean()) or 1.0
    return price / float(problem.import_ci_kg_per_mwh.mean())


def _slope(cheaper: ScheduleTotals, cleaner: ScheduleTotals) -> float:
    saved = cheaper.emissions_kg - cleaner.emissions_kg
    return max((cleaner.cost - cheaper.cost) / saved, 0.0) if saved > 0 else np.inf


def _ends(left: FrontierPoint, right: FrontierPoint) -> tuple[float, float]:
    return (left.totals.emissions_kg, right.totals.emissions_kg)


def _width(pair: tuple[FrontierPoint, FrontierPoint], points: list[FrontierPoint]) -> float:
    """How much of the whole range lies between two points, in cost and in carbon."""
    left, right, first, last = pair[0].totals, pair[1].totals, points[0].totals, points[-1].totals
    cost = abs(right.cost - left.cost) / max(abs(last.cost - first.cost), 1e-12)
    carbon = abs(right.emissions_kg - left.emissions_kg) / max(abs(last.emissions_kg - first.emissions_kg), 1e-12)
    return cost + carbon


def _same(a: ScheduleTotals, b: ScheduleTotals) -> bool:
    return abs(a.cost - b.cost) <= SAME * max(abs(a.cost), 1.0) or (
        abs(a.emissions_kg - b.emissions_kg) <= SAME * max(abs(a.emissions_kg), 1.0)
    )


def _undominated(points: list[FrontierPoint]) -> list[FrontierPoint]:
    """From the cheapest on, only points that are cleaner than all before."""
    kept: list[FrontierPoint] = []
    for point in sorted(points, key=lambda p: (p.totals.cost, p.totals.emissions_kg)):
        if not kept or point.totals.emissions_kg < kept[-1].totals.emissions_kg:
            kept.append(point)
    return kept
