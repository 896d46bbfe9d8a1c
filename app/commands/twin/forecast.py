"""What will be drawn and fed in over the hours ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import MeasurementsOption, TableFile, TableFormat, say_table


def forecast(
    measured: Annotated[
        Path,
        typer.Argument(
            metavar="MEASURED", help="Parquet or CSV of what was measured; or a scenario or a result folder."
        ),
    ],
    hours: Annotated[int, typer.Option(min=1, max=168, help="Hours ahead.")] = 48,
    time_zone: Annotated[str, typer.Option(help="Zone whose hours people follow; of a file.")] = "UTC",
    country: Annotated[str | None, typer.Option(help="Country whose public holidays count; of a file.")] = None,
    test_days: Annotated[int, typer.Option(min=1, help="Days of the past that are forecast again.")] = 28,
    every: Annotated[
        int | None,
        typer.Option(min=1, metavar="HOURS", help="Forecast anew every so many hours of a scenario's whole period."),
    ] = None,
    measurements: MeasurementsOption = None,
    log: Annotated[
        str | None, typer.Option(metavar="LOG", help="Log of the twin that corrects forecasts where that has helped.")
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="How good each method was, instead of the forecast.")
    ] = False,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Forecast demand, sun, wind and charging with bands of 80 and 90 %, by what proved best on the past."""
    from datetime import timedelta

    from app.studies.ensembles.files import check_table
    from app.twin.alerts.security_assessment import lessons_in
    from app.twin.alerts.watch import corrected
    from app.twin.forecasts.file import read_histories
    from app.twin.forecasts.issues import repeated_forecasts
    from app.twin.forecasts.measured import stored_histories
    from app.twin.forecasts.period import operated_city
    from app.twin.forecasts.tables import forecast_table, score_table
    from grid.errors import InputError, nearest
    from grid.files.content import is_folder
    from grid.time.zones import zone_names
    from grid.twin.forecast import make_forecaster

    chosen = check_table(form, out)
    if time_zone not in zone_names():
        raise InputError.single("--time-zone", "is no time zone", time_zone, nearest(time_zone, zone_names()))
    if measured.suffix.casefold() in {".yaml", ".yml"} or is_folder(measured):
        city = operated_city(measured, None, days=1 if every is None else None)
        histories, words = (city.histories, ()) if measurements is None else stored_histories(city, measurements)
        for line in words:
            typer.echo(line, err=True)
    elif measurements is not None or every is not None:
        option = "--every" if measurements is None else "--measurements"
        raise InputError.single(option, "is for a scenario or a result, not for a file of totals")
    else:
        city = None
        histories = read_histories(measured, time_zone, country)
    made = []
    known = lessons_in(log)
    for history in histories:
        n_steps = max(1, round(timedelta(hours=hours) / history.clock.step))
        made.append(corrected(make_forecaster(history, n_steps, days=test_days), known.correction(history.kind)))
    for line in (*(each.statement for each in made), *known.words([each.series.kind for each in made], [])):
        typer.echo(line, err=True)
    say_table(score_table(made) if scores else forecast_table(repeated_forecasts(made, city, every)), chosen, out)
