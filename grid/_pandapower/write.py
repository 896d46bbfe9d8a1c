"""Writing nets with assets as standard elements."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grid.network.network import Network


def net_with(network: Network, tables: Mapping[str, Mapping[str, Any]], additions: Sequence[Mapping[str, Any]]) -> Any:
    """A copy of the net with element values replaced and assets added as standard elements.

    Args:
        network: The network.
        tables: New columns by table, e.g. ``{"load": {"p_mw": array, "q_mvar": array}}``, in the net's order.
        additions: One mapping an added element: ``table`` (``load``, ``sgen`` or ``storage``), ``bus`` (place of the
            bus), ``name``, ``p_mw`` and ``q_mvar`` in pandapower's sign of that table, and further columns.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table, columns in tables.items():
        for column, values in columns.items():
            net[table][column] = values
        net[table]["scaling"] = 1.0
    create = {"load": pandapower.create_load, "sgen": pandapower.create_sgen, "storage": pandapower.create_storage}
    for addition in additions:
        columns = dict(addition)
        table, place = columns.pop("table"), columns.pop("bus")
        create[table](net, int(net.bus.index[place]), **columns)
    return net


def write_file(net: Any, path: Path) -> None:
    """Writes the net as pandapower JSON."""
    import pandapower  # noqa: PLC0415  slow to import

    pandapower.to_json(net, str(path))
