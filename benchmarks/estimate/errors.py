"""Errors of the short way against full runs, alone and corrected by the run that the levers were moved from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.results.folder import Result
from app.studies.estimate import FIGURES
from app.studies.estimate.accuracy import Correction, general, kept_error, quantile
from app.studies.estimate.growth import checked_without_growth
from app.studies.estimate.learning import corrected_by
from app.studies.estimate.levers import Levers, kinds_of, levers_of
from app.studies.estimate.quantities import Quantities, quantities
from app.studies.estimate.reduced_run import ReducedRuns
from benchmarks.estimate.design import Planned
from grid.sharing import sharing_preparation

LEVELS = (0.8, 0.9)


@dataclass(frozen=True)
class Compared:
    """A run of the design beside what the short way says of it.

    Args:
        planned: The scenario.
        levers: Its levers.
        kinds: Kinds of its assets.
        resized: Whether a fleet has another size than its reference, so that its cars are another draw.
        short: Key figures by the short way.
        full: Those of the result.
        seconds: What the short way took.
        fixed: Errors, by correction and figure, as they are kept.
    """

    planned: Planned
    levers: Levers
    kinds: frozenset[str]
    resized: bool
    short: Quantities
    full: Mapping[str, float]
    seconds: float
    errors: dict[Correction, dict[str, float]]


def compare(runs: Sequence[tuple[Planned, Result]], place: Path) -> list[Compared]:
    """Every run by the short way, and what that errs by."""
    short_way, found = ReducedRuns(), dict[str, Compared]()
    with sharing_preparation():
        for each, result in runs:
            begun = time.perf_counter()
            loaded = checked_without_growth(each.content, place, each.name)
            short = quantities(short_way.run(loaded))
            seconds = time.perf_counter() - begun
            sizes = short_way.references.referenced(loaded).sizing.values()
            resized = any(size.v2g_share is not None and size.factor != 1.0 for size in sizes)
            full = {key: float(value) for key, value in result.summary.items() if isinstance(value, int | float)}
            template = found.get(each.template)
            errors: dict[Correction, dict[str, float]] = {"alone": {}, "corrected": {}}
            for key, value in short.items():
                if key not in full or (key not in FIGURES and not key.startswith("data_centres.")):
                    continue
                errors["alone"][key] = kept_error(key, full, value - full[key])
                if template is not None and key in template.short and key in template.full:
                    moved = corrected_by(key, value, template.short[key], template.full[key])
                    errors["corrected"][key] = kept_error(key, full, moved - full[key])
            found[each.name] = Compared(
                each, levers_of(loaded), kinds_of(loaded), resized, short, full, seconds, errors
            )
    return list(found.values())


def errors_of(runs: Sequence[tuple[Planned, Result]], place: Path) -> list[Compared]:
    """See `compare`."""
    return compare(runs, place)


def summarised(compared: Sequence[Compared], correction: Correction) -> dict[str, dict[str, float]]:
    """Quantiles of the errors of each figure, and the share that lies within bands made from the others."""
    by_figure: dict[str, list[float]] = {}
    for each in compared:
        for key, error in each.errors[correction].items():
            by_figure.setdefault(general(key), []).append(error)
    found = {}
    for key, errors in by_figure.items():
        covered = [error <= quantile([*errors[:k], *errors[k + 1 :]], LEVELS[1]) * (1 + 1e-12) for k, error in
                   enumerate(errors) if len(errors) > 1]  # fmt: skip
        covered80 = [error <= quantile([*errors[:k], *errors[k + 1 :]], LEVELS[0]) * (1 + 1e-12) for k, error in
                     enumerate(errors) if len(errors) > 1]  # fmt: skip
        found[key] = {
            "runs": len(errors),
            "q80": quantile(errors, LEVELS[0]),
            "q90": quantile(errors, LEVELS[1]),
            "largest": max(errors),
            "covered80": sum(covered80) / max(len(covered80), 1),
            "covered": sum(covered) / max(len(covered), 1),
        }
    return found
