"""Servers that tests start on this machine: PostgreSQL on a socket in a folder of its own, and one that speaks S3."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_USER = "gridcarbon"
_READY_S = 60.0


def _program(name: str) -> str | None:
    """A program of PostgreSQL, which Debian keeps out of the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(versions[-1]) if versions else shutil.which(name)


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of PostgreSQL; gives the URL of a database."""
    make, serve = _program("initdb"), _program("postgres")
    if make is None or serve is None:
        if os.environ.get("GRIDCARBON_REQUIRE_SERVICES"):
            pytest.fail("there is no PostgreSQL here: apt-get install postgresql")
        pytest.skip("there is no PostgreSQL here")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # the path of a socket must be short
    data = folder / "data"
    try:
        if user is not None:
            shutil.chown(folder, user)
        command = [make, "-D", str(data), "-U", _USER, "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder)
        command = [serve, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        server = subprocess.Popen(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(server, folder)
            yield f"postgresql+psycopg://{_USER}@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(_READY_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _READY_S
    while True:
        try:
            psycopg.connect(host=str(folder), user=_USER, dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def s3_server() -> Iterator[str]:
    """A server that speaks S3; gives its address."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        with Path(log.name).open("w") as written:
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=written)
        try:
            yield _address_in(Path(log.name), server)
        finally:
            server.terminate()
            server.wait(_READY_S)


def _address_in(log: Path, server: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _READY_S
    while (found := re.search(r"Running on (http://\S+)", log.read_text())) is None:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, "the server of S3 did not start"
        time.sleep(0.05)
    return found[1]
