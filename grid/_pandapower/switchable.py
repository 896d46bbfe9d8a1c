"""A net with its open branches closed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from grid._pandapower.as_solved import net_as_solved
from grid._pandapower.matrices import network_of
from grid._pandapower.tables import unique
from grid.arrays import Bools
from grid.network.network import Network
from grid.network.switching import SwitchableNetwork

LINE_SWITCH = "l"
"""Kind of a switch between a bus and a line, in pandapower."""
CIRCUIT_BREAKER = "CB"
"""Type of a switch that opens on a fault, in pandapower."""


def switchable_network(network: Network) -> SwitchableNetwork:
    """The network with the lines closed that are open in operation, and which lines may be switched.

    A line is open that is out of service between buses in service, or has an open switch at an end. Lines with a switch
    may be opened; where a net has no switches at all, all lines may. Switches between buses and at transformers stay as
    they are. Lines with a circuit breaker and transformers open when a fault lies behind them.

    Raises:
        InputError: If pandapower cannot solve the net with these lines closed.
    """
    net = copy.deepcopy(net_as_solved(network.net)[0])
    line, switch = net.line, net.switch
    at_lines = switch[switch.et == LINE_SWITCH]
    in_service = net.bus.in_service
    ends_in_service = in_service.loc[line.from_bus].to_numpy() & in_service.loc[line.to_bus].to_numpy()
    switched_off = line.index.isin(at_lines.element[~at_lines.closed.astype(bool)])
    out_of_service = ~line.in_service.to_numpy(dtype=bool)
    is_open = ends_in_service & (out_of_service | switched_off)
    has_switch = line.index.isin(at_lines.element) | is_open if len(at_lines) else np.ones(len(line), dtype=bool)
    net.line.loc[line.index[is_open], "in_service"] = True
    net.switch.loc[at_lines.index[at_lines.element.isin(line.index[is_open])], "closed"] = True
    meshed = network_of(net)
    breakers = line.index.isin(at_lines.element[at_lines.type == CIRCUIT_BREAKER])
    transformers = np.array(meshed.branches.kinds) == "trafo"
    return SwitchableNetwork(
        meshed,
        open=_branches(line, is_open, meshed),
        switchable=_branches(line, has_switch, meshed),
        protected=_branches(line, breakers, meshed) | transformers,
    )


def network_with_closed(network: Network, name: str) -> Network:
    """The network with one line closed that is open in operation; everything else stays as it is, buses in their order.

    Args:
        network: The network.
        name: Name of the line among the branches of `switchable_network`.

    Raises:
        InputError: If pandapower cannot solve the net then.
    """
    net = copy.deepcopy(net_as_solved(network.net)[0])
    by_name = dict(zip(unique(net.line, "line"), net.line.index, strict=True))
    index = by_name.get(name, by_name.get(name.removeprefix("line ")))
    net.line.loc[index, "in_service"] = True
    net.switch.loc[(net.switch.et == LINE_SWITCH) & (net.switch.element == index), "closed"] = True
    return network_of(net)


def _branches(line: Any, chosen: Bools, network: Network) -> Bools:
    """The branches of the network that stand for chosen lines, shape (L,)."""
    names = {name for name, wanted in zip(unique(line, "line"), chosen, strict=True) if wanted}
    return np.array([
        kind == "line" and (name in names or name.removeprefix("line ") in names)
        for name, kind in zip(network.branches.names, network.branches.kinds, strict=True)
    ])  # fmt: skip
