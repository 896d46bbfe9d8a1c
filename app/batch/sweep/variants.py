"""From a design to its runs, each a name and the changes that it makes to the base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from app.batch.sweep.checked import FIRST, PlaceInDesign
from app.batch.sweep.distributions import Choice
from app.batch.sweep.paths import Keys, ScenarioPath
from app.batch.sweep.sampling import SampledDesign, sampled_points
from app.batch.sweep.schema import FullGrid, LatinHypercube, OneAtATime, Paired, Saltelli, Sobol, Sweep, Variants

SAMPLED = (LatinHypercube, Sobol, Saltelli)
Paths = Mapping[str, ScenarioPath]
"""Places in the scenario by path, as the sweep writes them."""


@dataclass(frozen=True)
class VariedValue:
    """A new value at a place in the scenario.

    Args:
        path: The place in the scenario.
        value: The value.
        place: Where the sweep file says so.
        label: What the sweep calls the value; None if it does not.
    """

    path: ScenarioPath
    value: Any
    place: Keys
    label: str | None = None

    @property
    def words(self) -> str:
        """The value in a name of a run."""
        if self.label is not None:
            return self.label
        if isinstance(self.value, bool) or self.value is None:
            return {True: "true", False: "false", None: "none"}[self.value]
        if isinstance(self.value, Mapping):
            return str(self.value.get("kind", f"{len(self.value)} values"))
        if isinstance(self.value, list | tuple):
            return " ".join(map(str, self.value))
        return str(self.value)


@dataclass(frozen=True)
class PlannedRun:
    """A run of a sweep before it is checked.

    Args:
        name: Its name.
        place: Where the sweep file describes it.
        changes: What it changes in the base, in order.
        tags: Its own, and those of the sweep.
        in_design: Where it stands in the design.
    """

    name: str
    place: Keys
    changes: tuple[VariedValue, ...] = ()
    tags: tuple[str, ...] = ()
    in_design: PlaceInDesign = FIRST


@dataclass(frozen=True)
class _Levels:
    """The values of one parameter, each as a change."""

    path: str
    label: str
    changes: tuple[VariedValue, ...] = field(default=())


def make_variants(sweep: Sweep, paths: Paths, start: str | None) -> list[PlannedRun]:
    """All runs of a sweep, in order.

    Args:
        sweep: The sweep; its columns are of one length.
        paths: Every path that it sets, and those of replications.
        start: First day that the base states, YYYY-MM-DD, for replications over years.
    """
    found = []
    for number, variant in enumerate(_of_design(sweep, paths)):
        place = PlaceInDesign(sample=number)
        numbered = variant if isinstance(sweep.design, SAMPLED) else replace(variant, in_design=place)
        numbered = replace(numbered, tags=tuple(dict.fromkeys((*sweep.tags, *variant.tags))))
        found += list(_replicated(numbered, sweep, paths, start))
    return found


def levels_of(values: Any) -> list[tuple[str | None, Any, str | int]]:
    """Values of a parameter, each with its label, if any, and its key in the file."""
    if isinstance(values, Mapping):
        return [(label, value, label) for label, value in values.items()]
    return [(None, value, place) for place, value in enumerate(values)]


def short_labels(paths: Sequence[str]) -> dict[str, str]:
    """The least of the end of each path that tells it from the others."""
    found = {}
    for path in paths:
        words = path.replace("[", ".").replace("]", "").split(".")
        for length in range(2 if words[-1] == "kind" else 1, len(words) + 1):
            label = ".".join(words[-length:])
            if sum((f".{other}".replace("[", ".").replace("]", "")).endswith(f".{label}") for other in paths) == 1:
                break
        found[path] = label
    return found


def _of_design(sweep: Sweep, paths: Paths) -> Iterator[PlannedRun]:
    design = sweep.design
    if isinstance(design, Variants):
        yield from _listed(design, paths)
    elif isinstance(design, FullGrid):
        for changes in product(*(levels.changes for levels in _all_levels(design.parameters, paths))):
            yield PlannedRun(_named(changes, paths), ("design", "parameters"), changes)
    elif isinstance(design, Paired):
        yield from _paired(design, paths)
    elif isinstance(design, OneAtATime):
        if design.base:
            yield PlannedRun("base", ("design", "base"))
        for levels in _all_levels(design.parameters, paths):
            for change in levels.changes:
                yield PlannedRun(f"{levels.label}={change.words}", change.place, (change,))
    else:
        yield from _sampled(design, sweep.seed, paths)


def _listed(design: Variants, paths: Paths) -> Iterator[PlannedRun]:
    for number, variant in enumerate(design.variants):
        at: Keys = ("design", "variants", number)
        changes = tuple(
            VariedValue(paths[path], value, (*at, "changes", path)) for path, value in variant.changes.items()
        )
        yield PlannedRun(variant.name, at, changes, variant.tags)


def _all_levels(parameters: Mapping[str, Any], paths: Paths) -> list[_Levels]:
    labels = short_labels(list(parameters))
    return [
        _Levels(
            path,
            labels[path],
            tuple(
                VariedValue(paths[path], value, ("design", "parameters", path, key), label)
                for label, value, key in levels_of(values)
            ),
        )
        for path, values in parameters.items()
    ]


def _named(changes: Sequence[VariedValue], paths: Paths) -> str:
    labels = short_labels([text for text in paths if any(change.path.text == text for change in changes)])
    return ", ".join(f"{labels[change.path.text]}={change.words}" for change in changes)


def _paired(design: Paired, paths: Paths) -> Iterator[PlannedRun]:
    for number in range(design.n_runs):
        changes = tuple(
            VariedValue(paths[path], column[number], ("design", "columns", path, number))
            for path, column in design.columns.items()
        )
        name = _named(changes, paths) if design.names is None else design.names[number]
        yield PlannedRun(name, ("design", "columns"), changes)


def _sampled(design: SampledDesign, seed: int, paths: Paths) -> Iterator[PlannedRun]:
    points = sampled_points(design, seed)
    columns = {
        path: distribution.drawn(_column(points, place))
        for place, (path, distribution) in enumerate(design.parameters.items())
    }
    names, labels = list(columns), short_labels(list(columns))
    digits = max(4, len(str(design.samples)))
    for row, point in enumerate(points):
        changes = tuple(_drawn(design, paths[path], drawn[row]) for path, drawn in columns.items())
        column = "" if point.column is None else names[point.column]
        words = (point.matrix, f"{point.sample + 1:0{digits}d}", labels.get(column, ""))
        yield PlannedRun(
            " ".join(filter(None, words)), ("design", "parameters"), changes,
            in_design=PlaceInDesign(point.sample, point.matrix, column),
        )  # fmt: skip


def _column(points: Sequence[Any], place: int) -> Any:
    return np.array([point.shares[place] for point in points])


def _drawn(design: SampledDesign, path: ScenarioPath, drawn: Any) -> VariedValue:
    at: Keys = ("design", "parameters", path.text)
    distribution = design.parameters[path.text]
    if not isinstance(distribution, Choice):
        return VariedValue(path, drawn, at)
    label, value, key = levels_of(distribution.values)[drawn]
    return VariedValue(path, value, (*at, "values", key), label)


def _replicated(variant: PlannedRun, sweep: Sweep, paths: Paths, start: str | None) -> Iterator[PlannedRun]:
    """A run once for each weather, year and seed."""
    over = sweep.replications
    at = "replications"
    columns = [
        [("weather", VariedValue(paths["weather"], name, (at, "weather", k))) for k, name in enumerate(over.weather)],
        [
            ("year", VariedValue(paths["period.start"], f"{year:04d}{(start or '')[4:]}", (at, "years", k), str(year)))
            for k, year in enumerate(over.years)
        ],
        [("seed", VariedValue(paths["seed"], seed, (at, "seeds", k))) for k, seed in enumerate(over.seeds)],
    ]
    columns = [column for column in columns if column]
    for chosen in product(*columns):
        words = ", ".join(f"{label}={change.words}" for label, change in chosen)
        yield replace(
            variant,
            name=", ".join(filter(None, (variant.name, words))),
            changes=(*variant.changes, *(change for _, change in chosen)),
            in_design=replace(variant.in_design, replication=words),
        )
