from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pandapower as pp
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid, source_of_net
from grid.errors import InputError
from grid.powerflow import Limits
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import FaultedGrid, IslandSource, SwitchTimes, restore

HOURS = 2
CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), HOURS)
LINE = {"length_km": 1.0, "r_ohm_per_km": 0.3, "x_ohm_per_km": 0.3, "c_nf_per_km": 0.0}


def faulted(net, branch, *, vm_min_pu=0.9, loading_percent=100.0, load_factors=(1.0, 1.0)):
    """A net in which a line fails, with limits, its loads scaled in each hour."""
    city = make_city(read_grid(net) if isinstance(net, str) else source_of_net(net), CLOCK)
    network = switchable_network(city.network)
    p_mw, q_mvar = city.withdrawal()
    factor = np.array(load_factors)[:, None]
    n_buses, n_branches = p_mw.shape[1], len(network.meshed.branches)
    limits = Limits(np.full(n_buses, vm_min_pu), np.full(n_buses, 1.1), np.full(n_branches, loading_percent))
    place = network.meshed.branches.names.index(branch)
    return FaultedGrid(network, CLOCK, p_mw * factor, q_mvar * factor, limits, place)


def manual(grid):
    return SwitchTimes(np.zeros(len(grid.network.meshed.branches), dtype=bool), manual_min=10.0)


def states(grid, restoration):
    """The switching state after each action."""
    names = grid.network.meshed.branches.names
    state = grid.tripped.copy()
    for action in restoration.actions:
        state[names.index(action.branch)] = not action.closes
        yield action, state.copy()


def two_feeders():
    """Two feeders of three buses each from one busbar, tied at their ends and in their middles; small conductors."""
    net = pp.create_empty_network()
    bus = [pp.create_bus(net, 10.0, name=f"bus {k}") for k in range(7)]
    pp.create_ext_grid(net, bus[0])
    for k, (f, t) in enumerate([(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6)]):
        pp.create_line_from_parameters(net, bus[f], bus[t], **LINE, max_i_ka=0.25, name=f"line {k}")
    for name, (f, t) in {"tie end": (3, 6), "tie middle": (2, 5)}.items():
        pp.create_line_from_parameters(net, bus[f], bus[t], **LINE, max_i_ka=0.12, name=name, in_service=False)
    for k, p_mw in enumerate([0.5, 0.8, 0.9, 0.6, 0.4, 0.7], start=1):
        pp.create_load(net, bus[k], p_mw, 0.1 * p_mw)
    return net


@pytest.mark.parametrize("loading_percent", [100.0, 75.0, 60.0, 45.0, 35.0])
def test_nothing_supplies_more_within_the_limits(loading_percent):
    """Every radial state of the branches without supply, solved in AC."""
    grid = faulted(two_feeders(), "line 0", loading_percent=loading_percent)
    found = restore(grid, manual(grid))
    names, dark = grid.network.meshed.branches.names, ~grid.supplied_nodes(grid.tripped)
    branches = grid.network.meshed.branches
    free = [k for k in range(len(names)) if dark[branches.from_node[k]] | dark[branches.to_node[k]]]
    free = [k for k in free if k != grid.branch]
    allowed = grid.exceeded(grid.tripped)
    least = np.inf
    for choice in product([False, True], repeat=len(free)):
        state = grid.tripped.copy()
        state[free] = choice
        if not grid.network.is_radial(state):
            continue
        over = grid.exceeded(state)
        if over is not None and over <= allowed:
            missing = ~grid.supplied_buses(state)
            least = min(least, grid.p_mw[:, missing].sum())
    assert found.left_mwh == pytest.approx(least, abs=1e-9)
    assert found.bound_mwh <= found.left_mwh + 1e-9


