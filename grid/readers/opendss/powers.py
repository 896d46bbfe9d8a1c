"""What loads and generators of OpenDSS draw at rated voltage in a snapshot, and which of them are switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def drawn_mva(element: Mapping[str, Any], circuit: Mapping[str, Any]) -> complex:
    """Power that a load or generator draws at rated voltage, by the factors of the circuit [MW + j MVAr].

    `LoadMult` is a factor on loads that are variable, neither fixed nor exempt, and `GenMult` on generators that are.

    Args:
        element: What the engine says of it.
        circuit: What the engine says of its circuit.
    """
    said = element["properties"]
    power = complex(float(said["kW"]), float(said["kvar"])) / 1e3
    variable = said["Status"].casefold()[:1] == "v"
    if element["kind"] == "Generator":
        return -power * (circuit["generator_factor"] if variable else 1.0)
    return power * (circuit["load_factor"] if variable else 1.0)


def opened(element: Mapping[str, Any]) -> list[bool | None]:
    """Of each terminal of an element, whether it is open; None where some of its phases are and some are not."""
    states = [set(phases) for phases in element["open"]]
    return [next(iter(state)) if len(state) == 1 else None for state in states]
