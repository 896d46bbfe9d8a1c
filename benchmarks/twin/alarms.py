"""How long an alarm takes after the last measurement: ``python -m benchmarks.twin.alarms [options]``.

Mosquitto and ``gridcarbon twin run`` with the reference city, each a process. The clock of the service is set to the
evening of the scenario's first day, of which the store has all that was measured of buses and assets (active power).
At the beginning of a step one station reports, and some time later all others do, with charging several times what it
was. Measured is from the last of these messages to the entry of the alert in the log, by the clock; the processor time
is that of the service meanwhile. With ``--due`` outcomes of alerts fall due at that step in places that nobody meters,
for which the grid is estimated; ``--gap`` is chosen so that the stations report while that goes on. With
``--midnight`` the first station reports at the beginning of the next day, which was prepared before; measured is from
that message to the first look of the day in the log.

With ``--beside COMMAND`` a command runs beside what is measured, such as one that halts other programs; it is waited
for until it says its first line.

Options: ``--result FOLDER`` (a run of a day of ``app/scenarios/demo.yaml``; made where it is not there), ``--due``,
``--midnight``, ``--at 17:00``, ``--gap 2``, ``--charging 22`` (by which what all cars draw is multiplied),
``--repeat 3``, ``--beside COMMAND``.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import polars as pl
import psutil
import yaml

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.address import mqtt_address
from app.twin.measuring.files import read_measurements
from app.twin.mqtt import MqttPublisher
from app.twin.replay import publish
from benchmarks.twin.mqtt import Processes, until
from grid.twin.learning.records import AlertRecord, LogRecord, OutcomeRecord

SCENARIO: Final = Path("app/scenarios/demo.yaml")
CHANGES: Final = {"dispatch": {"strategy": "smart"}, "limits": {"line_loading_max_percent": 65}}
"""What the scenario that is looked after has otherwise: with these nothing is likely to be exceeded that evening."""
DAY: Final = datetime(2030, 11, 25, tzinfo=UTC)
STEP: Final = timedelta(minutes=15)
DAY_STEPS: Final = 96
DUE: Final = 3
"""Alerts whose outcomes are due with ``--due``."""
PATIENCE_S: Final = 600.0
QUIET_S: Final = 5.0
"""Time without work after which a process beside the service has done what it was asked for."""


class ShiftedClock(type):
    """The class of a clock that counts as `datetime` does."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def serve(offset: Path, arguments: Sequence[str]) -> None:
    """The command line with a clock that is ahead of that of the machine by the seconds in a file, as it is now."""
    import app.twin.mqtt  # noqa: PLC0415  only the service has the other clock
    import app.twin.service  # noqa: PLC0415
    from app.cli import main as gridcarbon  # noqa: PLC0415

    @cache
    def ahead(_written_ns: int) -> timedelta:
        return timedelta(seconds=float(offset.read_text()))

    class Shifted(datetime, metaclass=ShiftedClock):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return datetime.now(tz) + ahead(offset.stat().st_mtime_ns)  # type: ignore[return-value]

    app.twin.mqtt.datetime = app.twin.service.datetime = Shifted  # type: ignore[misc]
    sys.argv = ["gridcarbon", *arguments]
    gridcarbon()


class CityProcesses(Processes):
    """Broker and a service that looks after the city, with its own clock."""

    def __init__(self, folder: Path, now: datetime) -> None:
        super().__init__(folder)
        content = yaml.safe_load(SCENARIO.read_text())
        city = folder / "city.yaml"
        city.write_text(yaml.safe_dump(content | {name: content[name] | each for name, each in CHANGES.items()}))
        self.offset = folder / "offset"
        self.set_clock(now)
        run = ["twin", "run", self.url, str(self.store), "--city", str(city), "--log", str(self.store)]
        self._commands["service"] = [sys.executable, "-m", "benchmarks.twin.alarms", "--serve", str(self.offset), *run]

    def set_clock(self, now: datetime) -> None:
        """Sets the clock of the service."""
        written = self.offset.with_suffix(".new")
        written.write_text(str((now - datetime.now(UTC)).total_seconds()))
        written.replace(self.offset)

    def now(self) -> datetime:
        """The time by the clock of the service."""
        return datetime.now(UTC) + timedelta(seconds=float(self.offset.read_text()))

    def cpu_of_service_s(self) -> tuple[float, float]:
        """Processor time of the service and of the processes that it began [s]."""
        service = psutil.Process(self._running["service"].pid)
        used = [sum(each.cpu_times()[:2]) for each in (service, *service.children(recursive=True))]
        return used[0], sum(used[1:])

    def wait_until_quiet(self) -> None:
        """Waits until nothing is done beside the service any more."""
        done, since = self.cpu_of_service_s()[1], time.monotonic()
        while time.monotonic() < since + QUIET_S:
            time.sleep(QUIET_S / 10)
            if (now := self.cpu_of_service_s()[1]) > done + QUIET_S / 100:
                done, since = now, time.monotonic()


