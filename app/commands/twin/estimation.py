"""The state of a grid by what was measured, and where the next sensors should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.options import ResultFolder, TableFile, TableFormat, say_table

if TYPE_CHECKING:
    import numpy as np

MOST_BAD = 10
"""Bad data that are named; the folder of the estimate holds all."""


def estimate(
    result: ResultFolder,
    measurements: Annotated[
        str, typer.Argument(metavar="MEASUREMENTS", help="A file (.parquet, .csv) or a store of measurements.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write; it must not be there yet.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 0,
    check: Annotated[
        bool,
        typer.Option("--check", help="Say how far the estimate is from the result, where the result is the truth."),
    ] = False,
) -> None:
    """Estimate voltages, loadings, losses and carbon of every bus, with bands, from few measurements."""
    from app.twin.estimation.city_state import city_state
    from app.twin.estimation.folder import check_folder, write_estimate
    from app.twin.estimation.measured_city import MeasuredCity, measurements_of

    check_folder(folder)
    city = MeasuredCity.from_result(result)
    state = city_state(city.inputs, measurements_of(measurements, city.clock), seed)
    manifest = write_estimate(state, city.result.topology, folder)
    _say(manifest)
    for bad in state.clean.bad[:MOST_BAD]:
        typer.echo(
            f"bad: {_moment(city.clock.times[bad.step])} {bad.element} {bad.quantity}: {bad.value:.5g} measured, "
            f"{bad.expected:.5g} by all else, {bad.normalised_residual:.1f} standard deviations"
        )
    if len(state.clean.bad) > MOST_BAD:
        typer.echo(f"bad: {len(state.clean.bad) - MOST_BAD} more, see {folder / 'bad_data.parquet'}")
    if check:
        from app.twin.estimation.accuracy import accuracy
        from app.twin.measuring.solved_state import solved_state

        typer.echo(str(accuracy(state, city.result, solved_state(city.result, city.inputs.loaded))))
    typer.echo(f"estimate: {folder}")


def _moment(time: np.datetime64) -> str:
    """A time to the minute, in words."""
    return f"{time.astype('datetime64[m]').astype(datetime):%Y-%m-%d %H:%M} UTC"


def _say(manifest: Mapping[str, Any]) -> None:
    """What an estimate rests on."""
    typer.echo(
        f"{manifest['n_settled']} of {manifest['n_steps']} steps estimated from {manifest['n_sensors']} measured "
        f"quantities and {manifest['n_telemetered']} elements that say what they do"
    )
    basis = ", ".join(f"{count} {name}" for name, count in manifest["observability"].items())
    typer.echo(f"voltages of buses: {basis}")
    factors = manifest["spread_factors"]
    if factors["n_stations"]:
        typer.echo(
            f"spread of expectations, by leaving out {factors['n_stations']} stations: times {factors['active']:.2f} "
            f"(active), {factors['reactive']:.2f} (reactive)"
        )
    off = 100 * factors["grid_voltage"]
    typer.echo(f"voltage of the external grids, by all steps together: within {off:.2g} % of the net's own (deviation)")
    left_out = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in manifest["left_out"].items())
    typer.echo(f"bad data: {manifest['n_bad']:,}" + (f"; not used: {left_out}" if left_out else ""))
    for note in manifest["notes"]:
        typer.echo(f"note: {note}")


def sensors(
    result: ResultFolder,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many stations.")] = 5,
    sought: Annotated[
        str, typer.Option("--for", help="What is to be known: carbon, voltage, loading, or information about all.")
    ] = "carbon",
    measurements: Annotated[
        str | None, typer.Option(metavar="MEASUREMENTS", help="What is measured already: a file or a store.")
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Simulate 0, 1, 2, 4, ... of them, and say what the estimate errs by.")
    ] = False,
    charging: Annotated[
        bool, typer.Option("--charging", help="Assets at several buses say what they do at each of them.")
    ] = False,
    noise: Annotated[float, typer.Option(help="Standard deviation of the error, of the value.")] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 1,
    form: TableFormat = None,
    out: TableFile = None,
) -> None:
    """Say where the next stations tell most; with --curve, the error of the estimate by their number."""
    from app.studies.ensembles.files import check_table
    from app.twin.estimation.measured_city import MeasuredCity, measurements_of
    from app.twin.estimation.places import SOUGHT
    from app.twin.estimation.study import SensorStudy
    from grid.errors import InputError, nearest

    chosen = check_table(form, out)
    if sought not in SOUGHT:
        raise InputError.single("--for", f"must be one of {', '.join(SOUGHT)}", sought, nearest(sought, SOUGHT))
    city = MeasuredCity.from_result(result)
    series = None if measurements is None else measurements_of(measurements, city.clock)
    study = SensorStudy(city, charging=charging, noise=noise, seed=seed)
    places = study.places(number, sought, series)
    if curve:
        say_table(study.curve(places), chosen, out)
        return
    say_table(study.table(places), chosen, out)
    typer.echo(places.bound_in_words(sought), err=True)
