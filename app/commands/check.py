"""Validation of a scenario, of all runs of a sweep, or of a grid's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Days

if TYPE_CHECKING:
    from grid.readers import ReadGrid


def check(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario or sweep file (YAML).")],
    days: Days = None,
    store: Annotated[
        str | None, typer.Option(help="Store whose runs say what those of a sweep will take: a folder or URL.")
    ] = None,
    index: Annotated[str | None, typer.Option(help="Index of that store; by default its own.")] = None,
    time_one: Annotated[
        bool, typer.Option("--time-one", help="Make two runs of a sweep to say what all will take.")
    ] = False,
) -> None:
    """Validate a scenario, or every run of a sweep, and say what it would run."""
    from app.batch.sweep import is_sweep
    from grid.errors import InputError
    from grid.files.yaml_file import read_yaml

    if not is_sweep(read_yaml(scenario).content):
        if store is not None or index is not None or time_one:
            raise InputError.single(str(scenario), "is a scenario; --store, --index and --time-one are for sweeps")
        from app.scenario import load_scenario
        from app.scenario.describe import describe_scenario

        typer.echo(describe_scenario(load_scenario(scenario, days)))
        return
    from app.batch.sweep import check_sweep
    from app.batch.sweep.describe import describe_sweep
    from app.batch.sweep.estimate import estimate_from_one_run, estimate_from_store

    sweep = check_sweep(scenario, days)
    typer.echo(describe_sweep(sweep))
    if store is not None:
        typer.echo(str(estimate_from_store(sweep, store, index)))
    if time_one:
        typer.echo(str(estimate_from_one_run(sweep)))


def grid(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A grid's file, or a folder of CSV or CIM.")],
) -> None:
    """Read a grid of any format and say what was read, guessed and dropped, and how its own results compare."""
    from grid.city.source import source_of_read
    from grid.errors import InputError

    read = _net_or_feeder(file)
    if read is None:
        return
    typer.echo(read.report.text)
    try:
        network = source_of_read(read).network
    except InputError as error:
        raise InputError(error.faults, str(file)) from error
    for sentence in (network.buses.without_supply, *network.misstated, *network.not_followed):
        if sentence:
            typer.echo(f"  note      {sentence}")
    path = f"pandapower: {', '.join(network.uncovered)}" if network.uncovered else "fixed point"
    typer.echo(f"  solver    {path}")


def _net_or_feeder(file: Path) -> ReadGrid | None:
    """The net of a file; None, with what there is to say printed, of a circuit that phase coordinates describe only."""
    from app.studies.feeder import against_engine, refused_elements
    from grid.errors import InputError
    from grid.readers import read_grid_file

    try:
        return read_grid_file(file)
    except InputError as error:
        refused = refused_elements(error)
        if not refused and file.suffix in (".yaml", ".yml"):
            rule = "must be the file of a grid; `gridcarbon check` reads scenarios"
            raise InputError.single("FILE", rule, str(file)) from error
        if not refused:
            raise
    from grid.readers.opendss.phases import read_feeder

    read = read_feeder(file)
    typer.echo(read.report.text)
    for sentence in against_engine(read):
        typer.echo(f"  found     {sentence}")
    typer.echo("  solver    fixed point between phase nodes")
    typer.echo("  not for   scenarios and their studies, which need a net of sequences; it is none because of")
    typer.echo(f"            {refused}")
    return None
