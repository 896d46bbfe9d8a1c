"""Networks with something added, against pandapower with the same added to its tables."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of
from grid.network.network import Network
from grid.network.reinforced import Cable, with_cable, with_ratio, with_second

pytestmark = pytest.mark.slow


def small_net() -> Any:
    net = pp.create_empty_network()
    first, second, third = (pp.create_bus(net, kv, name=name) for name, kv in (("a", 10.0), ("b", 10.0), ("c", 0.4)))
    pp.create_ext_grid(net, first)
    pp.create_line(net, first, second, 1.5, "NA2XS2Y 1x150 RM/25 6/10 kV", name="line")
    pp.create_transformer(net, second, third, "0.4 MVA 10/0.4 kV", name="trafo")
    pp.create_load(net, third, 0.3, 0.1)
    return net


def same(ours: Network, net: Any) -> None:
    theirs = network_of(net)
    np.testing.assert_allclose(ours.admittance.toarray(), theirs.admittance.toarray(), rtol=1e-9, atol=1e-9)


def test_a_cable_a_transformer_and_a_tap() -> None:
    net = small_net()
    network = network_of(net)
    given = net.std_types["line"]["NA2XS2Y 1x240 RM/25 6/10 kV"]
    cable = Cable("new", given["r_ohm_per_km"], given["x_ohm_per_km"], given["c_nf_per_km"], given["max_i_ka"])
    changed = copy.deepcopy(net)
    pp.create_line(changed, 0, 1, 1.5, "NA2XS2Y 1x240 RM/25 6/10 kV", name="new")
    ours = with_cable(network, 0, cable, 1.5)
    same(ours, changed)
    theirs = network_of(changed)
    new = theirs.branches.names.index("new")
    assert ours.branches.percent_per_pu_from[-1] == pytest.approx(theirs.branches.percent_per_pu_from[new])
    changed = copy.deepcopy(net)
    changed.trafo["parallel"] = 2
    same(with_second(network, 1), changed)
    changed = copy.deepcopy(net)
    changed.trafo["tap_pos"] = -2
    same(with_ratio(network, 1, 1 - 0.05), changed)
