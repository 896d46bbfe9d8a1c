from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pandapower as pp
import pandapower.networks
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


def least_missing_mwh(grid):
    """Of all radial states of the branches without supply, solved in AC."""
    branches, dark = grid.network.meshed.branches, ~grid.supplied_nodes(grid.tripped)
    free = [k for k in range(len(branches)) if dark[branches.from_node[k]] | dark[branches.to_node[k]]]
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
    return least


@pytest.mark.parametrize("loading_percent", [100.0, 75.0, 60.0, 45.0, 35.0])
def test_nothing_supplies_more_within_the_limits(loading_percent):
    grid = faulted(two_feeders(), "line 0", loading_percent=loading_percent)
    found = restore(grid, manual(grid))
    assert found.left_mwh == pytest.approx(least_missing_mwh(grid), abs=1e-9)
    assert found.is_proven
    branches, supplied = grid.network.meshed.branches, grid.supplied_nodes(found.open)
    for action in found.actions:  # nothing is switched between buses that stay without supply
        k = branches.names.index(action.branch)
        assert supplied[branches.from_node[k]] or supplied[branches.to_node[k]] or k == grid.branch


def test_limits_are_kept_in_steps_in_which_less_is_without_supply():
    """The other feeder draws most in the first step, what is without supply in the second."""
    grid = faulted(two_feeders(), "line 0", loading_percent=90.0)
    p_mw = grid.p_mw * np.array([[1.0] * 4 + [1.7] * 3, [1.1] * 4 + [0.5] * 3])
    grid = replace(grid, p_mw=p_mw)
    found = restore(grid, manual(grid))
    assert 0 < found.left_mwh == pytest.approx(least_missing_mwh(grid), abs=1e-9)
    assert found.is_proven


def one_feeder_and_a_tie(**tie):
    """A feeder of three buses whose end a tie from the busbar can supply, so that all its load flows through that."""
    net = pp.create_empty_network()
    bus = [pp.create_bus(net, 10.0, name=f"bus {k}") for k in range(4)]
    pp.create_ext_grid(net, bus[0])
    for k in range(3):
        pp.create_line_from_parameters(net, bus[k], bus[k + 1], **LINE, max_i_ka=1.0, name=f"line {k}")
        pp.create_load(net, bus[k + 1], 1.0, 0.1)
    named = {**LINE, **tie, "name": "tie", "in_service": False}
    pp.create_line_from_parameters(net, bus[0], bus[3], max_i_ka=1.0, **named)
    return net


def test_a_branch_carries_the_losses_behind_it_besides_all_loads():
    grid = faulted(one_feeder_and_a_tie(), "line 0")
    found = restore(grid, manual(grid))
    assert [action.branch for action in found.actions] == ["tie"]
    assert found.left_mwh == 0.0
    assert found.is_proven


def test_a_cable_feeds_in_reactive_power():
    """The lowest voltage is 0.996 pu, and 0.967 pu without what the cable feeds in, which breaks the limit."""
    grid = faulted(one_feeder_and_a_tie(c_nf_per_km=60000.0, x_ohm_per_km=3.0), "line 0", vm_min_pu=0.98)
    found = restore(grid, manual(grid))
    assert found.left_mwh == 0.0


def test_a_transformer_raises_the_voltage_behind_it_by_its_tap():
    """Without its 9 % the voltage behind it would be some 0.95 pu, below the limit."""
    net = pp.create_empty_network()
    busbar, middle, behind, end = (
        pp.create_bus(net, 10.0, name=name) for name in ("busbar", "middle", "behind", "end")
    )
    pp.create_ext_grid(net, busbar)
    pp.create_line_from_parameters(net, busbar, middle, **LINE, max_i_ka=1.0, name="line")
    long = {**LINE, "length_km": 3.0, "name": "tie", "in_service": False}
    pp.create_line_from_parameters(net, busbar, middle, max_i_ka=1.0, **long)
    pp.create_transformer_from_parameters(
        net, middle, behind, 10.0, 10.0, 10.0, vkr_percent=0.5, vk_percent=10.0, pfe_kw=0.0, i0_percent=0.0,
        tap_side="hv", tap_neutral=0, tap_min=-9, tap_max=9, tap_step_percent=1.5, tap_pos=-6,
        tap_changer_type="Ratio", shift_degree=150.0, name="transformer",
    )  # fmt: skip
    pp.create_line_from_parameters(net, behind, end, **LINE, max_i_ka=1.0, name="last")
    pp.create_load(net, end, 3.0, 0.3)
    grid = faulted(net, "line", vm_min_pu=0.96)
    found = restore(grid, manual(grid))
    assert found.left_mwh == 0.0
    assert found.is_proven


def test_a_fault_after_which_nothing_can_be_supplied_is_told():
    grid = faulted("case33bw", "line 0")
    found = restore(grid, manual(grid))
    assert found.left_mwh == pytest.approx(found.energy_lost_mwh, rel=1e-12)
    assert found.is_proven


@pytest.mark.parametrize("line", ["line 5", "line 21", "line 24", "line 28"])
def test_what_is_best_is_proven_and_pandapower_finds_it_within_the_limits(line):
    grid = faulted("case33bw", line)
    found = restore(grid, manual(grid), seconds=60.0)
    assert found.is_proven
    assert found.left_mwh == pytest.approx(0.4 if line == "line 28" else 0.0, abs=1e-9)
    net = pandapower.networks.case33bw()
    names = grid.network.meshed.branches.names
    net.line["in_service"] = [not found.open[names.index(f"line {k}")] for k in net.line.index]
    pp.runpp(net)
    np.testing.assert_array_equal(net.res_bus.vm_pu.isna(), found.unsupplied)
    assert net.res_bus.vm_pu.min() >= 0.9


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


def test_a_rest_of_the_grid_without_a_power_flow_is_refused():
    grid = faulted(two_feeders(), "line 0")
    grid = replace(grid, p_mw=grid.p_mw * np.array([[1.0] * 7, [1.0] * 4 + [60.0] * 3]))
    with pytest.raises(InputError, match=r"draws more than it can carry where it stays supplied.*in 1 of 2 steps"):
        restore(grid, manual(grid))


def test_without_time_branches_are_closed_one_by_one():
    grid = faulted("case33bw", "line 24")
    hasty = restore(grid, manual(grid), seconds=0.0)
    assert hasty.bound_mwh == 0.0
    assert hasty.left_mwh < hasty.energy_lost_mwh
    assert hasty.energy_not_supplied_mwh < hasty.energy_lost_mwh