def measured_day(result: Path, folder: Path) -> pl.DataFrame:
    """The active powers of all buses and assets on the day, each with the time of its arrival."""
    command = [sys.executable, "-m", "app.cli"]
    if not result.is_dir():
        subprocess.run([*command, "run", str(SCENARIO), "--days", "1", "--out", str(result)], check=True)  # noqa: S603
    file = folder / "day.parquet"
    simulate = [*command, "twin", "simulate", str(result), str(file), "--share", "1", "--faults", "0"]
    subprocess.run(simulate, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    powers = pl.col("element_kind").is_in(["bus", "asset"]) & (pl.col("quantity") == "p_mw")
    return read_measurements(file).filter(powers)


def due_alerts(at: datetime) -> list[AlertRecord]:
    """Alerts on loadings of lines that nobody meters, whose time is over at a step."""
    return [
        AlertRecord(f"loading_percent MV3.101 Line {k} due", at - 4 * STEP, "raised", "warning", "loading_percent",
                    f"MV3.101 Line {k}", 0.5, limit=60.0, begins=at - 3 * STEP, ends=at)
        for k in range(1, DUE + 1)
    ]  # fmt: skip


class Logged:
    """Entries of the log, each with when it was there first, by `time.monotonic`."""

    def __init__(self, log: TwinLog) -> None:
        self._log, self._number = log, 0
        self.entries: list[tuple[float, LogRecord]] = []

    def read(self) -> None:
        """Reads what is new."""
        new, self._number = self._log.after(self._number)
        self.entries += [(time.monotonic(), each) for each in new]

    def first(self, kind: type[LogRecord], since_s: float) -> float | None:
        """When the first entry of a kind came after a moment."""
        self.read()
        return next((at for at, each in self.entries if isinstance(each, kind) and at > since_s), None)


def looks(log: TwinLog) -> int:
    """Number of the next step that is looked at."""
    return int((log.progress("operation") or {"next": 0})["next"])


@contextmanager
def operated(
    now: datetime, known: pl.DataFrame, n_steps: int, due: Sequence[AlertRecord]
) -> Iterator[tuple[CityProcesses, TwinLog, MqttPublisher]]:
    """Broker and service, once the service has looked at what was known and outcomes of alerts are due.

    Args:
        now: The time by the clock of the service.
        known: Measurements that came in before.
        n_steps: Steps of the day that they are of.
        due: Alerts that are over.
    """
    with tempfile.TemporaryDirectory() as folder:
        processes = CityProcesses(Path(folder), now)
        try:
            processes.start("broker")
            processes.start("service")
            with opened_log(processes.store) as log, MqttPublisher(mqtt_address(processes.url)) as publisher:
                publish(known, publisher)
                until(lambda: looks(log) >= n_steps, "the day was not looked at", PATIENCE_S)
                log.add(due)
                yield processes, log, publisher
        finally:
            processes.close()


def measure(day: pl.DataFrame, options: argparse.Namespace) -> dict[str, float | None]:
    """An alarm: seconds from the last message to its entry, and what processor time the service took meanwhile."""
    hour, minute = map(int, options.at.split(":"))
    at = DAY + timedelta(hours=hour, minutes=minute)
    known = _received(day.filter(pl.col("time") < at), at - timedelta(minutes=2))
    now = day.filter(pl.col("time") == at).unique(["element_kind", "element"], maintain_order=True)
    more = pl.when(pl.col("element") == "homes").then(pl.col("value") * options.charging).otherwise(pl.col("value"))
    now, due = now.with_columns(more.alias("value")), due_alerts(at) if options.due else []
    with operated(at - timedelta(minutes=5), known, int((at - DAY) / STEP), due) as (processes, log, publisher):
        processes.stop("service")
        processes.set_clock(at - timedelta(seconds=40))
        processes.start("service")
        processes.wait_until_quiet()
        with beside(options.beside):
            processes.set_clock(at - timedelta(seconds=1))
            return _alarm(processes, log, publisher, now, options.gap)


def measure_midnight(day: pl.DataFrame, options: argparse.Namespace) -> dict[str, float | None]:
    """The first look of a day: seconds from the first message of the day to the log, and processor time meanwhile."""
    at = DAY + timedelta(days=1)
    known, due = _received(day, at - timedelta(minutes=10)), due_alerts(at) if options.due else []
    first = day.filter(pl.col("time") == DAY).with_columns(pl.lit(at).cast(day.schema["time"]).alias("time"))[:1]
    with operated(at - timedelta(minutes=9), known, DAY_STEPS, due) as (processes, log, publisher):
        processes.wait_until_quiet()
        with beside(options.beside):
            processes.set_clock(at)
            used = processes.cpu_of_service_s()
            publish(_received(first, processes.now()), publisher)
            publisher.wait(0)
            sent = time.monotonic()
            until(lambda: looks(log) == 1, "the next day was not looked at", PATIENCE_S)
            seen, after = time.monotonic(), processes.cpu_of_service_s()
        return {
            "look_s": seen - sent, "service_cpu_s": after[0] - used[0], "others_cpu_s": after[1] - used[1],
            "load": psutil.getloadavg()[0],
        }  # fmt: skip


@contextmanager
def beside(command: str | None) -> Iterator[None]:
    """Runs a command meanwhile, from the first line that it says; waits for its end."""
    if command is None:
        yield
        return
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE) as process:  # noqa: S603
        if process.stdout is not None:
            process.stdout.readline()
        yield


