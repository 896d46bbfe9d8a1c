"""Every net that pandapower ships is read and solved by our kernels, or refused with the reason."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import builtin, builtin_names, network_of
from grid.city.city import make_city
from grid.city.source import source_of_net
from grid.powerflow.powerflow import power_flow
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 2)
CHEAP = (
    "case14", "case30", "case39", "case57", "case118", "case145", "case_illinois200", "create_cigre_network_hv",
    "create_cigre_network_mv_all", "example_multivoltage", "example_simple", "GBreducednetwork",
)  # fmt: skip
"""Nets that are made and solved in a moment, one for each family."""
MILD = 0.999
"""Share of loads in the second step: gens stay, and stressed nets have no solution far from where they stand."""
TOLERANCE_PU = 1e-7
WIDER_PU = dict.fromkeys((name for name in builtin_names() if name.startswith("ieee_")), 1e-6)
"""Where all loads are 0.06 MW, 1e-6 MVA of residual are more than elsewhere."""
UNSOLVABLE = ("case11_iwamoto",)
"""Made to have no solution that plain Newton-Raphson finds."""
WITH_ALL = pytest.mark.skipif("ALL_NETS" not in os.environ, reason="all nets take minutes: set ALL_NETS=1")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in CHEAP else WITH_ALL) for name in builtin_names()]
)
def test_every_net_that_pandapower_ships_is_solved_by_the_kernels_as_runpp_does(name: str) -> None:
    net: Any = builtin(name)
    assert net is not None
    city = make_city(source_of_net(net), CLOCK)
    assert city.network.uncovered == ()
    share = np.array([1.0, MILD])[:, None]
    p_mw, q_mvar = (values * share for values in city.withdrawal())
    flow = power_flow(city.network, CLOCK, p_mw, q_mvar)
    assert not flow.by_newton.any()
    assert flow.failed.all() == flow.failed.any() == (name in UNSOLVABLE)
    if name in UNSOLVABLE:
        return
    one = copy.deepcopy(city.network.net)
    for table in ("load", "sgen", "storage"):
        one[table]["scaling"] *= MILD
    pp.runpp(one, calculate_voltage_angles=True, lightsim2grid=False, max_iteration=50)
    np.testing.assert_allclose(flow.vm_pu()[1], one.res_bus.vm_pu, rtol=0, atol=WIDER_PU.get(name, TOLERANCE_PU))


def test_equivalents_with_negative_short_circuit_voltages_are_read_and_said() -> None:
    sentences = network_of(builtin("case145")).not_followed
    assert any(sentence.startswith("24 transformers have a negative") for sentence in sentences)
