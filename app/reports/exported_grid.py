"""Exporting a step of a run, or the extremes of all, as a grid in the formats of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from app.results.folder import open_result
from app.results.tables.registry import tables
from app.scenario import load_scenario
from app.scenario.loaded import LoadedScenario
from app.simulation import simulate
from app.simulation.again import loaded_again
from grid.city.export import MAPS, AddedElement, ExportForm, check_step, form_of, write_step
from grid.city.map_export import Results
from grid.errors import InputError
from grid.files.content import is_folder
from grid.flexibility.flexibility import Element

DRAWN = {"bus": ("buses", "nodal"), "branch": ("branches",)}
"""Tables of results that a map holds, by what they have a row of in each step."""


@dataclass(frozen=True)
class ExportSource:
    """What a step is exported of.

    Args:
        loaded: The scenario with its city.
        tables: Tables of the result by name.
        table_of: pandapower's table of each asset.
    """

    loaded: LoadedScenario
    tables: Mapping[str, pl.LazyFrame]
    table_of: Mapping[str, Element]


def export_step(
    source: Path, file: Path, step: int | None, form: str | None = None, *, extremes: bool = False
) -> tuple[int, tuple[str, ...]]:
    """Writes the net with all assets at one step, as it was solved.

    Args:
        source: A result folder, or a scenario file, which is then run.
        file: File to write.
        step: Step of the run; by default the first, with `extremes` that of the highest import.
        form: Format; by default that of the file's ending.
        extremes: Whether a map holds the least and the highest value of the period instead of those of the step.

    Returns:
        The step, and what of the net the format does not hold.

    Raises:
        InputError: If anything is wrong with source, file or step, or a file that the result was made of has changed.
    """
    chosen = form_of(file, form)
    if extremes and chosen not in MAPS:
        raise InputError.single("--extremes", f"is for maps ({', '.join(MAPS)}); a net is that of one step", chosen)
    made = _from_result(source, step or 0, file, chosen) if is_folder(source) else _from_scenario(
        source, step or 0, file, chosen
    )  # fmt: skip
    at = _step_of_highest_import(made) if extremes and step is None else step or 0
    clock = made.loaded.city.clock
    now = pl.col("time") == clock.start + at * clock.step
    frame = _named(made.tables["assets"], "asset", "bus").filter(now).collect()
    added = [
        AddedElement(made.table_of[asset], f"{asset} @ {bus}", bus, p_mw, e_mwh, q_mvar)
        for asset, bus, p_mw, e_mwh, q_mvar in frame.select("asset", "bus", "p_mw", "e_mwh", "q_mvar").iter_rows()
    ]
    results = _drawn(made, None if extremes else now) if chosen in MAPS else None
    return at, write_step(made.loaded.city, at, added, file, chosen, results)


def _step_of_highest_import(made: ExportSource) -> int:
    imports = made.tables["city"].select("import_mw").collect()["import_mw"]
    return int(imports.arg_max() or 0)


def _drawn(made: ExportSource, now: pl.Expr | None) -> Results:
    """Results by bus and by branch: those of a step, or the least and the highest of all where `now` is None."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for key, names in DRAWN.items():
        rows = found.setdefault(key, {})
        for name in names:
            frame = _named(made.tables[name], key)
            numbers = [column for column, kind in frame.collect_schema().items() if kind.is_numeric()]
            chosen = _extremes(frame, key, numbers) if now is None else frame.filter(now).select(key, *numbers)
            for row in chosen.collect().iter_rows(named=True):
                rows.setdefault(row.pop(key), {}).update(row)
    return found


def _extremes(frame: pl.LazyFrame, key: str, numbers: list[str]) -> pl.LazyFrame:
    """The least and the highest of each column; NaN counts as unknown."""
    clean = [pl.col(column).fill_nan(None) for column in numbers]
    return frame.group_by(key).agg(
        *(each.min().name.suffix("_min") for each in clean), *(each.max().name.suffix("_max") for each in clean)
    )


def _named(frame: pl.LazyFrame, *columns: str) -> pl.LazyFrame:
    """The table with names as text."""
    return frame.with_columns(pl.col(columns).cast(pl.String))


def _from_result(folder: Path, step: int, file: Path, form: ExportForm) -> ExportSource:
    result = open_result(folder)
    loaded = loaded_again(result.scenario, result.manifest, folder)
    check_step(loaded.city.clock, step, file, form)
    names = ("assets", "city", *(name for each in DRAWN.values() for name in each))
    table_of = {name: entry["element"] for name, entry in result.manifest["assets"].items()}
    return ExportSource(loaded, {name: result.table(name) for name in names}, table_of)


def _from_scenario(source: Path, step: int, file: Path, form: ExportForm) -> ExportSource:
    loaded = load_scenario(source)
    check_step(loaded.city.clock, step, file, form)
    outcome = simulate(loaded)
    table_of = {flexibility.name: flexibility.element for flexibility in outcome.inputs.flexibilities}
    made = tables(outcome)
    names = ("assets", "city", *(name for each in DRAWN.values() for name in each))
    return ExportSource(outcome.inputs.loaded, {name: made[name]().lazy() for name in names}, table_of)
