"""What the log of the twin holds and teaches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import TableFile, TableFormat, say_table

LogPlace = Annotated[str, typer.Argument(metavar="LOG", help="The log: an SQLite file or postgresql://….")]


def log(
    place: LogPlace,
    entries: Annotated[bool, typer.Option("--entries", help="All entries instead of what they teach.")] = False,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say what comes of each kind of action, how reliably, and whether correcting predictions by it helps."""
    from app.studies.ensembles.files import check_table
    from app.twin.log import lessons_of, opened_log

    chosen = check_table(form, out)
    require_log(place)
    with opened_log(place, made=False) as opened:
        if entries:
            say_table(opened.table(), chosen, out)
            return
        lessons = lessons_of(opened)
    say_table(lessons.table(), chosen, out)
    for test in (*lessons.tests.values(), *lessons.forecast_tests.values()):
        typer.echo(str(test), err=chosen != "md" and out is None)


def decide(
    place: LogPlace,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Name of the alert, as in the log.")],
    verdict: Annotated[str, typer.Argument(metavar="VERDICT", help="accepted, changed or rejected.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; needed unless the action is accepted.")] = "",
    instead: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET=MWH", help="What is moved instead where it is changed; repeatable."),
    ] = None,
) -> None:
    """Accept, change or reject the action that an alert proposes; the decision goes into the log."""
    from datetime import UTC, datetime

    from app.twin.alerts.logged import decide as add_decision
    from app.twin.log import opened_log
    from grid.twin.learning.records import DecisionRecord

    require_log(place)
    record = DecisionRecord(alert, datetime.now(UTC), verdict, by, reason, _moved(instead or []))
    with opened_log(place, made=False) as opened:
        add_decision(opened, record)
    typer.echo(f"{alert}: {verdict} by {by}")


def require_log(place: str, option: str = "LOG") -> None:
    """Raises an `InputError`, named after an option, if the file of a log is not there."""
    from grid.errors import InputError
    from grid.files.content import is_file, missing_file

    if "://" not in place and not is_file(Path(place)):
        raise InputError([missing_file(Path(place), option)])


def _moved(given: list[str]) -> dict[str, float]:
    """Energy by asset [MWh].

    Raises:
        InputError: With all that is no asset and number.
    """
    from grid.errors import Fault, raise_if_any

    moved, faults = dict[str, float](), []
    for text in given:
        asset, _, number = text.rpartition("=")
        try:
            moved[asset] = float(number)
        except ValueError:
            moved[asset] = float("nan")
        if not asset or not abs(moved[asset]) < float("inf"):
            faults.append(Fault("--instead", "must be an asset and its energy, such as depot=1.5", text))
    raise_if_any(faults, "the decision")
    return moved
