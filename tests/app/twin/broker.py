"""A broker of MQTT that tests start on this machine: Mosquitto, with what it keeps in a folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_READY_S = 30.0


class Broker:
    """Mosquitto on a port of this machine; keeps sessions and messages from one start to the next."""

    def __init__(self, folder: Path, program: str, *lines: str) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.folder, self._program, self._process = folder, program, None
        self._settings = folder / "mosquitto.conf"
        kept = ("persistence true", f"persistence_location {folder}/", "max_queued_messages 0", "set_tcp_nodelay true")
        base = (f"user {getpass.getuser()}", f"listener {self.port} 127.0.0.1", "allow_anonymous true")
        self._settings.write_text("\n".join((*base, *kept, *lines, "")))
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, prefix: str = "city", scheme: str = "mqtt", user: str = "") -> str:
        return f"{scheme}://{user}localhost:{self.port}/{prefix}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(self._settings)], stdout=log, stderr=log)
        end = time.monotonic() + _READY_S
        while True:
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "Mosquitto did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_READY_S)
            self._process = None


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[Broker]:
    """A broker that runs, with lines of its own in its settings."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        if os.environ.get("GRIDCARBON_REQUIRE_SERVICES"):
            pytest.fail("there is no Mosquitto here: apt-get install mosquitto")
        pytest.skip("there is no Mosquitto here")
    broker = Broker(folder, program, *lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
