"""Measurements taken in, and a city that is simulated to give them."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import ResultFolder

if TYPE_CHECKING:
    import polars as pl

    from app.twin.service import Follower

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
    city: Annotated[
        Path | None,
        typer.Option(
            metavar="RESULT_OR_SCENARIO", help="City that is looked after as measurements arrive; needs --log."
        ),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="LOG", help="Log of its alerts, decisions and outcomes: file or postgresql://…."),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="File of the alerts as they stand, for the page Operations.")
    ] = None,
    estimates: Annotated[
        Path | None,
        typer.Option(
            "--estimate",
            metavar="FOLDER",
            help="Estimate the grid of --city after each step, into this folder, for the page Operations.",
        ),
    ] = None,
    past_days: Annotated[int, typer.Option(help="Days before a day from which its forecasts learn.")] = 70,
    samples: Annotated[int, typer.Option(min=10, max=1000, help="Courses of the forecast.")] = 100,
    every: Annotated[float, typer.Option(min=0.1, help="Say how it stands every so many seconds.")] = 10.0,
    end_after: Annotated[
        float | None, typer.Option("--for", min=0, help="End after so many seconds; else when it is interrupted.")
    ] = None,
) -> None:
    """Take measurements into a store, from a broker for as long as it runs, or from a file."""
    from app.twin.measuring.address import is_mqtt, mqtt_address
    from app.twin.measuring.store import opened_measurements
    from grid.errors import InputError

    live = is_mqtt(source, "SOURCE")
    if live and columns is not None:
        raise InputError.single("--columns", "is for files; messages name their fields", str(columns))
    _check_city(city, log, state, estimates)
    follow = _followers(city, log, (state, samples, past_days), (store, estimates), live=live)
    if not live:
        _take_file(Path(source), store, columns, follow)
        return
    address = mqtt_address(source)
    from app.twin.mqtt import MqttIntake
    from app.twin.service import TwinService
    from app.twin.sole_service import sole_service

    # the broker first: where it cannot be reached, neither a log nor a store is made
    with (
        MqttIntake(address, client) as intake, opened_measurements(store) as opened,
        sole_service(opened.database) as lock, follow as followers,
    ):  # fmt: skip
        service = TwinService(intake, opened, followers, _say, lock)
        _say(f"takes measurements from {address} into {opened.database.shown}")
        end = None if end_after is None else time.monotonic() + end_after
        _say(str(service.run(lambda: end is not None and time.monotonic() >= end, every)))


def _say(line: str) -> None:
    """Writes a line; while the disk of the output is full it waits in memory, and measurements go on being taken."""
    try:
        typer.echo(line)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


@contextmanager
def _followers(
    city: Path | None,
    log: str | None,
    others: tuple[Path | None, int, int],
    estimated: tuple[str, Path | None],
    *,
    live: bool,
) -> Iterator[Sequence[Follower]]:
    """What looks after a city, and what estimates it: nothing without one.

    Args:
        city: The city, see `_check_city`.
        log: Its log, which is made if need be.
        others: File of its alerts, courses of a forecast, and days from which it learns.
        estimated: Store of the measurements, and folder of the estimates.
        live: Whether measurements arrive meanwhile, so that alerts must not wait for outcomes.
    """
    from app.twin.log import opened_log
    from app.twin.operation import CityOperation, OperatedPlace
    from app.twin.operation.background import BackgroundProcess
    from app.twin.operation.estimates import EstimatedPlace, StepEstimates

    (state, samples, past_days), (store, folder) = others, estimated
    followers: list[Follower] = []
    with ExitStack() as stack:
        if city is not None and folder is not None:
            followers.append(stack.enter_context(StepEstimates(EstimatedPlace(city, store, folder), _say)))
        if city is not None and log is not None:
            opened = stack.enter_context(opened_log(log))
            outcomes, days = (stack.enter_context(BackgroundProcess()) if live else None for _ in range(2))
            searches = stack.enter_context(BackgroundProcess(on_demand=True, gives_way=0)) if live else None
            place = OperatedPlace(city, opened, state, samples, past_days, (store, log))
            followers.append(CityOperation(place, outcomes, days, searches))
        yield followers


def _check_city(city: Path | None, log: str | None, state: Path | None, estimates: Path | None) -> None:
    """Checks what is looked after and where it is written, before anything is made.

    Raises:
        InputError: If there is a city without a log or a folder of estimates, or the other way round, the city is
            wrong, or a folder is where a file is due or a file where a folder is.
    """
    from app.twin.forecasts.period import city_ahead
    from grid.errors import Fault, InputError, raise_if_any
    from grid.files.content import exists, is_folder

    if city is None and (log or estimates) is not None:
        raise InputError.single("--city", "is needed: it says what is looked after or estimated", log or str(estimates))
    if city is None:
        return
    if log is None and estimates is None:
        raise InputError.single("--log", "is needed, as a city is looked after only with a log", str(city))
    faults = []
    if state is not None and is_folder(state):
        faults.append(Fault("--state", "is a folder, not a file", str(state)))
    if estimates is not None and exists(estimates) and not is_folder(estimates):
        faults.append(Fault("--estimate", "is a file, not a folder", str(estimates)))
    raise_if_any(faults, "the options")
    city_ahead(city, None, 1)


def _take_file(
    path: Path, store: str, columns: Path | None, follow: AbstractContextManager[Sequence[Follower]]
) -> None:
    """Stores the measurements of a file, and says how many there were of each quality."""
    from app.twin.measuring.files import read_measurements
    from app.twin.measuring.mapping import read_mapping
    from app.twin.measuring.store import opened_measurements
    from app.twin.service import store_frame
    from grid.twin.quality import counts, mark

    frame = read_measurements(path, None if columns is None else read_mapping(columns))
    with follow as followers, opened_measurements(store) as opened:
        new, repeated = store_frame(opened, frame)
        shown = opened.database.shown
        for follower in followers:
            for line in follower.take(frame, opened):
                typer.echo(line)
    typer.echo(f"{shown}: {new:,} measurements added, {repeated:,} were there")
    found = {name: count for name, count in counts(mark(frame)).items() if count}
    typer.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.items()))


def simulate(
    result: ResultFolder,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Broker, mqtt[s]://…, or a file .parquet or .csv to write.")
    ],
    share: Annotated[float, typer.Option(help="Share of the buses that have a station.")] = 0.05,
    stations: Annotated[
        list[str] | None, typer.Option("--station", help="Bus that has a station, instead of chance; repeatable.")
    ] = None,
    phasors: Annotated[float, typer.Option(help="Share of the stations that measure angles too.")] = 0.0,
    charging: Annotated[
        bool, typer.Option("--charging", help="Assets at several buses say what they do at each of them.")
    ] = False,
    noise: Annotated[float, typer.Option(help="Standard deviation of the error, of the value.")] = 0.01,
    faults: Annotated[
        float, typer.Option(min=0, max=10, help="How often all else is wrong, 1 being as documented, 0 never.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0, help="Seconds of the result in a second, to a broker; 0: as fast as it goes.")
    ] = 0.0,
    line_fault: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="Line or transformer that has a fault; its breaker trips.")
    ] = None,
    fault_hour: Annotated[float, typer.Option(help="When, in hours from the beginning of the result.")] = 12.0,
) -> None:
    """Measure a stored result as a real city would, with noise, gaps, faults and delays; to a broker or into a file."""
    import numpy as np

    from app.results.folder import open_result
    from app.simulation.again import loaded_again
    from app.twin.measuring.address import is_mqtt
    from app.twin.measuring.simulated import Disturbances, Metering, chosen_sensors, simulated_measurements
    from app.twin.measuring.simulated_fault import SimulatedFault, with_fault
    from app.twin.measuring.true_state import true_state

    rng = np.random.default_rng(seed)
    send = _to_broker(target, speed) if is_mqtt(target, "TARGET") else _to_file(Path(target))
    metering = Metering(share, phasors, charging, tuple(stations or ()))
    opened = open_result(result)
    state = true_state(opened)
    sensors = chosen_sensors(state, metering, rng)
    frame = simulated_measurements(state, sensors, noise, rng, Disturbances().times(faults))
    if line_fault is not None:
        fault = SimulatedFault(line_fault, fault_hour)
        frame = with_fault(frame, state, loaded_again(opened.scenario, opened.manifest, result), fault)
    send(frame)
    planted = frame["planted"].value_counts(sort=True).iter_rows()
    about = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in planted)
    typer.echo(f"{frame.height:,} measurements of {sensors.size:,} places to {_shown_target(target)}: {about}")


def _shown_target(target: str) -> str:
    """A target as messages name it, without a password."""
    from app.twin.measuring.address import is_mqtt, mqtt_address

    return str(mqtt_address(target)) if is_mqtt(target, "TARGET") else target


def _to_broker(target: str, speed: float) -> Callable[[pl.DataFrame], None]:
    """What publishes measurements; the broker is asked for when there are some."""
    from app.twin.measuring.address import mqtt_address

    address = mqtt_address(target)

    def send(frame: pl.DataFrame) -> None:
        from app.twin.mqtt import MqttPublisher
        from app.twin.replay import publish

        with MqttPublisher(address) as publisher:
            publish(frame, publisher, speed)

    return send


def _to_file(path: Path) -> Callable[[pl.DataFrame], None]:
    """What writes measurements into a file, whose ending is looked at now."""
    from grid.files.output import check_output, written_whole
    from grid.twin.measurements import MEASUREMENT_COLUMNS

    check_output(path, (".parquet", ".csv"), "TARGET")

    def send(frame: pl.DataFrame) -> None:
        columns = frame.select(*MEASUREMENT_COLUMNS)
        with written_whole(path, "TARGET") as draft:
            columns.write_csv(draft) if path.suffix == ".csv" else columns.write_parquet(draft)

    return send
