"""The grid in operation: the commands that begin with `gridcarbon twin`."""

import typer

from app.commands.twin import (
    ageing,
    alerts,
    estimation,
    forecast,
    intake,
    log,
    open_points,
    plant,
    reliability,
    restoration,
)

COMMANDS = (
    intake.run,
    intake.simulate,
    estimation.estimate,
    estimation.sensors,
    forecast.forecast,
    alerts.alerts,
    log.decide,
    plant.plant,
    log.log,
    ageing.ageing,
    open_points.open_points,
    restoration.restore,
    reliability.reliability,
    reliability.maintenance,
)
"""What `gridcarbon twin` is followed by, in the order of the help; each is called as its function is."""

twin = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
for command in COMMANDS:
    twin.command()(command)


@twin.callback()
def about() -> None:
    """The grid in operation: what equipment suffers, how it is best switched, how supply comes back after a fault."""
