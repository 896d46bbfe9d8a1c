"""Measurements that tests send and store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from grid.twin.measurements import Measurement

START = datetime(2030, 1, 1, tzinfo=UTC)


def reading(number: int, **others: object) -> Measurement:
    """The reading of this number: one a second, at ten buses in turn."""
    about = {
        "time": START + timedelta(seconds=number),
        "element_kind": "bus",
        "element": f"bus {number % 10}",
        "quantity": "vm_pu",
        "value": 1.0 + 1e-6 * (number * 7919 % 1000),
        "standard_deviation": 0.005,
        "source": "meter",
        "sequence": number,
        **others,
    }
    return Measurement(**about)  # type: ignore[arg-type]
