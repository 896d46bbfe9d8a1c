"""Messages a second from a broker into the store, and what is lost: ``python -m benchmarks.twin.mqtt [options]``.

Three processes, as in operation: Mosquitto, one that publishes at a steady rate with QoS 1, and ``gridcarbon twin run``
with an SQLite store. With ``--restart`` the broker is ended and started again after a third of the time, with
``--kill`` the service is killed after two thirds and started again. At the end the store must hold every message once.

Options: ``--seconds 300``, ``--rate 2000``, ``--places 1000``, ``--restart``, ``--kill``.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import func, select

from app.twin.measuring.address import mqtt_address
from app.twin.measuring.messages import payload_of, topic_of
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.measuring.tables import MEASUREMENTS
from app.twin.mqtt import MqttPublisher
from grid.twin.measurements import Measurement

PATIENCE_S = 300.0
"""How long the store may lag behind before the benchmark gives up [s]."""
AT_ONCE = 50
"""Messages after which the rate is looked at."""


def publish(url: str, count: int, rate: float, places: int) -> None:
    """Publishes messages at a steady rate, and prints how long that took and its processor time."""
    address, begun = mqtt_address(url), time.monotonic()
    with MqttPublisher(address) as publisher:
        for number in range(count):
            if number % AT_ONCE == 0:
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            measured = Measurement(
                time=datetime.now(UTC), element_kind="bus", element=f"bus {number % places}", quantity="vm_pu",
                value=1.0 + number % 1000 * 1e-6, standard_deviation=0.005, source="benchmark", sequence=number,
            )  # fmt: skip
            publisher.publish(topic_of(address.prefix, measured), payload_of(measured))
    sys.stdout.write(json.dumps({"seconds": time.monotonic() - begun, "cpu_s": time.process_time()}))


class Processes:
    """The broker and the service, each started as often as need be; their processor time is summed up."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cpu_s = folder, {"broker": 0.0, "service": 0.0}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.url, self.store = f"mqtt://127.0.0.1:{port}/benchmark", folder / "twin.db"
        settings = (
            f"user {getpass.getuser()}", f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence true",
            f"persistence_location {folder}/", "max_queued_messages 0", "set_tcp_nodelay true",
        )  # fmt: skip
        (folder / "mosquitto.conf").write_text("\n".join((*settings, "")))
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
        self._commands = {
            "broker": [program, "-c", str(folder / "mosquitto.conf")],
            "service": [sys.executable, "-m", "app.cli", "twin", "run", self.url, str(self.store), "--every", "5"],
        }

    def start(self, name: str) -> None:
        """Starts one, and waits until it is at work."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(self._commands[name], stdout=log, stderr=log)  # noqa: S603
        until(lambda: self._ready(name), f"the {name} did not start")

    def _ready(self, name: str) -> bool:
        text = (self.folder / f"{name}.log").read_text()
        return ("running" in text) if name == "broker" else ("takes measurements" in text)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends one by a signal."""
        process = self._running.pop(name)
        times = psutil.Process(process.pid).cpu_times()
        self.cpu_s[name] += times.user + times.system
        process.send_signal(number)
        process.wait()
        (self.folder / f"{name}.log").rename(self.folder / f"{name}.{time.monotonic_ns()}.log")

    def close(self) -> None:
        """Ends all that run."""
        for name in list(self._running):
            self.stop(name)


def until(condition: Callable[[], bool], otherwise: str, patience_s: float = PATIENCE_S) -> None:
    """Waits for a condition."""
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(otherwise)
        time.sleep(0.05)


def held(store: MeasurementStore) -> tuple[int, int]:
    """How many rows a store has, and how many different messages."""
    wanted = select(func.count(), func.count(MEASUREMENTS.c.sequence.distinct()))
    with store.database.reading() as connection:
        rows, different = connection.execute(wanted).one()
    return int(rows), int(different)


def run(options: argparse.Namespace) -> None:
    """Runs it once and prints what came of it."""
    count, third = round(options.seconds * options.rate), options.seconds / 3
    with ExitStack() as stack:
        processes = Processes(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.callback(processes.close)
        processes.start("broker")
        processes.start("service")
        command = [sys.executable, "-m", "benchmarks.twin.mqtt", "--publish", processes.url, str(count)]
        rest = ["--rate", str(options.rate), "--places", str(options.places)]
        sender = subprocess.Popen([*command, *rest], stdout=subprocess.PIPE)  # noqa: S603
        stack.callback(sender.kill)
        time.sleep(third)
        if options.restart:
            processes.stop("broker")
            processes.start("broker")
        time.sleep(third)
        if options.kill:
            processes.stop("service", signal.SIGKILL)
            processes.start("service")
        sent = json.loads(sender.communicate()[0])
        ended = time.monotonic()
        store = stack.enter_context(opened_measurements(processes.store))
        until(lambda: held(store)[1] >= count, "not all messages came to the store")
        lag_s, (rows, different) = time.monotonic() - ended, held(store)
        processes.close()
        stops = " and ".join(name for name in ("restart", "kill") if getattr(options, name)) or "no stop"
        report = (
            f"{count:,} messages at {options.rate:g}/s to {options.places:,} places, {stops}",
            f"published in {sent['seconds']:.1f} s ({count / sent['seconds']:,.0f}/s)",
            f"the last was stored {lag_s:.2f} s later",
            f"lost {count - different}; rows {rows:,}, different messages {different:,}",
            f"processor time of the publisher {sent['cpu_s']:.1f} s",
            *(f"processor time of the {name} {cpu_s:.1f} s" for name, cpu_s in processes.cpu_s.items()),
        )
        sys.stdout.write("\n".join((*report, "")))


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=2000.0)
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--restart", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--publish", nargs=2, metavar=("URL", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish(options.publish[0], int(options.publish[1]), options.rate, options.places)
    else:
        run(options)


if __name__ == "__main__":
    main()
