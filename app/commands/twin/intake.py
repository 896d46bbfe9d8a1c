"""Measurements taken in, and a city that is simulated to give them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

MeasurementStorePlace = Annotated[
    str, typer.Argument(metavar="STORE", help="Store of measurements: an SQLite file or postgresql://…; made if new.")
]


def run(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="Broker, mqtt[s]://[user[:password]@]host[:port][/prefix], or a file."),
    ],
    store: MeasurementStorePlace,
    columns: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What the columns of a file mean (YAML); else our own names.")
    ] = None,
    client: Annotated[
        str, typer.Option(help="Name by which the broker knows the session: one for each store.")
    ] = "gridcarbon-twin",
    every: Annotated[float, typer.Option(min=0.1, help="Say how it stands every so many seconds.")] = 10.0,
    end_after: Annotated[
        float | None, typer.Option("--for", min=0, help="End after so many seconds; else when it is interrupted.")
    ] = None,
) -> None:
    """Take measurements into a store, from a broker for as long as it runs, or from a file."""
    from app.twin.measuring.address import is_mqtt, mqtt_address
    from app.twin.measuring.store import opened_measurements
    from grid.errors import InputError

    if not is_mqtt(source):
        _take_file(Path(source), store, columns)
        return
    if columns is not None:
        raise InputError.single("--columns", "is for files; messages name their fields", str(columns))
    address = mqtt_address(source)
    from app.twin.mqtt import MqttIntake
    from app.twin.service import TwinService

    with opened_measurements(store) as opened, MqttIntake(address, client) as intake:
        service = TwinService(intake, opened, say=typer.echo)
        typer.echo(f"takes measurements from {address} into {opened.database.shown}")
        end = None if end_after is None else time.monotonic() + end_after
        typer.echo(str(service.run(lambda: end is not None and time.monotonic() >= end, every)))


def _take_file(path: Path, store: str, columns: Path | None) -> None:
    """Stores the measurements of a file, and says how many there were of each quality."""
    from app.twin.measuring.files import read_measurements
    from app.twin.measuring.mapping import read_mapping
    from app.twin.measuring.store import opened_measurements
    from app.twin.service import store_frame
    from grid.twin.quality import counts, mark

    frame = read_measurements(path, None if columns is None else read_mapping(columns))
    with opened_measurements(store) as opened:
        new, repeated = store_frame(opened, frame)
        shown = opened.database.shown
    typer.echo(f"{shown}: {new:,} measurements added, {repeated:,} were there")
    found = {name: count for name, count in counts(mark(frame)).items() if count}
    typer.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.items()))
