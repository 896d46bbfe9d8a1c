"""How certain a figure is: which of its inputs nobody has checked, and how far other runs of the scenario spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from app.results.folder import Result, open_result
from app.results.store.folders.places import open_folder
from app.results.store.records import FOLDER
from app.results.store.scan import scan
from app.results.store.states import WITH_RESULT
from app.studies.ensembles.bands import bands
from app.studies.ensembles.sources import differences, of_sweep
from grid.errors import InputError
from grid.files.content import is_folder
from grid.spec import Spec, field_docstrings

UNVERIFIED, VERIFIED = "unverified", "verified"


@dataclass(frozen=True)
class UnverifiedInputs:
    """Inputs of a figure that were not read in their source.

    Args:
        factors: Emission factors used, as the manifest has them, that are not verified.
        ranges: Technology of each factor used for which no range is published, or none that was verified.
        numbers: What the result says of the numbers behind its imports, in sentences.
        constants: Entries of the scenario whose documentation calls them unverified, by path, with their values.
    """

    factors: tuple[Mapping[str, Any], ...]
    ranges: tuple[str, ...]
    numbers: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.factors or self.ranges or self.numbers or self.constants)


def unverified_inputs(result: Result, *, by_factors: bool) -> UnverifiedInputs:
    """The inputs of a result that were not checked.

    Args:
        result: The result.
        by_factors: Whether emission factors are behind the figure; if not, neither they nor what imports are made of
            count.
    """
    manifest = result.manifest
    used = tuple(manifest.get("factors") or ()) if by_factors else ()
    basis: Mapping[str, Any] = manifest.get("basis") or {}
    return UnverifiedInputs(
        factors=tuple(one for one in used if one.get("status") != VERIFIED),
        ranges=_without_range(used, str(manifest.get("factor_set", ""))),
        numbers=tuple(str(one) for one in basis.get("caveats") or () if one) if by_factors else (),
        constants=unverified_entries(result.scenario),
    )


def _without_range(used: tuple[Mapping[str, Any], ...], name: str) -> tuple[str, ...]:
    """Technologies of published factors without a verified range; of a set that is not shipped, none is known."""
    from carbon.factors import load_factor_set  # noqa: PLC0415  slow to import

    try:
        rows = load_factor_set(name).factors if name else ()
    except InputError:
        rows = ()
    checked = {row.technology for row in rows if row.has_range and row.range_status == VERIFIED}
    published = dict.fromkeys(str(one["technology"]) for one in used if not one.get("derivation"))
    return tuple(name for name in published if name not in checked)


def unverified_entries(scenario: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Entries of a scenario whose documentation says ``unverified``, by path; none where it cannot be read."""
    from app.scenario.schema import Scenario  # noqa: PLC0415  slow to import

    try:
        model = Scenario.model_validate(dict(scenario))
    except ValidationError:
        return ()
    return tuple(_entries(model, ""))


def _entries(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Spec):
        documentation = field_docstrings(type(value))
        for name in type(value).model_fields:
            inner, place = getattr(value, name), f"{path}.{name}" if path else name
            if isinstance(inner, Spec | tuple):
                yield from _entries(inner, place)
            elif inner is not None and UNVERIFIED in documentation.get(name, ""):
                yield place, inner
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _entries(inner, f"{path}[{getattr(inner, 'name', number)}]")


@dataclass(frozen=True)
class FigureBand:
    """Between which values a key figure lies in a sweep over the scenario of a result.

    Args:
        sweep: Name of the sweep.
        runs: Runs that count.
        varied: What was varied, by path.
        low: Tenth percentile, in the unit of the figure.
        middle: Median.
        high: Ninetieth percentile.
        notes: What should be known of the runs.
    """

    sweep: str
    runs: int
    varied: tuple[str, ...]
    low: float
    middle: float
    high: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FigureBands:
    """The bands of a key figure in a store.

    Args:
        found: One for each sweep over the scenario that has enough runs.
        reasons: Why a sweep over the scenario gives none, in sentences.
    """

    found: tuple[FigureBand, ...]
    reasons: tuple[str, ...]


def figure_bands(place: Path, result: Result, key: str) -> FigureBands:
    """The bands of a key figure, from the sweeps in a store whose base is the scenario of a result.

    A sweep is over the scenario if its runs differ from it in nothing but what the sweep varies.

    Args:
        place: Folder of the store; one without sweeps gives none.
        result: The result.
        key: The key figure.

    Raises:
        InputError: If records of sweeps are damaged.
    """
    if not is_folder(place / FOLDER):
        return FigureBands((), ())
    folder, runs = open_folder(place), scan(place).collect()
    designs = {record.sweep: record.design for record in folder.records()}
    found: list[FigureBand] = []
    reasons: list[str] = []
    for (name,), part in runs.filter(pl.col("sweep").is_not_null()).group_by("sweep", maintain_order=True):
        sweep = str(name)
        try:
            band = _band(part, designs.get(sweep, {}), place, sweep, result, key)
        except InputError as error:
            reasons.append(f"Sweep {sweep}: {'; '.join(str(fault) for fault in error.faults)}.")
            continue
        if band is not None:
            found.append(band)
    return FigureBands(tuple(found), tuple(reasons))


def _band(
    runs: pl.DataFrame, design: Mapping[str, Any], place: Path, sweep: str, result: Result, key: str
) -> FigureBand | None:
    """The band in one sweep; None if its base is another scenario."""
    ended = runs.filter(pl.col("status").is_in(WITH_RESULT))
    if ended.is_empty():
        return None
    ensemble = of_sweep(runs, design, str(place), str(result.manifest.get("currency", "")))
    other = open_result(place / str(ended["key"][0])).scenario
    if not set(differences([result.scenario, other])) <= set(ensemble.parameters):
        return None
    found = bands(ensemble, (key,))
    row = found.table.row(0, named=True)
    return FigureBand(sweep, int(row["runs"]), ensemble.parameters, row["p10"], row["p50"], row["p90"], found.notes)
