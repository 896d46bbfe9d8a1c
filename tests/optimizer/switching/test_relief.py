from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid, source_of_net
from grid.errors import InputError
from grid.network.injections import Injections
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import relieve
from optimizer.switching.loops import loops

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 3)


@pytest.fixture(scope="module")
def feeder():
    city = make_city(read_grid("case33bw"), CLOCK)
    p_mw, q_mvar = city.withdrawal()
    scale = np.array([0.5, 1.0, 0.9])[:, None]
    return switchable_network(city.network), Injections.dense(p_mw * scale, q_mvar * scale)


def limits_of(network, vm_min_pu):
    n_buses, n_branches = len(network.meshed.buses.names), len(network.meshed.branches)
    return Limits(np.full(n_buses, vm_min_pu), np.full(n_buses, 1.1), np.full(n_branches, np.inf))


def test_no_other_branch_of_the_loop_is_better_opened(feeder):
    network, injections = feeder
    limits = limits_of(network, 0.925)
    found = relieve(network, CLOCK, injections, limits)
    names, counts = network.meshed.branches.names, {}
    for loop in loops(network, network.open):
        if names[loop.tie] != found.closed:
            continue
        for opened in loop.branches[network.switchable[loop.branches]].tolist():
            state = network.open.copy()
            state[loop.tie], state[opened] = False, True
            operated, kept = network.operated(state)
            one = Limits(limits.vm_min_pu, limits.vm_max_pu, limits.loading_max_percent[kept])
            counts[names[loop.tie], names[opened]] = int(extremes(operated, CLOCK, injections, one).violations.sum())
    assert found.violations == min(counts.values()) == counts[found.closed, found.opened]
    assert found.violations < found.violations_before


def test_where_no_limit_is_broken_nothing_is_switched(feeder):
    network, injections = feeder
    assert relieve(network, CLOCK, injections, limits_of(network, 0.8)) is None


def test_a_meshed_grid_is_refused(feeder):
    network, injections = feeder
    closed = type(network)(network.meshed, np.zeros_like(network.open), network.switchable, network.protected)
    with pytest.raises(InputError, match="is not radial"):
        relieve(closed, CLOCK, injections, limits_of(network, 0.9))


def test_a_grid_without_a_solution_as_it_is_operated_is_relieved():
    """The load is beyond what the long line carries in the second hour; the short one carries it."""
    net = pp.create_empty_network()
    high, low = pp.create_bus(net, 10.0), pp.create_bus(net, 10.0)
    pp.create_ext_grid(net, high)
    for name, length_km in (("short", 1.0), ("long", 12.0)):
        pp.create_line_from_parameters(net, high, low, length_km, 0.3, 0.3, 0.0, 1.0, name=name)
    net.line.loc[net.line.name == "short", "in_service"] = False
    pp.create_load(net, low, 1.0, 0.3)
    city = make_city(source_of_net(net), CLOCK)
    network = switchable_network(city.network)
    p_mw, q_mvar = city.withdrawal()
    scale = np.array([1.0, 10.0, 1.0])[:, None]
    found = relieve(network, CLOCK, Injections.dense(p_mw * scale, q_mvar * scale), limits_of(network, 0.9))
    assert (found.closed, found.opened) == ("short", "long")
    assert found.violations == 0 < found.violations_before
