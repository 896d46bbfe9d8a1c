"""How long an alarm takes after the last measurement: ``python -m benchmarks.twin.alarms [options]``.

Mosquitto and ``gridcarbon twin run`` with the reference city, each a process. The clock of the service is set to the
evening of the scenario's first day, of which the store has all that was measured of buses and assets (active power).
At the beginning of a step one station reports, and some time later all others do, with charging several times what it
was. Measured is from the last of these messages to the entry of the alert in the log, by the clock; the processor time
is that of the service meanwhile. With ``--due`` outcomes of alerts fall due at that step in places that nobody meters,
for which the grid is estimated; ``--gap`` is chosen so that the stations report while that goes on. With
``--midnight`` the first station reports at the beginning of the next day, which was prepared before; measured is from
that message to the first look of the day in the log.

With ``--fault LINE`` the breaker before a line trips after the first station, and its indicators say what they saw
(`benchmarks.twin.alarms_after_fault`); the others report half a second after the fault is settled, while it is searched
for what to switch. Measured are the fault in the log from when it is settled, the alert from the last message, and what
to switch from when the fault is settled.

With ``--beside COMMAND`` a command runs beside what is measured, such as one that halts other programs; it is waited
for until it says its first line.

Options: ``--result FOLDER`` (a run of a day of ``app/scenarios/demo.yaml``; made where it is not there), ``--due``,
``--midnight``, ``--at 17:00``, ``--gap 2``, ``--charging 22`` (by which what all cars draw is multiplied),
``--fault``, ``--repeat 3``, ``--beside COMMAND``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import psutil

from app.twin.log import TwinLog
from app.twin.measuring.files import read_measurements
from app.twin.mqtt import MqttPublisher
from app.twin.replay import publish
from benchmarks.twin.alarms_after_fault import alarm_after_fault, fault_rows
from benchmarks.twin.mqtt import until
from benchmarks.twin.operated_city import (
    PATIENCE_S,
    SCENARIO,
    CityProcesses,
    Logged,
    beside,
    looks,
    operated,
    received,
)
from grid.twin.learning.records import AlertRecord, OutcomeRecord

DAY: Final = datetime(2030, 11, 25, tzinfo=UTC)
STEP: Final = timedelta(minutes=15)
DAY_STEPS: Final = 96
DUE: Final = 3
"""Alerts whose outcomes are due with ``--due``."""


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


def measure(day: pl.DataFrame, options: argparse.Namespace, tripped: pl.DataFrame | None) -> dict[str, float | None]:
    """An alarm: seconds from the last message to its entry, and what processor time the service took meanwhile."""
    hour, minute = map(int, options.at.split(":"))
    at = DAY + timedelta(hours=hour, minutes=minute)
    known = received(day.filter(pl.col("time") < at), at - timedelta(minutes=2))
    now = day.filter(pl.col("time") == at).unique(["element_kind", "element"], maintain_order=True)
    more = pl.when(pl.col("element") == "homes").then(pl.col("value") * options.charging).otherwise(pl.col("value"))
    now, due = now.with_columns(more.alias("value")), due_alerts(at) if options.due else []
    with operated(at - timedelta(minutes=5), known, int((at - DAY) / STEP), due) as (processes, log, publisher):
        processes.stop("service")
        processes.set_clock(at - timedelta(seconds=40))
        processes.start("service")
        processes.wait_until_quiet()
        if tripped is not None:
            return alarm_after_fault((processes, log, publisher), now, tripped, options.beside)
        with beside(options.beside):
            processes.set_clock(at - timedelta(seconds=1))
            return _alarm(processes, log, publisher, now, options.gap)


def measure_midnight(day: pl.DataFrame, options: argparse.Namespace, _: object) -> dict[str, float | None]:
    """The first look of a day: seconds from the first message of the day to the log, and processor time meanwhile."""
    at = DAY + timedelta(days=1)
    known, due = received(day, at - timedelta(minutes=10)), due_alerts(at) if options.due else []
    first = day.filter(pl.col("time") == DAY).with_columns(pl.lit(at).cast(day.schema["time"]).alias("time"))[:1]
    with operated(at - timedelta(minutes=9), known, DAY_STEPS, due) as (processes, log, publisher):
        processes.wait_until_quiet()
        with beside(options.beside):
            processes.set_clock(at)
            used = processes.cpu_of_service_s()
            publish(received(first, processes.now()), publisher)
            publisher.wait(0)
            sent = time.monotonic()
            until(lambda: looks(log) == 1, "the next day was not looked at", PATIENCE_S)
            seen, after = time.monotonic(), processes.cpu_of_service_s()
        return {
            "look_s": seen - sent, "service_cpu_s": after[0] - used[0], "others_cpu_s": after[1] - used[1],
            "load": psutil.getloadavg()[0],
        }  # fmt: skip


def _alarm(
    processes: CityProcesses, log: TwinLog, publisher: MqttPublisher, now: pl.DataFrame, gap_s: float
) -> dict[str, float | None]:
    """What `measure` measures, once the service is to be told of the step."""
    logged = Logged(log)
    logged.read()
    at = now["time"][0]
    time.sleep(max(0.0, (at - processes.now()).total_seconds() + 0.1))
    before = looks(log)
    publish(received(now[:1], processes.now()), publisher)
    until(lambda: looks(log) > before, "the step was not looked at", PATIENCE_S)
    publisher.wait(0)
    time.sleep(gap_s)
    used = processes.cpu_of_service_s()
    publish(received(now[1:], processes.now()), publisher)
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


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--result", type=Path, default=Path("runs/alarms"))
    parser.add_argument("--due", action="store_true")
    parser.add_argument("--midnight", action="store_true")
    parser.add_argument("--at", default="17:00")
    parser.add_argument("--fault")
    parser.add_argument("--gap", type=float, default=2.0)
    parser.add_argument("--charging", type=float, default=22.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--beside")
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        day = measured_day(options.result, Path(folder))
        tripped = None if options.fault is None else fault_rows(options.result, options.fault, Path(folder))
    for _ in range(options.repeat):
        found = (measure_midnight if options.midnight else measure)(day, options, tripped)
        shown = (f"{name} {'none' if value is None else f'{value:.2f}'}" for name, value in found.items())
        sys.stdout.write(", ".join(shown) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