def _alarm(
    processes: CityProcesses, log: TwinLog, publisher: MqttPublisher, now: pl.DataFrame, gap_s: float
) -> dict[str, float | None]:
    """What `measure` measures, once the service is to be told of the step."""
    logged = Logged(log)
    logged.read()
    at = now["time"][0]
    time.sleep(max(0.0, (at - processes.now()).total_seconds() + 0.1))
    before = looks(log)
    publish(_received(now[:1], processes.now()), publisher)
    until(lambda: looks(log) > before, "the step was not looked at", PATIENCE_S)
    publisher.wait(0)
    time.sleep(gap_s)
    used = processes.cpu_of_service_s()
    publish(_received(now[1:], processes.now()), publisher)
    publisher.wait(0)
    sent = time.monotonic()
    end, alarm = sent + 60.0, None
    while alarm is None and time.monotonic() < end:
        alarm = logged.first(AlertRecord, sent - 0.5)
        time.sleep(0.005)
    after = processes.cpu_of_service_s()
    outcome = logged.first(OutcomeRecord, 0.0)
    return {
        "alarm_s": None if alarm is None else alarm - sent, "service_cpu_s": after[0] - used[0],
        "others_cpu_s": after[1] - used[1], "outcome_s": None if outcome is None else outcome - sent,
        "messages": now.height, "load": psutil.getloadavg()[0],
    }  # fmt: skip


def _received(rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Rows that come in at a moment, the last first, so that the service looks at them all at once."""
    return rows.sort("time", descending=True, maintain_order=True).with_columns(
        pl.lit(at).cast(rows.schema["received"]).alias("received")
    )


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--result", type=Path, default=Path("runs/alarms"))
    parser.add_argument("--due", action="store_true")
    parser.add_argument("--midnight", action="store_true")
    parser.add_argument("--at", default="17:00")
    parser.add_argument("--gap", type=float, default=2.0)
    parser.add_argument("--charging", type=float, default=22.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--beside")
    parser.add_argument("--serve", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), options.serve[1:])
        return
    with tempfile.TemporaryDirectory() as folder:
        day = measured_day(options.result, Path(folder))
    for _ in range(options.repeat):
        found = (measure_midnight if options.midnight else measure)(day, options)
        shown = (f"{name} {'none' if value is None else f'{value:.2f}'}" for name, value in found.items())
        sys.stdout.write(", ".join(shown) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