def test_a_fault_of_the_33_bus_system():
    grid = faulted("case33bw", "line 27")
    found = restore(grid, manual(grid), seconds=4.0)
    assert found.tripped == "line 0"
    assert found.energy_not_supplied_mwh <= found.energy_lost_mwh * (1 + 1e-9)  # as much as if nothing were done
    assert found.left_mwh <= found.energy_not_supplied_mwh + 1e-9
    assert found.bound_mwh <= found.left_mwh + 1e-9
    allowed = grid.exceeded(grid.tripped)
    minute, supplied = 0.0, grid.supplied_buses(grid.tripped)
    for action, state in states(grid, found):
        assert action.minute == minute + 10.0
        minute = action.minute
        opened = state.copy()
        opened[grid.branch] = True
        assert grid.network.is_radial(opened)
        if action.closes:
            assert state[grid.branch]
            assert grid.exceeded(state) <= allowed
            assert action.restored_mw > 0
            supplied |= grid.supplied_buses(state)
    np.testing.assert_array_equal(~grid.supplied_buses(state), found.unsupplied)
    assert supplied[~found.unsupplied].all()
    np.testing.assert_array_equal(state, found.open)


def test_what_is_not_supplied_is_counted_until_the_repair():
    """The breaker and the tie are closed after 10 minutes each, once the fault has been parted from the rest."""
    grid = faulted(two_feeders(), "line 1")
    found = restore(grid, manual(grid))
    assert [(action.branch, action.closes, action.minute) for action in found.actions] == [
        ("line 1", False, 10.0), ("tie end", True, 20.0), ("line 0", True, 30.0),
    ]  # fmt: skip
    dark_mw = {1: 0.5, 2: 0.8, 3: 0.9}
    expected = (dark_mw[2] + dark_mw[3]) * 20 / 60 + dark_mw[1] * 30 / 60
    assert found.energy_not_supplied_mwh == pytest.approx(expected, rel=1e-9)
    assert found.energy_lost_mwh == pytest.approx(2 * sum(dark_mw.values()), rel=1e-9)


def test_switches_controlled_from_afar_come_first_where_that_pays():
    grid = faulted(two_feeders(), "line 1")
    remote = np.zeros(len(grid.network.meshed.branches), dtype=bool)
    remote[[grid.network.meshed.branches.names.index(name) for name in ("line 0", "line 1")]] = True
    found = restore(grid, SwitchTimes(remote, remote_min=1.0, manual_min=30.0))
    assert [(action.branch, action.minute, action.remote) for action in found.actions] == [
        ("line 1", 1.0, True), ("line 0", 2.0, True), ("tie end", 30.0, False),
    ]  # fmt: skip


def single_feeder():
    """A feeder without ties."""
    net = two_feeders()
    net.line.drop(net.line.index[~net.line.in_service], inplace=True)
    return net


@pytest.mark.parametrize(
    ("e_mwh", "p_max_mw", "supplied"),
    [(5.0, 2.5, ["bus 2", "bus 3"]), (2.0, 2.5, ["bus 3"]), (5.0, 1.0, ["bus 3"]), (1.0, 2.5, [])],
)
def test_a_battery_leads_an_island_that_it_can_hold(e_mwh, p_max_mw, supplied):
    """Behind the fault lie 0.8 and 0.9 MW for two hours; the battery stands at the end of the feeder."""
    grid = faulted(single_feeder(), "line 1")
    battery = IslandSource("battery", bus=3, p_max_mw=p_max_mw, q_max_mvar=1.0, e_mwh=e_mwh)
    found = restore(grid, manual(grid), [battery])
    assert found.islands == (("battery",) if supplied else ())
    behind = [grid.network.meshed.buses.names[k] for k in (2, 3) if not found.unsupplied[k]]
    assert behind == supplied
    without = restore(grid, manual(grid))
    assert found.left_mwh <= without.left_mwh


def test_a_fault_behind_a_transformer_opens_at_the_transformer():
    grid = faulted("reference", "LV5.303 Line 101")
    found = restore(grid, manual(grid))
    assert found.tripped == "MV3.101-LV5.303-Trafo 1"
    assert found.unsupplied.any()


def test_what_cannot_fail_is_refused():
    with pytest.raises(InputError, match="open in operation"):
        faulted("case33bw", "line 33")
    grid = faulted("case33bw", "line 3")
    with pytest.raises(InputError, match="must lie within"):
        FaultedGrid(grid.network, CLOCK, grid.p_mw, grid.q_mvar, grid.limits, 99)


def test_without_time_branches_are_closed_one_by_one():
    grid = faulted("case33bw", "line 24")
    hasty = restore(grid, manual(grid), seconds=0.0)
    assert hasty.bound_mwh == 0.0
    assert hasty.left_mwh < hasty.energy_lost_mwh
    assert hasty.energy_not_supplied_mwh < hasty.energy_lost_mwh
