"""A transformer at every position of its tap changer, as pandapower models it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grid._pandapower.run import run_power_flow
from grid._pandapower.tables import unique
from grid.errors import InputError
from grid.network.network import Network
from grid.network.variants import TapPositions
from grid.sharing import shared

RATIO = "Ratio"
"""Type of a tap changer whose net states none: one that changes the ratio."""


@shared()
def tap_positions(network: Network, name: str) -> TapPositions:
    """The admittances of a two-winding transformer at every position.

    They come from one power flow of a net that holds the transformer once for each position. Where the net states no
    type of tap changer, pandapower ignores the position of the net: it is taken at its neutral position, and changes
    the ratio.

    Args:
        network: The network.
        name: Name of the transformer among the branches.

    Raises:
        InputError: If it has no tap changer with at least two positions.
    """
    net = network.net
    row = net.trafo.iloc[labelled(net, network.branches.names).index(name)]
    if row[["tap_min", "tap_max", "tap_neutral", "tap_step_percent"]].isna().any() or row.tap_max <= row.tap_min:
        rule = "has no tap changer: tap_min, tap_max, tap_neutral and tap_step_percent must be stated in the net"
        raise InputError.single(f"transformer {name}", rule)
    positions = np.arange(int(row.tap_min), int(row.tap_max) + 1)
    states_type = isinstance(row.get("tap_changer_type"), str)
    start = row.tap_pos if states_type and row.tap_pos == row.tap_pos else row.tap_neutral
    small = _side_by_side(net, row, positions)
    internal, lookup = small._ppc["internal"], small._pd2ppc_lookups["bus"]  # noqa: SLF001
    place, hv = np.arange(positions.size), np.full(positions.size, lookup[0])
    lv = lookup[1 : positions.size + 1].astype(np.int64)
    series = np.column_stack(
        [np.asarray(internal[matrix].tocsr()[place, end]).ravel() for matrix in ("Yf", "Yt") for end in (hv, lv)]
    )
    unloaded = np.abs(series[:, 2] / series[:, 3])
    return TapPositions(
        branch=network.branches.names.index(name),
        positions=positions.astype(np.int64),
        series=series.astype(np.complex128),
        start=int(start),
        raises=1 if unloaded[-1] > unloaded[0] else -1,
    )


def labelled(net: Any, names: Sequence[str]) -> list[str]:
    """Name of each two-winding transformer of a net among the `names` of branches."""
    return [f"trafo {label}" if f"trafo {label}" in names else label for label in unique(net.trafo, "trafo")]


def _side_by_side(net: Any, row: Any, positions: Any) -> Any:
    """A solved net of one transformer at every position, each with a low-voltage bus of its own."""
    import pandapower  # noqa: PLC0415  slow to import
    import pandas as pd  # noqa: PLC0415

    small = pandapower.create_empty_network(f_hz=net.f_hz, sn_mva=net.sn_mva)
    pandapower.create_buses(small, 1, vn_kv=net.bus.vn_kv[row.hv_bus])
    pandapower.create_buses(small, positions.size, vn_kv=net.bus.vn_kv[row.lv_bus])
    pandapower.create_ext_grid(small, 0)
    table = pd.DataFrame([row] * positions.size).reset_index(drop=True).astype(net.trafo.dtypes.to_dict())
    table["hv_bus"], table["lv_bus"] = 0, np.arange(1, positions.size + 1)
    table["tap_pos"], table["in_service"] = positions, True
    if not isinstance(row.get("tap_changer_type"), str):
        table["tap_changer_type"] = RATIO
    small["trafo"] = table
    if "trafo_characteristic_table" in net:
        small["trafo_characteristic_table"] = net["trafo_characteristic_table"]
    run_power_flow(small)
    return small
