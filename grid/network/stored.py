"""A network as text and back, number for number, so that it can be had without pandapower."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from grid.files.plain import from_plain, plain
from grid.network.network import Branches, Buses, DCLines, Network, VoltageControl

PARTS = {"buses": Buses, "branches": Branches, "dc_lines": DCLines, "voltage_control": VoltageControl}
"""Fields of a network that are records of their own."""
LATER = "load_net"
"""The field that is not stored: where the pandapower net comes from."""


def network_to_text(network: Network) -> str:
    """The network as JSON, all but its pandapower net."""
    names = (field.name for field in dataclasses.fields(network) if field.name != LATER)
    return json.dumps({name: plain(getattr(network, name)) for name in names})


def network_from_text(text: str, load_net: Callable[[], Any]) -> Network:
    """The network that `network_to_text` wrote.

    Args:
        text: What it wrote.
        load_net: Gives the pandapower net.
    """
    stored = from_plain(json.loads(text))
    parts = {name: part(**stored.pop(name)) for name, part in PARTS.items() if name in stored}
    return Network(**stored, **parts, load_net=load_net)
