"""A city that a service looks after while it is measured: broker and service, with a clock that can be set."""

from __future__ import annotations

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
from typing import Final, Self

import polars as pl
import psutil
import yaml

from app.twin.log import TwinLog, opened_log
from app.twin.measuring.address import mqtt_address
from app.twin.mqtt import MqttPublisher
from app.twin.replay import publish
from benchmarks.twin.mqtt import Processes, until
from grid.twin.learning.records import AlertRecord, LogRecord

SCENARIO: Final = Path("app/scenarios/demo.yaml")
CHANGES: Final = {"dispatch": {"strategy": "smart"}, "limits": {"line_loading_max_percent": 65}}
"""What the scenario that is looked after has otherwise: with these nothing is likely to be exceeded that evening."""
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
        self._commands["service"] = [sys.executable, "-m", "benchmarks.twin.operated_city", str(self.offset), *run]

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
        service = self.service
        used = [sum(each.cpu_times()[:2]) for each in (service, *service.children(recursive=True))]
        return used[0], sum(used[1:])

    @property
    def service(self) -> psutil.Process:
        """The process of the service."""
        return psutil.Process(self._running["service"].pid)

    def wait_until_quiet(self) -> None:
        """Waits until nothing is done beside the service any more."""
        done, since = self.cpu_of_service_s()[1], time.monotonic()
        while time.monotonic() < since + QUIET_S:
            time.sleep(QUIET_S / 10)
            if (now := self.cpu_of_service_s()[1]) > done + QUIET_S / 100:
                done, since = now, time.monotonic()


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


def received(rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Rows that come in at a moment, the last first, so that the service looks at them all at once."""
    return rows.sort("time", descending=True, maintain_order=True).with_columns(
        pl.lit(at).cast(rows.schema["received"]).alias("received")
    )


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2:])
