from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.twin.measuring.address import PASSWORD_VARIABLE, mqtt_address
from app.twin.measuring.messages import FIELDS, ReceivedMessage, measurements_in, payload_of, topic_of
from app.twin.service import read_messages
from grid.errors import InputError
from tests.app.twin.readings import START, reading
from tests.examples import examples

TOPIC = "city/bus/quay/p_mw"


def sent(content: object, topic: str = TOPIC) -> ReceivedMessage:
    return ReceivedMessage(topic, content if isinstance(content, bytes) else json.dumps(content).encode(), START)


@pytest.mark.parametrize("element", ["quay", "MV3.101 Bus 84", "a/b+c#d%20", "Straße 5"])
def test_a_message_says_what_was_measured(element: str) -> None:
    measured = reading(3, element=element)
    message = ReceivedMessage(topic_of("city/north", measured), payload_of(measured), START)
    assert measurements_in(message, "city/north") == [measured]


def test_what_a_payload_leaves_out_is_as_documented() -> None:
    (found,) = measurements_in(sent({"time": "2030-01-01T01:00:00+01:00", "value": -250, "unit": "kW"}), "city")
    assert (found.value, found.standard_deviation, found.source) == (-0.25, 0.0025, "city")
    assert (found.time, found.received, found.sequence, found.quality) == (START, START, 0, "good")
    several = [{"time": START.timestamp() + k, "value": None if k else 1.0, "unit": "furlong"} for k in range(2)]
    assert [each.quality for each in measurements_in(sent(several), "city")] == ["wrong_unit", "wrong_unit"]


@pytest.mark.parametrize(
    ("content", "topic", "places"),
    [
        ({"time": "2030-01-01T00:00", "valu": 1}, TOPIC, ["payload.valu", "payload.value", "payload.time"]),
        ({"time": 0, "value": "1", "sequence": 1.5}, TOPIC, ["payload.sequence", "payload.value"]),
        ({"time": 0, "value": 10**400}, TOPIC, ["payload.value"]),
        (
            {"time": 0, "value": 1.0, "standard_deviation": 0, "quality": "god"},
            TOPIC,
            ["standard_deviation", "quality"],
        ),
        ({"time": 0, "value": 1.0, "source": "\0"}, TOPIC, ["source"]),
        ({"time": 0, "value": float("nan"), "standard_deviation": 1}, TOPIC, ["value"]),
        ({"time": 0, "value": 1.0}, "city/bus/quay/p_kw", ["quantity"]),
        ({"time": 0, "value": 1.0}, "city/quay/p_mw", ["topic"]),
        ({"time": "9999-12-31T23:59:59Z", "value": 1.0, "sent": "0001-01-01T00:00:00Z"}, TOPIC, ["time", "received"]),
        (b"{", TOPIC, ["payload"]),
        (b"[" * 100_000, TOPIC, ["payload"]),
        ([], TOPIC, ["payload"]),
        ([1, {}], TOPIC, ["payload[0]"]),
    ],
)
def test_a_message_without_a_measurement_says_all_that_is_wrong(content: object, topic: str, places: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        measurements_in(sent(content, topic), "city")
    assert [fault.place for fault in raised.value.faults] == places


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(FIELDS)) | st.text(), inner),
    max_leaves=12,
)


@examples(40)
@given(content=JSON | st.dictionaries(st.sampled_from(list(FIELDS)), JSON), topic=st.text() | st.just(TOPIC))
def test_no_message_ends_the_intake(content: object, topic: str) -> None:
    message = sent(content, topic)
    read, rejected = read_messages([message, sent(b"\xff")], "city")
    assert [each for each, _ in rejected][-1].payload == b"\xff"
    for _, reason in rejected:
        assert reason.encode()
        assert "\0" not in reason
    assert read or rejected[0][0] is message


def test_where_a_broker_is() -> None:
    address = mqtt_address("mqtts://me%40here:s3%2Fcret@[::1]/city/north/", {})
    assert (address.host, address.port, address.tls, address.prefix) == ("::1", 8883, True, "city/north")
    assert (address.user, address.password) == ("me@here", "s3/cret")
    assert "s3" not in f"{address}{address!r}"
    assert str(mqtt_address("mqtt://host", {})) == "mqtt://host:1883/gridcarbon"
    in_environment = mqtt_address("mqtt://me:a@host", {PASSWORD_VARIABLE: "b"})
    assert in_environment.password == "b"  # noqa: S105  of no account
    with pytest.raises(InputError) as raised:
        mqtt_address("mqt://:99999/a+b?c", {})
    assert [fault.place for fault in raised.value.faults] == ["scheme", "host", "port", "prefix", "query"]
