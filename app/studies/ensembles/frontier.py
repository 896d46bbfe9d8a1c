"""The runs that no other run betters: those from which one figure gets better only if another gets worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from app.studies.ensembles.runs import Ensemble, check_columns, choose, declared_figure
from grid.arrays import Bools, Floats
from grid.errors import Fault, nearest, raise_if_any

_SIGN = {"lower": 1.0, "higher": -1.0}


@dataclass(frozen=True)
class ParetoFrontier:
    """The frontier of two figures.

    Args:
        x: First figure, and which of two values is the better one.
        y: Second figure, the same.
        runs: All runs that count, with the columns of the ensemble and `on_frontier`.
        notes: Runs that were left out.
    """

    x: tuple[str, str]
    y: tuple[str, str]
    runs: pl.DataFrame
    notes: tuple[str, ...]

    def table(self) -> pl.DataFrame:
        """The runs on the frontier, the best in x first."""
        found = self.runs.filter("on_frontier").drop("on_frontier")
        return found.sort(self.x[0], self.y[0], descending=[self.x[1] == "higher", self.y[1] == "higher"])


def pareto_frontier(
    ensemble: Ensemble,
    x: str,
    y: str,
    better: tuple[str | None, str | None] = (None, None),
    *,
    with_infeasible: bool = False,
) -> ParetoFrontier:
    """The runs that are not dominated: no other is at least as good in both figures and better in one.

    Args:
        ensemble: The runs.
        x: A key figure, or a parameter.
        y: Another.
        better: Which of two values of x and of y is the better one, `lower` or `higher`; None as `key_figures.yaml`
            declares it.
        with_infeasible: Whether runs count that kept not every limit.

    Raises:
        InputError: If a column is unknown or no number, or it is not known which of its values is the better one.
    """
    known = (*ensemble.figures, *ensemble.parameters)
    check_columns({"--x": [x], "--y": [y]}, known)
    faults = [fault for place, name, way in zip(("--x", "--y"), (x, y), better, strict=True)
              for fault in _faults(ensemble, place, name, way)]  # fmt: skip
    if x == y:
        faults.append(Fault("--y", "must be another figure than --x", y))
    raise_if_any(faults, "the frontier")
    ways = [way or _declared_better(name) or "" for name, way in zip((x, y), better, strict=True)]
    chosen = choose(ensemble, [x, y], with_infeasible=with_infeasible)
    costs = chosen.runs.select(pl.col(x, y).cast(pl.Float64)).to_numpy() * [_SIGN[way] for way in ways]
    marked = chosen.runs.with_columns(pl.Series("on_frontier", non_dominated(costs)))
    return ParetoFrontier((x, ways[0]), (y, ways[1]), marked, chosen.notes)


def _faults(ensemble: Ensemble, place: str, name: str, way: str | None) -> list[Fault]:
    """What is wrong with one of the two figures, and with what is said to be better."""
    if not ensemble.runs[name].dtype.is_numeric():
        return [Fault(place, "is no number, so it has no better value", name)]
    if way is not None and way not in _SIGN:
        return [Fault(f"{place}-better", "must be `lower` or `higher`", way, nearest(way, _SIGN))]
    if way is None and _declared_better(name) is None:
        return [
            Fault(f"{place}-better", f"neither of two values of {name} is declared better: say `lower` or `higher`")
        ]
    return []


def _declared_better(name: str) -> str | None:
    declared = declared_figure(name)
    return None if declared is None else declared.figure.better


def non_dominated(costs: Floats) -> Bools:
    """Which points no other dominates, the lower of both coordinates being better.

    A point dominates another if it is at most as great in both and less in one, so equal points stand or fall together.

    Args:
        costs: The points, finite, shape (n, 2).

    Returns:
        Shape (n,).
    """
    points, places = np.unique(costs, axis=0, return_inverse=True)  # by the first coordinate, then by the second
    least_before = np.minimum.accumulate(np.concatenate([[np.inf], points[:-1, 1]]))
    kept: Bools = (points[:, 1] < least_before)[places.reshape(-1)]
    return kept
