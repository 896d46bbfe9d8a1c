"""A disk that is full while the twin is at work: nothing that was acknowledged is lost, and it goes on with room."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from app.failures import StoreError
from app.twin.estimation import folder
from app.twin.log import opened_log
from app.twin.measuring.address import mqtt_address
from app.twin.measuring.messages import payload_of, topic_of
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.mqtt import MqttPublisher
from app.twin.operation import CityOperation, OperatedPlace, preparation
from app.twin.service import store_frame
from app.twin.sole_service import sole_service
from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import Measurement, measurement_frame
from tests.app.twin.broker import mosquitto
from tests.app.twin.readings import reading
from tests.places import ROOT

pytestmark = pytest.mark.slow
LONGEST_S = 180.0
FEW, MANY = 100, 3_000
"""Messages that are stored, and so many that the rest of the disk cannot hold them."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 8 MB and 64 files."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=64", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("nobody may mount a file system here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(file: Path) -> Iterator[None]:
    """A file system filled with a file."""
    size = shutil.disk_usage(file.parent).free
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while size > 0:
            size -= filler.write(bytes(min(size, 1 << 20)))
    yield
    file.unlink()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def publish(url: str, numbers: range) -> None:
    address = mqtt_address(url)
    with MqttPublisher(address) as publisher:
        for number in numbers:
            publisher.publish(topic_of(address.prefix, reading(number)), payload_of(reading(number)))


def count(store: MeasurementStore) -> int:
    with suppress(StoreError):
        return store.counts()["measurements"]
    return -1


@pytest.mark.parametrize("output", ["elsewhere", "on the disk"])
def test_messages_wait_while_the_disk_is_full_and_the_service_goes_on(disk: Path, tmp_path: Path, output: str) -> None:
    out, place = (tmp_path if output == "elsewhere" else disk) / "out", disk / "twin.db"
    with mosquitto(tmp_path) as broker, out.open("w") as written:
        url = broker.url("disk")
        command = [sys.executable, "-m", "app.cli", "twin", "run", url, str(place), "--every", "0.2"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        service = subprocess.Popen(command, stdout=written, stderr=written, env=environment, cwd=tmp_path)
        try:
            wait_for(lambda: "takes measurements" in out.read_text())
            with opened_measurements(place) as store:
                publish(url, range(FEW))
                wait_for(lambda: count(store) == FEW)
                with filled(disk / "filler"):
                    publish(url, range(FEW, MANY))
                    if output == "elsewhere":
                        wait_for(lambda: "the disk is full; messages wait" in out.read_text())
                    time.sleep(1.0)
                    assert service.poll() is None
                    assert count(store) < MANY
                wait_for(lambda: count(store) == MANY)
                assert set(store.frame()["sequence"]) == set(range(MANY))
            wait_for(lambda: "the disk is full; messages wait" in out.read_text())
            assert service.poll() is None
        finally:
            service.terminate()
            service.wait(LONGEST_S)


def test_a_service_does_not_begin_beside_another_because_its_lock_has_no_room(disk: Path) -> None:
    with opened_measurements(disk / "twin.db") as store, filled(disk / "filler"):
        with suppress(OSError):
            for number in range(64):  # until there is no place for another file, even if it is empty
                (disk / f"file {number}").touch()
        with pytest.raises(StoreError, match="the disk is full"), sole_service(store.database):
            pass


def test_an_estimate_that_has_no_room_is_said_and_leaves_nothing(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [("grid", pl.DataFrame({"loss_mw": [float(k) for k in range(10_000)]}))]
    monkeypatch.setattr(folder, "tables_of", lambda *_: tables)
    for name in ("observability", "manifest_of"):
        monkeypatch.setattr(folder, name, lambda *_: {})
    state: Any = SimpleNamespace(clean=SimpleNamespace(estimate=None))
    with filled(disk / "filler"), pytest.raises(InputError, match="FOLDER: cannot be written: the disk is full"):
        folder.write_estimate(state, {}, disk / "estimate")
    assert list(disk.iterdir()) == []
    folder.write_estimate(state, {}, disk / "estimate")
    assert pl.read_parquet(disk / "estimate" / "grid.parquet").height == 10_000


DAY = datetime(2030, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = "x" * 2_000_000
"""Words that the log has no room for."""


def test_an_alert_that_the_log_has_no_room_for_comes_with_room_and_the_day_is_not_prepared_again(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[object] = []
    clock = Clock(DAY, HOUR, 24)
    day = SimpleNamespace(clock=clock, at=lambda step: clock.start + step * HOUR, histories=lambda *_, **__: None)

    def ahead(_self: object, _day: object, now: datetime, steps: int, *, running: bool) -> list[AlertRecord]:
        return [AlertRecord(f"alert {steps}", now, advice=(LONG,))]

    monkeypatch.setattr(preparation, "operated_day", lambda *arguments: prepared.append(arguments) or day)
    monkeypatch.setattr(CityOperation, "_alerts_ahead", ahead)

    def rows(*hours: int) -> Any:
        moments = [DAY + k * HOUR for k in hours]
        return measurement_frame(Measurement(at, "bus", "a", "vm_pu", 1.0, 0.01, "x", received=at) for at in moments)

    with opened_measurements(tmp_path / "twin.db") as store, opened_log(disk / "log.db") as log:
        operation = CityOperation(OperatedPlace(Path("city.yaml"), log, disk / "state.json"))
        store_frame(store, rows(0))
        list(operation.take(rows(0), store))
        store_frame(store, rows(1))
        with filled(disk / "filler"):
            for _ in range(3):
                with pytest.raises(StoreError, match="the disk is full"):
                    list(operation.take(rows(1), store))
        list(operation.take(rows(1), store))
        assert [each.alert for each in log.records("alert")] == ["alert 0", "alert 1"]
    assert len(prepared) == 1
