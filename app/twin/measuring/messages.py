"""Measurements as messages: the topic says what was measured where, the payload when, by whom and what.

A topic is ``<prefix>/<element kind>/<element>/<quantity>``, with ``%``, ``/``, ``+``, ``#`` and control characters of a
name percent-encoded [1]; a payload is a JSON object with the fields of `FIELDS`, or a list of such objects.

References:
    [1] T. Berners-Lee et al., "Uniform Resource Identifier (URI): Generic Syntax", RFC 3986, section 2.1, 2005.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import quote, unquote

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.twin.measurements import QUALITIES, Measurement, Quality, place_faults
from grid.twin.quantities import QUANTITIES

FIELDS: Final[Mapping[str, str]] = {
    "time": "when it was measured: ISO 8601 with an offset or Z, or seconds since 1970; required",
    "value": "the value, or null where the meter has none; required",
    "unit": "its unit, if not that of the quantity",
    "standard_deviation": "of its error, in the unit of the value; else that of `stated_or_usual_deviation`",
    "source": "who measured; else the prefix of the topic",
    "sequence": "number by which a message that arrives twice is known; else 0",
    "quality": f"what the source says of it: {', '.join(QUALITIES)}; else good",
    "sent": "when it was sent, if that counts as its arrival: by a gateway that stores and forwards, by a replay",
}
"""Fields of a payload."""
USUAL_ERROR: Final = 0.01
"""Standard deviation of a value by its size where none is stated; ours, unverified."""
LEAST_ERROR: Final = 1e-4
"""Least standard deviation where none is stated, in the unit of the quantity; ours, unverified."""
LARGEST_NUMBER: Final = 10**30
"""Whole number up to which a value is read; Python has larger ones than any number of a computer."""
LONGEST_PAYLOAD: Final = 1 << 20
"""Bytes up to which a payload is read."""
_SAFE: Final = " !$&'()*,;:=@.-_~äöüÄÖÜß"


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as it arrived.

    Args:
        topic: Its topic.
        payload: Its bytes.
        received: When it arrived, with time zone.
    """

    topic: str
    payload: bytes
    received: datetime


def topic_of(prefix: str, measurement: Measurement) -> str:
    """The topic of a measurement."""
    element = quote(measurement.element, safe=_SAFE)
    return f"{prefix}/{measurement.element_kind}/{element}/{measurement.quantity}"


