"""What the grid is likely to suffer in the hours ahead, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import MeasurementsOption, TableFile, TableFormat, say_table


def alerts(
    city: Annotated[Path, typer.Argument(metavar="RESULT_OR_SCENARIO", help="A scenario file or a result folder.")],
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day ahead, from its midnight UTC; default: the scenario's first."),
    ] = None,
    days: Annotated[int, typer.Option(help="Days ahead.")] = 1,
    past_days: Annotated[int, typer.Option(help="Days before, whose profiles stand for what was measured.")] = 70,
    measurements: MeasurementsOption = None,
    samples: Annotated[int, typer.Option(min=10, max=1000, help="Courses of the forecast.")] = 100,
    action: Annotated[bool, typer.Option(help="Whether the cheapest action that is enough is sought.")] = True,
    switching: Annotated[
        bool, typer.Option("--switching", help="Whether another open point is sought that relieves the grid.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="File of the alerts as they stand: read if it is there, and written.")
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="LOG", help="Log that what is said goes into: an SQLite file or postgresql://…."),
    ] = None,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say which limits are likely to be exceeded, when and where, and the cheapest action that is enough."""
    from app.studies.ensembles.files import check_table
    from app.twin.alerts.security_assessment import alerts_now, looked_at
    from app.twin.alerts.state_file import read_states
    from grid.files.output import check_output

    chosen = check_table(form, out)
    if state is not None:
        check_output(state, (state.suffix,), "--state")
    before = {} if state is None else read_states(state)
    watch, known, lines = looked_at(city, None if start is None else start.date(), days, past_days,
                                    (measurements, log), samples)  # fmt: skip
    for line in lines:
        typer.echo(line, err=True)
    found = alerts_now(watch, known, before, act=action, switch=switching)
    for line in found.lines:
        typer.echo(line, err=True)
    say_table(found.table, chosen, out)
    found.keep(log, state)
