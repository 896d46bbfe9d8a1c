"""The largest data centre, fleet or stock of roofs and heat pumps that a bus takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Days, ScenarioFile

if TYPE_CHECKING:
    from app.studies.hosting.case import Binding

QUANTITIES = {"vm_pu": ("voltage", "pu"), "loading_percent": ("loading", "%"), "import_mw": ("import", "MW")}
"""What limits are of, in words, and the unit."""


def hosting(
    scenario: ScenarioFile,
    what: Annotated[
        str,
        typer.Option(
            "--of",
            "--data-centre",
            metavar="NAME",
            help="What grows: a data centre or asset of the scenario, or pv, wind, ev_fleet or heat_pump.",
        ),
    ],
    bus: Annotated[list[str] | None, typer.Option(help="Bus to try; may be given several times.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every bus that is supplied.")] = False,
    out: Annotated[Path | None, typer.Option(help="Table to write: .csv, .xlsx, .parquet, .md, .json.")] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of results whose map is to show the answer.")
    ] = None,
    increment: Annotated[float | None, typer.Option(help="Increment of the size, in the unit of its kind.")] = None,
    n_minus_1: Annotated[bool, typer.Option("--n-1", help="Within limits after any single outage too.")] = False,
    every_step: Annotated[
        bool, typer.Option("--every-step", help="With --all: check the answers in every step, not the critical ones.")
    ] = False,
    days: Days = None,
) -> None:
    """Say how much of something a bus can take within the limits of the grid."""
    from app.scenario import load_scenario
    from app.studies.ensembles.files import check_table, table_bytes, write
    from app.studies.hosting.capacity import hosting_table
    from app.studies.hosting.growth import KINDS, hosting_in_scenario, kind_of
    from app.studies.hosting.kept import keep as keep_capacities
    from app.terminal import bar
    from grid.threads import processors

    form = check_table(None, out)
    loaded = load_scenario(scenario, days)
    buses = loaded.city.network.buses
    wanted = [name for name, node in zip(buses.names, buses.node, strict=True) if node >= 0] if every else bus
    with bar() as progress:
        found = hosting_in_scenario(
            loaded, what, wanted, increment=increment, n_minus_1=n_minus_1, every_step=every_step or not every,
            threads=processors(), progress=progress,
        )  # fmt: skip
    kind = kind_of(loaded, what)
    unit = KINDS[kind].unit if kind in KINDS else "MW of IT"
    for row in found:
        typer.echo(f"{row.bus}: {row.size:,.10g} {unit}, {row.p_peak_mw:.3g} MW at the meter")
        if row.binding is not None:
            when = loaded.city.clock.times[row.binding.step].astype("datetime64[m]").item()
            typer.echo(f"  one increment more: {_broken(row.binding)}, {when:%Y-%m-%d %H:%M} UTC")
        for name in row.outages_left_out:
            typer.echo(f"  left out: the outage of {name} breaks a limit by itself")
    if out is not None:
        write(out, table_bytes(hosting_table(found), form))
        typer.echo(f"wrote {out}")
    if keep is not None:
        of_assets = kind if kind in KINDS else ""
        typer.echo(f"kept in {keep_capacities(keep, loaded.scenario.sha256, found, of_assets)}")


def _broken(binding: Binding) -> str:
    """What would be broken: where, and what would be seen against which limit."""
    after = f" after the outage of {binding.outage}" if binding.outage else ""
    if binding.quantity not in QUANTITIES:
        return f"the power flow has no solution{after}"
    name, unit = QUANTITIES[binding.quantity]
    return f"{binding.element} {name} {binding.value:.4g} {unit} against {binding.limit:.4g} {unit}{after}"
