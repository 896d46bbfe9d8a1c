"""Writing nets with assets as standard elements."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grid._pandapower.exchange.convert import converting
from grid.errors import InputError
from grid.network.network import Network


def net_with(network: Network, tables: Mapping[str, Mapping[str, Any]], additions: Sequence[Mapping[str, Any]]) -> Any:
    """A copy of the net with element values replaced and assets added as standard elements, not solved yet.

    Args:
        network: The network.
        tables: New columns by table, e.g. ``{"load": {"p_mw": array, "q_mvar": array}}``, in the net's order.
        additions: One mapping an added element: ``table`` (``load``, ``sgen`` or ``storage``), ``bus`` (place of the
            bus), ``name``, ``p_mw`` and ``q_mvar`` in pandapower's sign of that table, and further columns, the same
            in all elements of a table.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(network.net)
    for table, columns in tables.items():
        for column, values in columns.items():
            net[table][column] = values
        net[table]["scaling"] = 1.0
    create = {"load": pandapower.create_loads, "sgen": pandapower.create_sgens, "storage": pandapower.create_storages}
    for table, create_all in create.items():
        rows = [addition for addition in additions if addition["table"] == table]
        if rows:
            names = [name for name in rows[0] if name not in {"table", "bus"}]
            buses = net.bus.index[[row["bus"] for row in rows]].tolist()
            create_all(net, buses, **{name: [row[name] for row in rows] for name in names})
    pandapower.toolbox.clear_result_tables(net)
    return net


def write_file(net: Any, path: Path) -> None:
    """Writes the net as pandapower JSON."""
    import pandapower  # noqa: PLC0415  slow to import

    pandapower.to_json(net, str(path))


def write_workbook(net: Any, path: Path) -> None:
    """Writes the net as pandapower's workbook."""
    import pandapower  # noqa: PLC0415  slow to import

    pandapower.to_excel(net, str(path), include_results=False)


def _as_converted(net: Any) -> Any:
    """A copy that the converter takes as pandapower takes the net.

    Tap changers of no type, which do nothing in pandapower, stand where they do nothing, and storage, which the
    converter does not know, is loads: both count withdrawal positive.
    """
    import pandapower  # noqa: PLC0415  slow to import

    net = copy.deepcopy(net)
    if len(net.storage):
        columns = {name: net.storage[name].tolist() for name in ("p_mw", "q_mvar", "name", "scaling", "in_service")}
        pandapower.create_loads(net, net.storage.bus.tolist(), **columns)
        net.storage = net.storage.iloc[:0]
    if "tap_changer_type" in net.trafo and "tap_neutral" in net.trafo:
        idle = net.trafo.tap_changer_type.isna() | (net.trafo.tap_changer_type == "None")
        net.trafo.loc[idle, "tap_pos"] = net.trafo.loc[idle, "tap_neutral"]
    return net


def write_power_grid_model(net: Any, path: Path) -> None:
    """Writes the net as input data of power-grid-model, by power-grid-model-io.

    Raises:
        InputError: If the package is not installed, or does not convert the net.
    """
    try:
        from power_grid_model.utils import json_serialize_to_file  # noqa: PLC0415  optional
        from power_grid_model_io.converters import PandaPowerConverter  # noqa: PLC0415  optional
    except ImportError as error:
        rule = "needs the package power-grid-model-io: pip install 'gridcarbon[formats]'"
        raise InputError.single("--format", rule, "power-grid-model") from error
    with converting("power-grid-model-io"):
        data, _ = PandaPowerConverter().load_input_data(_as_converted(net))
        json_serialize_to_file(path, data, use_compact_list=True, indent=2)
