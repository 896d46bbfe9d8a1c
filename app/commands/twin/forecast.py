"""What will be drawn and fed in over the hours ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import MeasurementsOption, TableFile, TableFormat, say_table
from app.commands.twin.log import require_log


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
    from app.studies.ensembles.files import check_table
    from app.twin.alerts.security_assessment import lessons_in
    from app.twin.forecasts.issues import repeated_forecasts
    from app.twin.forecasts.sources import ForecastSource, is_city, require_zone
    from app.twin.forecasts.tables import forecast_table, score_table
    from grid.errors import InputError

    chosen = check_table(form, out)
    require_zone(time_zone)
    if is_city(measured):
        source = ForecastSource.of_city(measured, 1 if every is None else None, measurements)
    elif measurements is not None or every is not None:
        option = "--every" if measurements is None else "--measurements"
        raise InputError.single(option, "is for a scenario or a result, not for a file of totals")
    else:
        source = ForecastSource.of_file(measured, time_zone, country)
    if log is not None:
        require_log(log, "--log")
    lessons = lessons_in(log)
    made = source.trained(hours, test_days, lessons)
    learned = lessons.words([each.series.kind for each in made], [])
    for line in (*source.words, *(each.statement for each in made), *learned):
        typer.echo(line, err=True)
    table = score_table(made) if scores else forecast_table(repeated_forecasts(made, source.city, every))
    say_table(table, chosen, out)
