"""Measurements published in the order of their arrival, as fast as they came or at another speed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import polars as pl

from app.twin.measuring.messages import payload_of, topic_of
from grid.twin.measurements import measurements_of

if TYPE_CHECKING:
    from app.twin.mqtt import MqttPublisher

_AT_ONCE: Final = 1_000


def publish(frame: pl.DataFrame, publisher: MqttPublisher, speed: float = 0.0) -> None:
    """Publishes the rows of a table, each with its time of arrival as the time at which it was sent.

    Args:
        frame: With `MEASUREMENT_COLUMNS`.
        publisher: Connected to the broker.
        speed: Seconds of the table in a second; 0 for as fast as it goes.
    """
    rows, begun = frame.sort("received", maintain_order=True), time.monotonic()
    for part in rows.iter_slices(_AT_ONCE):
        for measurement in measurements_of(part):
            received = measurement.received or measurement.time
            if speed > 0:
                due = begun + (received - rows["received"][0]).total_seconds() / speed
                time.sleep(max(0.0, due - time.monotonic()))
            publisher.publish(topic_of(publisher.address.prefix, measurement), payload_of(measurement))
