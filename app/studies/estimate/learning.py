"""What stored runs teach: what the short way missed of them, and by how much estimates from them err."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.studies.estimate.accuracy import kept_error
from app.studies.estimate.growth import checked_without_growth
from app.studies.estimate.levers import Levers, Ranges, kinds_of, levers_of
from app.studies.estimate.quantities import Quantities, quantities
from app.studies.estimate.reduced_run import ReducedRuns
from app.studies.estimate.stored_runs import StoredRun
from grid.errors import InputError
from optimizer._highs import SolverError

MOST_LEARNED_FROM = 40
"""Stored runs that errors are learned from, at most."""
NEAREST = 4
"""Stored runs whose misses correct an estimate."""
IN_PROPORTION = frozenset({"v2g_energy_mwh"})
"""Figures of which the short way misses a share: aggregates net what some cars feed in against what others charge."""


@dataclass(frozen=True)
class LearnedRun:
    """A stored run with what the short way says of it.

    Args:
        run: The run.
        levers: Its levers.
        kinds: Kinds of its assets.
        found: Its key figures by the short way.
        actual: The same of its result.
    """

    run: StoredRun
    levers: Levers
    kinds: frozenset[str]
    found: Quantities
    actual: Quantities


def learned_runs(stored: Sequence[StoredRun], folder: Path, runs: ReducedRuns) -> tuple[LearnedRun, ...]:
    """Stored runs by the short way; those that it cannot run are left out.

    Args:
        stored: The runs.
        folder: Folder that file names in their scenarios are relative to.
        runs: What runs them.
    """
    learned = []
    for run in stored[-MOST_LEARNED_FROM:]:
        try:
            loaded = checked_without_growth(run.content, folder, run.name)
            found = quantities(runs.run(loaded))
        except (InputError, SolverError):
            continue
        actual = {key: float(run.figures[key]) for key in found if run.figures.get(key) is not None}
        learned.append(LearnedRun(run, levers_of(loaded), kinds_of(loaded), found, actual))
    return tuple(learned)


def corrected_by(key: str, value: float, found: float, actual: float) -> float:
    """A figure by the short way, corrected by what that misses of a run.

    Args:
        key: Key of the figure.
        value: The figure by the short way.
        found: That of the run by the short way.
        actual: That of its result.
    """
    if key not in IN_PROPORTION:
        return value + actual - found
    return value * actual / found if found > 0 else value


def corrected(found: Quantities, levers: Levers, learned: Sequence[LearnedRun], ranges: Ranges) -> Quantities:
    """Figures by the short way, corrected by the runs nearest by, each weighted by its nearness.

    Figures that one of those runs lacks stay as they are; so do all where there are no runs.
    """
    near = sorted(((ranges.distance(levers, each.levers), each) for each in learned), key=lambda pair: pair[0])
    weighted = [(1.0 / (distance**2 + 1e-6), each) for distance, each in near[:NEAREST]]
    total = sum(weight for weight, _ in weighted)
    made = dict(found)
    for key, value in found.items():
        if weighted and all(key in each.actual for _, each in weighted):
            parts = (weight * corrected_by(key, value, each.found[key], each.actual[key]) for weight, each in weighted)
            made[key] = sum(parts) / total
    return made


def left_out_errors(learned: Sequence[LearnedRun], ranges: Ranges) -> list[Mapping[str, float]]:
    """Errors of the estimate of every run from the others, by figure, as they are kept."""
    errors: list[Mapping[str, float]] = []
    for place, each in enumerate(learned):
        estimate = corrected(each.found, each.levers, [*learned[:place], *learned[place + 1 :]], ranges)
        errors.append(
            {key: kept_error(key, each.actual, estimate[key] - actual) for key, actual in each.actual.items()}
        )
    return errors
