"""Exporting a step of a run as a pandapower net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from app.results.folder import open_result
from app.results.tables.registry import tables
from app.scenario import check_scenario, load_scenario
from app.scenario.loaded import LoadedScenario
from app.simulation import simulate
from app.simulation.inputs import prepare
from grid.city.export import AddedElement, check_step, write_step
from grid.errors import Fault, raise_if_any
from grid.files.content import is_folder
from grid.flexibility.flexibility import Element


def export_step(source: Path, file: Path, step: int) -> None:
    """Writes the pandapower net with all assets at one step, as it was solved.

    Args:
        source: A result folder, or a scenario file, which is then run.
        file: File to write.
        step: Step of the run.

    Raises:
        InputError: If anything is wrong with source, file or step, or a file that the result was made of has changed.
    """
    loaded, assets, table_of = (
        _from_result(source, step, file) if is_folder(source) else _from_scenario(source, step, file)
    )
    frame = assets.filter(pl.col("time") == loaded.city.clock.start + step * loaded.city.clock.step)
    added = [
        AddedElement(table_of[asset], f"{asset} @ {bus}", bus, p_mw, e_mwh, q_mvar)
        for asset, bus, p_mw, e_mwh, q_mvar in frame.select("asset", "bus", "p_mw", "e_mwh", "q_mvar").iter_rows()
    ]
    write_step(loaded.city, step, added, file)


def _from_result(folder: Path, step: int, file: Path) -> tuple[LoadedScenario, pl.DataFrame, dict[str, Element]]:
    result = open_result(folder)
    source = Path(str(result.manifest["folder"]))
    loaded = check_scenario(dict(result.scenario), source, str(folder / "scenario.yaml"))
    raise_if_any(_changed(result.manifest["inputs"], loaded.input_hashes()), str(folder))
    check_step(loaded.city.clock, step, file)
    if loaded.scenario.city.own_generation == "weather":
        loaded = prepare(loaded).loaded
    columns = (pl.col("asset", "bus").cast(pl.String), pl.col("time", "p_mw", "e_mwh", "q_mvar"))
    table_of = {name: entry["element"] for name, entry in result.manifest["assets"].items()}
    return loaded, result.table("assets").select(*columns).collect(), table_of


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Fault]:
    """Files that a result was made of and that are gone or others now, by their hashes."""
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            what = "is gone" if name not in now else "has changed"
            yield Fault(name, f"{what} since the run: put it back, or run again")


def _from_scenario(source: Path, step: int, file: Path) -> tuple[LoadedScenario, pl.DataFrame, dict[str, Element]]:
    loaded = load_scenario(source)
    check_step(loaded.city.clock, step, file)
    outcome = simulate(loaded)
    table_of = {flexibility.name: flexibility.element for flexibility in outcome.inputs.flexibilities}
    return (
        outcome.inputs.loaded,
        tables(outcome)["assets"]().with_columns(pl.col("asset", "bus").cast(pl.String)),
        table_of,
    )
