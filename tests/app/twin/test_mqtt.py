"""Measurements over a real broker: nothing that it was told to keep is lost, whatever stops in between."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.failures import StoreError
from app.twin.measuring.address import PASSWORD_VARIABLE, mqtt_address
from app.twin.measuring.messages import payload_of, topic_of
from app.twin.measuring.store import MeasurementStore, opened_measurements
from app.twin.mqtt import MqttIntake, MqttPublisher
from app.twin.service import TwinService
from app.twin.sole_service import sole_service
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused
from tests.app.twin.broker import Broker, mosquitto
from tests.app.twin.readings import reading
from tests.places import ROOT

pytestmark = pytest.mark.slow
LONGEST_S = 180.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MeasurementStore]:
    with opened_measurements(tmp_path / "twin.db") as opened:
        yield opened


@pytest.fixture
def url(broker: Broker, request: pytest.FixtureRequest) -> str:
    """A prefix and a session of its own for each test."""
    return broker.url(request.node.name)


def publish(url: str, numbers: range, per_second: float = 0.0) -> None:
    address = mqtt_address(url)
    with MqttPublisher(address) as publisher:
        for number in numbers:
            measured = reading(number)
            publisher.publish(topic_of(address.prefix, measured), payload_of(measured))
            if per_second:
                time.sleep(1 / per_second)


def intake(url: str) -> MqttIntake:
    return MqttIntake(mqtt_address(url), f"twin-{mqtt_address(url).prefix}")


def until(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Ends when a condition holds; fails if that takes too long."""
    end = time.monotonic() + LONGEST_S

    def ends() -> bool:
        assert time.monotonic() < end, "it took too long"
        return condition()

    return ends


def stored(store: MeasurementStore) -> set[int]:
    return set(store.frame()["sequence"].to_list())


def run_until_stored(url: str, store: MeasurementStore, n: int, say: Callable[[str], None] = print) -> TwinService:
    with intake(url) as connected:
        service = TwinService(connected, store, say=say)
        service.run(until(lambda: len(stored(store)) >= n), every_s=1.0)
    return service


def test_what_is_stored_is_acknowledged_and_what_is_not_comes_again(url: str, store: MeasurementStore) -> None:
    with intake(url):
        pass  # from here on the broker keeps what is published
    publish(url, range(300))
    with intake(url) as first:
        taken = []
        while len(taken) < 300:
            taken += first.take(50, 5.0)
        assert first.acknowledge(taken[:100]) == 100
        assert first.take(1, 0.5) == []  # time for the broker to read them
    service = run_until_stored(url, store, 200)
    assert stored(store) == set(range(100, 300))
    assert service.state().repeated == 0
    with intake(url) as last:
        assert last.take(1, 0.3) == []


def test_what_arrived_on_an_earlier_connection_is_not_acknowledged_on_a_later_one(broker: Broker, url: str) -> None:
    with intake(url) as connected:
        publish(url, range(5))
        old = []
        while len(old) < 5:
            old += connected.take(5, 5.0)
        broker.stop()
        broker.start()
        again = []
        while len(again) < 5:
            again += connected.take(5, 5.0)
        assert connected.acknowledge(old) == 0
        assert connected.acknowledge(again) == 5
    assert [each.message.payload for each in again] == [each.message.payload for each in old]


def test_nothing_is_lost_while_the_broker_is_restarted(broker: Broker, url: str, store: MeasurementStore) -> None:
    sender = threading.Thread(target=publish, args=(url, range(900), 1000.0))
    restarted = threading.Thread(target=lambda: (time.sleep(0.3), broker.stop(), time.sleep(0.2), broker.start()))
    with intake(url) as connected:
        service = TwinService(connected, store)
        sender.start()
        restarted.start()
        service.run(until(lambda: len(stored(store)) > 899))
    sender.join()
    restarted.join()
    assert stored(store) == set(range(900))


