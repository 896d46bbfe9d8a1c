"""Measurements over MQTT 5: taken in with acknowledgement by hand, and published, both at least once (QoS 1).

The broker keeps the session of a client whose name stays the same, so what is published while it is away waits for it.
A message is acknowledged only when its measurements are stored, and only on the connection on which it arrived: on
another its number may stand for another message [1]. So what is not stored is delivered again.

References:
    [1] OASIS, "MQTT Version 5.0", sections 2.2.1 (packet identifiers), 3.1.2.11 (session expiry, receive maximum),
        4.4 (delivery is retried on a new connection only), 2019.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.failures import StoreError
from app.twin.measuring.address import MqttAddress
from app.twin.measuring.messages import ReceivedMessage
from grid.errors import InputError

KEEP_ALIVE_S: Final = 30
"""Longest silence on a connection before it counts as lost [s]."""
CONNECT_S: Final = 30.0
"""How long the first connection may take [s]; later ones are tried for ever."""
SESSION_S: Final = 7 * 24 * 3600
"""How long the broker keeps the session of a client that is away [s]."""
MOST_WAITING: Final = 10_000
"""Messages that the broker may have delivered and that are not acknowledged: the length of the queue."""
_LONGEST_WAIT_S: Final = 10
_REFUSED: Final = ("Bad user name or password", "Not authorized", "Client identifier not valid")


@dataclass(frozen=True)
class ArrivedMessage:
    """A message that waits for its acknowledgement.

    Args:
        message: The message.
        number: By which it is acknowledged.
        connection: Number of the connection on which it arrived.
    """

    message: ReceivedMessage
    number: int
    connection: int


FLUSH_S: Final = 2.0
"""How long the end of a connection waits until what was acknowledged is sent [s]."""


class _Connected:
    """A client of a broker whose network runs in a thread of its own."""

    def __init__(self, address: MqttAddress, name: str, *, manual_ack: bool) -> None:
        self.address = address
        self.connection = 0
        self.reason = ""
        self._lock = threading.Lock()
        self._ready, self._failed = threading.Event(), threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5, manual_ack=manual_ack)
        self._client.reconnect_delay_set(1, _LONGEST_WAIT_S)
        if address.tls:
            self._client.tls_set()
        if address.user is not None:
            self._client.username_pw_set(address.user, address.password or "")
        self._client.on_connect, self._client.on_disconnect = self._on_connect, self._on_disconnect

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._ready.is_set()

    def _start(self, clean: bool, session_s: int, most_waiting: int | None = None) -> None:
        """Connects.

        Raises:
            StoreError: If the broker cannot be reached.
            InputError: If it refuses the client.
        """
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = session_s
        if most_waiting is not None:
            properties.ReceiveMaximum = most_waiting
        try:
            self._client.connect(self.address.host, self.address.port, KEEP_ALIVE_S, clean_start=clean,
                                 properties=properties)  # fmt: skip
        except (OSError, ValueError) as error:
            raise StoreError(str(self.address), f"cannot be reached: {error}") from error
        self._client.loop_start()
        end = time.monotonic() + CONNECT_S
        while not self._ready.wait(0.02) and not self._failed.is_set():
            if time.monotonic() > end:
                break
        if not self._ready.is_set():
            self.stop()
            if self.reason in _REFUSED:
                raise InputError.single(str(self.address), f"the broker refuses the client: {self.reason}")
            raise StoreError(str(self.address), f"cannot be reached: {self.reason or 'no answer'}")

    def stop(self) -> None:
        """Disconnects; the broker keeps what waits for the client."""
        end = time.monotonic() + FLUSH_S
        while self._client.want_write() and time.monotonic() < end:  # acknowledgements are on their way
            time.sleep(0.01)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self.reason = str(code)
            self._failed.set()
            return
        with self._lock:
            self.connection += 1
        self.reason = ""
        self._failed.clear()
        self._on_ready(client)

    def _on_ready(self, _client: Client) -> None:
        self._ready.set()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._lock:  # what is acknowledged from here on would go to the next connection
            self.connection += 1
        self._ready.clear()
        if not self._failed.is_set():  # else it is known better why
            self.reason = str(code) if code.is_failure else ""


class MqttIntake(_Connected):
    """Takes messages from a broker; used as a context.

    Args:
        address: The broker; all topics below its prefix are taken.
        name: Name of the client, by which the broker knows its session: one for each store.
        most_waiting: Messages that may be delivered and not acknowledged; more wait at the broker.
    """

    def __init__(self, address: MqttAddress, name: str, most_waiting: int = MOST_WAITING) -> None:
        super().__init__(address, name, manual_ack=True)
        self._most_waiting = most_waiting
        self._waiting: queue.Queue[ArrivedMessage] = queue.Queue(most_waiting)
        self._client.on_message, self._client.on_subscribe = self._on_message, self._on_subscribe

    def __enter__(self) -> MqttIntake:
        """Connects; raises `StoreError` if the broker cannot be reached, `InputError` if it refuses the client."""
        self._start(clean=False, session_s=SESSION_S, most_waiting=self._most_waiting)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def n_waiting(self) -> int:
        """Messages that have arrived and that nobody has taken."""
        return self._waiting.qsize()

    def take(self, most: int, wait_s: float) -> list[ArrivedMessage]:
        """Messages in the order of their arrival, at most so many; none if none arrives in time.

        Args:
            most: Most of them.
            wait_s: How long the first may take [s].
        """
        taken: list[ArrivedMessage] = []
        try:
            taken.append(self._waiting.get(timeout=wait_s))
            while len(taken) < most:
                taken.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return taken

    def acknowledge(self, arrived: Sequence[ArrivedMessage]) -> int:
        """Tells the broker that messages are stored.

        Returns:
            How many were acknowledged: those that arrived on the connection that still is; others come again.
        """
        done = 0
        for each in arrived:
            with self._lock:
                if each.number and each.connection == self.connection:  # published with QoS 0, it has no number
                    done += self._client.ack(each.number, 1) == MQTTErrorCode.MQTT_ERR_SUCCESS
        return done

    def _on_ready(self, client: Client) -> None:
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe(f"{self.address.prefix}/#", options=options)

    def _on_subscribe(
        self, _client: Client, _data: Any, _number: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self.reason = refused[0]
            self._failed.set()
        else:
            self._ready.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        received = ReceivedMessage(message.topic, bytes(message.payload), datetime.now(UTC))
        self._waiting.put(ArrivedMessage(received, message.mid if message.qos else 0, self.connection))


class MqttPublisher(_Connected):
    """Publishes messages at least once; used as a context, at whose end the broker has all of them.

    Leaving it raises `InputError` if the broker refused messages.

    Args:
        address: The broker.
        name: Name of the client; empty for one that the broker gives.
        most_waiting: Messages that may wait for their acknowledgement before `publish` waits too.
    """

    def __init__(self, address: MqttAddress, name: str = "", most_waiting: int = MOST_WAITING) -> None:
        super().__init__(address, name, manual_ack=False)
        self._most_waiting = most_waiting
        self._kept = self._refused = 0
        self._why = ""
        self.published = 0
        self._client.on_publish = self._on_publish

    def __enter__(self) -> MqttPublisher:
        """Connects; raises as `MqttIntake`."""
        self._start(clean=True, session_s=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait(0)
                self._raise_if_refused()
        finally:
            self.stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publishes a message; while there is no connection it is kept, and sent when there is one."""
        if self.published - self._kept >= self._most_waiting:
            self.wait(self._most_waiting // 2)
        self._client.publish(topic, payload, qos=1)
        self.published += 1

    def _raise_if_refused(self) -> None:
        if self._refused:
            rule = f"the broker refuses {self._refused:,} of {self.published:,} messages: {self._why}"
            raise InputError.single(str(self.address), rule)

    def wait(self, most: int) -> None:
        """Waits until at most so many messages are without acknowledgement."""
        while self.published - self._kept > most:
            time.sleep(0.005)

    def _on_publish(self, _client: Client, _data: Any, _number: int, code: ReasonCode, _properties: Properties) -> None:
        self._kept += 1
        if code.is_failure:
            self._refused, self._why = self._refused + 1, str(code)
