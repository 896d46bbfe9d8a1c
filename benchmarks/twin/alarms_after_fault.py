"""An alarm while it is searched for what to switch after a fault of a line, for ``benchmarks.twin.alarms --fault``."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl
import psutil

from app.twin.log import TwinLog
from app.twin.measuring.files import read_measurements
from app.twin.mqtt import MqttPublisher
from app.twin.operation.faults.trips import SETTLES_AFTER
from app.twin.replay import publish
from benchmarks.twin.mqtt import until
from benchmarks.twin.operated_city import PATIENCE_S, CityProcesses, Logged, beside, looks, received
from grid.twin.learning.records import AlertRecord

GAP_S: Final = 0.5
"""When the other stations report, after the fault is settled [s]."""
BEFORE_S: Final = 1.0
"""When a command that runs beside begins, before the fault is settled [s]."""
SAMPLED_S: Final = 0.1
"""How often processes beside the service are looked at [s]."""
MEGABYTE: Final = 1e6


def fault_rows(result: Path, branch: str, folder: Path) -> pl.DataFrame:
    """What the breaker and the indicators say of a fault of a branch, as ``twin simulate --line-fault`` has it."""
    file = folder / "fault.parquet"
    simulate = ["twin", "simulate", str(result), str(file), "--faults", "0", "--line-fault", branch]
    command = [sys.executable, "-m", "app.cli", *simulate, "--fault-hour", "12"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    told = pl.col("quantity").is_in(["closed", "fault_passed"])
    rows = read_measurements(file).filter(told)
    return rows.filter(pl.col("time") == rows["time"].min())


class ProcessesBeside:
    """What the processes beside a service have taken: one that ends meanwhile counts as it was seen last."""

    def __init__(self, service: psutil.Process) -> None:
        self._service, self._looked = service, 0.0
        self._before = {each.pid for each in service.children(recursive=True)}
        self._cpu_s: dict[int, float] = {}
        self.largest_mb = 0.0

    def look(self) -> None:
        """Looks at them, unless that was just done."""
        if time.monotonic() < self._looked + SAMPLED_S:
            return
        self._looked = time.monotonic()
        for each in self._service.children(recursive=True):
            with suppress(psutil.Error):
                self._cpu_s[each.pid] = sum(each.cpu_times()[:2])
                if each.pid not in self._before:
                    self.largest_mb = max(self.largest_mb, each.memory_full_info().uss / MEGABYTE)

    @property
    def searched_s(self) -> float:
        """Processor time of the processes that began meanwhile [s]."""
        return sum(used for pid, used in self._cpu_s.items() if pid not in self._before)


def alarm_after_fault(
    service: tuple[CityProcesses, TwinLog, MqttPublisher], now: pl.DataFrame, tripped: pl.DataFrame, command: str | None
) -> dict[str, float | None]:
    """A fault, an alarm and what to switch, once the service is to be told of a step.

    Args:
        service: Broker and service, the log, and what publishes.
        now: What the stations say of the step.
        tripped: What is said of the fault.
        command: What runs beside; None: nothing.
    """
    processes, log, publisher = service
    logged, at = Logged(log), now["time"][0]
    logged.read()
    processes.set_clock(at)
    before, watched = looks(log), ProcessesBeside(processes.service)
    publish(received(now[:1], processes.now()), publisher)
    until(lambda: looks(log) > before, "the step was not looked at", PATIENCE_S)
    told, trip_cpu_s = processes.now(), processes.cpu_of_service_s()[0]
    publish(received(tripped.with_columns(pl.lit(told).cast(tripped.schema["time"]).alias("time")), told), publisher)
    publisher.wait(0)
    settled = time.monotonic() + (told + SETTLES_AFTER - processes.now()).total_seconds()
    while time.monotonic() < settled - BEFORE_S:
        watched.look()
        time.sleep(SAMPLED_S)
    trip_cpu_s = processes.cpu_of_service_s()[0] - trip_cpu_s
    logged.entries.clear()
    with beside(command):
        while time.monotonic() < settled + GAP_S:
            logged.read()
            time.sleep(0.005)
        used = processes.cpu_of_service_s()[0]
        publish(received(now[1:], processes.now()), publisher)
        publisher.wait(0)
        sent, found = time.monotonic(), _found(logged, watched)
        used = processes.cpu_of_service_s()[0] - used
    return {
        "alarm_s": found["alarm"] - sent, "fault_s": found["fault"] - settled, "advice_s": found["advice"] - settled,
        "service_cpu_s": used, "service_at_trip_cpu_s": trip_cpu_s, "search_cpu_s": watched.searched_s,
        "search_mb": watched.largest_mb, "load": psutil.getloadavg()[0],
    }  # fmt: skip


def _found(logged: Logged, watched: ProcessesBeside) -> dict[str, float]:
    """When each was in the log first."""
    found: dict[str, float] = {}
    end = time.monotonic() + timedelta(minutes=3).total_seconds()
    while len(found) < 3 and time.monotonic() < end:
        logged.read()
        for when, each in logged.entries:
            if isinstance(each, AlertRecord):
                found.setdefault("fault" if each.quantity == "supply" else "alarm", when)
                if any("not supplied" in line for line in each.advice):
                    found.setdefault("advice", when)
        watched.look()
        time.sleep(0.005)
    return found
