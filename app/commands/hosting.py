"""The largest data centre that a bus takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Days, ScenarioFile


def hosting(
    scenario: ScenarioFile,
    data_centre: Annotated[str, typer.Option(help="Which data centre; its size is what is sought.")],
    bus: Annotated[list[str] | None, typer.Option(help="Bus to try; may be given several times.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every bus that is supplied.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of results whose map is to show the answer.")
    ] = None,
    n_minus_1: Annotated[bool, typer.Option("--n-1", help="Within limits after any single outage too.")] = False,
    days: Days = None,
) -> None:
    """Say how large a data centre a bus can take within the limits of the grid."""
    from app.scenario import load_scenario
    from app.studies.hosting.capacity import hosting_in_scenario
    from app.studies.hosting.kept import keep as keep_capacities

    loaded = load_scenario(scenario, days)
    buses = loaded.city.network.buses
    wanted = [name for name, node in zip(buses.names, buses.node, strict=True) if node >= 0] if every else bus
    found = hosting_in_scenario(loaded, data_centre, wanted, n_minus_1=n_minus_1)
    for row in found:
        typer.echo(f"{row.bus}: {row.p_it_mw:.1f} MW of IT, {row.p_facility_mw:.2f} MW at the meter")
        if row.binding is not None:
            b = row.binding
            after = f" after the outage of {b.outage}" if b.outage else ""
            typer.echo(f"  next: {b.element} {b.quantity} {b.value:.4g} against {b.limit:.4g}, step {b.step}{after}")
        for name in row.outages_left_out:
            typer.echo(f"  left out: the outage of {name} breaks a limit without any data centre")
    if keep is not None:
        typer.echo(f"kept in {keep_capacities(keep, loaded.scenario.sha256, found)}")