def test_messages_wait_while_the_store_is_locked(
    url: str, store: MeasurementStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    other = sqlite3.connect(store.database.shown, isolation_level=None)

    def say(line: str) -> None:
        lines.append(line)
        if "messages wait" in line:
            other.execute("ROLLBACK")

    with intake(url) as connected:
        service = TwinService(connected, store, say=say)
        with store.database.engine.connect() as connection:  # the connection that the store will use
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        publish(url, range(50))
        service.run(until(lambda: len(stored(store)) >= 50))
    other.close()
    assert any("is locked" in line and "messages wait" in line for line in lines)
    assert (service.state().stored, service.state().trouble) == (50, "")


def test_followers_are_told_later_where_the_store_cannot_be_read_for_a_while(
    url: str, store: MeasurementStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    listener: Any = SimpleNamespace(take=lambda marked, _store: told.extend(marked["sequence"]) or iter(()),
                                    due=lambda _now: None, wait=lambda *_: iter(()))  # fmt: skip
    after, lines = MeasurementStore.after, list[str]()

    def broken(self: MeasurementStore, number: int, most: int | None = None) -> Any:
        if len(lines) < 2:
            raise StoreError("STORE", "cannot be used now")
        return after(self, number, most)

    monkeypatch.setattr(MeasurementStore, "after", broken)
    with intake(url) as connected:
        service = TwinService(connected, store, [listener], lines.append)
        publish(url, range(20))
        service.run(until(lambda: len(told) >= 20))
    assert (lines[:2], sorted(told)) == (["STORE: cannot be used now"] * 2, list(range(20)))


def test_one_service_writes_a_store(store: MeasurementStore) -> None:
    with sole_service(store.database):
        again = sole_service(store.database)
        with pytest.raises(InputError, match="written by another"):
            again.__enter__()
    with sole_service(store.database):
        pass


def test_nothing_is_lost_when_the_service_is_killed(url: str, store: MeasurementStore, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "twin", "run", url, store.database.shown, "--every", "0.2",
               "--client", f"twin-{mqtt_address(url).prefix}"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (tmp_path / "out").open("w") as out:
        service = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd=tmp_path)
    sender = threading.Thread(target=publish, args=(url, range(1200), 1000.0))
    try:
        wait = until(lambda: "takes measurements" in (tmp_path / "out").read_text())
        while not wait():
            time.sleep(0.02)
        sender.start()
        wait = until(lambda: len(stored(store)) >= 200)
        while not wait():
            time.sleep(0.02)
        service.send_signal(signal.SIGKILL)
        service.wait()
    finally:
        service.kill()
        service.wait()
    sender.join()
    assert 200 <= len(stored(store)) < 1200, (tmp_path / "out").read_text()
    run_until_stored(url, store, 1200)
    assert stored(store) == set(range(1200))


def test_followers_get_what_is_new_marked_and_a_restart_goes_on_counting_frozen_values(
    url: str, store: MeasurementStore
) -> None:
    told: list[tuple[int, str]] = []

    class Listener:
        def take(self, marked, _store):
            told.extend(marked.select("sequence", "quality").iter_rows())
            yield f"{marked.height} new"

        def due(self, _now):
            return None

        def wait(self, _now, _store):
            yield from ()

    store.add([reading(k, element="bus", value=1.01) for k in range(6)])
    publish_constant = [reading(k, element="bus", value=1.01) for k in range(6, 9)]
    lines: list[str] = []
    with intake(url) as connected, MqttPublisher(mqtt_address(url)) as publisher:
        service = TwinService(connected, store, [Listener()], lines.append)
        for measured in publish_constant:
            publisher.publish(topic_of(mqtt_address(url).prefix, measured), payload_of(measured))
        publisher.publish(f"{mqtt_address(url).prefix}/bus/quay/nonsense", b"{}")
        state = service.run(until(lambda: service.state().rejected == 1 and len(told) == 3))
    assert told == [(k, "frozen") for k in (6, 7, 8)]
    assert lines
    assert "1 rejected" in str(state)
    assert store.rejected()["reason"].to_list() == ["quantity: is not measured at a bus; got 'nonsense'"]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


def test_tls_and_user_by_url_and_the_password_by_the_environment(
    tmp_path: Path, store: MeasurementStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, key = certificate(tmp_path)
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "twin", "s3cret"], check=True)
    lines = (f"certfile {shown}", f"keyfile {key}", f"password_file {users}", "allow_anonymous false")
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with mosquitto(tmp_path, *lines) as broker:  # of two settings of one kind the last counts
        url = broker.url("tls", "mqtts", "twin@")
        with pytest.raises(InputError, match="refuses the client"), intake(url):
            pass
        with monkeypatch.context() as patch:
            patch.setattr("app.twin.mqtt.CONNECT_S", 0.5)
            with pytest.raises(StoreError, match="cannot be reached"), intake(broker.url("tls", "mqtt", "twin@")):
                pass
        monkeypatch.setenv(PASSWORD_VARIABLE, "s3cret")
        with intake(url):
            pass
        publish(url, range(20))
        run_until_stored(url, store, 20)


def test_a_broker_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = gridcarbon("twin", "run", "mqtt://localhost:1/city", tmp_path / "twin.db", "--for", "1")
    assert done.returncode == 1
    assert "mqtt://localhost:1/city: cannot be reached" in done.stderr
    assert list(tmp_path.iterdir()) == []
    refused(gridcarbon("twin", "run", "mqtt://localhost/a+b", tmp_path / "twin.db"), "prefix: must have none of")
    refused(gridcarbon("twin", "run", "htp://localhost/city", tmp_path / "twin.db"),
            "SOURCE: must be a file, or begin with mqtt:// or mqtts://")  # fmt: skip
