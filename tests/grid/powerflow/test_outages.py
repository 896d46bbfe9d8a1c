from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pytest

from grid.city.city import City, make_city
from grid.city.source import read_grid, source_of_net
from grid.errors import InputError
from grid.powerflow.outages import outages
from grid.time.clock import Clock

pytestmark = pytest.mark.slow


def test_every_outage_is_what_pandapower_finds(winter_city: City) -> None:
    city = winter_city
    clock = city.clock.window(73, 75)
    branches = list(range(0, len(city.network.branches), 29))
    found = outages(city.network, clock, city.injections().window(73, 75), branches=branches)
    for k, branch in enumerate(branches):
        table, name = city.network.branches.kinds[branch], city.network.branches.names[branch]
        net = copy.deepcopy(city.network.net)
        net[table].loc[net[table].name == name, "in_service"] = False
        net.load["p_mw"], net.load["q_mvar"] = city.loads.p_mw()[73], city.loads.q_mvar()[73]
        net.sgen["p_mw"], net.sgen["q_mvar"] = city.generators.p_mw()[73], city.generators.q_mvar()[73]
        pp.runpp(net, calculate_voltage_angles=True, lightsim2grid=False)
        assert found.vm_min_pu[k, 0] == pytest.approx(net.res_bus.vm_pu.min(), abs=1e-8)
        assert found.line_loading_percent[k, 0] == pytest.approx(net.res_line.loading_percent.max(), abs=1e-5)
        dead = net.res_bus.index[net.res_bus.vm_pu.isna()]
        at_dead = net.load.p_mw[net.load.bus.isin(dead)].groupby(net.load.bus).sum()
        fed = net.sgen.p_mw[net.sgen.bus.isin(dead)].groupby(net.sgen.bus).sum()
        expected = at_dead.sub(fed, fill_value=0.0).clip(lower=0.0).sum()
        assert found.unsupplied_mw[k, 0] == pytest.approx(expected, abs=1e-9)
    assert found.unsupplied_mw.max() > 1
    assert not found.failed.any()


def test_wrong_outages_are_refused(winter_city: City) -> None:
    clock = winter_city.clock
    with pytest.raises(InputError, match="must lie within"):
        outages(winter_city.network, clock, winter_city.injections(), branches=[9999])
    with_generators = make_city(read_grid("case14"), clock.window(0, 1))
    with pytest.raises(InputError, match="voltage decides no power"):
        outages(with_generators.network, clock.window(0, 1), with_generators.injections())


def test_losing_a_feeder_head_leaves_its_feeder_dark(winter_city: City) -> None:
    branches = winter_city.network.branches
    zones = np.array(winter_city.network.buses.zones)
    head = next(
        k for k in branches.of_kind("line")
        if zones[branches.from_bus[k]] == "Substation" and zones[branches.to_bus[k]] == "Feeder 8"
    )  # fmt: skip
    found = outages(winter_city.network, winter_city.clock.window(73, 74),
                    winter_city.injections().window(73, 74), branches=[head])  # fmt: skip
    p_mw, _ = winter_city.withdrawal()
    assert found.unsupplied_mw[0, 0] == pytest.approx(np.maximum(p_mw[73, zones == "Feeder 8"], 0).sum())


def test_an_outage_without_a_solution_is_not_judged_by_the_net_that_still_has_the_branch() -> None:
    """A load beyond a long line alone has no solution; with the parallel line it has one."""
    net = pp.create_empty_network()
    high, low = pp.create_bus(net, 10.0), pp.create_bus(net, 10.0)
    pp.create_ext_grid(net, high)
    for name, length_km in (("short", 1.0), ("long", 12.0)):
        pp.create_line_from_parameters(net, high, low, length_km, 0.3, 0.3, 0.0, 1.0, name=name)
    pp.create_load(net, low, 10.0, 3.0)
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1)
    city = make_city(source_of_net(net), clock)
    found = outages(city.network, clock, city.injections())
    short = city.network.branches.names.index("short")
    assert found.failed[:, 0].tolist() == [k == short for k in range(2)]
    assert np.isnan(found.vm_min_pu[short, 0])
    net.line.loc[net.line.name == "short", "in_service"] = False
    with pytest.raises(pp.LoadflowNotConverged):
        pp.runpp(net)
