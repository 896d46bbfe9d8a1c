"""Limits of a run: the scenario's where it states one, else the net's own; a violation lies beyond the tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from app.scenario.schema import LimitsSpec
from app.simulation.limits import resolve_limits
from grid._pandapower import builtin, network_of
from grid.network.network import Network


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(builtin("mv_oberrhein"))


def test_without_limits_in_the_scenario_those_of_the_net_hold(network: Network) -> None:
    limits = resolve_limits(LimitsSpec(), network)
    np.testing.assert_array_equal(limits.vm_min_pu, network.buses.vm_min_pu)
    np.testing.assert_array_equal(limits.vm_max_pu, network.buses.vm_max_pu)
    np.testing.assert_array_equal(limits.loading_max_percent, network.branches.loading_max_percent)
    assert limits.import_max_mw == np.inf
    assert limits.tolerated.import_max_mw == np.inf


def test_a_limit_of_the_scenario_holds_for_all_elements_of_its_kind_alone(network: Network) -> None:
    spec = LimitsSpec(vm_max_pu=1.03, line_loading_max_percent=60, import_max_mw=40)
    limits, line = resolve_limits(spec, network), np.array(network.branches.kinds) == "line"
    assert (~line).any()
    assert (limits.loading_max_percent[line] == 60).all()
    np.testing.assert_array_equal(limits.loading_max_percent[~line], network.branches.loading_max_percent[~line])
    assert (limits.vm_max_pu == 1.03).all()
    np.testing.assert_array_equal(limits.vm_min_pu, network.buses.vm_min_pu)


def test_a_violation_exceeds_by_more_than_a_ten_thousandth_pu_or_a_fifth_of_a_point_or_of_a_per_cent(
    network: Network,
) -> None:
    spec = LimitsSpec(vm_min_pu=0.95, vm_max_pu=1.05, line_loading_max_percent=60, import_max_mw=40)
    limits, line = resolve_limits(spec, network).tolerated, np.array(network.branches.kinds) == "line"
    np.testing.assert_allclose(limits.vm_min_pu, 0.9499, rtol=1e-15)
    np.testing.assert_allclose(limits.vm_max_pu, 1.0501, rtol=1e-15)
    np.testing.assert_allclose(limits.loading_max_percent[line], 60.2, rtol=1e-15)
    np.testing.assert_allclose(limits.import_max_mw, 40.08, rtol=1e-15)
