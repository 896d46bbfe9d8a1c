"""The command line: the table of its commands, and how whatever goes wrong is said."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from app.commands import (
    check,
    demo,
    designs,
    export,
    listings,
    planning,
    reindex,
    reports,
    run,
    serve,
    verify,
    why,
)
from app.commands.exit_status import BY_SIGNAL, FAILED, INFEASIBLE, WRONG_INPUT, ending_signals, status_without_dispatch
from app.commands.grid_studies import feeder, hosting, outages, reinforce, short_circuit
from app.commands.sweeps import batch, compare, ensembles
from app.commands.twin import twin
from app.failures import StoreError
from grid.errors import InputError

COMMANDS = (
    demo.demo,
    check.check,
    check.grid,
    run.run,
    batch.batch,
    serve.serve,
    export.export,
    reports.inventory,
    reports.statement,
    why.why,
    verify.verify,
    reindex.reindex,
    designs.designs,
    hosting.hosting,
    outages.outages,
    short_circuit.short_circuit,
    feeder.feeder,
    reinforce.reinforce,
    planning.frontier,
    planning.estimate,
    compare.compare,
    ensembles.table,
    ensembles.sensitivity,
    ensembles.bands,
    ensembles.pareto,
    listings.factors,
    listings.tariffs,
    listings.schema,
)
"""All commands, in the order of the help; each is called as its function is."""

app = typer.Typer(
    name="gridcarbon",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(twin, name="twin")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gridcarbon {version('gridcarbon')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """A city's electricity and its carbon: power flow, dispatch, carbon tracing and a dashboard."""


def main() -> None:
    """Runs the command line: what is wrong with the input is said in full, never as a traceback."""
    with ending_signals() as received:
        try:
            app()
        except InputError as error:
            typer.echo(str(error), err=True)
            sys.exit(WRONG_INPUT)
        except StoreError as error:
            typer.echo(str(error), err=True)
            sys.exit(FAILED)
        except KeyboardInterrupt:
            sys.exit(BY_SIGNAL + (received or [signal.SIGINT])[-1])
        except SystemExit as end:
            interrupted = received and end.code == BY_SIGNAL + signal.SIGINT  # how typer ends one
            sys.exit(BY_SIGNAL + received[-1] if interrupted else end.code)
        except Exception as error:  # a defect of ours: say so, and keep the traceback for those who ask
            if (status := status_without_dispatch(error)) is not None:
                typer.echo(f"infeasible: {error}" if status == INFEASIBLE else str(error), err=True)
                sys.exit(status)
            if os.environ.get("GRIDCARBON_TRACEBACK"):
                raise
            typer.echo(_failure(error), err=True)
            sys.exit(FAILED)


def _failure(error: Exception) -> str:
    """What is said of an exception that nobody expected: of a place that cannot be used, or a defect of ours."""
    from grid.files.content import shown_path  # noqa: PLC0415  slow to import
    from grid.files.output import in_words, is_of_file_system  # noqa: PLC0415

    if isinstance(error, OSError) and is_of_file_system(error):
        return f"{shown_path(Path(str(error.filename)))}: {in_words(error)}"
    said = f"gridcarbon failed, which is a defect: {type(error).__name__}: {error}"
    return f"{said}\nSet GRIDCARBON_TRACEBACK=1 to see where."


if __name__ == "__main__":
    main()
