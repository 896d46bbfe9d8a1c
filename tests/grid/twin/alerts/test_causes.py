"""One cause, one alert."""

from datetime import UTC, datetime

import pandapower as pp
import pytest

from grid import _pandapower
from grid.network.network import Network
from grid.twin.alerts.causes import by_cause
from grid.twin.alerts.risks import Risk

NOW = datetime(2030, 2, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def network() -> Network:
    """A substation with two feeders of three buses each; below the last bus of the first a net of low voltage."""
    net = pp.create_empty_network()
    high, busbar = pp.create_bus(net, 110.0, name="high"), pp.create_bus(net, 10.0, name="busbar")
    pp.create_ext_grid(net, high)
    pp.create_transformer(net, high, busbar, "25 MVA 110/10 kV", name="T")
    for feeder in "ab":
        last = busbar
        for k in range(3):
            bus = pp.create_bus(net, 10.0, name=f"{feeder}{k}")
            pp.create_line(net, last, bus, 1.0, "NA2XS2Y 1x185 RM/25 6/10 kV", name=f"line {feeder}{k}")
            last = bus
    low = pp.create_bus(net, 0.4, name="low")
    pp.create_transformer(net, net.bus.index[net.bus.name == "a2"][0], low, "0.4 MVA 10/0.4 kV", name="t")
    return _pandapower.network_of(net)


def risk(element: str, probability: float, quantity: str = "vm_pu", value: float = 0.88) -> Risk:
    return Risk(element, quantity, "low", probability, probability, NOW, NOW, NOW, value, 0.9)


def test_buses_of_a_feeder_are_told_as_its_worst(network: Network) -> None:
    risks = [risk("a1", 0.5), risk("low", 0.8, value=0.87), risk("a2", 0.8), risk("a0", 0.3), risk("b2", 0.2)]
    first, second = by_cause(risks, network)
    assert (first.element, first.others, first.cause) == (
        "low",
        2,
        "feeder of line a0",
    )  # a0 is less than half as likely
    assert (second.element, second.others, second.cause) == ("b2", 0, "feeder of line b0")


def test_the_alert_stays_the_same_where_another_place_becomes_the_worst(network: Network) -> None:
    (before,), (after,) = (by_cause([risk(element, 0.6)], network) for element in ("a1", "low"))
    assert before.key == after.key


def test_transformers_the_busbar_and_lines_of_another_voltage_stand_alone(network: Network) -> None:
    risks = [risk(name, 0.5, "loading_percent") for name in ("T", "t", "line a0", "line a1", "line b1")]
    found = by_cause([*risks, risk("busbar", 0.5), risk("a0", 0.5)], network)
    assert [each.element for each in found] == ["T", "t", "line a0", "line b1", "busbar", "a0"]
    assert [each.others for each in found] == [0, 0, 1, 0, 0, 0]
