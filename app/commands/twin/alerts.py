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
    import time

    from app.studies.ensembles.files import check_table
    from app.twin.alerts import propose, switching_relief, watch_over
    from app.twin.alerts.logged import log_alerts
    from app.twin.alerts.state_file import read_states, write_states
    from app.twin.alerts.tables import action_lines, alert_table, relief_line
    from app.twin.forecasts.period import operated_city
    from grid.twin.alerts import advance

    chosen = check_table(form, out)
    before = {} if state is None else read_states(state)
    operated = operated_city(city, None if start is None else start.date(), days, past_days)
    histories = None
    if measurements is not None:
        from app.twin.forecasts.measured import stored_histories

        histories, words = stored_histories(operated, measurements)
        for line in words:
            typer.echo(line, err=True)
    watch = watch_over(operated, samples, histories=histories)
    begun = time.perf_counter()
    states, events = advance(before, watch.risks(), watch.clock.start)
    seconds = time.perf_counter() - begun
    for forecaster in watch.forecasters:
        typer.echo(forecaster.statement, err=True)
    typer.echo(f"forecast, {samples} power flows and alerts took {seconds:.2f} s", err=True)
    proposed = propose(watch) if action and events else None
    if proposed is not None:
        scenario = watch.ahead.loaded.scenario
        typer.echo("the cheapest action that is enough:", err=True)
        for line in action_lines(proposed, scenario.currency, scenario.dispatch.strategy):
            typer.echo(line, err=True)
    if switching and events:
        typer.echo(relief_line(switching_relief(watch)), err=True)
    say_table(alert_table(events, proposed), chosen, out)
    if log is not None:
        log_alerts(log, events, proposed)  # before the state: what was said and not logged is said again
    if state is not None:
        write_states(state, states)
