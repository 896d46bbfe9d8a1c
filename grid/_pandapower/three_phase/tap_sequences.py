"""A transformer at every position of its tap changer in the three sequences, as pandapower models it."""

from __future__ import annotations

import numpy as np

from grid._pandapower.control.tap_positions import RATIO, labelled
from grid._pandapower.three_phase.sequences import sequence_network
from grid._pandapower.three_phase.zero_sequence import NEUTRAL_FACTOR
from grid.arrays import Ints
from grid.network.network import Complexes
from grid.network.sequence_network import SequenceNetwork


def tap_sequences(sequences: SequenceNetwork, name: str, positions: Ints) -> Complexes:
    """Admittances y_ff, y_ft, y_tf, y_tt of a two-winding transformer by position and sequence, shape (K, 3, 4) [pu].

    They come from a net that holds the transformer once for each position, behind an external grid of its own.

    Args:
        sequences: The network.
        name: Name of the transformer among the branches.
        positions: The positions, shape (K,).
    """
    import pandapower  # noqa: PLC0415  slow to import
    import pandas as pd  # noqa: PLC0415

    net = sequences.net
    row = net.trafo.iloc[labelled(net, sequences.branches.names).index(name)]
    small = pandapower.create_empty_network(f_hz=net.f_hz, sn_mva=net.sn_mva)
    k = positions.size
    pandapower.create_buses(small, k, vn_kv=net.bus.vn_kv[row.hv_bus])
    pandapower.create_buses(small, k, vn_kv=net.bus.vn_kv[row.lv_bus])
    for bus in range(k):
        pandapower.create_ext_grid(small, bus, s_sc_max_mva=1000.0, rx_max=0.1, x0x_max=1.0, r0x0_max=0.1)
    table = pd.DataFrame([row] * k).reset_index(drop=True).astype(net.trafo.dtypes.to_dict())
    table["hv_bus"], table["lv_bus"] = np.arange(k), k + np.arange(k)
    table["tap_pos"], table["in_service"], table["name"] = positions, True, [f"at {one}" for one in positions]
    for column in {"xn_ohm", "rn_ohm"} & {*table}:  # the row has what pandapower is told, not what the net states
        table[column] = table[column] / NEUTRAL_FACTOR
    if not isinstance(row.get("tap_changer_type"), str):
        table["tap_changer_type"] = RATIO
    small["trafo"] = table
    if "trafo_characteristic_table" in net:
        small["trafo_characteristic_table"] = net["trafo_characteristic_table"]
    found = sequence_network(small)
    ends = (found.branches.from_node, found.branches.to_node)
    entries = [
        [np.asarray(matrix[np.arange(k), end]).ravel() for end in ends]
        for of_end in (found.admittance_from, found.admittance_to) for matrix in of_end
    ]  # fmt: skip
    by_end = np.array(entries).reshape(2, 3, 2, k)  # end of the branch, sequence, node, position
    return np.ascontiguousarray(by_end.transpose(3, 1, 0, 2).reshape(k, 3, 4).astype(np.complex128))
