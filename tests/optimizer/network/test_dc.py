from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp
import pytest
from pandapower import networks

from grid._pandapower import network_of
from grid.arrays import Floats
from optimizer.network.dc import DCNetwork

pytestmark = pytest.mark.slow


def withdrawal(net: Any) -> Floats:
    """Withdrawal of loads and generators at every bus, shape (1, B) [MW]."""
    place = {index: k for k, index in enumerate(net.bus.index)}
    p_mw = np.zeros((1, len(place)))
    for table, sign in ((net.load, 1.0), (net.sgen, -1.0), (net.gen, -1.0)):
        for row in table[table.in_service].itertuples():
            p_mw[0, place[row.bus]] += sign * row.p_mw * row.scaling
    return p_mw


def shifting_ring() -> Any:
    """Two transformers of different tap and phase shift in parallel, so that power goes round the ring."""
    net = pp.create_empty_network()
    high, low, end = (pp.create_bus(net, vn_kv) for vn_kv in (110.0, 20.0, 20.0))
    pp.create_ext_grid(net, high)
    for tap_pos, shift in ((2, 150.0), (-1, 152.0)):
        pp.create_transformer_from_parameters(
            net, high, low, 25.0, 110.0, 20.0, 0.4, 12.0, 14.0, 0.07, shift_degree=shift, tap_side="hv",
            tap_neutral=0, tap_min=-9, tap_max=9, tap_step_percent=1.5, tap_pos=tap_pos,
            tap_changer_type="Ratio",
        )  # fmt: skip
    pp.create_line(net, low, end, 4.0, "NA2XS2Y 1x185 RM/25 12/20 kV")
    pp.create_load(net, end, 7.0)
    pp.create_sgen(net, low, 3.0)
    return net


@pytest.mark.parametrize("name", ["case5", "case9", "case14", "case30", "case33bw", "mv_oberrhein", "case118", "ring"])
def test_flows_are_those_of_pandapower(name: str) -> None:
    net = shifting_ring() if name == "ring" else getattr(networks, name)()
    network = network_of(net)
    found = DCNetwork.from_network(network).flow_mw(withdrawal(net))[0]
    pp.rundcpp(net, calculate_voltage_angles=True)
    expected = np.concatenate(
        [net.res_line.p_from_mw[net.line.in_service], net.res_trafo.p_hv_mw[net.trafo.in_service]]
    )
    kinds = np.array(network.branches.kinds)
    np.testing.assert_allclose(found[(kinds == "line") | (kinds == "trafo")], expected, rtol=0, atol=1e-8)
    assert np.abs(expected).max() > 0.1


def test_rows_are_the_loadings_and_their_change() -> None:
    net = networks.case9()
    network = network_of(net)
    dc, p_mw = DCNetwork.from_network(network), withdrawal(net)
    loading = dc.loading_percent(p_mw)
    branch = np.flatnonzero(np.isfinite(loading[0]))
    rows = dc.loading_rows(p_mw, np.zeros_like(branch), branch)
    np.testing.assert_allclose(rows.value, loading[0, branch])
    more = p_mw.copy()
    more[0, 4] += 0.5
    np.testing.assert_allclose(dc.loading_percent(more)[0, branch], rows.value + 0.5 * rows.per_mw[:, 4], atol=1e-9)