def payload_of(measurement: Measurement) -> bytes:
    """The payload of a measurement, with all its fields."""
    content = {
        "time": measurement.time.isoformat(),
        "value": measurement.value,
        "standard_deviation": measurement.standard_deviation,
        "source": measurement.source,
        "sequence": measurement.sequence,
        "quality": measurement.quality,
        "sent": (measurement.received or measurement.time).isoformat(),
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def measurements_in(message: ReceivedMessage, prefix: str) -> list[Measurement]:
    """The measurements that a message holds; one with a unit that its quantity does not have is of the wrong unit.

    Args:
        message: The message.
        prefix: What its topic begins with.

    Raises:
        InputError: If it is no message of measurements, with all that is wrong with it.
    """
    kind, element, quantity = _place(message.topic, prefix)
    raise_if_any(place_faults(kind, element, quantity), message.topic)
    contents = _contents(message)
    faults = [fault for k, each in enumerate(contents) for fault in _field_faults(each, _at(k, contents))]
    raise_if_any(faults, message.topic)
    return [_measurement(each, kind, element, quantity, prefix, message) for each in contents]


def stated_or_usual_deviation(stated: float | None, value: float | None) -> float:
    """A standard deviation: as stated, else `USUAL_ERROR` of the value, and at least `LEAST_ERROR`."""
    return stated if stated is not None else max(abs(value or 0.0) * USUAL_ERROR, LEAST_ERROR)


def _place(topic: str, prefix: str) -> tuple[str, str, str]:
    parts = topic.removeprefix(f"{prefix}/").split("/")
    if not topic.startswith(f"{prefix}/") or len(parts) != 3:
        raise InputError.single("topic", f"must be {prefix}/<element kind>/<element>/<quantity>", topic)
    return parts[0], unquote(parts[1]), parts[2]


def _contents(message: ReceivedMessage) -> list[Mapping[str, Any]]:
    """The objects in a payload."""
    if len(message.payload) > LONGEST_PAYLOAD:
        raise InputError.single("payload", f"must have at most {LONGEST_PAYLOAD:,} bytes", len(message.payload))
    try:
        read = json.loads(message.payload)
    except (ValueError, RecursionError) as error:
        raise InputError.single("payload", f"must be JSON ({error})") from error
    contents = read if isinstance(read, list) else [read]
    raise_if_any(
        (Fault(_at(k, contents), "must be a JSON object", each) for k, each in enumerate(contents)
         if not isinstance(each, dict)),
        message.topic,
    )  # fmt: skip
    if not contents:
        raise InputError.single("payload", "must not be an empty list")
    return contents


def _at(k: int, contents: list[Any]) -> str:
    return f"payload[{k}]" if len(contents) > 1 else "payload"


def _field_faults(content: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for name in content:
        if name not in FIELDS:
            yield Fault(f"{place}.{name}", "is no field of a measurement", suggestion=nearest(name, FIELDS))
    for name in ("time", "value"):
        if name not in content:
            yield Fault(f"{place}.{name}", "is missing")
    for name, types in (("source", str), ("unit", str), ("quality", str), ("sequence", int)):
        if name in content and (not isinstance(content[name], types) or isinstance(content[name], bool)):
            yield Fault(f"{place}.{name}", f"must be a {'text' if types is str else 'whole number'}", content[name])
    if isinstance(content.get("sequence"), int) and abs(content["sequence"]) >= 1 << 63:
        yield Fault(f"{place}.sequence", "must have at most 63 bits", content["sequence"])
    for name in ("value", "standard_deviation"):
        if not isinstance(content.get(name), int | float | None) or isinstance(content.get(name), bool):
            yield Fault(f"{place}.{name}", "must be a number", content[name])
        elif isinstance(content.get(name), int) and abs(content[name]) > LARGEST_NUMBER:
            yield Fault(f"{place}.{name}", f"must be at most {LARGEST_NUMBER:g}", content[name])
    for name in ("time", "sent"):
        if name in content and _moment(content[name]) is None:
            rule = "must be ISO 8601 with an offset or Z, or seconds since 1970"
            yield Fault(f"{place}.{name}", rule, content[name])


def _measurement(
    content: Mapping[str, Any], kind: str, element: str, quantity: str, prefix: str, message: ReceivedMessage
) -> Measurement:
    factor = QUANTITIES[kind, quantity].factor(content.get("unit", ""))
    quality, scale = content.get("quality", "good"), 1.0 if factor is None else factor
    value, deviation = content["value"], content.get("standard_deviation")
    value = None if value is None else float(value) * scale
    if factor is None and QUALITIES.index("wrong_unit") > _rank(quality):
        quality = "wrong_unit"
    return Measurement(
        time=cast("datetime", _moment(content["time"])),
        element_kind=kind,
        element=element,
        quantity=quantity,
        value=value,
        standard_deviation=stated_or_usual_deviation(None if deviation is None else float(deviation) * scale, value),
        source=content.get("source", prefix),
        quality=cast("Quality", quality),
        sequence=content.get("sequence", 0),
        received=cast("datetime", _moment(content["sent"])) if "sent" in content else message.received,
    )


def _rank(quality: str) -> int:
    return QUALITIES.index(quality) if quality in QUALITIES else -1


def _moment(stated: object) -> datetime | None:
    """A moment that a payload states; None if it is none."""
    try:
        if isinstance(stated, str):
            moment = datetime.fromisoformat(stated)
            return moment.astimezone(UTC) if moment.tzinfo is not None else None
        if isinstance(stated, int | float) and not isinstance(stated, bool):
            return datetime.fromtimestamp(stated, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
