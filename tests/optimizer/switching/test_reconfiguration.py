from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid, source_of_net
from grid.errors import InputError
from grid.network.injections import Injections
from grid.powerflow.extremes import extremes
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import reconfigure
from optimizer.switching.loops import loops

HOURS = 3
CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), HOURS)


@pytest.fixture(scope="module")
def feeder():
    """The 33-bus system at three loads, its closable lines, and the limits that its voltages keep as it is operated."""
    city = make_city(read_grid("case33bw"), CLOCK)
    p_mw, q_mvar = city.withdrawal()
    scale = np.array([0.5, 1.0, 0.8])[:, None]
    return switchable_network(city.network), Injections.dense(p_mw * scale, q_mvar * scale)


def loss_mw(network, open_branches, injections):
    return extremes(network.operated(open_branches)[0], CLOCK, injections).loss_mw


def test_a_switching_state_is_what_pandapower_solves(feeder):
    network, injections = feeder
    net = pn.case33bw()
    state = network.open.copy()
    state[[33, 7]] = False, True
    net.line.loc[[33, 7], "in_service"] = True, False
    pp.runpp(net, tolerance_mva=1e-10)
    lines = {name: k for k, name in enumerate(network.meshed.branches.names)}
    assert [lines["line 33"], lines["line 7"]] == [33, 7]
    assert loss_mw(network, state, injections)[1] == pytest.approx(net.res_line.pl_mw.sum(), rel=1e-7)


def test_every_exchange_keeps_the_grid_radial_and_saves_losses(feeder):
    network, injections = feeder
    found = reconfigure(network, CLOCK, injections)
    place = {name: k for k, name in enumerate(network.meshed.branches.names)}
    state, value = network.open.copy(), found.value_before
    for exchange in found.exchanges:
        state[place[exchange.closed]], state[place[exchange.opened]] = False, True
        assert network.is_radial(state)
        assert loss_mw(network, state, injections).sum() == pytest.approx(exchange.value, rel=1e-9)
        assert exchange.value < value
        value = exchange.value
    np.testing.assert_array_equal(state, found.open)
    assert found.value == value == found.loss_mwh


def test_no_exchange_of_two_branches_saves_more(feeder):
    """Every loop's every branch, solved without the estimate that ranks them."""
    network, injections = feeder
    found = reconfigure(network, CLOCK, injections)
    for loop in loops(network, found.open):
        for branch in loop.branches:
            state = found.open.copy()
            state[loop.tie], state[branch] = False, True
            lost_mw = loss_mw(network, state, injections)  # NaN where a step has no solution
            assert np.isnan(lost_mw).any() or lost_mw.sum() >= found.loss_mwh * (1 - 1e-6)


def test_hours_that_weigh_nothing_do_not_count(feeder):
    network, injections = feeder
    second = reconfigure(network, CLOCK, injections, weight_per_mwh=np.array([0.0, 1.0, 0.0]))
    alone = loss_mw(network, second.open, injections)[1]
    assert second.value == pytest.approx(alone, rel=1e-12)
    assert alone == pytest.approx(0.139551, abs=0.5e-6)


def test_exchanges_that_break_limits_are_not_made(feeder):
    """A limit on the first tie's current: what it would carry after the first exchange is too much."""
    network, injections = feeder
    free = reconfigure(network, CLOCK, injections)
    branches = network.meshed.branches
    used = np.flatnonzero(network.open & ~free.open)
    rated = Limits.from_network(network.meshed)
    limits = Limits(rated.vm_min_pu, rated.vm_max_pu, rated.loading_max_percent.copy())
    limits.loading_max_percent[used] = 0.0
    bound = reconfigure(network, CLOCK, injections, limits=limits)
    assert branches.rated[used].all()
    assert bound.open[used].all()
    assert bound.loss_mwh > free.loss_mwh


def test_at_most_so_many_exchanges_are_made(feeder):
    network, injections = feeder
    assert len(reconfigure(network, CLOCK, injections, most_exchanges=2).exchanges) == 2


def test_a_meshed_net_and_wrong_weights_are_refused(feeder):
    network, injections = feeder
    net = pn.case33bw()
    net.line.in_service = True
    meshed = switchable_network(make_city(source_of_net(net), CLOCK).network)
    with pytest.raises(InputError, match="not radial"):
        reconfigure(meshed, CLOCK, injections)
    with pytest.raises(InputError, match="weight_per_mwh"):
        reconfigure(network, CLOCK, injections, weight_per_mwh=np.array([1.0, -1.0, 0.0]))
